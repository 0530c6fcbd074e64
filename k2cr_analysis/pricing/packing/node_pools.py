"""Nodes as pools of equal machines, and which pools a pod may run in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster, Node
from k2cr_analysis.model.pod.placement import Placement
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.cluster import HOSTNAME, ZONE_LABELS
from k2cr_analysis.pricing.gke.autopilot import is_billed
from k2cr_analysis.pricing.gke.machine_types import machine_type
from k2cr_analysis.pricing.packing.reservation import machine_room


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
        """Whether a pod of the workload may run on one of its nodes: node selector, required node affinity, taints."""
        return bool(self.allowed(workload))

    def allowed(self, workload: Workload) -> int:
        """A bit for each of its nodes that may run a pod of the workload, from the first node on."""
        placement = workload.pod.placement
        return sum(1 << n for n, node in enumerate(self.nodes) if placement.takes_node(_labels(node), node.taints))

    def allowed_by(self, placement: Placement) -> int:
        """The same of a volume, which minds no taints."""
        return sum(1 << n for n, node in enumerate(self.nodes) if placement.takes_node(_labels(node), ()))


def _labels(node: Node) -> Mapping[str, str]:
    """With those that every node has, where a snapshot lacks them: its name, and its zone by the older key too."""
    always = {HOSTNAME: node.name, **(dict.fromkeys(ZONE_LABELS, node.zone) if node.zone else {})}
    return {**always, **node.labels}


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
    """The nodes that are billed, by pool and machine type, in the order of their names."""
    found: dict[tuple[str, str, bool], list[Node]] = defaultdict(list)
    for node in (n for n in cluster.nodes if is_billed(n, cluster)):
        machine = node.machine_type or "unknown machine type"
        found[node.pool or machine, machine, node.spot].append(node)
    several = {pool for pool, _, _ in found if sum(other == pool for other, _, _ in found) > 1}
    return tuple(
        NodePool(f"{pool} ({machine}{', Spot' if spot else ''})" if pool in several else pool, tuple(nodes))
        for (pool, machine, spot), nodes in sorted(found.items())
    )
