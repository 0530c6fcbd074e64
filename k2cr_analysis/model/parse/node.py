"""Nodes, and the live pods on them."""

from __future__ import annotations

from k2cr_analysis.model.cluster import Node, OwnedPod
from k2cr_analysis.model.parse.access import Raw, mapping, objects, resources, strings, text
from k2cr_analysis.model.parse.index import name_of, namespace_of
from k2cr_analysis.model.parse.pod import effective_requests
from k2cr_analysis.platforms.gke import (
    MACHINE_TYPE_LABELS,
    NODE_POOL,
    PREEMPTIBLE,
    REGION_LABELS,
    SPOT,
    ZONE_LABELS,
    first_label,
)

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
    return OwnedPod(namespace_of(pod), name_of(pod), workload_id, text(spec, "nodeName"), effective_requests(spec))


def image_digests(pod: Raw) -> dict[tuple[str, str], str]:
    """(container name, image as the spec has it) -> ``sha256:...`` that runs, by status.containerStatuses[].imageID."""
    images = {str(c.get("name")): str(c.get("image")) for _, c in objects(mapping(pod, "spec"), "containers")}
    found = {}
    for _, status in objects(mapping(pod, "status"), "containerStatuses"):
        name, digest = str(status.get("name")), str(status.get("imageID") or "").partition("@")[2]
        if digest.startswith("sha256:") and name in images:
            found[name, images[name]] = digest
    return found
