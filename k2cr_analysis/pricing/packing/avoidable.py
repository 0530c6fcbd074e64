"""What the bill really loses when a set of workloads leaves.

On Autopilot every pod takes its price along. On Standard nothing leaves before a node does: what stays is packed again,
pool by pool, and the nodes that are no longer needed go. Assumed, and said in ``ASSUMPTIONS``:

- A pool keeps the headroom that it has today: half of the load (of CPU or memory, whichever is scarcer) keeps half of
  the nodes, rounded, but never fewer than the pods that stay need when they are packed again: with anti-affinity and
  spread over zones, DaemonSets and pods per node. What could be saved by packing tighter without any move is not
  credited to the move (see ``rightsize``).
- Pods stay in their pool. A pool in which pods remain keeps a node in each of its zones, its autoscaler's minimum, and
  the nodes that the autoscaler leaves alone for the sake of a pod that stays (``held_nodes``). An empty one is deleted.
- A commitment that is paid for goes on until it ends: nodes save no more than what is paid on demand.
- The management fee, and all else that the cluster causes, goes with the last workload that holds the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.observed import WorkloadUsage
from k2cr_analysis.platforms.gke.cluster import system_namespace
from k2cr_analysis.pricing.gke.autopilot import pod_class
from k2cr_analysis.pricing.gke.bill import FEE_CREDIT_LINE, FEE_LINE, GkeBill
from k2cr_analysis.pricing.gke.pod_demand import PodDemand, pod_demands
from k2cr_analysis.pricing.packing.headroom import AsToday, Headroom
from k2cr_analysis.pricing.packing.held_nodes import holding_nodes, is_sized_by_hand, pool_minimum
from k2cr_analysis.pricing.packing.kept_nodes import kept_nodes
from k2cr_analysis.pricing.packing.placement import PlacedPool, placed_pools
from k2cr_analysis.pricing.packing.repack import PodGroup, load_of, sum_of

ASSUMPTIONS = (
    "nodes that go: each pool keeps today's nodes in proportion to the load that stays, as many as its pods need when"
    " packed again, and one a zone while it has pods",
    "not in the packing: required affinity to other pods, rules between pods of different pools, spread that counts"
    " other workloads' pods, dynamic resource claims, and how many disks a node can mount",
)

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes when a set leaves: ``month`` is None where the snapshot cannot tell; ``node_count`` over all pools."""

    month: Decimal | None
    node_count: int
    cluster_goes: bool


