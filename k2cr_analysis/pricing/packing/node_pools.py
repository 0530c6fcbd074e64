"""Nodes as pools of equal machines, and which pools a pod may run in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from k2cr_analysis.model.cluster import Cluster, Node
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.pricing.gke.node_price import machine_type
from k2cr_analysis.pricing.packing.reservation import machine_room

_NO_SCHEDULE = ("NoSchedule", "NoExecute")


@dataclass(frozen=True)
class NodePool:
    """Nodes of one pool and machine type. ``name`` is the pool's, or the machine type where nodes name no pool."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def zones(self) -> int:
        """How many zones it has nodes in; at least 1."""
        return len({n.zone for n in self.nodes if n.zone}) or 1

    @property
    def allocatable_cores(self) -> Decimal:
        return sum((allocatable_cores(n) for n in self.nodes), Decimal(0))

    @property
    def allocatable_bytes(self) -> Decimal:
        return sum((Decimal(allocatable_bytes(n)) for n in self.nodes), Decimal(0))

    def takes(self, workload: Workload) -> bool:
        """Whether a pod of the workload may run here: node selector, required node affinity, taints."""
        node = self.nodes[0]
        return _selected(workload, node.labels) and _tolerated(workload, node.taints)


def allocatable_cores(node: Node) -> Decimal:
    """What pods can request; by GKE's formula where the node does not say, else its capacity."""
    if node.allocatable.cpu_cores:
        return node.allocatable.cpu_cores
    machine = machine_type(node.machine_type)
    return Decimal(machine_room(machine).cpu_millicores) / 1000 if machine else node.capacity.cpu_cores or Decimal(0)


def allocatable_bytes(node: Node) -> int:
    if node.allocatable.memory_bytes:
        return node.allocatable.memory_bytes
    machine = machine_type(node.machine_type)
    return machine_room(machine).memory_kib * 1024 if machine else node.capacity.memory_bytes or 0


def node_pools(cluster: Cluster) -> tuple[NodePool, ...]:
    """The cluster's nodes by pool and machine type, in the order of their names."""
    found: dict[tuple[str, str, bool], list[Node]] = defaultdict(list)
    for node in cluster.nodes:
        machine = node.machine_type or "unknown machine type"
        found[node.pool or machine, machine, node.spot].append(node)
    several = {pool for pool, _, _ in found if sum(other == pool for other, _, _ in found) > 1}
    return tuple(
        NodePool(f"{pool} ({machine}{', Spot' if spot else ''})" if pool in several else pool, tuple(nodes))
        for (pool, machine, spot), nodes in sorted(found.items())
    )


def _selected(workload: Workload, labels: Mapping[str, str]) -> bool:
    selector = workload.pod.raw.get("nodeSelector") or {}
    if any(labels.get(key) != str(value) for key, value in selector.items()):
        return False
    affinity = ((workload.pod.raw.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    terms = (affinity or {}).get("nodeSelectorTerms") or []
    return not terms or any(_matches(term.get("matchExpressions") or [], labels) for term in terms)


def _matches(expressions: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> bool:
    return all(holds_expression(e, labels.get(str(e.get("key")))) for e in expressions)


def holds_expression(expression: Mapping[str, Any], value: str | None) -> bool:
    """One match expression of a selector against a label's value. Gt and Lt are rare, and are taken to hold."""
    values: Sequence[str] = [str(v) for v in expression.get("values") or ()]
    operators = {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return operators.get(str(expression.get("operator")), True)


def _tolerated(workload: Workload, taints: Iterable[tuple[str, str, str]]) -> bool:
    tolerations = [t for t in workload.pod.raw.get("tolerations") or () if isinstance(t, Mapping)]
    return all(
        effect not in _NO_SCHEDULE or any(_tolerates(t, key, value, effect) for t in tolerations)
        for key, value, effect in taints
    )


def _tolerates(toleration: Mapping[str, Any], key: str, value: str, effect: str) -> bool:
    if toleration.get("effect") not in (None, "", effect):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", key)
    return toleration.get("key") == key and str(toleration.get("value") or "") == value
