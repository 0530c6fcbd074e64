"""The billing export, net of credits, as each workload's share and the named rest: all rows, each exactly once.

GKE's cost allocation labels the rows (docs.cloud.google.com/kubernetes-engine/docs/how-to/cost-allocations):
``k8s-namespace``, ``k8s-workload-name`` and ``k8s-workload-type`` (``apps/v1-Deployment``); ``kube:unallocated`` is
idle, ``kube:system-overhead`` what the nodes keep for themselves. Rows without these labels (fee, load balancers,
disks, network, logs) are lines of their own, named in ``bill_lines``. ``cost + SUM(credits.amount)`` is what is paid:
cost alone is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.money import LineItem, amount_of, total
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
from k2cr_analysis.pricing.gke.as_billed import as_billed
from k2cr_analysis.pricing.gke.autopilot import is_billed, pod_items
from k2cr_analysis.pricing.gke.bill import FEE_CREDIT_LINE, FEE_LINE, IDLE_LINE, OVERHEAD_LINE, GkeBill, lines_of
from k2cr_analysis.pricing.gke.bill_hours import billed_hours
from k2cr_analysis.pricing.gke.bill_lines import (
    DISKS_LINE,
    NODES_LINE,
    PODS_LINE,
    goes_with_the_cluster,
    is_machine,
    line_of,
)
from k2cr_analysis.pricing.gke.boot_disks import boot_disks
from k2cr_analysis.pricing.gke.commitments import commitments
from k2cr_analysis.pricing.gke.currency import to_one_currency
from k2cr_analysis.pricing.gke.node_price import NodePrice, node_price
from k2cr_analysis.pricing.gke.node_share import share_nodes
from k2cr_analysis.pricing.gke.pod_demand import PodDemand
from k2cr_analysis.pricing.packing.node_pools import node_pools
from k2cr_analysis.queries.bill import Billing, BillRow

NANO = Decimal("1e-9")  # BigQuery NUMERIC: the export's own precision
_MILLIONTH = Decimal("0.000001")
_RATE_DIGITS = Decimal("1e-15")

_ALLOCATION_OFF = (
    "GKE cost allocation is off, so the bill does not say whose the nodes are: they are split by max(request, use)"
)
_PODS_UNSPLIT = (
    "GKE cost allocation is off, so the bill does not say whose the pods are: they are split by what they request"
)
_CRON_JOB_RUN = re.compile(r"-\d{8,}$")  # the controller names each Job <CronJob>-<scheduled minute>


@dataclass(frozen=True, slots=True)
class _Scale:
    """From the hours that the rows cover to a month of 730 h, to the export's own precision."""

    hours: Decimal

    def of(self, amount: Decimal) -> Decimal:
        return (amount * HOURS_PER_MONTH / self.hours).quantize(NANO)


@dataclass(frozen=True, slots=True)
class _Shared:
    """Machines or pods of the bill, shared out: what each workload has, what is left over, and what is said of it."""

    by_workload: Mapping[str, tuple[LineItem, ...]]
    unplaced: Mapping[str, str]
    rest: Mapping[str, Decimal]
    why: str


