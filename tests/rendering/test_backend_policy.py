"""What BackendConfig and GCPBackendPolicy ask for stands in network.sh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from k2cr_analysis.rendering.network.backend_policy import backend_policy
from tests.rendering.factory import container, workload


def joined(kind: str, spec: Mapping[str, Any], **annotations: str) -> Any:
    raw = {"metadata": {"name": "x", "annotations": annotations}, "spec": spec}
    return workload(container("app"), related={kind: (raw,)})


FLAGS = {
    "a CDN with all its words": (
        "BackendConfig",
        {
            "cdn": {
                "enabled": True, "cacheMode": "CACHE_ALL_STATIC", "defaultTtl": 60, "maxTtl": 600, "clientTtl": 30, "negativeCaching": True,
                "negativeCachingPolicy": [{"code": 404, "ttl": 5}], "serveWhileStale": 0, "bypassCacheOnRequestHeaders": [{"headerName": "X-No"}],
                "cachePolicy": {"includeHost": True, "includeProtocol": False, "queryStringWhitelist": ["a", "b,c"]},
            }
        },
        [
            "--enable-cdn", "--cache-mode=CACHE_ALL_STATIC", "--default-ttl=60", "--max-ttl=600", "--client-ttl=30", "--serve-while-stale=0",
            "--negative-caching", "--negative-caching-policy=404=5", "--bypass-cache-on-request-headers=X-No", "--cache-key-include-host",
            "--no-cache-key-include-protocol", "--cache-key-query-string-whitelist='^|^a|b,c'",
        ],
    ),
    "a CDN that is off": ("BackendConfig", {"cdn": {"enabled": False, "maxTtl": 5}}, []),
    "headers": (
        "BackendConfig",
        {"customRequestHeaders": {"headers": ["X-Region:{client_region}"]}, "customResponseHeaders": {"headers": ["X-A: b, c"]}},
        ["--custom-request-header='X-Region:{client_region}'", "--custom-response-header='X-A: b, c'"],
    ),
    "half of the requests logged": ("BackendConfig", {"logging": {"enable": True, "sampleRate": 0.5}}, ["--enable-logging", "--logging-sample-rate=0.5"]),
    "a Gateway's rate, in millionths": ("GCPBackendPolicy", {"default": {"logging": {"enabled": True, "sampleRate": 250000}}}, ["--enable-logging", "--logging-sample-rate=0.25"]),
    "nothing logged": ("BackendConfig", {"logging": {"enable": False}}, ["--no-enable-logging"]),
    "fields of the wrong type": ("BackendConfig", {"cdn": 7, "logging": [], "iap": "x", "customRequestHeaders": {"headers": 3}}, []),
}  # fmt: skip


@pytest.mark.parametrize("case", FLAGS, ids=str)
def test_flags_of_the_backend_service(case: str) -> None:
    kind, spec, expected = FLAGS[case]
    assert list(backend_policy(joined(kind, spec)).flags) == expected


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("BackendConfig", {"iap": {"enabled": True}, "securityPolicy": {"name": "edge"}, "timeoutSec": 40, "sessionAffinity": {"affinityType": "CLIENT_IP"}}),
        ("GCPBackendPolicy", {"default": {"iap": {"enabled": True}, "securityPolicy": "edge", "timeoutSec": 40, "sessionAffinity": {"type": "CLIENT_IP"}}}),
    ],
    ids=["BackendConfig", "GCPBackendPolicy"],
)  # fmt: skip
def test_both_kinds_say_the_same(kind: str, spec: Mapping[str, Any]) -> None:
    made = backend_policy(joined(kind, spec))
    assert (made.iap, made.armor, made.timeout_s, made.affinity) == (True, "edge", 40, True)
