"""The public DataFrames. Columns carry their units; each is documented in ``docs/glossary.md``.

A figure that the snapshot cannot support is None (NaN in a numeric column), never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.model.finding import SEVERITIES
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.toil import Operability
from k2cr_analysis.report.frames.columns import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.comparison.result import Diff, FigureChange
    from k2cr_analysis.latency.recommend import Point, Recommendation
    from k2cr_analysis.latency.validation import Comparison
    from k2cr_analysis.planning import Plan, Portfolio

MIB = 2**20

# Table -> its columns, in order. The functions below have these names.
TABLES: Mapping[str, tuple[str, ...]] = {
    "workloads": (
        "workload_id",
        "verdict",
        "target",
        "gke_attributed_month",
        "gke_avoidable_month",
        "cloud_run_month",
        "saving_month",
        "saving_low_month",
        "saving_high_month",
        "currency",
        "p99_gke_ms",
        "p99_cloud_run_ms",
        "cold_start_ratio",
        "effort_days",
        "blockers",
        "changes",
    ),
    "findings": ("severity", "rule", "message", "remediation", "path"),
    "rules": ("severity", "rule", "workloads", "workload_ids"),
    "containers": (
        "container",
        "role",
        "request_cpu_cores",
        "request_memory_mib",
        "cpu_cores",
        "memory_mib",
        "waits_for",
        "startup_probe",
    ),
    "line_items": ("side", "sku", "quantity", "unit", "rate", "amount", "currency", "price_date", "price_source"),
    "latency": ("where", "p50_ms", "p95_ms", "p99_ms"),
    "frontier": (
        "choice",
        "cpu_cores",
        "memory_mib",
        "concurrency",
        "min_instances",
        "billing",
        "cloud_run_month",
        "extra_month",
        "currency",
        "p99_ms",
        "cold_start_ratio",
    ),
    "min_instances": (
        "min_instances",
        "cloud_run_month",
        "extra_month",
        "currency",
        "p99_ms",
        "gain_ms",
        "cold_start_ratio",
    ),
    "toil": ("direction", "item", "hours_month", "evidence", "shared"),
    "dependencies": ("depends_on", "kind", "port", "in_cluster", "evidence"),
    "usage": (
        "container",
        "cpu_p50_cores",
        "cpu_p99_cores",
        "cpu_max_cores",
        "memory_p50_mib",
        "memory_max_mib",
        "restarts",
    ),
    "traffic": ("start_utc", "requests_per_s"),
    "bill": ("line", "amount_month", "currency"),
    "waves": (
        "wave",
        "workloads",
        "workload_ids",
        "attributed_month",
        "realised_month",
        "cumulative_realised_month",
        "effort_days",
        "nodes_removed",
        "currency",
    ),
    "left": ("workload_id", "why", "holds_back_month", "currency"),
    "avoided": ("sku", "quantity", "unit", "rate", "amount", "currency"),
    "endings": ("cluster", "after_wave", "last_pod_month", "kept_by", "currency"),
    "break_even": ("workload_id", "requests_month", "break_even_requests", "share_of_break_even"),
    "changes": ("figure", "before_month", "after_month", "change_month", "causes", "currency"),
    "changed_workloads": (
        "workload_id",
        "verdict_before",
        "verdict_after",
        "change_month",
        "causes",
        "fields",
        "currency",
    ),
    "sensitivity": ("assumption", "low_at", "low_month", "high_at", "high_month", "currency"),
    "validation": (
        "model",
        "compared",
        "unit",
        "expected",
        "simulated",
        "difference",
        "allowed",
        "agrees",
        "known_from",
    ),
}


def workloads(assessed: Assessment | Sequence[Assessment]) -> pd.DataFrame:
    """One row a workload: verdict, money, latency, effort. In the order of the ids."""
    return _frame("workloads", (_workload_row(w) for a in _several(assessed) for w in a.workloads))


def findings(workload: WorkloadAssessment) -> pd.DataFrame:
    """One row a finding, blockers first."""
    rows = [
        {"severity": f.severity, "rule": f.rule, "message": f.message, "remediation": f.remediation, "path": f.path}
        for f in workload.findings
    ]
    return _frame("findings", rows)


def rules(assessed: Assessment | Sequence[Assessment]) -> pd.DataFrame:
    """One row a rule that found something: how grave, and in which workloads. Most frequent first within a severity."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in (w for a in _several(assessed) for w in a.workloads):
        for finding in one.findings:
            found.setdefault((finding.severity, finding.rule), set()).add(one.id)
    order = sorted(found, key=lambda key: (SEVERITIES.index(key[0]), -len(found[key]), key[1]))
    rows = [
        {"severity": s, "rule": rule, "workloads": len(found[s, rule]), "workload_ids": sorted(found[s, rule])}
        for s, rule in order
    ]
    return _frame("rules", rows)


