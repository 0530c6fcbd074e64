"""The ways to stay that need no move, each with its month; the cheapest that counts is what a plan has to beat.

Requests are set to what pods were seen to use (``rightsize``). Nodes: as they are; fewer of today's machines; others,
chosen for all pods, or for those that cannot move; Autopilot. Each of them with a flexible commitment too, where the
price book says what that leaves of the price and its term is no longer than the plan looks ahead. Spot is told beside
them and never counts: pods that bear it are stopped now and then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from k2cr_analysis.config.settings import Cud
from k2cr_analysis.model.cluster import Cluster, Node
from k2cr_analysis.model.money import total
from k2cr_analysis.model.observed import WorkloadUsage
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.platforms.gke.cluster import SPOT
from k2cr_analysis.pricing.gke.bill import GkeBill
from k2cr_analysis.pricing.gke.node_price import NodePrice, node_price
from k2cr_analysis.pricing.gke.pod_demand import PodDemand, pod_demands
from k2cr_analysis.pricing.packing.avoidable import Avoidable
from k2cr_analysis.pricing.packing.fewest_nodes import fewest_nodes
from k2cr_analysis.pricing.packing.placement import placed_pools
from k2cr_analysis.pricing.packing.repack import load_of
from k2cr_analysis.pricing.stay.on_autopilot import on_autopilot, rightsized_pods
from k2cr_analysis.pricing.stay.on_nodes import Repacked, RepackedPool
from k2cr_analysis.pricing.stay.rightsize import rightsized_demands
from k2cr_analysis.pricing.stay.variant import (
    AS_IT_IS,
    AUTOPILOT,
    COMMITTED,
    OTHER_MACHINES,
    OTHER_MACHINES_FOR_THE_REST,
    RIGHT_SIZED,
    SPOT_BORNE,
    TERM_MONTHS,
    Variant,
    other_month,
)

DEFAULT_HEADROOM = 0.2
_TERMS: tuple[Cud, ...] = ("flex-1y", "flex-3y")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Ways:
    """What the variants of one cluster are made of.

    ``sized_headroom``: share kept free above the observed quantile; ``share``: of the nodes that stays free, None: as
    much as today. ``able``: the workloads that can move. ``horizon_months``: how far the plan looks ahead.
    """

    cluster: Cluster
    bill: GkeBill
    avoidable: Avoidable
    usage: Mapping[str, WorkloadUsage]
    tariff: Tariff
    sized_headroom: float = DEFAULT_HEADROOM
    share: Decimal | None = None
    able: frozenset[str] = frozenset()
    horizon_months: int = 12

    def all(self) -> tuple[Variant, ...]:
        """As it is first; the others follow from the cheapest to the dearest, those that do not count last."""
        as_it_is = Variant(AS_IT_IS, self.bill, self.avoidable, _ZERO, "today's requests on today's nodes")
        if not self.cluster.is_whole:  # what else runs there, and what it needs, is not known
            return (replace(as_it_is, bill=replace(self.bill, month=None)),)
        found = [*self._on_nodes(), *self._by_pod()]
        return (as_it_is, *sorted(found, key=lambda v: (not v.counts, -v.spared_month, v.name)))

    @cached_property
    def _demands(self) -> dict[str, PodDemand]:
        return pod_demands(self.cluster, self.usage)

    @cached_property
    def _sized(self) -> dict[str, PodDemand]:
        return rightsized_demands(self._demands, self.usage, self.sized_headroom)

    @cached_property
    def _pools(self) -> tuple[RepackedPool, ...]:
        off, into = self.avoidable.off_nodes, self.avoidable.into
        before, after = (placed_pools(self.cluster, demands, off) for demands in (self._demands, self._sized))
        return tuple(
            RepackedPool(today, sized, self._sized, self.bill.node_month, into, self.share)
            for today, sized in zip(before, after, strict=True)
        )

    def _on_nodes(self) -> Iterator[Variant]:
        if self.avoidable.by_pod or not self.bill.node_month:
            return
        own = [pool.on_own_nodes() for pool in self._pools]
        yield from self._with_commitments(RIGHT_SIZED, own)
        others = self._on_machines(own, None)
        if others is not None:
            yield from self._with_commitments(OTHER_MACHINES, others)
        staying = frozenset(w.id for w in self.cluster.workloads) - self.able
        rest = self._on_machines(own, staying) if self.able else None
        if rest is not None and [r.month for r in rest] != [o.month for o in others or own]:
            yield from self._with_commitments(OTHER_MACHINES_FOR_THE_REST, rest)
        yield from self._on_spot(own)

    def _on_machines(self, own: Sequence[Repacked], fitted_to: Set[str] | None) -> list[Repacked] | None:
        """Each pool on other machines, or on its own where these are not dearer; None where all are on their own."""
        found = []
        for pool, on_own in zip(self._pools, own, strict=True):
            other = pool.on_other_machines(self.cluster, self.tariff, fitted_to)
            is_better = other is not None and (fitted_to is not None or other.month < on_own.month)
            found.append(other if other is not None and is_better else on_own)
        return None if all(a is b for a, b in zip(found, own, strict=True)) else found

    def _with_commitments(self, name: str, pools: Sequence[Repacked]) -> Iterator[Variant]:
        yield self._variant(name, pools)
        if self.bill.committed_month:
            return  # what a commitment pays for already is not known node by node
        for term in _TERMS:
            under = [pool.at(self._share_left(pool, term), self._sized, self.avoidable.into) for pool in pools]
            if sum(p.month for p in under) < sum(p.month for p in pools):
                yield self._variant(name + COMMITTED[term], under, self._too_long(term))

    def _share_left(self, pool: Repacked, term: Cud) -> Decimal:
        """What a commitment leaves of a pool's price, by the nodes' list price; 1 where it does not cover them.

        Of a price that is below that already, since something else is taken off, nothing more goes.
        """
        nodes = pool.placed.pool.nodes
        listed = self._listed(nodes, "none")
        committed = self._listed(nodes, term)
        if not listed or not committed or not pool.month:
            return Decimal(1)
        return min(committed / pool.month, Decimal(1)) if pool.month < listed else committed / listed

    def _listed(self, nodes: Sequence[Node], cud: Cud) -> Decimal | None:
        priced = [node_price(n, replace(self.tariff, cud=cud)) for n in nodes]
        return (
            sum((total(p.items) for p in priced if isinstance(p, NodePrice)), _ZERO)
            if all(isinstance(p, NodePrice) for p in priced)
            else None
        )

    def _too_long(self, term: Cud) -> str:
        months = TERM_MONTHS[term]
        if months <= self.horizon_months:
            return ""
        return (
            f"it binds for {months} months, and the plan looks {self.horizon_months} ahead ([plan] payback_months):"
            " told, not counted"
        )

    def _variant(self, name: str, pools: Sequence[Repacked], why_not: str = "") -> Variant:
        node_month = {node: month for pool in pools for node, month in pool.node_month.items()}
        today, then = sum(self.bill.node_month.values(), _ZERO), sum(node_month.values(), _ZERO)
        # What is committed is paid until it ends, whatever becomes of the nodes.
        spared = min(today - then, max(today - self.bill.committed_month, _ZERO))
        bill = other_month(self.bill, spared, node_month)
        how = ", ".join(f"{p.placed.pool.name}: {_counted(p.placed.pool.nodes)}" for p in pools)
        avoidable = self.avoidable.with_nodes(bill, [p.pool for p in pools])
        return Variant(name, bill, avoidable, spared, f"{how} for {len(self.cluster.nodes)} nodes today", why_not)

    def _by_pod(self) -> Iterator[Variant]:
        if self.avoidable.by_pod:
            terms = _TERMS if self.bill.is_of_a_cluster else ()  # of manifests alone nobody knows what else there is
            for committed in (None, *terms):
                found = rightsized_pods(self.cluster, self.bill, self._demands, self._sized, self.tariff, committed)
                if found is not None:
                    name = RIGHT_SIZED + (COMMITTED[committed] if committed else "")
                    yield replace(self._of_pods(name, found), why_not=self._too_long(committed) if committed else "")
            return
        for term in (self.tariff.cud, *_TERMS):
            made = on_autopilot(self.cluster, self.bill, self._sized, replace(self.tariff, cud=term))
            if made is None:
                return
            why_not = made.why_not or (self._too_long(term) if term in _TERMS and term != self.tariff.cud else "")
            name = AUTOPILOT if term == self.tariff.cud else AUTOPILOT + COMMITTED[term]
            yield replace(self._of_pods(name, made.bill), why_not=why_not)

    def _of_pods(self, name: str, bill: GkeBill) -> Variant:
        joined = bill.joined(self.avoidable.into)
        if self.bill.month is not None and bill.month is not None:
            spared = self.bill.month - bill.month
        else:
            today, then = (sum(map(total, b.by_workload.values()), _ZERO) for b in (self.bill, bill))
            spared = today - then
        how = "each pod at Autopilot's price for what it needs"
        return Variant(name, joined, self.avoidable.by_themselves(joined), spared, how)

    def _on_spot(self, own: Sequence[Repacked]) -> Iterator[Variant]:
        """Pods whose manifests bear Spot (a toleration or a selector for it) on Spot nodes of the same machine."""
        borne = frozenset(w.id for w in self.cluster.workloads if w.pod.placement.bears(SPOT))
        spared = _ZERO
        moved: list[str] = []
        for packed in own:
            here = [w for w in packed.placed.groups if w in borne]
            node = packed.placed.pool.nodes[0]
            on_spot = node_price(replace(node, spot=True), self.tariff)
            if node.spot or not here or isinstance(on_spot, str) or not packed.month:
                continue
            groups = [g for w in here for g in packed.placed.groups[w]]
            needed = max(fewest_nodes(packed.placed.room, groups), packed.rule.enough(load_of(groups)), 1)
            gain = packed.pool.month_of(frozenset(here)) - total(on_spot.items) * needed
            if gain > 0:
                spared, moved = spared + gain, [*moved, *here]
        if moved:
            base = self._variant(RIGHT_SIZED, own)
            month = None if base.month is None else base.month - spared
            yield replace(
                base,
                name=SPOT_BORNE,
                bill=replace(base.bill, month=month),
                spared_month=base.spared_month + spared,
                how=f"on Spot nodes: {', '.join(moved[:3])}{' and more' if len(moved) > 3 else ''}",
                why_not="Spot nodes are taken away at 30 seconds' notice: a team's decision, not counted",
            )


def _counted(nodes: Sequence[Node]) -> str:
    machines = sorted({n.machine_type or "unknown machine type" for n in nodes})
    return f"{len(nodes)} {' and '.join(machines)}"
