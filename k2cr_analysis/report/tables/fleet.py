"""Tables over all workloads of one or more clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.model.findings.finding import SEVERITIES, rows_of
from k2cr_analysis.model.money import may_flip
from k2cr_analysis.planning import cluster_names
from k2cr_analysis.report.tables.frame import frame, number, several

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.latency.backtests import BackTest
    from k2cr_analysis.latency.validation import Comparison


def workloads(assessed: Assessment | Sequence[Assessment]) -> pd.DataFrame:
    """One row a workload: verdict, money, latency, effort. In the order of the ids."""
    return frame("workloads", ({"cluster": c} | _workload_row(w) for c, w in _each(assessed)))


def all_findings(assessed: Assessment | Sequence[Assessment]) -> pd.DataFrame:
    """One row a finding of any workload: to group, to count, to filter."""
    rows = (
        {
            "cluster": cluster,
            "workload_id": one.id,
            "verdict": one.fit.verdict,
            "severity": finding.severity,
            "rule": finding.rule,
            "message": finding.message,
            "remediation": finding.remediation,
            "path": finding.path,
        }
        for cluster, one in _each(assessed)
        for finding in one.findings
    )
    return frame("all_findings", rows)


def _each(assessed: Assessment | Sequence[Assessment]) -> Iterator[tuple[str, WorkloadAssessment]]:
    """Every workload with its cluster's name."""
    all_of = several(assessed)
    for cluster, one in zip(cluster_names(all_of), all_of, strict=True):
        yield from ((cluster, workload) for workload in one.workloads)


def rules(assessed: Assessment | Sequence[Assessment]) -> pd.DataFrame:
    """One row a rule that found something: how grave, and in which workloads. Most frequent first within a severity."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in (w for a in several(assessed) for w in a.workloads):
        for finding in rows_of(one.findings):
            found.setdefault((finding.severity, finding.rule), set()).add(one.id)
    order = sorted(found, key=lambda key: (SEVERITIES.index(key[0]), -len(found[key]), key[1]))
    rows = [
        {"severity": s, "rule": rule, "workloads": len(found[s, rule]), "workload_ids": sorted(found[s, rule])}
        for s, rule in order
    ]
    return frame("rules", rows)


def validation(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """One row a comparison of the simulator with what is known, in the order given."""
    rows = [
        {
            "model": c.model,
            "compared": c.quantity,
            "unit": c.unit,
            "expected": c.expected,
            "simulated": c.simulated,
            "difference": c.simulated - c.expected,
            "allowed": c.allowed,
            "agrees": c.agrees,
            "known_from": c.source,
        }
        for c in comparisons
    ]
    return frame("validation", rows)


def backtests(found: Iterable[BackTest]) -> pd.DataFrame:
    """One row a public measurement beside its prediction, hits and misses, in the order given."""
    rows = [
        {
            "what": one.what,
            "given": one.given,
            "unit": one.unit,
            "predicted_low": one.low,
            "predicted_high": one.high,
            "measured_in_public": one.measured,
            "hit": one.is_hit,
            "source": one.source,
        }
        for one in found
    ]
    return frame("backtests", rows)


def _workload_row(assessed: WorkloadAssessment) -> dict[str, Any]:
    cost, latency_found = assessed.cost, assessed.latency
    low, high = cost.interval if cost and cost.interval else (None, None)
    before, after = (latency_found.gke, latency_found.cloud_run) if latency_found else (None, None)
    return {
        "workload_id": assessed.id,
        "verdict": assessed.fit.verdict,
        "target": assessed.fit.target,
        "gke_attributed_month": number(cost and cost.gke_attributed_month),
        "gke_avoidable_month": number(cost and cost.gke_avoidable_month),
        "cloud_run_month": number(cost and cost.cloud_run_month),
        "saving_month": number(cost and cost.saving_month),
        "saving_low_month": number(low),
        "saving_high_month": number(high),
        "sign_may_flip": may_flip(cost.interval if cost else None),
        "assumed_traffic": assessed.assumed_traffic or None,
        "currency": cost and cost.currency,
        "p99_gke_ms": before and before.p99_ms,
        "p99_cloud_run_ms": after and after.p99_ms,
        "cold_start_ratio": latency_found and latency_found.cold_start_ratio,
        "effort_days": assessed.effort_days,
        "blockers": sum(f.severity == "blocker" for f in rows_of(assessed.findings)),
        "changes": sum(f.severity == "change" for f in rows_of(assessed.findings)),
    }
