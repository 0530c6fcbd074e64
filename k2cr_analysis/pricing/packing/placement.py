"""Which pods are in which pool, and what room a node of the pool has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster, OwnedPod
from k2cr_analysis.model.pod.placement import Placement
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.pricing.gke.pod_demand import PodDemand
from k2cr_analysis.pricing.packing.kept_nodes import Nodes
from k2cr_analysis.pricing.packing.node_pools import NodePool, allocatable_bytes, allocatable_cores, node_pools
from k2cr_analysis.pricing.packing.pod_rules import NO_RULES, PodRules, rules_of
from k2cr_analysis.pricing.packing.repack import ANY_NODE, Load, PodGroup, Room, load_of, sum_of
from k2cr_analysis.pricing.packing.volumes import bound_to, claimed_volumes


@dataclass(frozen=True)
class PlacedPool:
    """A pool, the room of one of its nodes, and the pods of each workload in it (DaemonSets are in the room)."""

    pool: NodePool
    room: Room
    groups: Mapping[str, tuple[PodGroup, ...]]

    @property
    def pods(self) -> tuple[PodGroup, ...]:
        return tuple(group for found in self.groups.values() for group in found)

    @property
    def nodes(self) -> Nodes:
        zones = sorted({n.zone or "" for n in self.pool.nodes})
        return Nodes(self.room, tuple(zones.index(n.zone or "") for n in self.pool.nodes))


def placed_pools(
    cluster: Cluster, demands: Mapping[str, PodDemand], off_nodes: Set[str] = frozenset()
) -> list[PlacedPool]:
    """The pods of every workload in their pools: where they run; else, the largest first, where most room is left.

    ``off_nodes``: workloads on nodes that nobody pays, since their pods are billed by themselves.
    """
    pools = node_pools(cluster)
    rooms = [_room(pool, cluster, demands) for pool in pools]
    rules = rules_of(w for w in cluster.workloads if w.kind != "DaemonSet")
    claims = claimed_volumes(cluster)
    groups: list[dict[str, tuple[PodGroup, ...]]] = [{} for _ in pools]
    unplaced: list[tuple[Load, str]] = []
    for workload in cluster.workloads:
        demand = demands[workload.id]
        if workload.kind == "DaemonSet" or workload.id in off_nodes:
            continue
        seen = _seen(demand, pools)
        for number, found in seen.items():
            groups[number][workload.id] = _live_groups(workload, demand, found, pools, number, rules, claims)
        if not seen and demand.pods:
            unplaced.append((load_of([_group(demand, demand.pods, NO_RULES)]), workload.id))
    loads = [load_of(g for found in of_pool.values() for g in found) for of_pool in groups]
    for load, workload_id in sorted(unplaced, reverse=True):
        workload, demand = cluster.by_id[workload_id], demands[workload_id]
        after = {n: sum_of([loads[n], load]) for n, pool in enumerate(pools) if pool.takes(workload)}
        if after:
            fullness = {n: _fullness(load, pools[n], rooms[n]) for n, load in after.items()}
            emptiest = min(after, key=lambda n: (fullness[n], n))
            group = _group(demand, demand.pods or Decimal(0), rules.get(workload_id, NO_RULES), workload_id)
            groups[emptiest][workload_id] = (_placed_in(group, workload, pools, emptiest),)
            loads[emptiest] = after[emptiest]
    return [PlacedPool(p, r, g) for p, r, g in zip(pools, rooms, groups, strict=True)]


def _live_groups(
    workload: Workload,
    demand: PodDemand,
    pods: Sequence[OwnedPod],
    pools: Sequence[NodePool],
    number: int,
    rules: Mapping[str, PodRules],
    claims: Mapping[tuple[str, str], Placement],
) -> tuple[PodGroup, ...]:
    """The workload's live pods in a pool, in groups that may run on the same nodes: volumes bind pods one by one."""
    group = _group(demand, Decimal(len(pods)), rules.get(workload.id, NO_RULES), workload.id)
    group = _placed_in(group, workload, pools, number)
    by_nodes: dict[int, int] = {}
    for pod in pods:
        allowed = group.allowed & bound_to(pod, workload, pools[number], claims)
        by_nodes[allowed] = by_nodes.get(allowed, 0) + 1
    return tuple(group._replace(pods=count, allowed=nodes) for nodes, count in sorted(by_nodes.items()))