def containers(workload: WorkloadAssessment) -> pd.DataFrame:
    """One row a container that moves, the ingress container first; sizes today and on Cloud Run."""
    fit, shape, rows = workload.fit, workload.shape, []
    for name in fit.containers:
        container = workload.workload.container(name)
        sized = shape.containers.get(name) if shape else None
        probe = fit.probes[name].startup if name in fit.probes else None
        asked = container.requests if container else None
        rows.append(
            {
                "container": name,
                "role": "ingress" if name == fit.ingress_container else "sidecar" if fit.ingress_container else "main",
                "request_cpu_cores": _float(asked.cpu_cores if asked else None),
                "request_memory_mib": _mib(asked.memory_bytes if asked else None),
                "cpu_cores": _float(sized.cpu_cores if sized else None),
                "memory_mib": _mib(sized.memory_bytes if sized else None),
                "waits_for": list(fit.startup.depends_on.get(name, ())),
                "startup_probe": None if probe is None else _probe_words(probe),
            }
        )
    return _frame("containers", rows)


def line_items(workload: WorkloadAssessment, assessed: Assessment) -> pd.DataFrame:
    """Both sides of the cost, line by line, each with the price's date and source: a figure can be traced by hand.

    ``quantity``, ``rate`` and ``amount`` are exact Decimals. Lines that the bill gave have the bill as source.
    """
    cost = workload.cost
    if cost is None:
        return _frame("line_items", [])
    sides = (("Cloud Run", cost.cloud_run_items), ("GKE today", cost.gke_items))
    rows = [_item_row(side, item, assessed) for side, items in sides for item in items]
    return _frame("line_items", rows)


def latency(workload: WorkloadAssessment) -> pd.DataFrame:
    """Quantiles measured on GKE and predicted for Cloud Run."""
    found = workload.latency
    sides = () if found is None else (("GKE today", found.gke), ("Cloud Run", found.cloud_run))
    rows = [
        {"where": where, "p50_ms": q.p50_ms, "p95_ms": q.p95_ms, "p99_ms": q.p99_ms}
        for where, q in sides
        if q is not None
    ]
    return _frame("latency", rows)


def frontier(found: Recommendation | None, currency: str) -> pd.DataFrame:
    """One row a configuration that no other one beats in both cost and p99, and the second best. Cheapest first."""
    if found is None:
        return _frame("frontier", ())
    special = [point for point in (found.best, found.second) if point is not None]
    shown = [*found.frontier, *(point for point in special if point not in found.frontier)]
    shown.sort(key=lambda point: (point.cost_month, point.p99_ms))
    rows = [
        {
            "choice": _choice(point, found),
            "cpu_cores": float(point.shape.cpu_cores),
            "memory_mib": _mib(sum(c.memory_bytes for c in point.shape.containers.values())),
            "concurrency": point.shape.concurrency,
            "billing": point.shape.billing,
            **_cost_and_speed(point, found, currency),
        }
        for point in shown
    ]
    return _frame("frontier", rows)


def min_instances(found: Recommendation | None, currency: str) -> pd.DataFrame:
    """The recommended configuration with each number of min instances: what each costs, and the p99 that it buys."""
    ladder = found.min_instance_ladder() if found is not None else ()
    if found is None or not ladder:
        return _frame("min_instances", ())
    rows = [{**_cost_and_speed(p, found, currency), "gain_ms": ladder[0].p99_ms - p.p99_ms} for p in ladder]
    return _frame("min_instances", rows)


def _choice(point: Point, found: Recommendation) -> str:
    if point is found.best:
        return "cheapest that meets the objectives"
    return "second best" if point is found.second else "frontier"


def _cost_and_speed(point: Point, found: Recommendation, currency: str) -> dict[str, Any]:
    return {
        "min_instances": point.shape.min_instances,
        "cloud_run_month": float(point.cost_month),
        "extra_month": float(point.cost_month - found.points[0].cost_month),
        "currency": currency,
        "p99_ms": point.p99_ms,
        "cold_start_ratio": point.cold_start_ratio,
    }


def toil(work: Operability) -> pd.DataFrame:
    """What leaves and what comes, each with its evidence: ``operability`` of a workload, or ``work`` of a plan."""
    sides = (("leaves", work.leaves), ("comes", work.comes))
    rows = [
        {"direction": d, "item": t.item, "hours_month": t.hours_month, "evidence": t.evidence, "shared": t.shared}
        for d, items in sides
        for t in items
    ]
    return _frame("toil", rows)