def attribute_export(
    cluster: Cluster, billing: Billing, demands: Mapping[str, PodDemand], tariff: Tariff, window_days: float
) -> GkeBill:
    """The export's rows as a month of 730 h; lines and workloads add up to the scaled bill to the last digit."""
    currency, factors, said = to_one_currency(billing)
    if len(factors) < len(billing.currencies):
        return _unknown(cluster, currency, said)
    rows = [_converted(row, factors[row.currency], currency) for row in billing.rows]
    labelled = any(row.cluster for row in rows)
    own = [row for row in rows if not is_foreign(row.cluster, row.location, cluster)]
    covered = billed_hours(billing.spans, window_days)
    to_month = _Scale(covered.hours)
    by_workload: dict[str, list[LineItem]] = {}
    rest: dict[str, Decimal] = defaultdict(Decimal)
    stays, unlabelled = Decimal(0), defaultdict[str, Decimal](Decimal)
    for row in own:
        workload_id = _workload_id(row, cluster)
        if workload_id is not None and workload_id in cluster.by_id:
            by_workload.setdefault(workload_id, []).append(_item(row, to_month))
            continue
        line = line_of(row, labelled)
        for name, amount in _parts(line, row):
            rest[name] += to_month.of(amount)
            stays += Decimal(0) if goes_with_the_cluster(name) else to_month.of(amount)
            if labelled and row.cluster is None:
                unlabelled[name] += to_month.of(amount)
    split = {w: tuple(items) for w, items in by_workload.items()}
    unpriced = {w.id: _why_not(demands[w.id]) for w in cluster.workloads if w.id not in split}
    reasons = [*said, *_reasons(covered.hours, rows, own, currency), *covered.told(_fee_hours(own))]
    if split:
        reasons += _partly_split(rest, currency)
    elif (shared := _shared_out(cluster, demands, tariff, rest)) is not None:
        split, unpriced = dict(shared.by_workload), dict(shared.unplaced)
        rest |= shared.rest
        reasons.append(shared.why)
    lines, month = lines_of(split, _ordered(rest))
    committed = to_month.of(_machines_month(own, labelled, committed=True))
    if committed:
        reasons.append(
            f"{amount_of(committed, currency)} a month of nodes are under commitment: they save nothing until it ends"
        )
    node_month = _node_months(cluster, to_month.of(_machines_month(own, labelled)), tariff)
    disks = boot_disks(
        [n for n in cluster.nodes if n.name in node_month], [r for r in own if line_of(r, labelled) == DISKS_LINE]
    )
    node_month = {name: month + to_month.of(disks.get(name, Decimal(0))) for name, month in node_month.items()}
    is_own = {(r.cluster, r.location): not is_foreign(r.cluster, r.location, cluster) for r in billing.invoices}
    named = {place: own_one and place[0] is not None for place, own_one in is_own.items()}
    return GkeBill(
        currency,
        "billing-export",
        month,
        lines,
        split,
        unpriced,
        node_month,
        stays,
        committed,
        tuple(reasons),
        as_billed=as_billed(billing.invoices, is_own, factors, currency),
        hours=covered.hours,
        commitments=commitments(billing.commitments, factors, HOURS_PER_MONTH / covered.hours, currency),
        unlabelled=tuple(unlabelled.items()),
        unlabelled_stays_month=sum((a for n, a in unlabelled.items() if not goes_with_the_cluster(n)), Decimal(0)),
        names_no_cluster=not labelled,
        labelled_as_billed=as_billed(billing.invoices, named, factors, currency),
    )


def _unknown(cluster: Cluster, currency: str, said: tuple[str, ...]) -> GkeBill:
    """No figure at all: amounts in different currencies are never added up."""
    unpriced = {w.id: said[-1] for w in cluster.workloads}
    return GkeBill(currency, "billing-export", None, (), {}, unpriced, reasons=said)


def _converted(row: BillRow, factor: Decimal, currency: str) -> BillRow:
    if factor == 1:
        return row
    return replace(row, cost=row.cost * factor, credits=row.credits * factor, currency=currency)


def _parts(line: str, row: BillRow) -> Iterable[tuple[str, Decimal]]:
    """A row's amounts by line: the management fee and what is given for it stand apart, since both go or stay."""
    if line == FEE_LINE and row.credits:
        return ((FEE_LINE, row.cost), (FEE_CREDIT_LINE, row.credits))
    return ((line, row.net),)


