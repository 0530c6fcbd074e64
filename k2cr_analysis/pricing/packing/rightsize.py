"""What the same cluster could cost with no move at all: the honest baseline that a plan has to beat.

Requests are set to what pods were seen to use; each pool is packed without spare nodes, on its own machines or on
others; and Autopilot is tried as well. The cheapest of these counts, and today's bill where none is cheaper. Without
usage the requests stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.money import total
from k2cr_analysis.model.observed import WorkloadUsage
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.platforms.gke import system_namespace
from k2cr_analysis.pricing.gke.autopilot import pod_items
from k2cr_analysis.pricing.gke.bill import GkeBill
from k2cr_analysis.pricing.gke.pod_demand import PodDemand, pod_demands
from k2cr_analysis.pricing.packing.kept_nodes import kept_nodes
from k2cr_analysis.pricing.packing.other_machines import cheapest_month
from k2cr_analysis.pricing.packing.placement import placed_pools

# A request is this quantile of what one pod used, with headroom above it; memory the most that was ever used, since
# a pod that runs out of it is killed.
CPU_QUANTILE = 0.95
MEMORY_QUANTILE = 1.0
DEFAULT_HEADROOM = 0.2

_ZERO = Decimal(0)


def stay_and_rightsize_month(
    cluster: Cluster,
    bill: GkeBill,
    usage: Mapping[str, WorkloadUsage],
    tariff: Tariff,
    headroom: float = DEFAULT_HEADROOM,
) -> Decimal | None:
    """The least that the cluster could cost as it is; None where today's bill is not known. Never above it.

    ``tariff``: prices, region and discount for Autopilot and other machines.
    ``headroom``: share kept free above the observed quantile.
    """
    if bill.month is None or not cluster.is_whole:
        return None
    today = pod_demands(cluster, usage)
    sized = {w: rightsized(demand, usage.get(w), headroom) for w, demand in today.items()}
    on_autopilot = _on_autopilot(cluster, bill, sized, tariff)
    found = [bill.month, _on_other_nodes(cluster, bill, sized, tariff), on_autopilot]
    return min(month for month in found if month is not None)


def rightsized(demand: PodDemand, used: WorkloadUsage | None, headroom: float) -> PodDemand:
    """The demand with requests set from use; as it is where nothing was measured."""
    if used is None or not used.containers:
        return demand
    factor = 1 / (1 - headroom)
    cores = sum(c.cpu_quantiles_cores.get(CPU_QUANTILE, 0.0) for c in used.containers.values()) * factor
    size = sum(c.memory_quantiles_bytes.get(MEMORY_QUANTILE, 0.0) for c in used.containers.values()) * factor
    return replace(
        demand,
        cpu_cores=Decimal(repr(round(cores, 6))) if cores else demand.cpu_cores,
        memory_bytes=Decimal(round(size)) if size else demand.memory_bytes,
    )


def _on_other_nodes(cluster: Cluster, bill: GkeBill, sized: Mapping[str, PodDemand], tariff: Tariff) -> Decimal | None:
    """The bill less what a packing of the right-sized pods leaves over: on fewer nodes, or on others where these are
    cheaper. What is committed stays."""
    if not bill.node_month or bill.billed_by_pod:
        return None
    spared = _ZERO
    for placed in placed_pools(cluster, sized):
        needed = len(kept_nodes(placed.nodes, placed.pods, enough=1)) if placed.pods else placed.pool.zones
        months = sorted(bill.node_month.get(n.name, _ZERO) for n in placed.pool.nodes)
        today, fewer = sum(months, _ZERO), sum(months[:needed], _ZERO)
        others = cheapest_month(placed, cluster, bill.node_month, tariff)
        spared += today - (fewer if others is None else min(fewer, others))
    on_demand = max(sum(bill.node_month.values(), _ZERO) - bill.committed_month, _ZERO)
    return (bill.month or _ZERO) - min(spared, on_demand)


def _on_autopilot(cluster: Cluster, bill: GkeBill, sized: Mapping[str, PodDemand], tariff: Tariff) -> Decimal | None:
    """All pods at Autopilot's price in place of the nodes; None where one of them cannot be priced there.

    DaemonSets are priced as well; pods of Google's own namespaces are not billed there.
    """
    pods = _ZERO
    for workload in cluster.workloads:
        if system_namespace(workload.namespace) == "google":
            continue
        priced = pod_items(workload, replace(sized[workload.id], live=()), tariff)
        if isinstance(priced, str):
            if workload.id not in bill.unpriced:
                return None
            continue
        pods += total(priced)
    if bill.billed_by_pod:
        workloads = sum((total(items) for items in bill.by_workload.values()), _ZERO)
        return (bill.month or _ZERO) - workloads + pods
    if not bill.node_month:
        return None
    return (bill.month or _ZERO) - sum(bill.node_month.values(), _ZERO) + pods + bill.committed_month
