"""Nodes, and the live pods on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from k2cr_analysis.model.cluster import Node, OwnedPod, SeenStart
from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, resources, strings, text
from k2cr_analysis.model.parse.index import name_of, namespace_of
from k2cr_analysis.model.parse.pod.spec import effective_requests
from k2cr_analysis.platforms.cloud_run.probes import DEFAULT_PERIOD_S
from k2cr_analysis.platforms.gke.cluster import (
    MACHINE_TYPE_LABELS,
    NODE_POOL,
    PREEMPTIBLE,
    REGION_LABELS,
    SPOT,
    ZONE_LABELS,
    first_label,
)

LONGEST_START_S = 600.0  # what takes longer is no start: the pod was not ready for a while
DEFAULT_MAX_PODS = 110  # GKE Standard, where a node does not say


def parse_node(raw: Raw) -> Node:
    """A node by its well-known labels (node.kubernetes.io/*, topology.kubernetes.io/*, cloud.google.com/gke-*)."""
    labels = strings(mapping(raw, "metadata").get("labels"))
    allocatable = resources(mapping(raw, "status", "allocatable"))
    pods = allocatable.extended.get("pods")
    return Node(
        name=name_of(raw),
        machine_type=first_label(labels, MACHINE_TYPE_LABELS),
        pool=labels.get(NODE_POOL),
        zone=first_label(labels, ZONE_LABELS),
        region=first_label(labels, REGION_LABELS),
        spot="true" in (labels.get(SPOT), labels.get(PREEMPTIBLE)),
        capacity=resources(mapping(raw, "status", "capacity")),
        allocatable=allocatable,
        max_pods=int(pods) if pods is not None else DEFAULT_MAX_PODS,
        labels=labels,
        taints=tuple(
            (str(t.get("key")), str(t.get("value") or ""), str(t.get("effect")))
            for _, t in objects(mapping(raw, "spec"), "taints")
        ),
        raw=raw,
        annotations=strings(mapping(raw, "metadata").get("annotations")),
    )


def is_running(pod: Raw) -> bool:
    """Whether a live pod holds its requests: it has a node, and has not ended."""
    return bool(text(mapping(pod, "spec"), "nodeName")) and mapping(pod, "status").get("phase") not in (
        "Succeeded",
        "Failed",
    )


def owned_pod(pod: Raw, workload_id: str) -> OwnedPod:
    spec = mapping(pod, "spec")
    return OwnedPod(
        namespace_of(pod), name_of(pod), workload_id, text(spec, "nodeName"), effective_requests(spec), seen_start(pod)
    )


def seen_start(pod: Raw) -> SeenStart | None:
    """From a container's start to its pod's readiness, where it is the only one that is asked whether it is ready.

    None where a container was started again, or where the pod became ready so late that it had lost its readiness in
    between: its conditions hold the last change alone.
    """
    containers = [c for _, c in objects(mapping(pod, "spec"), "containers")]
    asked = [c for c in containers if c.get("readinessProbe") or c.get("startupProbe")]
    statuses = [status for _, status in objects(mapping(pod, "status"), "containerStatuses")]
    conditions = [c for _, c in objects(mapping(pod, "status"), "conditions")]
    ready = next((c for c in conditions if c.get("type") in ("ContainersReady", "Ready")), None)
    if len(asked) != 1 or not asked[0].get("readinessProbe") or ready is None or ready.get("status") != "True":
        return None
    if any(status.get("restartCount") for status in statuses):
        return None
    name = str(asked[0].get("name"))
    begun = next((mapping(s, "state", "running").get("startedAt") for s in statuses if s.get("name") == name), None)
    try:
        after_s = (_time(ready.get("lastTransitionTime")) - _time(begun)).total_seconds()
    except ValueError:
        return None
    period_s = integer(mapping(asked[0], "readinessProbe"), "periodSeconds") or DEFAULT_PERIOD_S
    if not 0.0 <= after_s <= LONGEST_START_S:
        return None
    return SeenStart(name, after_s, float(period_s), _since_scheduled(conditions, begun))


def _since_scheduled(conditions: Sequence[Raw], begun: object) -> float | None:
    """From the pod's scheduling to its container's start."""
    scheduled = next((c for c in conditions if c.get("type") == "PodScheduled" and c.get("status") == "True"), {})
    try:
        before_s = (_time(begun) - _time(scheduled.get("lastTransitionTime"))).total_seconds()
    except (ValueError, TypeError):
        return None
    return before_s if before_s >= 0.0 else None


def _time(value: object) -> datetime:
    return datetime.fromisoformat(str(value).replace("Z", "+00:00"))


def image_digests(pod: Raw) -> dict[tuple[str, str], str]:
    """(container name, image as the spec has it) -> ``sha256:...`` that runs, by status.containerStatuses[].imageID."""
    images = {str(c.get("name")): str(c.get("image")) for _, c in objects(mapping(pod, "spec"), "containers")}
    found = {}
    for _, status in objects(mapping(pod, "status"), "containerStatuses"):
        name, digest = str(status.get("name")), str(status.get("imageID") or "").partition("@")[2]
        if digest.startswith("sha256:") and name in images:
            found[name, images[name]] = digest
    return found
