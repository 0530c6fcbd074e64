"""Which size a scratch volume has, and what it is on Cloud Run."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.model.pod.scratch import scratch_volumes
from tests.pricing.clusters import cluster, workload

GIB, MIB = 2**30, 2**20


def scratch(volumes: dict[str, dict[str, Any]], storage: str | None = None) -> dict[str, tuple[str, int | None]]:
    """Volume -> (medium, size that is stated) of a pod with one container; ``storage``: its ephemeral-storage."""
    raw = workload("web", volumes=[{"name": n, "emptyDir": e} for n, e in volumes.items()])
    app = raw["spec"]["template"]["spec"]["containers"][0]
    app["volumeMounts"] = [{"name": n, "mountPath": f"/{n}"} for n in volumes]
    if storage:
        where, _, size = storage.rpartition(" ")
        app["resources"].setdefault(where or "limits", {})["ephemeral-storage"] = size
    pod = cluster([raw]).workloads[0].pod
    found = scratch_volumes(pod, {c.name: c for c in pod.containers})
    return {name: (one.medium, one.stated_bytes) for name, one in found.items()}


NONE: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("volumes", "storage", "made"),
    [
        ({"a": {"sizeLimit": "513Mi"}}, None, {"a": ("disk", 513 * MIB)}),
        ({"a": {"sizeLimit": "512Mi"}}, None, {"a": ("memory", 512 * MIB)}),
        ({"a": {"medium": "Memory", "sizeLimit": "2Gi"}}, None, {"a": ("memory", 2 * GIB)}),
        ({"a": NONE}, None, {"a": ("memory", None)}),
        ({"a": NONE}, "20Gi", {"a": ("disk", 20 * GIB)}),
        ({"a": NONE}, "200Mi", {"a": ("memory", 200 * MIB)}),
        ({"a": NONE}, "requests 20Gi", {"a": ("disk", 20 * GIB)}),
        ({"a": NONE}, "requests 200Mi", {"a": ("memory", None)}),  # a floor, and nothing of the most
        ({"a": NONE}, "1Gi", {"a": ("memory", None)}),  # what Autopilot writes unasked is nobody's word
        # One need: the container's request holds all of its volumes.
        ({"a": NONE, "b": {"sizeLimit": "12Gi"}}, "30Gi", {"a": ("disk", 18 * GIB), "b": ("disk", 12 * GIB)}),
        ({"a": NONE, "b": {"sizeLimit": "12Gi"}}, "10Gi", {"a": ("memory", None), "b": ("disk", 12 * GIB)}),
        ({"a": NONE, "b": NONE}, "10Gi", {"a": ("disk", 10 * GIB), "b": ("memory", None)}),
        ({"a": {"medium": "Memory"}}, "10Gi", {"a": ("memory", None)}),
    ],
    ids=str,
)
def test_a_scratch_volume_has_the_size_that_somebody_states_once(
    volumes: dict[str, dict[str, Any]], storage: str | None, made: dict[str, tuple[str, int | None]]
) -> None:
    assert scratch(volumes, storage) == made
