"""The JSON that `assess` prints: the names of the contract, and nothing that is not in the assessment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.findings.said_once import SnapshotFinding, findings_of_snapshot
from k2cr_analysis.assessment.result import Assessment, Cost, Latency, Ranges, WorkloadAssessment
from k2cr_analysis.latency.search.limits import LOOSER, TIGHTER
from k2cr_analysis.model.cloud_run import Quantiles, ServiceShape, cpu_text, memory_text
from k2cr_analysis.model.findings.finding import FindingRow, rows_of
from k2cr_analysis.model.money import may_flip
from k2cr_analysis.model.toil import Operability, ToilItem
from k2cr_analysis.planning import Portfolio, cluster_names
from k2cr_analysis.report.assumed_range import AssumedRange
from k2cr_analysis.report.json.amounts import interval, line_item, money
from k2cr_analysis.report.json.billed_document import billed_document
from k2cr_analysis.report.json.futures_document import answer_document, futures_document

if TYPE_CHECKING:
    from k2cr_analysis.latency.search.search import Recommendation

SCHEMA_VERSION = 1
NO_CURRENCY = "XXX"  # ISO 4217: no currency; the bills are in several, and no figure is in money


def assess_document(assessments: Sequence[Assessment], portfolio: Portfolio, only: str | None = None) -> dict[str, Any]:
    """What ``assess --format json`` prints; ``only`` names one workload, and the portfolio stays that of all."""
    many = len(assessments) > 1
    return {
        "schema_version": SCHEMA_VERSION,
        "snapshot": [a.snapshot for a in assessments] if many else assessments[0].snapshot,
        "assumptions": sorted({text for a in assessments for text in a.assumptions}),
        "portfolio": portfolio_document(portfolio),
        "workloads": [
            workload_document(w) | ({"cluster": cluster} if many else {})
            for cluster, a in zip(cluster_names(assessments), assessments, strict=True)
            for w in a.workloads
            if only in (None, w.id)
        ],
        "findings": [
            _finding_of_snapshot(f) | ({"cluster": cluster} if many else {})
            for cluster, a in zip(cluster_names(assessments), assessments, strict=True)
            for f in findings_of_snapshot(a)
        ],
        "others": [{"id": o.id, "kind": o.kind, "holds": o.holds, "how": o.how} for a in assessments for o in a.others],
    }


def portfolio_document(portfolio: Portfolio) -> dict[str, Any]:
    return {
        "currency": portfolio.currency or NO_CURRENCY,
        "gke_month": money(portfolio.gke_month),
        "gke_lines": [{"line": line, "amount": money(amount)} for line, amount in portfolio.gke_lines],
        "cloud_run_month": money(portfolio.cloud_run_month),
        "free_tier_month": money(portfolio.free_tier_month),
        "saving_month": money(portfolio.saving_month),
        "interval": interval(portfolio.interval),
        "sign_may_flip": may_flip(portfolio.interval),
        "stay_and_rightsize_month": money(portfolio.stay_and_rightsize_month),
        "counts": dict(portfolio.counts),
        "fields": {"seen": portfolio.fields.seen, "accounted": portfolio.fields.accounted},
        "saving_over_stay_month": money(portfolio.saving_over_stay_month),
        "cumulative_saving_over_stay_month": money(portfolio.saving_over_stay_month),
        "over_stay_interval": interval(portfolio.over_stay_interval),
        "over_stay_sign_may_flip": may_flip(portfolio.over_stay_interval),
        "futures": futures_document(portfolio.futures),
        "answer": answer_document(portfolio.answer),
        **billed_document(portfolio),
        "reasons": list(portfolio.reasons),
    }


def workload_document(assessed: WorkloadAssessment) -> dict[str, Any]:
    fit = assessed.fit
    return {
        "id": assessed.id,
        "verdict": fit.verdict,
        "target": fit.target,
        "ingress_container": fit.ingress_container,
        "ingress_port": fit.ingress_port,
        "depends_on": {k: list(v) for k, v in sorted(fit.startup.depends_on.items()) if v},
        "findings": [_finding(row) for row in rows_of(assessed.findings)],
        "recommended": _shape(assessed.shape),
        "assumed_traffic": assessed.assumed_traffic or None,
        "cost": _cost(assessed.cost),
        "objective": _objective(assessed.choice),
        "latency": _latency(assessed.latency),
        "operability": operability_document(assessed.operability),
        "effort_days": assessed.effort_days,
        "source": str(assessed.workload.source) or None,
    }


def operability_document(found: Operability) -> dict[str, Any]:
    return {"leaves": [_toil(t) for t in found.leaves], "comes": [_toil(t) for t in found.comes]}


def _finding(row: FindingRow) -> dict[str, Any]:
    """``path`` is the first of ``places``, which has what was found at each."""
    return {
        "rule": row.rule,
        "severity": row.severity,
        "path": row.path,
        "message": row.message,
        "remediation": row.remediation,
        "docs": row.docs,
        "places": [{"path": f.path, "message": f.message} for f in row.found],
    }


def _finding_of_snapshot(found: SnapshotFinding) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "severity": "note",
        "path": None,
        "message": found.message,
        "remediation": found.remediation,
        "docs": found.docs,
        "workloads": list(found.workloads),
    }


def _shape(shape: ServiceShape | None) -> dict[str, Any] | None:
    if shape is None:
        return None
    containers = {
        n: {"cpu": cpu_text(c.cpu_cores), "memory": memory_text(c.memory_bytes)} for n, c in shape.containers.items()
    }
    return {
        "containers": containers,
        "concurrency": shape.concurrency,
        "min_instances": shape.min_instances,
        "max_instances": shape.max_instances,
        "billing": shape.billing,
        "execution_environment": shape.execution_environment,
        "gpu": shape.gpu,
    }


def _cost(cost: Cost | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    return {
        "currency": cost.currency,
        "gke_attributed_month": money(cost.gke_attributed_month),
        "gke_avoidable_month": money(cost.gke_avoidable_month),
        "cloud_run_month": money(cost.cloud_run_month),
        "saving_month": money(cost.saving_month),
        "interval": interval(cost.interval),
        "sign_may_flip": may_flip(cost.interval),
        "line_items": [line_item(i) for i in cost.cloud_run_items],
        "gke_line_items": [line_item(i) for i in cost.gke_items],
    }


def _latency(latency: Latency | None) -> dict[str, Any] | None:
    if latency is None:
        return None
    return {
        "gke": _quantiles(latency.gke),
        "cloud_run": _quantiles(latency.cloud_run),
        "cold_start_ratio": latency.cold_start_ratio,
        "startup_ms": latency.startup_ms,
        "method": latency.method,
        "ranges": _ranges(latency.ranges),
    }


def _objective(found: Recommendation | None) -> dict[str, Any] | None:
    """What the configuration was searched for; ``looser``, ``tighter``: months at other latencies, null: none is."""
    if found is None:
        return None
    limits = found.limits
    return {
        "p95_ms": limits.p95_ms,
        "p99_ms": limits.p99_ms,
        "cold_start_ratio": limits.cold_start_ratio,
        "source": limits.said,
        "met": found.met,
        "looser": {"latencies": LOOSER, "cloud_run_month": money(found.looser.cost_month) if found.looser else None},
        "tighter": {
            "latencies": TIGHTER,
            "cloud_run_month": money(found.tighter.cost_month) if found.tighter else None,
        },
    }


def _ranges(ranges: Ranges | None) -> dict[str, Any] | None:
    if ranges is None:
        return None
    return {
        "startup_ms": list(ranges.startup_ms),
        "p95_ms": list(ranges.p95_ms),
        "p99_ms": list(ranges.p99_ms),
        "cold_start_ratio": list(ranges.cold_start_ratio),
        "cloud_run_month": [money(amount) for amount in ranges.cost_month],
        "bursts": {"p99_ms": ranges.bursts_p99_ms, "source": ranges.bursts},
    }


def _quantiles(quantiles: Quantiles | None) -> dict[str, float | None] | None:
    if quantiles is None:
        return None
    return {"p50_ms": quantiles.p50_ms, "p95_ms": quantiles.p95_ms, "p99_ms": quantiles.p99_ms}


def _toil(item: ToilItem) -> dict[str, Any]:
    return {"item": item.item, "hours_month": item.hours_month, "evidence": item.evidence, "shared": item.shared}


def assumed_range_document(found: AssumedRange) -> dict[str, Any]:
    """What ``--assume-rps`` adds: the price of each workload without counted requests at each assumed rate."""
    return {
        "requests_per_s": list(found.rates),
        "latency_ms": found.latency_ms,
        "currency": found.currency,
        "workloads": [
            {"id": one.id, "cluster": one.cluster, "cloud_run_month": [money(month) for month in one.months]}
            for one in found.workloads
        ],
    }
