"""The billing export, net of credits, as each workload's share and the named rest: all rows, each exactly once.

GKE's cost allocation labels the rows (docs.cloud.google.com/kubernetes-engine/docs/how-to/cost-allocations):
``k8s-namespace``, ``k8s-workload-name`` and ``k8s-workload-type`` (``apps/v1-Deployment``); ``kube:unallocated`` is
idle, ``kube:system-overhead`` what the nodes keep for themselves. Rows without these labels (fee, load balancers,
disks, network, logs) are lines of their own. ``cost + SUM(credits.amount)`` is what is paid: cost alone is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from k2cr_analysis.cost.bill import FEE_LINE, IDLE_LINE, OVERHEAD_LINE, GkeBill, lines_of
from k2cr_analysis.cost.node_pools import node_pools
from k2cr_analysis.cost.node_price import NodePrice, node_price
from k2cr_analysis.cost.node_share import NodeShare, share_nodes
from k2cr_analysis.cost.pod_demand import PodDemand
from k2cr_analysis.errors import InputError
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.money import HOURS_PER_MONTH, LineItem, total
from k2cr_analysis.model.prices import Tariff

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

NANO = Decimal("1e-9")  # BigQuery NUMERIC: the export's own precision
_MILLIONTH = Decimal("0.000001")
_RATE_DIGITS = Decimal("1e-15")

UNKNOWN_LINE = "not attributable to a workload (goog-k8s-unknown)"
UNSUPPORTED_LINE = "SKUs that GKE's cost allocation does not split"
SYSTEM_LINE = "workloads of system namespaces that the snapshot does not hold"
GONE_LINE = "workloads that are no longer in the cluster"
DISKS_LINE = "disks"
NODES_LINE = "nodes (not split by cost allocation)"

_ALLOCATION_OFF = (
    "GKE cost allocation is off, so the bill does not say whose the nodes are: they are split by max(request, use)"
)

_CLUSTER, _NAMESPACE, _NAME, _TYPE = "goog-k8s-cluster-name", "k8s-namespace", "k8s-workload-name", "k8s-workload-type"
_SPECIAL = {
    "kube:unallocated": IDLE_LINE,
    "kube:system-overhead": OVERHEAD_LINE,
    "goog-k8s-unknown": UNKNOWN_LINE,
    "goog-k8s-unsupported-sku": UNSUPPORTED_LINE,
}
_SYSTEM_NAMESPACE = re.compile(r"kube-.*|gke-.*|gmp-.*")
_COST_TYPES = {"tax": "tax", "adjustment": "adjustments", "rounding_error": "rounding"}
_CRON_JOB_RUN = re.compile(r"-\d{8,}$")  # the controller names each Job <CronJob>-<scheduled minute>

_COMPUTE, _GKE, _NETWORKING = (
    "6F81-5844-456A",
    "CCD8-9BF1-090E",
    "E505-1604-58F8",
)  # Cloud Billing Catalog, services.list
_MACHINES = re.compile(r"Instance (Core|Ram)|Core running|Ram running|GPU", re.I)
# Rows without a namespace: service id and what the SKU's text says -> line. The first that fits.
_LINES_BY_SKU: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    ((_GKE,), re.compile(r"Kubernetes Clusters"), FEE_LINE),
    ((_COMPUTE, _NETWORKING), re.compile(r"Load Balanc|Forwarding Rule", re.I), "load balancers"),
    ((_COMPUTE, _NETWORKING), re.compile(r"\bNAT\b"), "Cloud NAT"),
    ((_COMPUTE, _NETWORKING), re.compile(r"External IP|Static Ip", re.I), "IP addresses"),
    ((_COMPUTE, _NETWORKING), re.compile(r"Commitment"), "commitments"),
    ((_COMPUTE,), re.compile(r"\bPD\b|Storage|Snapshot|Hyperdisk|SSD backed", re.I), DISKS_LINE),
    ((_COMPUTE,), _MACHINES, NODES_LINE),
    ((_COMPUTE, _NETWORKING), re.compile(r"Egress|Transfer|Inter Zone|Network", re.I), "network"),
)
# What the cluster causes, and what goes with it. All else stays: traffic and logs go on elsewhere, a commitment runs
# until it ends, and a project's other services and machines never were the cluster's.
_GOES = (
    IDLE_LINE, OVERHEAD_LINE, FEE_LINE, UNKNOWN_LINE, UNSUPPORTED_LINE, SYSTEM_LINE, GONE_LINE, NODES_LINE, DISKS_LINE,
)  # fmt: skip
_OUTSIDE = {NODES_LINE: "machines without the label of a cluster", DISKS_LINE: "disks without the label of a cluster"}


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of the same place on the bill, summed."""

    cluster: str | None
    namespace: str | None
    name: str | None
    type: str | None
    cost_type: str
    service_id: str
    service: str
    sku: str
    unit: str | None
    consumption_model: str | None
    net: Decimal
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class _Scale:
    """From the hours that the rows cover to a month of 730 h, to the export's own precision."""

    hours: Decimal

    def of(self, amount: Decimal) -> Decimal:
        return (amount * HOURS_PER_MONTH / self.hours).quantize(NANO)