def dependencies(workload: WorkloadAssessment) -> pd.DataFrame:
    """What the workload calls, and how that is known."""
    rows = [
        {"depends_on": d.target, "kind": d.kind, "port": d.port, "in_cluster": d.in_cluster, "evidence": d.evidence}
        for d in workload.fit.dependencies
    ]
    return _frame("dependencies", rows)


def usage(measured: WorkloadUsage | None) -> pd.DataFrame:
    """One row a container: what one pod used over the window."""
    rows = [
        {
            "container": name,
            "cpu_p50_cores": seen.cpu_quantiles_cores.get(0.5),
            "cpu_p99_cores": seen.cpu_quantiles_cores.get(0.99),
            "cpu_max_cores": seen.cpu_quantiles_cores.get(1.0),
            "memory_p50_mib": _mib(seen.memory_quantiles_bytes.get(0.5)),
            "memory_max_mib": _mib(seen.memory_quantiles_bytes.get(1.0)),
            "restarts": seen.restarts,
        }
        for name, seen in (measured.containers.items() if measured else ())
    ]
    return _frame("usage", rows)


def traffic(profile: TrafficProfile | None) -> pd.DataFrame:
    """One row an hour of the window: mean requests per second; null where the hour is not wholly known."""
    import numpy as np
    import pandas as pd

    if profile is None:
        return _frame("traffic", [])
    per_hour = max(1, 3600 // profile.period_s)
    hours = len(profile.requests) // per_hour
    requests = profile.requests[: hours * per_hour].reshape(hours, per_hour).sum(axis=1)
    known = profile.known[: hours * per_hour].reshape(hours, per_hour).all(axis=1)
    rate = np.where(known, requests / (per_hour * profile.period_s), np.nan)
    starts = pd.date_range(profile.start, periods=hours, freq=pd.Timedelta(seconds=per_hour * profile.period_s))
    return pd.DataFrame({"start_utc": starts, "requests_per_s": rate})


def bill(portfolio: Portfolio) -> pd.DataFrame:
    """Today's bill by line; the amounts add up to ``gke_month``."""
    rows = [
        {"line": line, "amount_month": float(amount), "currency": portfolio.currency}
        for line, amount in portfolio.gke_lines
    ]
    return _frame("bill", rows)


def waves(plan: Plan) -> pd.DataFrame:
    """One row a wave of the plan, in order."""
    rows = [
        {
            "wave": wave.wave,
            "workloads": len(wave.workloads),
            "workload_ids": list(wave.workloads),
            "attributed_month": _float(wave.attributed_month),
            "realised_month": _float(wave.realised_month),
            "cumulative_realised_month": _float(wave.cumulative_realised_month),
            "effort_days": wave.effort_days,
            "nodes_removed": wave.nodes_removed,
            "currency": plan.currency,
        }
        for wave in plan.waves
    ]
    return _frame("waves", rows)


def left(plan: Plan) -> pd.DataFrame:
    """What the plan leaves on the cluster, and why."""
    rows = [
        {
            "workload_id": one.id,
            "why": one.why,
            "holds_back_month": _float(one.holds_back_month),
            "currency": plan.currency,
        }
        for one in plan.left
    ]
    return _frame("left", rows)


def avoided(plan: Plan) -> pd.DataFrame:
    """What leaves the bill with the plan, line by line, in exact Decimals."""
    return _frame("avoided", (_item(item) for item in plan.avoided))


def endings(plan: Plan) -> pd.DataFrame:
    """One row a cluster: after which wave it can be deleted, what goes with its last workload, and what keeps it."""
    rows = [
        {
            "cluster": ending.cluster,
            "after_wave": ending.wave,
            "last_pod_month": _float(ending.last_pod_month),
            "kept_by": list(ending.kept_by),
            "currency": plan.currency or None,
        }
        for ending in plan.endings
    ]
    return _frame("endings", rows)


def break_even(plan: Plan) -> pd.DataFrame:
    """One row a workload: today's requests beside those at which Cloud Run costs what its share of GKE does."""
    rows = []
    for name, even in sorted(plan.break_even_requests.items()):
        today = plan.requests_month.get(name)
        rows.append(
            {
                "workload_id": name,
                "requests_month": _float(today),
                "break_even_requests": _float(even),
                "share_of_break_even": float(today / even) if today is not None and even else None,
            }
        )
    return _frame("break_even", rows)


def changes(found: Diff) -> pd.DataFrame:
    """One row a figure of the portfolio and the plan that differs between two snapshots, and what each cause adds."""
    rows = [
        {
            "figure": figure.figure,
            "before_month": _float(figure.before),
            "after_month": _float(figure.after),
            "change_month": _float(figure.change),
            "causes": _causes(figure),
            "currency": found.currency,
        }
        for figure in found.figures
        if figure.changed
    ]
    return _frame("changes", rows)


def changed_workloads(found: Diff) -> pd.DataFrame:
    """One row a workload of both snapshots of which something else is said: its verdict, its saving, and why."""
    rows = []
    for one in found.workloads:
        saving = next((f for f in one.figures if f.figure == "saving_month" and f.changed), None)
        rows.append(
            {
                "workload_id": one.id,
                "verdict_before": one.verdict and one.verdict.before,
                "verdict_after": one.verdict and one.verdict.after,
                "change_month": _float(saving and saving.change),
                "causes": _causes(saving) if saving else [],
                "fields": [change.path for change in one.why],
                "currency": found.currency,
            }
        )
    return _frame("changed_workloads", rows)


def _causes(figure: FigureChange) -> list[str]:
    return [f"{part.cause} {part.month:+.2f}" for part in figure.parts if round(part.month, 2)]


def sensitivity(plan: Plan) -> pd.DataFrame:
    """One row an assumption that the plan's saving hangs on, the widest first."""
    rows = [
        {
            "assumption": swing.of,
            "low_at": swing.low_at,
            "low_month": _float(swing.low_month),
            "high_at": swing.high_at,
            "high_month": _float(swing.high_month),
            "currency": plan.currency,
        }
        for swing in plan.swings
    ]
    return _frame("sensitivity", rows)


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
    return _frame("validation", rows)


def _workload_row(assessed: WorkloadAssessment) -> dict[str, Any]:
    cost, latency_found = assessed.cost, assessed.latency
    low, high = cost.interval if cost and cost.interval else (None, None)
    before, after = (latency_found.gke, latency_found.cloud_run) if latency_found else (None, None)
    return {
        "workload_id": assessed.id,
        "verdict": assessed.fit.verdict,
        "target": assessed.fit.target,
        "gke_attributed_month": _float(cost and cost.gke_attributed_month),
        "gke_avoidable_month": _float(cost and cost.gke_avoidable_month),
        "cloud_run_month": _float(cost and cost.cloud_run_month),
        "saving_month": _float(cost and cost.saving_month),
        "saving_low_month": _float(low),
        "saving_high_month": _float(high),
        "currency": cost and cost.currency,
        "p99_gke_ms": before and before.p99_ms,
        "p99_cloud_run_ms": after and after.p99_ms,
        "cold_start_ratio": latency_found and latency_found.cold_start_ratio,
        "effort_days": assessed.effort_days,
        "blockers": sum(f.severity == "blocker" for f in assessed.findings),
        "changes": sum(f.severity == "change" for f in assessed.findings),
    }


def _item_row(side: str, item: LineItem, assessed: Assessment) -> dict[str, Any]:
    date, source = _price_origin(item, assessed)
    return {"side": side, **_item(item), "price_date": date, "price_source": source}


def _item(item: LineItem) -> dict[str, Any]:
    return {
        "sku": item.sku,
        "quantity": item.quantity,
        "unit": item.unit,
        "rate": item.rate,
        "amount": item.amount,
        "currency": item.currency,
    }


def _price_origin(item: LineItem, assessed: Assessment) -> tuple[str | None, str]:
    """Date and source of the price that a line was made with: the book's row of that SKU, unit and rate."""
    for price in assessed.prices.prices:
        named = item.sku == price.sku or item.sku.startswith(f"{price.sku}: ")
        if named and (price.unit, price.rate) == (item.unit, item.rate):
            return price.effective_date, price.source
    return None, "the bill of the window"


def _probe_words(probe: CloudRunProbe) -> str:
    """``HTTP /healthcheck on 8080, every 1 s``"""
    asked = {"http": f"HTTP {probe.http_path or '/'}", "tcp": "TCP", "grpc": "gRPC"}[probe.kind]
    return f"{asked} on {probe.port}, every {probe.period_s} s, {probe.failure_threshold} times"


def _several(assessed: Assessment | Sequence[Assessment]) -> Sequence[Assessment]:
    return [assessed] if isinstance(assessed, Assessment) else assessed


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _mib(value: float | None) -> float | None:
    return None if value is None else value / MIB


def _frame(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    columns = TABLES[name]
    frame = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    for column in columns:
        if COLUMNS[column].form in ("money", "number", "ms", "share", "hours"):
            frame[column] = pd.to_numeric(frame[column])
    return frame
