"""The money of one workload back to counts that a person can multiply, for both sides."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
from k2cr_analysis.pricing.cloud_run.counts import counted, number
from k2cr_analysis.pricing.gke.pod_demand import PodDemand, pod_demands

GKE, CLOUD_RUN = "GKE today", "Cloud Run"
_MS = Decimal(1000)


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """One line: quantity x rate is its amount, and ``counts`` is what the quantity is made of."""

    side: str
    item: LineItem
    counts: str


def explained(assessment: Assessment, one: WorkloadAssessment) -> tuple[ExplainedLine, ...]:
    """Both sides' lines of a workload, GKE's first; none of a side whose cost is not known."""
    if one.cost is None:
        return ()
    demand = pod_demands(assessment.cluster, assessment.usage).get(one.id)
    gke = [ExplainedLine(GKE, item, _of_gke(assessment, item, demand)) for item in one.cost.gke_items]
    if one.shape is None or one.timeline is None:
        return tuple(gke)
    mean_ms = one.measured.traffic.latency_mean_ms if one.measured.traffic else None
    request_s = Decimal(repr(round(mean_ms, 6))) / _MS if mean_ms else None
    run = counted(one.cost.cloud_run_items, one.shape, one.timeline, request_s)
    starts = one.timeline.instance_starts
    made = [ExplainedLine(CLOUD_RUN, item, text or _beside(item, starts)) for item, text in run]
    return (*gke, *made)


def _of_gke(assessment: Assessment, item: LineItem, demand: PodDemand | None) -> str:
    """Rows of the bill, scaled; or pods x what one holds x the hours of a month."""
    bill = assessment.bill
    if bill.basis == "billing-export" and bill.hours and item.unit != "month":
        billed = item.quantity * bill.hours / HOURS_PER_MONTH
        return f"{number(billed)} in the bill's rows / {number(bill.hours)} h x {HOURS_PER_MONTH} h"
    if bill.basis == "billing-export" or demand is None or not demand.pods:
        return ""
    hours = demand.pods * HOURS_PER_MONTH
    each = item.quantity / hours
    what = "vCPU" if item.unit.startswith("vcpu") else "GiB" if item.unit.startswith("gib") else item.unit
    return f"{number(demand.pods)} pods ({demand.how}) x {HOURS_PER_MONTH} h x {number(each)} {what} a pod"


def _beside(item: LineItem, starts: Decimal) -> str:
    if item.unit == "secret_access" and starts:
        return f"{number(item.quantity / starts)} secrets x {number(starts)} starts"
    return "a version in one location each" if item.unit == "secret_version_month" else ""
