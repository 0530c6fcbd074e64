"""One way to go on with the same cluster: its month, and what leaves the bill when some of its workloads leave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.model.money import LineItem
from k2cr_analysis.pricing.gke.bill import IDLE_LINE, OVERHEAD_LINE, WORKLOADS_LINE, GkeBill
from k2cr_analysis.pricing.gke.bill_lines import DISKS_LINE, NODES_LINE, PODS_LINE
from k2cr_analysis.pricing.packing.avoidable import Avoidable

AS_IT_IS = "as it is"
RIGHT_SIZED = "right-sized"
OTHER_MACHINES = "right-sized, other machines"
OTHER_MACHINES_FOR_THE_REST = "right-sized, other machines for what cannot move"
AUTOPILOT = "right-sized, Autopilot"
SPOT_BORNE = "right-sized, Spot where it is borne"
COMMITTED = {"flex-1y": ", 1-year commitment", "flex-3y": ", 3-year commitment"}
TERM_MONTHS = {"flex-1y": 12, "flex-3y": 36}

_PODS = "pods that are billed by themselves"
_NANO, _MOST_LINES = Decimal("1e-9"), 24
_ZERO = Decimal(0)
_SPLIT_LINES = (WORKLOADS_LINE, IDLE_LINE, OVERHEAD_LINE, NODES_LINE, PODS_LINE)


@dataclass(frozen=True)
class Variant:
    """``spared_month``: today's bill less this one's; negative where it costs more.

    ``month``: of the whole bill, None where today's is not known. ``avoidable``: what leaves from there on. ``how``: in
    a sentence, with the numbers that make it. ``why_not``: what keeps it from counting as a way to stay, or empty.
    """

    name: str
    bill: GkeBill
    avoidable: Avoidable
    spared_month: Decimal
    how: str
    why_not: str = ""

    @property
    def month(self) -> Decimal | None:
        return self.bill.month

    @property
    def counts(self) -> bool:
        return not self.why_not

    @property
    def nodes(self) -> int:
        return sum(len(pool.node_names) for pool in self.avoidable.pools)

    def lines(self, gone: Sequence[str] = ()) -> tuple[LineItem, ...]:
        """What stays of the bill, line by line, when these workloads have left; adds up to ``month`` less what leaves.

        None where the bill is not known.
        """
        leaving = self.avoidable.together(gone)
        if self.month is None or leaving.month is None:
            return ()
        left = self.month - leaving.month
        named: list[LineItem] = []
        if not leaving.cluster_goes:
            kept = set(self.bill.node_month) - {node for _, node in self.avoidable.nodes_going(gone)}
            for pool in self.avoidable.pools:
                named += pool.items([n for n in pool.node_names if n in kept], self.bill.currency)
            named += self._pods(gone)
            rest = {name: amount for name, amount in self.bill.lines if name not in _SPLIT_LINES}
        else:
            rest = {}
        named += [self._line(name, amount) for name, amount in rest.items() if name != DISKS_LINE]
        found = sum((item.amount for item in named), _ZERO)
        other = "disks, and what else the rows name" if rest else "what outlives the cluster, and what is committed"
        return tuple(item for item in (*named, self._line(other, left - found)) if item.rate)

    def _pods(self, gone: Sequence[str]) -> list[LineItem]:
        """Pods that are billed by themselves: by what is charged and its rate, so that the month can be multiplied."""
        left = [w for w in sorted(self.bill.by_workload) if w not in gone and self.avoidable.own_month(w)]
        quantities: dict[tuple[str, str, Decimal], Decimal] = {}
        for item in (item for w in left for item in self.bill.by_workload[w]):
            key = (item.sku, item.unit, item.rate)
            quantities[key] = quantities.get(key, _ZERO) + item.quantity
        lines = [
            LineItem(f"{_PODS}: {sku}", quantity, unit, rate, self.bill.currency)
            for (sku, unit, rate), quantity in sorted(quantities.items())
        ]
        month = sum((self.avoidable.own_month(w) for w in left), _ZERO)
        whole = abs(sum((line.amount for line in lines), _ZERO) - month) < _NANO and len(lines) <= _MOST_LINES
        return lines if whole else [self._line(_PODS, month)]

    def _line(self, name: str, month: Decimal) -> LineItem:
        return LineItem(name, Decimal(1), "month", month, self.bill.currency)


def other_month(bill: GkeBill, spared: Decimal, node_month: Mapping[str, Decimal]) -> GkeBill:
    """The bill of today with other nodes, and less of it by ``spared``."""
    return replace(bill, month=None if bill.month is None else bill.month - spared, node_month=node_month)