def _placed_in(group: PodGroup, workload: Workload, pools: Sequence[NodePool], number: int) -> PodGroup:
    """The group with the nodes of the pool that may run it, and whether its spread counts other pools' nodes too."""
    allowed = pools[number].allowed(workload)
    everywhere = allowed == (1 << len(pools[number].nodes)) - 1
    others = (group.zone_skew or group.host_skew) and any(
        pool.takes(workload) for n, pool in enumerate(pools) if n != number
    )
    # Where live pods run on nodes that a selector has left out since, they stay where they may run at all.
    return group._replace(allowed=ANY_NODE if everywhere or not allowed else allowed, others_empty=bool(others))


def _seen(demand: PodDemand, pools: Sequence[NodePool]) -> dict[int, list[OwnedPod]]:
    """Pool number -> live pods on its nodes; a live pod on a node that the snapshot lacks goes with the others."""
    pool_of = {node.name: number for number, pool in enumerate(pools) for node in pool.nodes}
    first = min((pool_of[p.node] for p in demand.live if p.node in pool_of), default=None)
    found: dict[int, list[OwnedPod]] = {}
    for pod in demand.live if first is not None else ():
        found.setdefault(pool_of.get(pod.node or "", first or 0), []).append(pod)
    return dict(sorted(found.items()))


def _fullness(load: Load, pool: NodePool, room: Room) -> float:
    """The load of the pool's scarcest resource, as a share of what its nodes have."""
    nodes = len(pool.nodes)
    return max(load.cpu_millicores / (room.cpu_millicores * nodes), load.memory_kib / (room.memory_kib * nodes))


def _group(demand: PodDemand, pods: Decimal, rules: PodRules, owner: str = "") -> PodGroup:
    """The pods of a workload in one pool, in whole pods. Less than one pod is one of that part of the size.

    A job that runs an hour a day so takes a 24th of its room; the autoscaler gives it the rest while it runs.
    """
    part, count = min(pods, Decimal(1)), max(int(pods.to_integral_value(rounding="ROUND_CEILING")), 1)
    memory_kib = (demand.memory_bytes * part / 1024).to_integral_value(rounding="ROUND_CEILING")
    cpu = _millicores(demand.cpu_cores * part)
    return PodGroup(
        cpu,
        int(memory_kib),
        count,
        rules.tag,
        rules.shuns,
        storage_kib=int((demand.storage_bytes * part / 1024).to_integral_value(rounding="ROUND_CEILING")),
        zone_tag=rules.zone_tag,
        zone_shuns=rules.zone_shuns,
        zone_skew=rules.zone_skew,
        zone_domains=rules.zone_domains,
        host_skew=rules.host_skew,
        host_domains=rules.host_domains,
        owner=owner,
    )


def _room(pool: NodePool, cluster: Cluster, demands: Mapping[str, PodDemand]) -> Room:
    """The smallest node of the pool, less the DaemonSets' pods on each."""
    cpu = min(_millicores(allocatable_cores(n)) for n in pool.nodes)
    memory = min(allocatable_bytes(n) // 1024 for n in pool.nodes)
    pods = min(n.max_pods for n in pool.nodes)
    disks = [n.allocatable.ephemeral_storage_bytes for n in pool.nodes]
    storage = None if None in disks else min(d // 1024 for d in disks if d is not None)
    for workload in cluster.workloads:
        demand = demands[workload.id]
        if workload.kind == "DaemonSet" and _is_on(workload, demand, pool):
            cpu -= _millicores(demand.cpu_cores)
            memory -= int(demand.memory_bytes) // 1024
            pods -= 1
            storage = None if storage is None else max(storage - int(demand.storage_bytes) // 1024, 0)
    return Room(max(cpu, 1), max(memory, 1), max(pods, 1), storage)


def _is_on(daemon_set: Workload, demand: PodDemand, pool: NodePool) -> bool:
    names = {n.name for n in pool.nodes}
    return any(p.node in names for p in demand.live) if demand.live else pool.takes(daemon_set)


def _millicores(cores: Decimal) -> int:
    return int((cores * 1000).to_integral_value(rounding="ROUND_CEILING"))