def attribute_export(
    cluster: Cluster, billing: pa.Table, demands: Mapping[str, PodDemand], tariff: Tariff, window_days: float
) -> GkeBill:
    """The export's rows as a month of 730 h; lines and workloads add up to the scaled bill to the last digit."""
    currency = _only_currency(billing)
    groups = _groups(billing)
    hours = _hours(billing, window_days)
    to_month = _Scale(hours)
    labelled = any(g.cluster for g in groups)
    by_workload: dict[str, list[LineItem]] = {}
    rest: dict[str, Decimal] = defaultdict(Decimal)
    stays, foreign = Decimal(0), Decimal(0)
    for group in groups:
        if _is_foreign(group, cluster):
            foreign += group.net
            continue
        workload_id = _workload_id(group, cluster)
        if workload_id is not None and workload_id in cluster.by_id:
            by_workload.setdefault(workload_id, []).append(_item(group, to_month, currency))
            continue
        line = _line(group, labelled)
        rest[line] += to_month.of(group.net)
        if line not in _GOES:
            stays += to_month.of(group.net)
    split = {w: tuple(items) for w, items in by_workload.items()}
    unpriced = {w.id: _why_not(rest, demands[w.id]) for w in cluster.workloads if w.id not in split}
    node_month = _node_months(cluster, to_month.of(_machines_month(groups, cluster, labelled)), tariff)
    reasons = _reasons(hours, groups, currency, foreign)
    if _is_unsplit(rest):
        shared = _split_by_demand(cluster, demands, tariff, rest[NODES_LINE])
        reasons = (
            *reasons,
            _ALLOCATION_OFF if shared else f"{_ALLOCATION_OFF}, and the nodes' machine types are not all known",
        )
        if shared:
            split, unpriced = dict(shared.by_workload), dict(shared.unplaced)
            rest |= {NODES_LINE: Decimal(0), IDLE_LINE: shared.idle_month, OVERHEAD_LINE: shared.overhead_month}
    lines, month = lines_of(split, _ordered(rest))
    committed = to_month.of(_machines_month(groups, cluster, labelled, committed=True))
    if committed:
        reasons = (
            *reasons,
            f"{committed:.2f} {currency} a month of nodes are under commitment: they save nothing until it ends",
        )
    return GkeBill(currency, "billing-export", month, lines, split, unpriced, node_month, stays, committed, reasons)


def _is_unsplit(rest: Mapping[str, Decimal]) -> bool:
    """Machines are on the bill, and nothing says whose they are."""
    return bool(rest.get(NODES_LINE)) and IDLE_LINE not in rest and OVERHEAD_LINE not in rest


def _split_by_demand(
    cluster: Cluster, demands: Mapping[str, PodDemand], tariff: Tariff, machines_month: Decimal
) -> NodeShare | None:
    """The bill's machines split as at list price, each rate in the proportion of bill to list; None without nodes."""
    share = share_nodes(cluster, node_pools(cluster), demands, tariff)
    listed = sum(share.node_month.values(), Decimal(0))
    if not listed or share.unpriced:
        return None
    paid = machines_month / listed
    by_workload = {
        w: tuple(replace(i, rate=(i.rate * paid).quantize(_RATE_DIGITS)) for i in items)
        for w, items in share.by_workload.items()
    }
    overhead = share.overhead_month * paid
    workloads = sum((total(items) for items in by_workload.values()), Decimal(0))
    return replace(
        share, by_workload=by_workload, overhead_month=overhead, idle_month=machines_month - overhead - workloads
    )


