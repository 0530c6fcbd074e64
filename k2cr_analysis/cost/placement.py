"""Which pods are in which pool, and what room a node of the pool has for them."""

from __future__ import annotations

from collections.abc import Mapping
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
    """A pool with the pods of each workload in it."""

    pool: NodePool
    pods: Mapping[str, int]


def placed_pools(cluster: Cluster, demands: Mapping[str, PodDemand]) -> list[PlacedPool]:
    pools = node_pools(cluster)
    counts: list[dict[str, int]] = [{} for _ in pools]
    for workload in cluster.workloads:
        if workload.kind == "DaemonSet":
            continue
        for number, pods in pods_by_pool(workload, demands[workload.id], pools).items():
            if pods > 0:
                # A part of a pod (a job that runs an hour a day) needs the room of a whole one when it runs.
                counts[number][workload.id] = int(pods.to_integral_value(rounding="ROUND_CEILING"))
    return [PlacedPool(pool, pods) for pool, pods in zip(pools, counts, strict=True)]


def room_for_pods(pool: NodePool, cluster: Cluster, demands: Mapping[str, PodDemand]) -> Room:
    """The smallest node of the pool, less the largest load of DaemonSets and node-bound pods on any of its nodes."""
    cpu = min(millicores(allocatable_cores(n)) for n in pool.nodes)
    memory = min(allocatable_bytes(n) // 1024 for n in pool.nodes)
    pods = min(n.max_pods for n in pool.nodes)
    on_every_node = [w for w in cluster.workloads if w.kind == "DaemonSet" and pool.takes(w)]
    for workload in on_every_node:
        demand = demands[workload.id]
        cpu -= millicores(demand.cpu_cores)
        memory -= int(demand.memory_bytes) // 1024
        pods -= 1
    return Room(max(cpu, 1), max(memory, 1), max(pods, 1))


def group_of(workload: Workload, demand: PodDemand, count: int) -> PodGroup:
    return PodGroup(millicores(demand.cpu_cores), -(-int(demand.memory_bytes) // 1024), count, _shuns_itself(workload))


def millicores(cores: Decimal) -> int:
    return int((cores * 1000).to_integral_value(rounding="ROUND_CEILING"))


def _shuns_itself(workload: Workload) -> bool:
    """Required pod anti-affinity by host name, which charts write against the workload's own label."""
    anti = (workload.pod.raw.get("affinity") or {}).get("podAntiAffinity") or {}
    terms = anti.get("requiredDuringSchedulingIgnoredDuringExecution") or []
    return any(term.get("topologyKey") == _HOST_NAME for term in terms)
