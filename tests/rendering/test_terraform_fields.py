"""What ``main.tf`` sets of a service, a job or a worker pool is a field of the Cloud Run v2 API."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest

ROOT = Path(__file__).parents[2]
MESSAGES: Mapping[str, Mapping[str, str]] = json.loads((ROOT / "data/schemas/cloud_run_v2.json").read_text())[
    "messages"
]
ROOTS = {
    "google_cloud_run_v2_service": "Service",
    "google_cloud_run_v2_job": "Job",
    "google_cloud_run_v2_worker_pool": "WorkerPool",
}
# The provider's own: where the resource is, and what it does to it.
OWN = {
    "location",
    "project",
    "provider",
    "deletion_protection",
    "depends_on",
    "lifecycle",
    "timeouts",
    "count",
    "for_each",
}
# The provider has it since 7.19.0; the discovery document of 2026-10-31 does not list it.
NOT_LISTED = {("Probe", "successThreshold")}


def unknown(body: Mapping[str, Any], message: str, at: str) -> Iterator[str]:
    """Attributes that the message has no field for."""
    for key, value in body.items():
        name = key.strip('"')
        if name.startswith("__") or name in OWN:
            continue
        first, *rest = name.split("_")
        field = first + "".join(word.capitalize() for word in rest)
        kind = MESSAGES[message].get(field)
        if kind is None and (message, field) in NOT_LISTED:
            continue
        if kind is None:
            yield f"{at}.{name}"
            continue
        inner = kind.removesuffix("[]")
        for item in value if isinstance(value, list) else [value]:
            if inner in MESSAGES and isinstance(item, dict):
                yield from unknown(item, inner, f"{at}.{name}")


@pytest.mark.parametrize("case", ["reference", "cronjob"])
def test_every_attribute_is_a_field_of_the_api(case: str) -> None:
    text = (Path(__file__).parent / "golden" / case / "main.tf").read_text()
    seen = 0
    for resource in hcl2.load(io.StringIO(text))["resource"]:
        for kind, named in resource.items():
            message = ROOTS.get(kind.strip('"'))
            if message:
                seen += 1
                for body in named.values():
                    assert list(unknown(body, message, message)) == []
    assert seen == 1