def _groups(billing: pa.Table) -> list[_Group]:
    """Sum the rows by what decides their place. Money is summed in billionths, as integers: exact in any order."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = billing.combine_chunks()
    labels = _label_columns(rows, (_CLUSTER, _NAMESPACE, _NAME, _TYPE))
    usage = rows.column("usage").combine_chunks()
    amount = pc.struct_field(usage, "amount_in_pricing_units").to_numpy(zero_copy_only=False).astype(np.float64)
    keys = {
        **{f"label{n}": column for n, column in enumerate(labels)},
        "cost_type": rows.column("cost_type"),
        "service_id": pc.struct_field(rows.column("service"), "id"),
        "service": pc.struct_field(rows.column("service"), "description"),
        "sku": pc.struct_field(rows.column("sku"), "description"),
        "unit": pc.struct_field(usage, "pricing_unit"),
        "model": pc.struct_field(rows.column("consumption_model"), "description"),
    }
    values = {"net": pa.array(_net_nanos(rows)), "quantity": pa.array(amount, from_pandas=True)}
    table = pa.table({**keys, **values}).group_by(list(keys)).aggregate([("net", "sum"), ("quantity", "sum")])
    found = [_group(row) for row in table.to_pylist()]
    return sorted(
        found,
        key=lambda g: tuple(str(getattr(g, k)) for k in ("namespace", "type", "name", "sku", "unit", "cost_type")),
    )


def _group(row: Mapping[str, Any]) -> _Group:
    quantity = row["quantity_sum"]
    return _Group(
        cluster=row["label0"],
        namespace=row["label1"],
        name=row["label2"],
        type=row["label3"],
        cost_type=row["cost_type"] or "regular",
        service_id=row["service_id"] or "",
        service=row["service"] or "service without a name",
        sku=row["sku"] or "SKU without a name",
        unit=row["unit"],
        consumption_model=row["model"],
        net=Decimal(row["net_sum"]) * NANO,
        quantity=None if quantity is None else Decimal(repr(float(quantity))),
    )


def _net_nanos(rows: pa.Table) -> npt.NDArray[np.int64]:
    """cost + credits of each row, in billionths of the currency, int64[rows]."""
    import numpy as np
    import pyarrow.compute as pc

    net = _nanos(rows.column("cost").to_numpy())
    taken_off = rows.column("credits").combine_chunks()
    parents = pc.list_parent_indices(taken_off).to_numpy(zero_copy_only=False)
    amounts = pc.struct_field(pc.list_flatten(taken_off), "amount").to_numpy(zero_copy_only=False).astype(np.float64)
    np.add.at(net, parents, _nanos(np.nan_to_num(amounts)))
    return net


def _nanos(money: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.asarray(np.rint(np.asarray(money, dtype=np.float64) * 1e9), dtype=np.int64)


def _label_columns(rows: pa.Table, keys: Iterable[str]) -> list[pa.Array]:
    """The value of each key in each row's ``labels``; null where a row has none. The last of equal keys wins."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    labels = rows.column("labels").combine_chunks()
    parents = pc.list_parent_indices(labels).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(labels)
    names, values = pc.struct_field(flat, "key"), pc.struct_field(flat, "value")
    columns = []
    for key in keys:
        hits = np.flatnonzero(pc.fill_null(pc.equal(names, key), False).to_numpy(zero_copy_only=False))
        index = np.full(rows.num_rows, -1, dtype=np.int64)
        index[parents[hits]] = hits
        columns.append(pc.take(values, pa.array(index, mask=index < 0)))
    return columns


def _workload_id(group: _Group, cluster: Cluster) -> str | None:
    """``namespace/Kind/name``; a run of a CronJob counts for the CronJob."""
    if group.cost_type != "regular" or not group.namespace or not group.name or not group.type:
        return None
    kind = group.type.rpartition("-")[2]
    found = f"{group.namespace}/{kind}/{group.name}"
    if found not in cluster.by_id and kind == "Job":
        found = f"{group.namespace}/CronJob/{_CRON_JOB_RUN.sub('', group.name)}"
    return found


def _line(group: _Group, labelled: bool) -> str:
    """The name of the line that rows without a workload of the snapshot belong to.

    ``labelled``: rows carry the label of their cluster, so that a machine without one is some other machine.
    """
    if group.cost_type in _COST_TYPES:
        return _COST_TYPES[group.cost_type]
    if group.namespace:
        if group.namespace in _SPECIAL:
            return _SPECIAL[group.namespace]
        return SYSTEM_LINE if _SYSTEM_NAMESPACE.fullmatch(group.namespace) else GONE_LINE
    fits = (line for ids, text, line in _LINES_BY_SKU if group.service_id in ids and text.search(group.sku))
    line = next(fits, group.service)
    return _OUTSIDE.get(line, line) if labelled and not group.cluster else line


