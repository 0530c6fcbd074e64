"""The same pods on nodes of another machine type: what a pool could cost with no move at all.

Tried are the predefined types of the families that the price book has, Spot where the pool is Spot, packed as today's
nodes would be and paid with the same discount. A pool whose pods ask for a machine or a family stays as it is. A vCPU
counts as a vCPU: families differ in speed, which nobody knows for these pods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.money import total
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke import ACCELERATOR, MACHINE_FAMILY, MACHINE_TYPE_LABELS
from k2cr_analysis.pricing.gke.machine_types import MachineType, machine_type, predefined
from k2cr_analysis.pricing.gke.node_price import NodePrice, node_price
from k2cr_analysis.pricing.packing.fewest_nodes import fewest_nodes
from k2cr_analysis.pricing.packing.placement import PlacedPool
from k2cr_analysis.pricing.packing.repack import Room, least_nodes, load_of
from k2cr_analysis.pricing.packing.reservation import machine_room

# Families that pods move between without a word: amd64, and no older than what they most likely run on (not N1).
_FAMILIES, _MOST_VCPU = ("e2", "n2", "n2d", "n4", "n4d", "t2d", "c3", "c3d", "c4", "c4d"), 32
_ASKS_FOR_MACHINE = (*MACHINE_TYPE_LABELS, MACHINE_FAMILY, ACCELERATOR)


def cheapest_month(
    placed: PlacedPool, cluster: Cluster, node_month: Mapping[str, Decimal], tariff: Tariff
) -> Decimal | None:
    """The least that the pool's pods could cost on other nodes; None where its price or its pods do not let it be told.

    As many nodes as zones at the least, and two where there are two or more today: one that fails is not everything.
    """
    nodes, paid = placed.pool.nodes, sum((node_month.get(n.name, Decimal(0)) for n in placed.pool.nodes), Decimal(0))
    priced = [node_price(n, tariff) for n in nodes]
    listed = sum((total(p.items) for p in priced if isinstance(p, NodePrice)), Decimal(0))
    workloads = [cluster.by_id[w] for w in placed.groups]
    if not placed.groups or not listed or any(isinstance(p, str) for p in priced) or any(map(_asks, workloads)):
        return None
    share, least = paid / listed, max(placed.pool.zones, min(len(nodes), 2))
    groups, best = placed.pods, None
    load = load_of(groups)
    machines = _machines(placed, tariff)
    tried = sorted((price * max(least_nodes(room, load), least), name, room, price) for name, room, price in machines)
    for bound, _, room, price in tried:
        if best is not None and bound >= best:
            break
        month = price * max(fewest_nodes(room, groups), least)
        best = month if best is None else min(best, month)
    return None if best is None else best * share


def _machines(placed: PlacedPool, tariff: Tariff) -> Iterator[tuple[str, Room, Decimal]]:
    """(name, room for pods, price a month) of each type on which the largest pod fits."""
    node = placed.pool.nodes[0]
    today = machine_type(node.machine_type)
    if today is None:
        return
    # What DaemonSets take of a node today they take of another one too.
    whole = machine_room(today)
    taken = (whole.cpu_millicores - placed.room.cpu_millicores, whole.memory_kib - placed.room.memory_kib)
    for machine in (m for family in _FAMILIES for m in predefined(family) if 2 <= m.vcpu <= _MOST_VCPU):
        price = node_price(replace(node, machine_type=machine.name, labels=_labels(node.labels)), tariff)
        room = _room(machine, taken, placed.room.pods)
        if isinstance(price, NodePrice) and _largest_fits(placed, room):
            yield machine.name, room, total(price.items)


def _room(machine: MachineType, taken: tuple[int, int], pods: int) -> Room:
    whole = machine_room(machine, pods)
    return Room(max(whole.cpu_millicores - max(taken[0], 0), 0), max(whole.memory_kib - max(taken[1], 0), 0), pods)


def _largest_fits(placed: PlacedPool, room: Room) -> bool:
    groups = placed.pods
    return all(g.cpu_millicores <= room.cpu_millicores and g.memory_kib <= room.memory_kib for g in groups)


def _labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in labels.items() if key not in _ASKS_FOR_MACHINE}


def _asks(workload: Workload) -> bool:
    """Whether the pods say on which machines they run: by selector or by required affinity."""
    return workload.pod.placement.asks_of(_ASKS_FOR_MACHINE) is not None
