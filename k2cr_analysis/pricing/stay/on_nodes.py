"""A pool's right-sized pods packed on as few nodes as the headroom lets: on its own machines, or on others.

A repack starts every pod once, on purpose: pods for whose sake the autoscaler keeps a node do not hold it here, nor do
the autoscaler's minimums. Zones, spread, anti-affinity, volumes and disks hold as ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster, Node
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.pricing.gke.pod_demand import PodDemand
from k2cr_analysis.pricing.packing.avoidable import PackedPool
from k2cr_analysis.pricing.packing.headroom import AsToday, Headroom, Share
from k2cr_analysis.pricing.packing.kept_nodes import kept_nodes
from k2cr_analysis.pricing.packing.node_pools import NodePool
from k2cr_analysis.pricing.packing.placement import PlacedPool
from k2cr_analysis.pricing.packing.repack import ANY_NODE, PodGroup, load_of
from k2cr_analysis.pricing.stay.other_machines import Machine, cheapest_machine

_ZERO = Decimal(0)


class RepackedPool:
    """One pool before and after: ``today`` with today's requests, ``placed`` with those of use.

    ``share``: of CPU and memory that stays free; None: as much as is free today.
    """

    def __init__(
        self,
        today: PlacedPool,
        placed: PlacedPool,
        demands: Mapping[str, PodDemand],
        node_month: Mapping[str, Decimal],
        into: Mapping[str, str],
        share: Decimal | None,
    ) -> None:
        self.placed = placed
        self._demands, self._into = demands, into
        self._node_month = {n.name: node_month[n.name] for n in placed.pool.nodes if n.name in node_month}
        self._as_today = AsToday(len(today.pool.nodes), today.room, load_of(today.pods))
        self._share = share

    @property
    def month(self) -> Decimal:
        """What the pool's nodes cost today."""
        return sum(self._node_month.values(), _ZERO)

    @property
    def is_priced(self) -> bool:
        return len(self._node_month) == len(self.placed.pool.nodes)

    def on_own_nodes(self) -> Repacked:
        """The pool on as few of its nodes as will do."""
        rule: Headroom = self._as_today if self._share is None else Share(self.placed.room, self._share)
        if not self.is_priced:
            return self._packed(self.placed, self._node_month, rule)
        kept = frozenset(found[0] for found in self.placed.nodes.of_zone.values())
        if self.placed.pods:
            enough = min(rule.enough(load_of(self.placed.pods)), len(self.placed.pool.nodes))
            kept = kept_nodes(self.placed.nodes, self.placed.pods, enough=max(enough, 1))
        fewer = _only(self.placed, kept)
        return self._packed(fewer, {n.name: self._node_month[n.name] for n in fewer.pool.nodes}, rule)

    def on_other_machines(self, cluster: Cluster, tariff: Tariff, fitted_to: Set[str] | None = None) -> Repacked | None:
        """The pool on the machines that are cheapest for all of its pods, or for those of ``fitted_to``.

        None where no other is, or that cannot be told.
        """
        if not self.is_priced or not self.placed.pods:
            return None
        free = self._as_today.share if self._share is None else self._share
        chosen = cheapest_machine(self.placed, cluster, self._node_month, tariff, free, fitted_to)
        if chosen is None:
            return None
        rule = Share(chosen.room, free)
        fewer = _on(self.placed, chosen, rule)
        if fewer is None:
            return None
        return self._packed(fewer, {n.name: chosen.node_month for n in fewer.pool.nodes}, rule)

    def _packed(self, placed: PlacedPool, node_month: Mapping[str, Decimal], rule: Headroom) -> Repacked:
        pool = PackedPool(placed, self._demands, node_month, self._into, {}, 0, headroom=rule)
        return Repacked(placed, pool, node_month, rule)


@dataclass(frozen=True, slots=True)
class Repacked:
    """A pool as it would be; ``node_month``: what each of its nodes costs."""

    placed: PlacedPool
    pool: PackedPool
    node_month: Mapping[str, Decimal]
    rule: Headroom

    @property
    def month(self) -> Decimal:
        return sum(self.node_month.values(), _ZERO)

    def at(self, share_of: Decimal, demands: Mapping[str, PodDemand], into: Mapping[str, str]) -> Repacked:
        """The same at a part of the price."""
        month = {name: paid * share_of for name, paid in self.node_month.items()}
        pool = PackedPool(self.placed, demands, month, into, {}, 0, headroom=self.rule)
        return Repacked(self.placed, pool, month, self.rule)


def _only(placed: PlacedPool, kept: frozenset[int]) -> PlacedPool:
    """The pool without its other nodes."""
    numbers = sorted(kept)
    nodes = tuple(placed.pool.nodes[n] for n in numbers)

    def moved(group: PodGroup) -> PodGroup:
        if group.allowed == ANY_NODE:
            return group
        allowed = sum(1 << new for new, old in enumerate(numbers) if group.allowed >> old & 1)
        return group._replace(allowed=allowed or ANY_NODE)

    groups = {w: tuple(moved(g) for g in found) for w, found in placed.groups.items()}
    return PlacedPool(NodePool(placed.pool.name, nodes), placed.room, groups)


def _on(placed: PlacedPool, machine: Machine, rule: Headroom) -> PlacedPool | None:
    """The pool on as many nodes of another machine as its pods need, spread over its zones; None if they do not fit."""
    zones = sorted({n.zone or "" for n in placed.pool.nodes})
    count = machine.nodes + 2 * len(zones) + (0 if len(zones) == 1 else machine.nodes)
    like, name = placed.pool.nodes[0], f"{placed.pool.name}-{machine.name}"
    nodes = tuple(
        replace(like, name=f"{name}-{n}", machine_type=machine.name, zone=zones[n % len(zones)]) for n in range(count)
    )
    room = replace(machine.room, storage_kib=placed.room.storage_kib)
    groups = {w: tuple(_in_zones(g, placed, nodes) for g in found) for w, found in placed.groups.items()}
    there = PlacedPool(NodePool(placed.pool.name, nodes), room, groups)
    kept = kept_nodes(there.nodes, there.pods, enough=max(rule.enough(load_of(there.pods)), machine.least))
    return None if len(kept) == count else _only(there, kept)


def _in_zones(group: PodGroup, placed: PlacedPool, nodes: Sequence[Node]) -> PodGroup:
    """The group on nodes of the zones in which it may run today."""
    if group.allowed == ANY_NODE:
        return group
    zones = {n.zone or "" for number, n in enumerate(placed.pool.nodes) if group.allowed >> number & 1}
    allowed = sum(1 << number for number, node in enumerate(nodes) if node.zone in zones)
    return group._replace(allowed=allowed or ANY_NODE)
