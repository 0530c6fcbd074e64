"""The GKE bill of a month as the rest of k2cr sees it: named lines that add up, and each workload's share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.pricing.gke.as_billed import AsBilled
from k2cr_analysis.pricing.gke.commitments import Commitment

# Where the bill is from: the export itself; nodes x price book; pods x price book on Autopilot; the same on the
# assumption that the manifests run on Autopilot, since nothing says what they run on.
Basis = Literal["billing-export", "node-prices", "autopilot-prices", "autopilot-assumed"]

WORKLOADS_LINE = "workloads"
IDLE_LINE = "idle (allocatable, neither requested nor used)"
OVERHEAD_LINE = "system overhead (reserved on the nodes)"
FEE_LINE = "cluster management fee"
FEE_CREDIT_LINE = "cluster management fee: free tier credit"
COUNTED_ELSEWHERE = (
    "rows of the project's bill that name no cluster (network, logs, other services), and its commitments, are counted"
    " with another cluster of the project: once over the fleet"
)
CREDIT_ONCE = "the account's credit for management fees is counted once over the clusters"


@dataclass(frozen=True)
class GkeBill:
    """A month of 730 h. ``month`` is None where nothing could be priced; ``reasons`` say why, and what was assumed.

    ``lines`` add up to ``month`` exactly; the first is the sum of all workloads. ``by_workload`` has the line items of
    each workload that could be priced; ``unpriced`` has the reason of each that could not. ``node_month``: what each
    node costs, for what leaves with it. ``stays_month``: the part that outlives the cluster (load balancers, logs).
    ``left_out``: what the price book has no price of, of a workload whose cost is known but for that.
    ``committed_month``: machines paid by a commitment on spend, whose fee goes on until it ends. ``as_billed``: the
    rows' own amounts by invoice month, before they were scaled; ``commitments``: by name. Both of an export alone.
    """

    currency: str
    basis: Basis
    month: Decimal | None
    lines: tuple[tuple[str, Decimal], ...]
    by_workload: Mapping[str, tuple[LineItem, ...]]
    unpriced: Mapping[str, str] = field(default_factory=dict)
    node_month: Mapping[str, Decimal] = field(default_factory=dict)
    stays_month: Decimal = Decimal(0)
    committed_month: Decimal = Decimal(0)
    reasons: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    as_billed: tuple[AsBilled, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    hours: Decimal | None = None  # that an export's rows cover
    # Of an export whose rows name clusters: what is in it of rows that name none, by line; and the bill without them.
    unlabelled: tuple[tuple[str, Decimal], ...] = ()
    unlabelled_stays_month: Decimal = Decimal(0)
    labelled_as_billed: tuple[AsBilled, ...] = ()
    names_no_cluster: bool = False  # an export of which no row does

    def attributed_month(self, workload_id: str) -> Decimal | None:
        """A workload's share of the bill; None where ``unpriced`` has the reason."""
        items = self.by_workload.get(workload_id)
        return None if items is None else total(items)

    def joined(self, into: Mapping[str, str]) -> GkeBill:
        """The same bill, with what some workloads (keys) cost in the share of others (values); each line once.

        Where a part of a joined workload could not be priced, neither can the whole.
        """
        by_workload, unpriced = dict(self.by_workload), dict(self.unpriced)
        for part, whole in into.items():
            if part in self.unpriced or whole in unpriced:
                reason = self.unpriced.get(part)
                unpriced.setdefault(whole, f"{part}, which is a part of it, has none: {reason}")
                by_workload.pop(whole, None)
            elif whole in by_workload:
                by_workload[whole] = (*by_workload[whole], *by_workload.pop(part, ()))
        return replace(self, by_workload=by_workload, unpriced=unpriced)

    def without_unlabelled(self) -> GkeBill:
        """The same bill where rows that name no cluster are counted with another cluster of the project."""
        if not self.unlabelled:
            return self
        bare = self._less(dict(self.unlabelled))
        return replace(
            bare,
            stays_month=self.stays_month - self.unlabelled_stays_month,
            as_billed=self.labelled_as_billed,
            commitments=(),
            unlabelled=(),
            unlabelled_stays_month=Decimal(0),
            reasons=(*self.reasons, COUNTED_ELSEWHERE),
        )

    def with_credit(self, most: Decimal) -> GkeBill:
        """The same bill where no more than this is left of the account's credit for management fees."""
        credit = -dict(self.lines).get(FEE_CREDIT_LINE, Decimal(0))
        if credit <= most:
            return self
        return replace(self._less({FEE_CREDIT_LINE: most - credit}), reasons=(*self.reasons, CREDIT_ONCE))

    def _less(self, parts: Mapping[str, Decimal]) -> GkeBill:
        taken = ((name, amount - parts.get(name, Decimal(0))) for name, amount in self.lines)
        lines = tuple((name, amount) for name, amount in taken if amount or name == WORKLOADS_LINE)
        month = None if self.month is None else self.month - sum(parts.values(), Decimal(0))
        return replace(self, lines=lines, month=month)

    @property
    def is_of_a_cluster(self) -> bool:
        """Whether it is a whole cluster's: manifests alone are none, and none of them is ever the last to leave."""
        return self.basis != "autopilot-assumed"

    @property
    def pod_billed(self) -> frozenset[str]:
        """The workloads whose pods are billed by themselves: in a Standard cluster, those of Autopilot's classes."""
        return frozenset(
            w for w, items in self.by_workload.items() if any(i.sku.startswith("Autopilot") for i in items)
        )

    @property
    def billed_by_pod(self) -> bool:
        """On Autopilot every pod that leaves takes its price along; on Standard nothing leaves before a node does."""
        if self.basis == "billing-export":
            return bool(self.pod_billed) and not self.node_month
        return self.basis in ("autopilot-prices", "autopilot-assumed")


def lines_of(
    by_workload: Mapping[str, tuple[LineItem, ...]], rest: Iterable[tuple[str, Decimal]]
) -> tuple[tuple[tuple[str, Decimal], ...], Decimal]:
    """(lines, their sum): the workloads in sum, then the named rest without its zero lines."""
    workloads = sum((total(items) for items in by_workload.values()), Decimal(0))
    lines = ((WORKLOADS_LINE, workloads), *((name, amount) for name, amount in rest if amount))
    return lines, sum((amount for _, amount in lines), Decimal(0))