def _shared_out(
    cluster: Cluster, demands: Mapping[str, PodDemand], tariff: Tariff, rest: Mapping[str, Decimal]
) -> _Shared | None:
    """What cost allocation did not split, split by demand; None where there is nothing to split."""
    machines_month, pods_month = rest.get(NODES_LINE, Decimal(0)), rest.get(PODS_LINE, Decimal(0))
    if pods_month:
        return _shared_pods(cluster, demands, tariff, pods_month)
    if machines_month and IDLE_LINE not in rest and OVERHEAD_LINE not in rest:
        return _shared_machines(cluster, demands, tariff, machines_month)
    return None


def _shared_machines(
    cluster: Cluster, demands: Mapping[str, PodDemand], tariff: Tariff, machines_month: Decimal
) -> _Shared:
    """The bill's machines split as at list price, each rate in the proportion of bill to list."""
    share = share_nodes(cluster, node_pools(cluster), demands, tariff)
    listed = sum(share.node_month.values(), Decimal(0))
    if not listed or share.unpriced:
        why = f"{_ALLOCATION_OFF}, and the nodes' machine types are not all known"
        return _Shared({}, {w.id: _ALLOCATION_OFF for w in cluster.workloads}, {}, why)
    paid = machines_month / listed
    by_workload = {w: tuple(_at(i, paid) for i in items) for w, items in share.by_workload.items()}
    overhead = share.overhead_month * paid
    idle = machines_month - overhead - sum((total(items) for items in by_workload.values()), Decimal(0))
    rest = {NODES_LINE: Decimal(0), IDLE_LINE: idle, OVERHEAD_LINE: overhead}
    return _Shared(by_workload, share.unplaced, rest, _ALLOCATION_OFF)


def _shared_pods(cluster: Cluster, demands: Mapping[str, PodDemand], tariff: Tariff, pods_month: Decimal) -> _Shared:
    """Autopilot's pods split in the proportion of their list price."""
    priced = {w.id: pod_items(w, demands[w.id], tariff) for w in cluster.workloads}
    items = {w: found for w, found in priced.items() if not isinstance(found, str)}
    listed = sum((total(found) for found in items.values()), Decimal(0))
    unplaced = {w: found for w, found in priced.items() if isinstance(found, str)}
    if not listed:
        return _Shared({}, unplaced, {}, f"{_PODS_UNSPLIT}, and none of them can be priced")
    by_workload = {w: tuple(_at(i, pods_month / listed) for i in found) for w, found in items.items()}
    left = pods_month - sum((total(found) for found in by_workload.values()), Decimal(0))
    return _Shared(by_workload, unplaced, {PODS_LINE: left}, _PODS_UNSPLIT)


def _partly_split(rest: Mapping[str, Decimal], currency: str) -> Iterable[str]:
    """Cost allocation was switched on within the window, or its labels are late by up to three days."""
    for line in (NODES_LINE, PODS_LINE):
        if rest.get(line):
            yield f"{amount_of(rest[line], currency)} a month name no workload, and are a line of their own: {line}"


def _at(item: LineItem, paid: Decimal) -> LineItem:
    """A line at list price at what was paid of it."""
    return replace(item, rate=(item.rate * paid).quantize(_RATE_DIGITS))


def _workload_id(row: BillRow, cluster: Cluster) -> str | None:
    """``namespace/Kind/name``; a run of a CronJob counts for the CronJob; a name without a kind for its only bearer."""
    if row.cost_type not in ("regular", None) or not row.namespace or not row.name:
        return None
    if not row.type:
        bearers = [w.id for w in cluster.workloads if (w.namespace, w.name) == (row.namespace, row.name)]
        return bearers[0] if len(bearers) == 1 else None
    kind = row.type.rpartition("-")[2]
    found = f"{row.namespace}/{kind}/{row.name}"
    if found not in cluster.by_id and kind == "Job":
        found = f"{row.namespace}/CronJob/{_CRON_JOB_RUN.sub('', row.name)}"
    return found


