"""The same pods on nodes of another machine type: what a pool could cost with no move at all.

Tried are the predefined types of the families that the price book has, Spot where the pool is Spot, packed as today's
nodes would be and paid with the same discount. A pool whose pods ask for a machine or a family stays as it is. A vCPU
counts as a vCPU: families differ in speed, which nobody knows for these pods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.money import total
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.cluster import ACCELERATOR, MACHINE_FAMILY, MACHINE_TYPE_LABELS
from k2cr_analysis.pricing.gke.machine_types import MachineType, machine_type, predefined
from k2cr_analysis.pricing.gke.node_price import NodePrice, node_price
from k2cr_analysis.pricing.packing.fewest_nodes import fewest_nodes
from k2cr_analysis.pricing.packing.headroom import Share
from k2cr_analysis.pricing.packing.placement import PlacedPool
from k2cr_analysis.pricing.packing.repack import Room, least_nodes, load_of
from k2cr_analysis.pricing.packing.reservation import machine_room

# Families that pods move between without a word: amd64, and no older than what they most likely run on (not N1).
_FAMILIES, _MOST_VCPU = ("e2", "n2", "n2d", "n4", "n4d", "t2d", "c3", "c3d", "c4", "c4d"), 32
_ASKS_FOR_MACHINE = (*MACHINE_TYPE_LABELS, MACHINE_FAMILY, ACCELERATOR)


@dataclass(frozen=True, slots=True)
class Machine:
    """``node_month``: of one, paid with the same discount as today's. ``nodes``: how many are needed; ``least`` of
    these whatever the load."""

    name: str
    room: Room
    node_month: Decimal
    nodes: int
    least: int


def cheapest_machine(
    placed: PlacedPool,
    cluster: Cluster,
    node_month: Mapping[str, Decimal],
    tariff: Tariff,
    headroom: Decimal = Decimal(0),
    fitted_to: Set[str] | None = None,
) -> Machine | None:
    """The machine on which the pool's pods cost least; None where its price or its pods do not let it be told.

    As many nodes as zones at the least, and two where there are two or more today: one that fails is not everything.
    ``fitted_to``: cheapest for these workloads alone; all of them fit all the same.
    """
    nodes, paid = placed.pool.nodes, sum((node_month.get(n.name, Decimal(0)) for n in placed.pool.nodes), Decimal(0))
    priced = [node_price(n, tariff) for n in nodes]
    listed = sum((total(p.items) for p in priced if isinstance(p, NodePrice)), Decimal(0))
    workloads = [cluster.by_id[w] for w in placed.groups]
    if not placed.groups or not listed or any(isinstance(p, str) for p in priced) or any(map(_asks, workloads)):
        return None
    share, least = paid / listed, max(placed.pool.zones, min(len(nodes), 2))
    groups = [g for w, found in placed.groups.items() if fitted_to is None or w in fitted_to for g in found]
    load, best = load_of(groups), None
    machines = _machines(placed, tariff)
    tried = sorted((price * max(least_nodes(room, load), least), name, room, price) for name, room, price in machines)
    best_month: Decimal | None = None
    for bound, name, room, price in tried:
        if best_month is not None and bound >= best_month:
            break
        needed = max(fewest_nodes(room, groups), Share(room, headroom).enough(load), least)
        if best_month is None or price * needed < best_month:
            best, best_month = Machine(name, room, price * share, needed, least), price * needed
    if best is None or fitted_to is None:
        return best
    all_of = load_of(placed.pods)
    needed = max(fewest_nodes(best.room, placed.pods), Share(best.room, headroom).enough(all_of), least)
    return replace(best, nodes=needed)


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
    return Room(max(whole.cpu_millicores - max(taken[0], 0), 1), max(whole.memory_kib - max(taken[1], 0), 1), pods)


def _largest_fits(placed: PlacedPool, room: Room) -> bool:
    groups = placed.pods
    return all(g.cpu_millicores <= room.cpu_millicores and g.memory_kib <= room.memory_kib for g in groups)


def _labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in labels.items() if key not in _ASKS_FOR_MACHINE}


def _asks(workload: Workload) -> bool:
    """Whether the pods say on which machines they run: by selector or by required affinity."""
    return workload.pod.placement.asks_of(_ASKS_FOR_MACHINE) is not None
