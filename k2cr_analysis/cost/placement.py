"""Which pods are in which pool, and what room a node of the pool has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.cost.node_pools import NodePool, allocatable_bytes, allocatable_cores, node_pools
from k2cr_analysis.cost.node_share import pods_by_pool
from k2cr_analysis.cost.pod_demand import PodDemand
from k2cr_analysis.cost.repack import PodGroup, Room
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.workload import Workload

_HOST_NAME = "kubernetes.io/hostname"


@dataclass(frozen=True)
class PlacedPool:
    """A pool, the room of one of its nodes, and the pods of each workload in it (DaemonSets are in the room)."""

    pool: NodePool
    room: Room
    groups: Mapping[str, PodGroup]


def placed_pools(cluster: Cluster, demands: Mapping[str, PodDemand]) -> list[PlacedPool]:
    """The pods of every workload in their pools: where they run, else over the pools that take them."""
    pools = node_pools(cluster)
    groups: list[dict[str, PodGroup]] = [{} for _ in pools]
    for workload in cluster.workloads:
        if workload.kind != "DaemonSet":
            for number, group in _groups(workload, demands[workload.id], pools).items():
                groups[number][workload.id] = group
    return [PlacedPool(p, _room(p, cluster, demands), g) for p, g in zip(pools, groups, strict=True)]


def _groups(workload: Workload, demand: PodDemand, pools: Sequence[NodePool]) -> dict[int, PodGroup]:
    """Pool number -> the workload's pods there. Less than one pod is one of that part of the size.

    A job that runs an hour a day so takes a 24th of its room; the autoscaler gives it the rest while it runs.
    """
    where = pods_by_pool(workload, demand, pools)
    pods = Decimal(len(demand.live)) if demand.live else demand.pods or Decimal(0)
    if not where or pods <= 0:
        return {}
    parts = {number: pods * share / sum(where.values(), Decimal(0)) for number, share in where.items()}
    if pods < 1:
        return {number: _group(workload, demand, 1, part) for number, part in parts.items() if part > 0}
    whole = _whole_pods(parts, int(pods.to_integral_value(rounding="ROUND_CEILING")))
    return {number: _group(workload, demand, count) for number, count in whole.items() if count}


def _whole_pods(parts: Mapping[int, Decimal], total: int) -> dict[int, int]:
    """Parts rounded to whole pods that add up to ``total``: the largest remainders are rounded up."""
    counts = {number: int(part) for number, part in parts.items()}
    by_remainder = sorted(parts, key=lambda number: (counts[number] - parts[number], number))
    for number in by_remainder[: max(total - sum(counts.values()), 0)]:
        counts[number] += 1
    return counts


def _group(workload: Workload, demand: PodDemand, pods: int, part: Decimal = Decimal(1)) -> PodGroup:
    memory_kib = (demand.memory_bytes * part / 1024).to_integral_value(rounding="ROUND_CEILING")
    return PodGroup(_millicores(demand.cpu_cores * part), int(memory_kib), pods, _shuns_itself(workload))


def _room(pool: NodePool, cluster: Cluster, demands: Mapping[str, PodDemand]) -> Room:
    """The smallest node of the pool, less the DaemonSets' pods on each."""
    cpu = min(_millicores(allocatable_cores(n)) for n in pool.nodes)
    memory = min(allocatable_bytes(n) // 1024 for n in pool.nodes)
    pods = min(n.max_pods for n in pool.nodes)
    for workload in cluster.workloads:
        demand = demands[workload.id]
        if workload.kind == "DaemonSet" and _is_on(workload, demand, pool):
            cpu -= _millicores(demand.cpu_cores)
            memory -= int(demand.memory_bytes) // 1024
            pods -= 1
    return Room(max(cpu, 1), max(memory, 1), max(pods, 1))


def _is_on(daemon_set: Workload, demand: PodDemand, pool: NodePool) -> bool:
    names = {n.name for n in pool.nodes}
    return any(p.node in names for p in demand.live) if demand.live else pool.takes(daemon_set)


def _millicores(cores: Decimal) -> int:
    return int((cores * 1000).to_integral_value(rounding="ROUND_CEILING"))


def _shuns_itself(workload: Workload) -> bool:
    """Required pod anti-affinity by host name, which charts write against the workload's own label."""
    anti = (workload.pod.raw.get("affinity") or {}).get("podAntiAffinity") or {}
    terms = anti.get("requiredDuringSchedulingIgnoredDuringExecution") or []
    return any(term.get("topologyKey") == _HOST_NAME for term in terms)
