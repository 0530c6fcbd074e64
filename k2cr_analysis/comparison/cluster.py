"""What differs of the cluster itself: its name and place, its pools, the nodes of each and their machine types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from k2cr_analysis.comparison.result import FieldChange
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.cluster import Cluster, Node

NODES, CLUSTER = "nodes", "cluster"
_SHOWN = 3


def cluster_changes(before: Cluster, after: Cluster) -> Iterator[FieldChange]:
    """Identity first, then pool by pool, in the order of their names."""
    for name, old, new in (
        ("name", before.name, after.name),
        ("location", before.location, after.location),
        ("project", before.project, after.project),
        ("Autopilot", _told(before.is_autopilot), _told(after.is_autopilot)),
    ):
        if old != new:
            yield FieldChange(CLUSTER, name, old, new)
    pools = [_pools(one) for one in (before, after)]
    for name in sorted(pools[0].keys() | pools[1].keys()):
        old, new = (found.get(name) for found in pools)
        if old != new:
            yield FieldChange(NODES, f"pool {name}", old, new)


def reason_of(changes: list[FieldChange], workloads: int) -> str:
    """What stands behind "manifests", in words: the cluster's own changes by name, and how many workloads differ."""
    named = [f"{c.path}: {c.before or 'none'}, now {c.after or 'none'}" for c in changes]
    parts = [first_of(named, _SHOWN, between="; ")] if named else []
    if workloads:
        parts.append(f"objects of {workloads} workload{'s' if workloads > 1 else ''}")
    return ", ".join(parts)


def _told(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _pools(cluster: Cluster) -> Mapping[str, str]:
    """Pool -> ``3 x e2-standard-4, 1 x e2-standard-8 (Spot)``."""
    found: dict[str, Counter[str]] = {}
    for node in cluster.nodes:
        found.setdefault(node.pool or "(no pool)", Counter())[_machine(node)] += 1
    return {
        pool: ", ".join(f"{count} x {machine}" for machine, count in sorted(machines.items()))
        for pool, machines in found.items()
    }


def _machine(node: Node) -> str:
    return (node.machine_type or "unknown machine type") + (" (Spot)" if node.spot else "")