def _item(group: _Group, to_month: _Scale, currency: str) -> LineItem:
    """A workload's rows of one SKU as quantity x rate; the rate is what was paid, credits taken off."""
    amount = to_month.of(group.net)
    quantity = to_month.of(group.quantity).quantize(_MILLIONTH) if group.quantity is not None else Decimal(0)
    if not quantity or not group.unit:
        return LineItem(group.sku, Decimal(1), "month", amount, currency)
    return LineItem(
        group.sku, quantity, group.unit.replace(" ", "_"), (amount / quantity).quantize(_RATE_DIGITS), currency
    )


def _hours(billing: pa.Table, window_days: float) -> Decimal:
    """Hours that the rows cover, from the first start to the last end; the window's where they cover no time."""
    import pyarrow.compute as pc

    first, last = pc.min(billing.column("usage_start_time")).as_py(), pc.max(billing.column("usage_end_time")).as_py()
    covered = Decimal(repr((last - first).total_seconds())) / 3600
    return covered or Decimal(repr(window_days)) * 24 or HOURS_PER_MONTH


def _only_currency(billing: pa.Table) -> str:
    found = sorted(c for c in billing.column("currency").unique().to_pylist() if c)
    if len(found) != 1:
        raise InputError(
            ref="bill-in-several-currencies",
            found=f"the billing table has {', '.join(found) or 'no currency'}",
            expected="one currency: amounts of different currencies are never added up",
            do="collect a window in which the billing account had one currency",
        )
    return str(found[0])


def _machines_month(groups: Iterable[_Group], cluster: Cluster, labelled: bool, *, committed: bool = False) -> Decimal:
    """What the rows of vCPU and memory of the cluster's machines add up to, split by cost allocation or not.

    ``committed``: only the rows at the rate of a commitment on spend. (One on resources shows as credits and a fee of
    its own, so its machines are net of it already.)
    """
    found = (g for g in groups if g.service_id == _COMPUTE and _MACHINES.search(g.sku) and not _is_foreign(g, cluster))
    own = (g for g in found if g.namespace or _line(g, labelled) == NODES_LINE)
    return sum((g.net for g in own if not committed or "CUD" in (g.consumption_model or "")), Decimal(0))


def _is_foreign(group: _Group, cluster: Cluster) -> bool:
    """Whether the row is another cluster's."""
    return bool(group.cluster and cluster.name and group.cluster != cluster.name)


def _node_months(cluster: Cluster, machines_month: Decimal, tariff: Tariff) -> dict[str, Decimal]:
    """The paid price of the machines over the nodes, in proportion to list price, or to vCPU where one is unknown."""
    priced = {n.name: node_price(n, tariff) for n in cluster.nodes}
    if all(isinstance(p, NodePrice) for p in priced.values()):
        weights = {name: total((*p.cpu, *p.memory)) for name, p in priced.items() if isinstance(p, NodePrice)}
    else:
        weights = {n.name: n.capacity.cpu_cores or Decimal(0) for n in cluster.nodes}
    whole = sum(weights.values(), Decimal(0))
    return {name: machines_month * weight / whole for name, weight in weights.items()} if whole else {}


def _ordered(rest: Mapping[str, Decimal]) -> list[tuple[str, Decimal]]:
    """Idle, overhead and the fee first, then the rest by name."""
    first = [IDLE_LINE, OVERHEAD_LINE, FEE_LINE]
    return [(name, rest[name]) for name in (*first, *sorted(set(rest) - set(first))) if name in rest]


def _why_not(rest: Mapping[str, Decimal], demand: PodDemand) -> str:
    if _is_unsplit(rest):
        return _ALLOCATION_OFF
    return "the billing export has no row of it in the window" if demand.pods else demand.how


def _reasons(hours: Decimal, groups: Iterable[_Group], currency: str, foreign: Decimal) -> tuple[str, ...]:
    found = []
    if hours != HOURS_PER_MONTH:
        billed = sum((g.net for g in groups), Decimal(0)) - foreign
        found.append(f"the bill of {hours.normalize():f} h, {billed:.2f} {currency}, is scaled to a month of 730 h")
    if foreign:
        found.append(f"{foreign:.2f} {currency} of other clusters in the billing table are left out")
    return tuple(found)
