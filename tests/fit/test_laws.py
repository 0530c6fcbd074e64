"""Laws over public manifests: what must not change a verdict, a target or a finding, does not.

Names that say something (``redis``, ``istio-proxy``, ``metrics``) are evidence and are left alone when all others are
renamed.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from k2cr_analysis.fit import Fit
from k2cr_analysis.fit.evidence.known_images import RAW_SERVERS, SERVER_WORDS
from k2cr_analysis.model.findings.finding import VERDICTS
from k2cr_analysis.snapshot.redaction.redact import redact
from tests.fit.cluster import SHARED, fits_of
from tests.fit.test_golden import documents_of

MANIFESTS = SHARED / "data" / "manifests"
pytestmark = pytest.mark.skipif(not MANIFESTS.is_dir(), reason="the public manifests are not beside the repository")
Documents = list[dict[str, Any]]
# A few applications of different make, whole; all folders are a soak.
FEW = (
    "GoogleCloudPlatform__microservices-demo/release",
    "GoogleCloudPlatform__bank-of-anthos/kubernetes-manifests",
    "GoogleCloudPlatform__kubernetes-engine-samples/databases/elasticsearch/manifests/05-rag",
    "GoogleCloudPlatform__kubernetes-engine-samples/observability/workload-metrics/manifests",
)
_NAMED = {
    "Deployment", "StatefulSet", "CronJob", "Job", "ReplicaSet", "ReplicationController", "Service", "ConfigMap",
    "Secret", "ServiceAccount", "PersistentVolumeClaim", "Ingress", "HorizontalPodAutoscaler", "NetworkPolicy",
}  # fmt: skip
# Words that k2cr reads as evidence, and those of the cluster itself.
_TELLING = SERVER_WORDS | set(RAW_SERVERS) | {
    "http", "https", "grpc", "web", "www", "ui", "api", "rest", "dashboard", "graphql", "frontend", "metrics", "metric",
    "prometheus", "prom", "monitoring", "exporter", "monitor", "health", "admin", "worker", "queue", "consumer", "cron",
    "scheduler", "celery", "sidekiq", "istio", "envoy", "proxy", "gateway", "otel", "collector", "grafana", "system",
    "default", "kube", "controller", "operator", "agent", "beat", "job", "backend", "server", "client", "app", "data",
    "config", "name", "log", "logs", "cloud", "tls", "token", "secret", "key", "pubsub", "subscription",
}  # fmt: skip


def folders() -> list[str]:
    return sorted({str(p.parent.relative_to(MANIFESTS)) for p in MANIFESTS.rglob("*.y*ml")})


@cache
def documents_in(where: str) -> tuple[dict[str, Any], ...]:
    place = MANIFESTS / where
    found: Documents = []
    for file in sorted(p for p in place.iterdir() if p.suffix in (".yaml", ".yml", ".json")):
        found += documents_of(file)
    return tuple(redact(d)[0] for d in found)


Answer = tuple[str, str, str | None, frozenset[tuple[str, str]]]


def answers(documents: Iterable[Mapping[str, Any]]) -> dict[str, Answer]:
    return {name: _answer(fit) for name, fit in fits_of(documents).items()}


def _answer(fit: Fit) -> Answer:
    rules = frozenset((f.rule, f.severity) for f in fit.findings)
    return fit.verdict, fit.target, fit.ingress_container, rules


def renamed(documents: Iterable[dict[str, Any]]) -> tuple[Documents, Callable[[str], str]]:
    """The documents under other names, and what turns an old id into a new one."""
    names = {str(d["metadata"].get("name")) for d in documents if d.get("kind") in _NAMED}
    spaces = {d["metadata"].get("namespace") for d in documents}  # a namespace keeps its name, whoever shares it
    plain = {n for n in names - spaces if not _TELLING & set(re.split(r"[-_.\d]", n.lower())) and len(n) > 3}
    new = {n: "q" + "".join(chr(97 + int(c, 16)) for c in sha256(n.encode()).hexdigest()[:8]) for n in plain}
    if not new:
        return [copy.deepcopy(d) for d in documents], lambda name: name
    longest_first = sorted(map(re.escape, new), key=len, reverse=True)
    word = re.compile(rf"(?:(?<![\w.-])|(?<=-\d\.))({'|'.join(longest_first)})(?=(?:-\d+)?(?![\w-]|\.\w+/))")
    variables = {_variable(n): _variable(m) for n, m in new.items()}
    of_links = re.compile(rf"(?<![A-Z0-9_])({'|'.join(sorted(variables, key=len, reverse=True))})(?=_SERVICE_|_PORT)")

    def text(value: str) -> str:
        return of_links.sub(lambda m: variables[m[1]], word.sub(lambda m: new[m[1]], value))

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: walk(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v, key) for v in value]
        return text(value) if isinstance(value, str) and key not in _NO_NAMES else value

    return [walk(d) for d in documents], lambda name: "/".join(new.get(part, part) for part in name.split("/"))


_NO_NAMES = {"image", "kind", "apiVersion", "mountPath", "path", "namespace"}


def _variable(name: str) -> str:
    return name.upper().replace("-", "_").replace(".", "_")


def lonely(namespace: str) -> dict[str, Any]:
    """A workload that nobody calls and that calls nobody."""
    pod = {"containers": [{"name": "lonely", "image": "us-docker.pkg.dev/p/r/lonely:1"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "lonely", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"only": "lonely"}},
            "template": {"metadata": {"labels": {"only": "lonely"}}, "spec": pod},
        },
    }


def check_renaming(where: str) -> None:
    documents = documents_in(where)
    others, rename = renamed(documents)
    expected = {
        rename(name): (verdict, target, ingress and rename(ingress), rules)
        for name, (verdict, target, ingress, rules) in answers(documents).items()
    }
    assert answers(others) == expected


def check_neighbour(where: str) -> None:
    documents = documents_in(where)
    before = answers(documents)
    spaces = sorted({name.split("/")[0] for name in before})
    after = answers([*documents, *map(lonely, spaces)])
    assert {name: answer for name, answer in after.items() if name in before} == before


def check_order(where: str) -> None:
    documents = list(documents_in(where))
    seen: dict[tuple[Any, ...], int] = {}
    for one in documents:  # of two objects with one id the later stands: that is an order which counts
        meta = one["metadata"]
        key = (one.get("kind"), meta.get("namespace"), meta.get("name") or meta.get("generateName"))
        seen[key] = seen.get(key, 0) + 1
    if max(seen.values(), default=0) > 1:
        pytest.skip("an object stands twice")
    before = answers(documents)
    random.Random(1).shuffle(documents)
    assert answers(documents) == before


def check_status(where: str) -> None:
    documents = documents_in(where)
    before = answers(documents)
    after = answers([{k: v for k, v in d.items() if k != "status"} for d in documents])
    for name, answer in before.items():
        if name in after and answer[0] in ("changes", "blocked"):
            assert VERDICTS.index(after[name][0]) >= VERDICTS.index(answer[0])


LAWS = {f.__name__.removeprefix("check_"): f for f in (check_renaming, check_neighbour, check_order, check_status)}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("where", FEW, ids=lambda w: w.rpartition("/")[2])
def test_law(law: str, where: str) -> None:
    LAWS[law](where)


@pytest.mark.soak
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("where", folders())
def test_law_over_all_public_manifests(law: str, where: str) -> None:
    LAWS[law](where)