def _item(row: BillRow, to_month: _Scale) -> LineItem:
    """A workload's rows of one SKU as quantity x rate; the rate is what was paid, credits taken off."""
    amount, sku = to_month.of(row.net), row.sku or "SKU without a name"
    quantity = to_month.of(row.quantity).quantize(_MILLIONTH) if row.quantity is not None else Decimal(0)
    if not quantity or not row.unit:
        return LineItem(sku, Decimal(1), "month", amount, row.currency)
    rate = (amount / quantity).quantize(_RATE_DIGITS)
    return LineItem(sku, quantity, row.unit.replace(" ", "_"), rate, row.currency)


def _machines_month(own: Iterable[BillRow], labelled: bool, *, committed: bool = False) -> Decimal:
    """What the rows of vCPU and memory of the cluster's machines add up to, split by cost allocation or not.

    ``committed``: only the rows at the rate of a commitment on spend. (One on resources shows as credits and a fee of
    its own, so its machines are net of it already.)
    """
    machines = (row for row in own if is_machine(row) and (row.namespace or line_of(row, labelled) == NODES_LINE))
    return sum((row.net for row in machines if not committed or "CUD" in (row.model or "")), Decimal(0))


def is_foreign(name: str | None, location: str | None, cluster: Cluster) -> bool:
    """Whether rows with these labels are another cluster's; two of one name are told apart by their regions."""
    if not name or not cluster.name:
        return False
    elsewhere = bool(location and cluster.location and _region(location) != _region(cluster.location))
    return name != cluster.name or elsewhere


def _region(location: str) -> str:
    """Of a region or a zone."""
    return "-".join(location.split("-")[:2])


def _node_months(cluster: Cluster, machines_month: Decimal, tariff: Tariff) -> dict[str, Decimal]:
    """The paid price of the machines over the nodes, in proportion to list price, or to vCPU where one is unknown."""
    billed = [n for n in cluster.nodes if is_billed(n, cluster)]
    priced = {n.name: node_price(n, tariff) for n in billed}
    if all(isinstance(p, NodePrice) for p in priced.values()):
        weights = {name: total(p.items) for name, p in priced.items() if isinstance(p, NodePrice)}
    else:
        weights = {n.name: n.capacity.cpu_cores or Decimal(0) for n in billed}
    whole = sum(weights.values(), Decimal(0))
    if not machines_month:  # nodes that cost nothing by themselves: their pods are on the bill
        return {}
    return {name: machines_month * weight / whole for name, weight in weights.items()} if whole else {}


def _ordered(rest: Mapping[str, Decimal]) -> list[tuple[str, Decimal]]:
    """Idle, overhead and the fee first, then the rest by name."""
    first = [IDLE_LINE, OVERHEAD_LINE, FEE_LINE, FEE_CREDIT_LINE]
    return [(name, rest[name]) for name in (*first, *sorted(set(rest) - set(first))) if name in rest]


def _why_not(demand: PodDemand) -> str:
    return "the billing export has no row of it in the window" if demand.pods else demand.how


def _fee_hours(own: Iterable[BillRow]) -> Decimal | None:
    """How many hours the management fee was paid for; None where the rows do not say hours."""
    fees = [row for row in own if line_of(row, True) == FEE_LINE and row.cost_type in ("regular", None)]
    if not fees or any(row.quantity is None or row.unit not in ("hour", "h") for row in fees):
        return None
    return sum((row.quantity or Decimal(0) for row in fees), Decimal(0))


def _reasons(hours: Decimal, rows: Iterable[BillRow], own: Iterable[BillRow], currency: str) -> Iterable[str]:
    billed = sum((row.net for row in own), Decimal(0))
    foreign = sum((row.net for row in rows), Decimal(0)) - billed
    if hours != HOURS_PER_MONTH:
        paid = f"{amount_of(billed, currency)}"
        yield f"the bill of {hours.normalize():f} h, {paid}, is scaled to {HOURS_PER_MONTH} h, a month"
    if foreign:
        yield f"{amount_of(foreign, currency)} of other clusters in the billing table are left out"
