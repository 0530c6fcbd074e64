"""Which pods are in which pool, and what room a node of the pool has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.pricing.gke.pod_demand import PodDemand
from k2cr_analysis.pricing.packing.anti_affinity import NO_MANNERS, Manners, manners_of
from k2cr_analysis.pricing.packing.node_pools import NodePool, allocatable_bytes, allocatable_cores, node_pools
from k2cr_analysis.pricing.packing.repack import Load, PodGroup, Room, load_of


@dataclass(frozen=True)
class PlacedPool:
    """A pool, the room of one of its nodes, and the pods of each workload in it (DaemonSets are in the room)."""

    pool: NodePool
    room: Room
    groups: Mapping[str, PodGroup]


def placed_pools(
    cluster: Cluster, demands: Mapping[str, PodDemand], off_nodes: Set[str] = frozenset()
) -> list[PlacedPool]:
    """The pods of every workload in their pools: where they run; else, the largest first, where most room is left.

    ``off_nodes``: workloads on nodes that nobody pays, since their pods are billed by themselves.
    """
    pools = node_pools(cluster)
    rooms = [_room(pool, cluster, demands) for pool in pools]
    manners = manners_of(w for w in cluster.workloads if w.kind != "DaemonSet")
    groups: list[dict[str, PodGroup]] = [{} for _ in pools]
    unplaced: list[tuple[PodGroup, str]] = []
    for workload in cluster.workloads:
        demand = demands[workload.id]
        if workload.kind == "DaemonSet" or workload.id in off_nodes:
            continue
        seen = _seen(demand, pools)
        for number, pods in seen.items():
            groups[number][workload.id] = _group(demand, Decimal(pods), manners.get(workload.id, NO_MANNERS))
        if not seen and demand.pods:
            group = _group(demand, demand.pods, manners.get(workload.id, NO_MANNERS))
            unplaced.append((group, workload.id))
    loads = [load_of(found.values()) for found in groups]
    for group, workload_id in sorted(unplaced, reverse=True):
        after = {n: loads[n].with_pods(group) for n, pool in enumerate(pools) if pool.takes(cluster.by_id[workload_id])}
        if after:
            fullness = {n: _fullness(load, pools[n], rooms[n]) for n, load in after.items()}
            emptiest = min(after, key=lambda n: (fullness[n], n))
            groups[emptiest][workload_id], loads[emptiest] = group, after[emptiest]
    return [PlacedPool(p, r, g) for p, r, g in zip(pools, rooms, groups, strict=True)]


def _seen(demand: PodDemand, pools: Sequence[NodePool]) -> dict[int, int]:
    """Pool number -> live pods on its nodes; a live pod on a node that the snapshot lacks goes with the others."""
    pool_of = {node.name: number for number, pool in enumerate(pools) for node in pool.nodes}
    numbers = [pool_of[p.node] for p in demand.live if p.node in pool_of]
    counts = {number: numbers.count(number) for number in sorted(set(numbers))}
    if counts:
        counts[min(counts)] += len(demand.live) - len(numbers)
    return counts


def _fullness(load: Load, pool: NodePool, room: Room) -> float:
    """The load of the pool's scarcest resource, as a share of what its nodes have."""
    nodes = len(pool.nodes)
    return max(load.cpu_millicores / (room.cpu_millicores * nodes), load.memory_kib / (room.memory_kib * nodes))


def _group(demand: PodDemand, pods: Decimal, manners: Manners) -> PodGroup:
    """The pods of a workload in one pool, in whole pods. Less than one pod is one of that part of the size.

    A job that runs an hour a day so takes a 24th of its room; the autoscaler gives it the rest while it runs.
    """
    part, count = min(pods, Decimal(1)), max(int(pods.to_integral_value(rounding="ROUND_CEILING")), 1)
    memory_kib = (demand.memory_bytes * part / 1024).to_integral_value(rounding="ROUND_CEILING")
    cpu = _millicores(demand.cpu_cores * part)
    return PodGroup(cpu, int(memory_kib), count, manners.tag, manners.shuns, manners.even_over_zones)


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
