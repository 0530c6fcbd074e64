"""What the cluster costs today, and whose it is.

From the billing export where the snapshot has it; else nodes x price book; on Autopilot pods x price book; and for a
plain folder of manifests the same as on Autopilot, which is said, so that there is something to compare with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.config.settings import Cud
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.observed import WorkloadUsage
from k2cr_analysis.model.prices import GLOBAL, LIST_PRICE, PriceBook, Tariff
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
from k2cr_analysis.platforms.gke.cluster import is_zone, system_namespace
from k2cr_analysis.pricing.gke.autopilot import pod_class, pod_items, storage_left_out, storage_not_priced
from k2cr_analysis.pricing.gke.bill import FEE_CREDIT_LINE, FEE_LINE, IDLE_LINE, OVERHEAD_LINE, Basis, GkeBill, lines_of
from k2cr_analysis.pricing.gke.billing_export import attribute_export
from k2cr_analysis.pricing.gke.node_share import share_nodes
from k2cr_analysis.pricing.gke.pod_demand import PodDemand, pod_demands
from k2cr_analysis.pricing.packing.node_pools import node_pools
from k2cr_analysis.queries.bill import Billing

ASSUMED_AUTOPILOT = (
    "nothing in the snapshot says what the pods run on (no nodes, no bill): they are priced as Autopilot"
    " general-purpose pods at list price, at what their manifests request"
)
_NODES = "nodes"  # as the cluster's API names the kind
NODES_REFUSED = "the cluster did not give its nodes, and there is no bill: what it costs today is not known"
NO_CLUSTER = (
    "manifests alone are no cluster: nothing tells what else runs there, so there is no bill of it and no fee to save"
)
NOT_IN_NODE_PRICES = (
    "no billing export in the snapshot: disks, load balancers, addresses, network and logging are not in the GKE cost"
)


def attribute(
    cluster: Cluster,
    billing: Billing | None,
    usage: Mapping[str, WorkloadUsage],
    prices: PriceBook,
    region: str,
    window_days: float,
    cud: Cud = LIST_PRICE,
) -> GkeBill:
    """The bill of a month of 730 h and each workload's share of it.

    ``billing``: the snapshot's billing table, added up, of ``window_days`` days; None where there is none. ``usage`` by
    workload id. ``cud`` counts where list prices are used: a bill has it in already.
    """
    demands, tariff = pod_demands(cluster, usage), Tariff(prices, region, cud)
    if billing is not None:
        return attribute_export(cluster, billing, demands, tariff, window_days)
    if cluster.is_autopilot:
        return _autopilot(cluster, demands, tariff, "autopilot-prices")
    if cluster.nodes:
        return _nodes(cluster, demands, tariff)
    if _NODES in cluster.unread:
        unpriced = dict.fromkeys(cluster.by_id, NODES_REFUSED)
        return GkeBill(prices.currency, "node-prices", None, (), {}, unpriced, reasons=(NODES_REFUSED,))
    return _autopilot(cluster, demands, tariff, "autopilot-assumed")


def fee_lines(cluster: Cluster, prices: PriceBook) -> tuple[tuple[str, Decimal], ...]:
    """The management fee of one cluster, and the account's credit where the cluster is of a kind that gets it.

    No line where the price book does not have it.
    """
    zonal = bool(cluster.location and is_zone(cluster.location))
    kind = "autopilot" if cluster.is_autopilot else "zonal" if zonal else "regional"
    hourly, credit = prices.price(f"gke.cluster.fee.{kind}", GLOBAL), prices.price("gke.cluster.fee.credit", GLOBAL)
    if hourly is None:
        return ()
    fee = hourly.rate * HOURS_PER_MONTH
    if kind == "regional" or credit is None:
        return ((FEE_LINE, fee),)
    return ((FEE_LINE, fee), (FEE_CREDIT_LINE, -min(fee, credit.rate)))


def joint_lines(bills: Sequence[GkeBill], prices: PriceBook) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """The lines of several clusters of one billing account, added up by their names; what is said of them.

    The account has one credit for management fees. Where each cluster by itself was taken to have it, it counts once;
    what a bill says of it stands.
    """
    lines: dict[str, Decimal] = {}
    for bill in bills:
        for name, amount in bill.lines:
            lines[name] = lines.get(name, Decimal(0)) + amount
    credit = prices.price("gke.cluster.fee.credit", GLOBAL)
    listed = sum(
        (dict(b.lines).get(FEE_CREDIT_LINE, Decimal(0)) for b in bills if b.basis != "billing-export"), Decimal(0)
    )
    if credit is None or -listed <= credit.rate:
        return lines, ()
    lines[FEE_CREDIT_LINE] -= listed + credit.rate
    return lines, (
        f"the account's credit for management fees, {credit.rate} {credit.currency} a month, is counted once over the"
        " clusters",
    )


def _nodes(cluster: Cluster, demands: Mapping[str, PodDemand], tariff: Tariff) -> GkeBill:
    prices = tariff.prices
    by_pod = {
        w.id: pod_items(w, demands[w.id], tariff, autopilot=False)
        for w in cluster.workloads
        if pod_class(w, autopilot=False) is not None
    }
    of_pods = {w: items for w, items in by_pod.items() if not isinstance(items, str)}
    without = {w: why for w, why in by_pod.items() if isinstance(why, str)}
    on_nodes = replace(cluster, workloads=tuple(w for w in cluster.workloads if w.id not in by_pod))
    share = share_nodes(on_nodes, node_pools(cluster), demands, tariff)
    reasons = [NOT_IN_NODE_PRICES, *sorted(set(share.unpriced.values())), *_left_out(without, cluster)]
    reasons += storage_left_out(cluster.workloads, tariff, autopilot=False)
    rest = ((IDLE_LINE, share.idle_month), (OVERHEAD_LINE, share.overhead_month), *fee_lines(cluster, prices))
    by_workload = {**share.by_workload, **of_pods}
    lines, month = lines_of(by_workload, rest)
    # A part of the nodes is not the bill, nor a part of the pods: better no total than one that is too small.
    whole = not share.unpriced and not without
    return GkeBill(
        currency=prices.currency,
        basis="node-prices",
        month=month if whole else None,
        lines=lines if whole else (),
        by_workload=by_workload,
        unpriced={**share.unplaced, **without},
        node_month=share.node_month,
        reasons=(*reasons, *_credit_reason(cluster, prices)),
        left_out=_storage(cluster, demands, tariff, autopilot=False),
    )


def _storage(cluster: Cluster, demands: Mapping[str, PodDemand], tariff: Tariff, *, autopilot: bool) -> dict[str, str]:
    found = {w.id: storage_not_priced(w, demands[w.id], tariff, autopilot=autopilot) for w in cluster.workloads}
    return {workload: what for workload, what in found.items() if what is not None}


def _autopilot(cluster: Cluster, demands: Mapping[str, PodDemand], tariff: Tariff, basis: Basis) -> GkeBill:
    prices = tariff.prices
    by_workload: dict[str, tuple[LineItem, ...]] = {}
    unpriced: dict[str, str] = {}
    for workload in cluster.workloads:
        if system_namespace(workload.namespace) == "google":  # whose pods Autopilot does not bill
            by_workload[workload.id] = ()
            continue
        priced = pod_items(workload, demands[workload.id], tariff)
        if isinstance(priced, str):
            unpriced[workload.id] = priced
        else:
            by_workload[workload.id] = priced
    lines, month = lines_of(by_workload, fee_lines(cluster, prices))
    # Manifests are no cluster: what else runs there, and whether it is one at all, is in none of them.
    whole = basis != "autopilot-assumed" and (any(total(items) for items in by_workload.values()) or not unpriced)
    said = (ASSUMED_AUTOPILOT, NO_CLUSTER) if basis == "autopilot-assumed" else (NOT_IN_NODE_PRICES,)
    reasons = [*said, *(_credit_reason(cluster, prices) if whole else ()), *_left_out(unpriced, cluster)]
    reasons += storage_left_out(cluster.workloads, tariff, autopilot=True)
    return GkeBill(
        currency=prices.currency,
        basis=basis,
        month=month if whole else None,
        lines=lines if whole else (),
        by_workload=by_workload,
        unpriced=unpriced,
        reasons=tuple(reasons),
        left_out=_storage(cluster, demands, tariff, autopilot=True),
    )


def _left_out(unpriced: Mapping[str, str], cluster: Cluster) -> tuple[str, ...]:
    if not unpriced:
        return ()
    whys = "; ".join(sorted(set(unpriced.values())))
    return (f"{len(unpriced)} of {len(cluster.workloads)} workloads have no GKE cost: {whys}",)


def _credit_reason(cluster: Cluster, prices: PriceBook) -> tuple[str, ...]:
    if any(name == FEE_CREDIT_LINE for name, _ in fee_lines(cluster, prices)):
        return ("the account's one free management fee is taken to cover this cluster, which is zonal or Autopilot",)
    return ()
