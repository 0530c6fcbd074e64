"""Nodes that the autoscaler does not take away while a certain pod stays, and how few nodes a pool may have.

Source: docs.cloud.google.com/kubernetes-engine/docs/concepts/cluster-autoscaler, "Considerations" of scaling down. Not
counted: pods of kube-system without a budget, which Google's own add-ons may be evicted in spite of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from k2cr_analysis.model.cluster import Cluster, Node
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.cluster import AUTOSCALER_STATUS, SAFE_TO_EVICT, SCALE_DOWN_DISABLED

ITSELF = ""  # in place of a workload's id: the node is held by its own annotation

# Both forms of the autoscaler's status: "Name: .../instanceGroups/GROUP ... (minSize=1, maxSize=3)", and YAML.
_GROUP_MINIMUM = re.compile(r"[nN]ame:\s+\S*?(?P<group>[^/\s]+)-grp\b.*?minSize[=:]\s*(?P<least>\d+)", re.S)


def holding_nodes(cluster: Cluster) -> Mapping[str, frozenset[str]]:
    """Node -> the workloads for whose sake it cannot go; ``ITSELF`` among them where it says so itself."""
    reasons = {w.id for w in cluster.workloads if why_held(w)}
    found: dict[str, set[str]] = {}
    for pod in cluster.pods:
        if pod.node is not None and pod.workload in reasons:
            found.setdefault(pod.node, set()).add(pod.workload)
    for node in cluster.nodes:
        if node.annotations.get(SCALE_DOWN_DISABLED) == "true":
            found.setdefault(node.name, set()).add(ITSELF)
    return {node: frozenset(ids) for node, ids in found.items()}


def why_held(workload: Workload) -> str | None:
    """Why the autoscaler leaves the nodes of the workload's pods alone; None where it does not."""
    if workload.kind == "DaemonSet":
        return None
    if workload.pod.annotations.get(SAFE_TO_EVICT) == "false":
        return f"{SAFE_TO_EVICT}: false"
    if workload.kind == "Pod":
        return "a pod without a controller"
    for budget in workload.related.get("PodDisruptionBudget", ()):
        if _allows_none(budget, workload.replicas):
            return f"PodDisruptionBudget/{mapping(budget, 'metadata').get('name')} allows no disruption"
    return None


def _allows_none(budget: Mapping[str, Any], replicas: int | None) -> bool:
    spec, status = mapping(budget, "spec"), mapping(budget, "status")
    if spec.get("maxUnavailable") in (0, "0", "0%") or spec.get("minAvailable") == "100%":
        return True
    least = spec.get("minAvailable")
    if isinstance(least, int) and replicas is not None and least >= replicas > 0:
        return True
    return status.get("disruptionsAllowed") == 0 and bool(status.get("expectedPods"))


def pool_minimum(nodes: Iterable[Node], pool: str, cluster: Cluster, said: Mapping[str, int]) -> int:
    """How few nodes the pool's autoscaler keeps: as the config says, else as the autoscaler's status has it."""
    if pool in said:
        return said[pool]
    names = [n.name for n in nodes]
    groups = _group_minimums(cluster)
    return sum(least for group, least in groups.items() if any(n.startswith(f"{group}-") for n in names))


def is_sized_by_hand(nodes: Iterable[Node], pool: str, cluster: Cluster, said: Mapping[str, int]) -> bool:
    """Whether no autoscaler sizes the pool: its status is there, and knows none of the pool's groups.

    Such a pool has one number of nodes for all of its zones.
    """
    names, groups = [n.name for n in nodes], _group_minimums(cluster)
    return pool not in said and bool(groups) and not any(n.startswith(f"{g}-") for n in names for g in groups)


def _group_minimums(cluster: Cluster) -> dict[str, int]:
    for raw in cluster.objects.get("ConfigMap", ()):
        metadata = mapping(raw, "metadata")
        if (metadata.get("namespace"), metadata.get("name")) == AUTOSCALER_STATUS:
            text = str(mapping(raw, "data").get("status") or "")
            # One search for each group: a name goes with the first minimum that follows it.
            return {m["group"]: int(m["least"]) for m in _GROUP_MINIMUM.finditer(text)}
    return {}