class Avoidable:
    """Answers for any set of workloads of one cluster. ``holds``: ids whose staying keeps the cluster alive.

    Where ``holds`` is not given, all workloads do but DaemonSets and those of Google's own namespaces. ``into``:
    workloads that are a part of another and leave with it; their pods go under the other's id. ``min_nodes``: node
    pool -> the autoscaler's minimum, where somebody said it.
    """

    def __init__(
        self,
        cluster: Cluster,
        bill: GkeBill,
        usage: Mapping[str, WorkloadUsage] | None = None,
        holds: Iterable[str] | None = None,
        into: Mapping[str, str] | None = None,
        min_nodes: Mapping[str, int] | None = None,
    ) -> None:
        into = into or {}
        self.into, self._bill = into, bill
        self._ids = tuple(w.id for w in cluster.workloads)
        self._holds = frozenset(into.get(w, w) for w in (_holding(cluster) if holds is None else holds))
        self._is_whole = cluster.is_whole
        self._by_pod = bill.billed_by_pod or bool(cluster.is_autopilot)
        self._own_price = frozenset(into.get(w, w) for w in bill.pod_billed)
        self.off_nodes = frozenset(w.id for w in cluster.workloads if pod_class(w, autopilot=False) is not None)
        demands = pod_demands(cluster, usage or {})
        self._uncounted = frozenset(into.get(w, w) for w, demand in demands.items() if demand.pods is None)
        self._pools: tuple[PackedPool, ...] = ()
        if not self._by_pod:
            held = {n: frozenset(into.get(w, w) for w in ids) for n, ids in holding_nodes(cluster).items()}
            self._pools = tuple(
                PackedPool(
                    placed,
                    demands,
                    bill.node_month,
                    into,
                    held,
                    pool_minimum(placed.pool.nodes, placed.pool.name, cluster, min_nodes or {}),
                    is_sized_by_hand(placed.pool.nodes, placed.pool.name, cluster, min_nodes or {}),
                )
                for placed in placed_pools(cluster, demands, self.off_nodes)
            )

    def with_holds(self, holds: Iterable[str]) -> Avoidable:
        """The same cluster, with other workloads that keep it alive; what was packed is kept."""
        other = copy(self)
        other._holds = frozenset(holds)
        return other

    def with_nodes(self, bill: GkeBill, pools: Iterable[PackedPool]) -> Avoidable:
        """The same workloads on other nodes, and the bill of these."""
        other = copy(self)
        for cached in ("all_month", "on_demand_month"):
            other.__dict__.pop(cached, None)
        other._bill, other._pools = bill, tuple(pools)
        return other

    def by_themselves(self, bill: GkeBill) -> Avoidable:
        """The same workloads where every pod is billed by itself."""
        other = self.with_nodes(bill, ())
        other._by_pod = True
        return other

    @property
    def pools(self) -> tuple[PackedPool, ...]:
        """The node pools with their pods; none where every pod is billed by itself."""
        return self._pools

    @property
    def holds(self) -> frozenset[str]:
        return self._holds

    @property
    def can_go(self) -> bool:
        """Whether there is a cluster that goes with the last of those that hold it."""
        return bool(self._holds) and self._bill.is_of_a_cluster

    @property
    def is_whole(self) -> bool:
        """Whether all that is in the cluster was read: without that nothing can be told to leave the bill."""
        return self._is_whole

    @property
    def by_pod(self) -> bool:
        """Whether each pod takes its own price along."""
        return self._by_pod

    def is_counted(self, workload_id: str) -> bool:
        """Whether the number of its pods is known, so that something can be said of its leaving."""
        return workload_id not in self._uncounted

    def alone(self, workload_id: str) -> Decimal | None:
        """What the bill loses a month when this workload alone leaves; None where the snapshot cannot tell."""
        return self.together((workload_id,)).month if self.is_counted(workload_id) else None

    def together(self, leaving: Iterable[str]) -> Removal:
        """What the bill loses a month when these workloads leave and all others stay."""
        gone = frozenset(leaving)
        if gone and not self._is_whole:
            return Removal(None, 0, cluster_goes=False)
        if self._goes_with(gone):
            return Removal(self.all_month, sum(len(p.node_names) for p in self._pools), cluster_goes=True)
        own = self._own_months(gone)
        if self._by_pod:
            return Removal(own, 0, cluster_goes=False)
        on_nodes = gone - self._own_price
        if not self._pools:
            # A bill without nodes: only the whole of it can be told, and nothing.
            return Removal(None if on_nodes else own, 0, cluster_goes=False)
        counts = [pool.going_count(gone) for pool in self._pools]
        if own is None or not all(pool.is_told(gone) for pool in self._pools):
            return Removal(None, sum(counts), cluster_goes=False)
        saved = sum((pool.month_of(gone) for pool in self._pools), _ZERO)
        return Removal(min(saved, self.on_demand_month) + own, sum(counts), cluster_goes=False)

    def _goes_with(self, gone: Set[str]) -> bool:
        """Whether nothing is left that keeps the cluster alive; manifests alone are no cluster."""
        return bool(gone and self._holds and self._holds <= gone) and self._bill.is_of_a_cluster

    def own_month(self, workload_id: str) -> Decimal:
        """What leaves with a workload by itself, whatever becomes of the nodes: the price of its own pods."""
        if not self._by_pod and workload_id not in self._own_price:
            return _ZERO
        return self._bill.attributed_month(workload_id) or _ZERO

    def is_told(self, workload_id: str) -> bool:
        """Whether it can be told at all what the bill loses with it: its pods, or the nodes, have a price."""
        if not self._is_whole:
            return False
        if self._by_pod or workload_id in self._own_price:
            return self._bill.attributed_month(workload_id) is not None
        told = all(pool.is_told({workload_id}) for pool in self._pools)
        return workload_id not in self.off_nodes and bool(self._pools) and told

    def _own_months(self, gone: frozenset[str]) -> Decimal | None:
        """The price of the pods that are billed by themselves; None where one of them is not known."""
        by_themselves = gone if self._by_pod else gone & (self._own_price | self.off_nodes)
        shares = [self._bill.attributed_month(w) for w in sorted(by_themselves & set(self._ids))]
        known = [s for s in shares if s is not None]
        return sum(known, _ZERO) if len(known) == len(shares) else None

    def nodes_going(self, leaving: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(pool, node) of each node that goes when these workloads leave."""
        gone = frozenset(leaving)
        all_go = self._goes_with(gone)
        return tuple(
            (pool.name, node) for pool in self._pools for node in (pool.node_names if all_go else pool.going(gone))
        )

    def items(self, leaving: Iterable[str]) -> tuple[LineItem, ...]:
        """What goes, line by line; adds up exactly to ``together(leaving).month``, none where that is not known."""
        gone = frozenset(leaving)
        removal = self.together(gone)
        if removal.month is None:
            return ()
        found = []
        if not removal.cluster_goes:
            found = [self._line(f"pods of {w}", self.own_month(w)) for w in sorted(gone)]
        if not self._by_pod or removal.cluster_goes:
            found += [
                item
                for pool in self._pools
                for item in pool.items(
                    pool.node_names if removal.cluster_goes else pool.going(gone),
                    self._bill.currency,
                )
            ]
        rest = removal.month - total(found)
        if removal.cluster_goes:
            fees = [(name, month) for name, month in self._bill.lines if name in (FEE_LINE, FEE_CREDIT_LINE)]
            found += [self._line(name, month) for name, month in fees]
            rest -= sum((month for _, month in fees), _ZERO)
            found.append(self._line("what else goes with the cluster, less what is committed", rest))
        else:
            found.append(self._line("nodes under commitment, paid until it ends", rest))
        return tuple(item for item in found if item.rate)

    def held_by_commitment(self, leaving: Iterable[str]) -> Decimal:
        """What the nodes that go would save a month more if no commitment were paid for them."""
        gone = frozenset(leaving)
        if not self._pools or not gone:
            return _ZERO
        if self.together(gone).cluster_goes:
            return min(self._bill.committed_month, sum(self._bill.node_month.values(), _ZERO))
        saved = sum((p.month_of(gone) for p in self._pools), _ZERO)
        return max(saved - self.on_demand_month, _ZERO)

    def _line(self, name: str, month: Decimal) -> LineItem:
        return LineItem(name, Decimal(1), "month", month, self._bill.currency)

    @cached_property
    def all_month(self) -> Decimal | None:
        """What goes with the cluster: the bill less what outlives it and what is committed."""
        if self._bill.month is None:
            return None
        return max(self._bill.month - self._bill.stays_month - self._bill.committed_month, _ZERO)

    @cached_property
    def on_demand_month(self) -> Decimal:
        """What the nodes cost beyond the committed use: no more leaves the bill while the cluster stays."""
        return max(sum(self._bill.node_month.values(), _ZERO) - self._bill.committed_month, _ZERO)


def _holding(cluster: Cluster) -> Iterable[str]:
    return (w.id for w in cluster.workloads if w.kind != "DaemonSet" and system_namespace(w.namespace) != "google")


class PackedPool:
    """One pool: its pods as groups, and how many nodes they need when some of them are gone."""

    def __init__(  # noqa: PLR0913 - what a pool is made of
        self,
        placed: PlacedPool,
        demands: Mapping[str, PodDemand],
        node_month: Mapping[str, Decimal],
        into: Mapping[str, str],
        held: Mapping[str, frozenset[str]],
        min_nodes: int,
        evenly: bool = False,
        headroom: Headroom | None = None,
    ) -> None:
        self.name = placed.pool.name
        self.machine_type = placed.pool.nodes[0].machine_type or "unknown machine type"
        self.node_names = tuple(n.name for n in placed.pool.nodes)
        self.room = placed.room
        self.groups: dict[str, tuple[PodGroup, ...]] = {}  # a workload's pods, and those of its parts
        for workload_id, found in placed.groups.items():
            whole = into.get(workload_id, workload_id)
            self.groups[whole] = (*self.groups.get(whole, ()), *found)
        self.floor = min(max(placed.pool.zones, min_nodes), len(self.node_names))  # while it has pods
        self._nodes, self._evenly, self._least = placed.nodes, evenly, min_nodes
        self._held = {n: held[n] for n in self.node_names if n in held}
        self._loads = {w: load_of(found) for w, found in self.groups.items()}
        self.load = load_of(placed.pods)
        self.headroom = headroom or AsToday(len(self.node_names), self.room, self.load)
        self._node_month = node_month
        self._months = [node_month.get(n, _ZERO) for n in self.node_names]
        self._is_priced = all(n in node_month for n in self.node_names)
        self._going: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._on_node: dict[str, dict[str, int]] = {}
        for workload_id in placed.groups:
            for pod in demands[workload_id].live:
                if pod.node is not None:
                    on = self._on_node.setdefault(pod.node, {})
                    whole = into.get(workload_id, workload_id)
                    on[whole] = on.get(whole, 0) + 1

    def is_told(self, gone: Set[str]) -> bool:
        """Whether the price of what goes with these is known: one unpriced node makes its pool's unknown."""
        return self._is_priced or gone.isdisjoint(self.groups)

    def going_count(self, gone: frozenset[str]) -> int:
        """How many nodes are no longer needed."""
        return len(self.going(gone))

    def going(self, gone: frozenset[str]) -> tuple[str, ...]:
        """The nodes that go: those with the fewest remaining pods of all that can."""
        here = tuple(sorted(gone & self.groups.keys()))
        if not here:
            return ()
        if len(here) == len(self.groups):
            return self.node_names
        # Most single workloads are too small to free a node: that shows without packing.
        in_proportion = self.headroom.enough(self.load - sum_of(self._loads[w] for w in here))
        if in_proportion >= len(self.node_names):
            return ()
        if here not in self._going:
            self._going[here] = self._not_kept(frozenset(here), max(in_proportion, self._least))
        return self._going[here]

    def least_kept(self, leaving: Iterable[str]) -> int:
        """No set of ``leaving`` makes fewer nodes do, while any pod stays."""
        return max(self.floor, len(self._held_without(frozenset(leaving))))

    def items(self, nodes: Iterable[str], currency: str) -> tuple[LineItem, ...]:
        """These nodes as lines, one for each price."""
        by_price: dict[Decimal, int] = {}
        for node in nodes:
            month = self._node_month.get(node, _ZERO)
            by_price[month] = by_price.get(month, 0) + 1
        sku = f"node pool {self.name} ({self.machine_type})"
        return tuple(
            LineItem(sku, Decimal(count), "node_month", month, currency) for month, count in sorted(by_price.items())
        )

    @property
    def most_of_a_node_month(self) -> Decimal:
        """The price of the dearest node."""
        return max(self._months, default=_ZERO)

    def month_of(self, gone: frozenset[str]) -> Decimal:
        """What the nodes that go cost a month."""
        return sum((self._node_month.get(n, _ZERO) for n in self.going(gone)), _ZERO)

    def _not_kept(self, gone: frozenset[str], enough: int) -> tuple[str, ...]:
        """What is left when the pods that stay are packed again, with today's number for their load at the least."""
        held = self._held_without(gone)
        names = self.node_names
        liked = sorted(
            range(len(names)), key=lambda n: (names[n] not in held, -self._staying(names[n], gone), names[n])
        )
        staying = [g for w, found in self.groups.items() if w not in gone for g in found]
        kept = kept_nodes(
            self._nodes,
            staying,
            enough=enough,
            held={n for n, name in enumerate(names) if name in held},
            liked=liked,
            evenly=self._evenly,
        )
        return tuple(names[n] for n in reversed(liked) if n not in kept)

    def _held_without(self, gone: frozenset[str]) -> frozenset[str]:
        """The nodes that cannot go for the sake of a pod that stays, or by their own word."""
        return frozenset(node for node, ids in self._held.items() if not ids <= gone)

    def _staying(self, node: str, gone: frozenset[str]) -> int:
        return sum(count for workload, count in self._on_node.get(node, {}).items() if workload not in gone)
