"""The same pods on Autopilot: at its price for what each of them needs, in place of the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.config.settings import Cud
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.cluster import system_namespace
from k2cr_analysis.pricing.gke.autopilot import pod_items
from k2cr_analysis.pricing.gke.bill import IDLE_LINE, OVERHEAD_LINE, WORKLOADS_LINE, GkeBill
from k2cr_analysis.pricing.gke.bill_lines import NODES_LINE, PODS_LINE
from k2cr_analysis.pricing.gke.pod_demand import PodDemand

_SHOWN = 3
_SPLIT_LINES = (WORKLOADS_LINE, IDLE_LINE, OVERHEAD_LINE, NODES_LINE, PODS_LINE)
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OnAutopilot:
    bill: GkeBill
    why_not: str  # what keeps the cluster from going there


def on_autopilot(cluster: Cluster, bill: GkeBill, sized: Mapping[str, PodDemand], tariff: Tariff) -> OnAutopilot | None:
    """A Standard cluster's bill with all pods at Autopilot's price; None where one cannot be priced there.

    DaemonSets are priced as well; pods of Google's own namespaces are not billed there. What is committed for machines
    is paid until it ends.
    """
    if not bill.node_month or bill.month is None:
        return None
    found: dict[str, tuple[LineItem, ...]] = {}
    for workload in cluster.workloads:
        if system_namespace(workload.namespace) == "google":
            continue
        priced = pod_items(workload, replace(sized[workload.id], live=()), tariff)
        if isinstance(priced, str):
            if workload.id not in bill.unpriced:
                return None
            continue
        found[workload.id] = priced
    refused = sorted(w.id for w in cluster.workloads if system_namespace(w.namespace) != "google" and _refused(w))
    shown = first_of(refused, _SHOWN)
    why_not = f"Autopilot takes no pods that use the node itself: {shown}" if refused else ""
    return OnAutopilot(_by_pods(bill, found), why_not)


def rightsized_pods(
    cluster: Cluster,
    bill: GkeBill,
    today: Mapping[str, PodDemand],
    sized: Mapping[str, PodDemand],
    tariff: Tariff,
    committed: Cud | None = None,
) -> GkeBill | None:
    """The bill of a cluster whose pods are billed one by one, each at what it needs, with today's discounts.

    ``committed``: under this commitment; of what is paid below list price already nothing more goes. None where nothing
    changes.
    """
    found: dict[str, tuple[LineItem, ...]] = {}
    for workload in cluster.workloads:
        paid = bill.by_workload.get(workload.id)
        if paid is None:
            continue
        then, now = (_listed(workload, demands[workload.id], tariff) for demands in (sized, today))
        under = then if committed is None else _listed(workload, sized[workload.id], replace(tariff, cud=committed))
        if not then or not now or under is None:
            found[workload.id] = paid
            continue
        part = then / now
        if committed is not None and total(paid):
            of_list = under / then if total(paid) >= now else under / then * now / total(paid)
            part *= min(of_list, Decimal(1))
        found[workload.id] = tuple(replace(item, rate=item.rate * part) for item in paid)
    if found == dict(bill.by_workload):
        return None
    made = _by_pods(bill, found)
    return replace(made, month=None if bill.month is None else made.month)


def _listed(workload: Workload, demand: PodDemand, tariff: Tariff) -> Decimal | None:
    items = pod_items(workload, replace(demand, live=()), tariff)
    return None if isinstance(items, str) else total(items)


def _by_pods(bill: GkeBill, found: Mapping[str, tuple[LineItem, ...]]) -> GkeBill:
    pods = sum((total(items) for items in found.values()), _ZERO)
    machines = sum(bill.node_month.values(), _ZERO)
    if not bill.node_month:
        machines = sum((total(items) for items in bill.by_workload.values()), _ZERO)
    month = (bill.month or _ZERO) - machines + pods + (bill.committed_month if bill.node_month else _ZERO)
    others = tuple((name, amount) for name, amount in bill.lines if name not in _SPLIT_LINES)
    return replace(
        bill,
        basis="autopilot-prices",
        month=month,
        lines=((WORKLOADS_LINE, pods), *others),
        by_workload=found,
        unpriced={w: why for w, why in bill.unpriced.items() if w not in found},
        node_month={},
    )


def _refused(workload: Workload) -> bool:
    """Whether a pod asks for the node itself, which Autopilot's admission refuses without an allowlist.

    Source: docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-security. Agents that run on every node are
    left out: many have an allowlist, and on Autopilot the nodes are Google's to watch.
    """
    pod = workload.pod
    paths = [str(v.source.get("path") or "") for v in pod.volumes if v.kind == "hostPath"]
    return workload.kind != "DaemonSet" and (pod.host_network or any(not p.startswith("/var/log") for p in paths))
