"""Tables of one workload: findings, containers, money line by line, latency, what was measured,
and what a moved one does against what was predicted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.explained import GKE, ExplainedLine, explained
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.model.findings.finding import rows_of
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.prices import Price
from k2cr_analysis.model.toil import Operability
from k2cr_analysis.report.tables.frame import frame, item_row, mib, number

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.assessment.verify import Verification


def findings(workload: WorkloadAssessment) -> pd.DataFrame:
    """One row a rule that found something, blockers first. What holds for the whole snapshot is not among them."""
    rows = [
        {
            "severity": row.severity,
            "rule": row.rule,
            "message": row.short(),
            "remediation": row.remediation,
            "path": row.path,
            "places": list(row.places),
        }
        for row in rows_of(workload.findings)
    ]
    return frame("findings", rows)


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
                "request_cpu_cores": number(asked.cpu_cores if asked else None),
                "request_memory_mib": mib(asked.memory_bytes if asked else None),
                "cpu_cores": number(sized.cpu_cores if sized else None),
                "memory_mib": mib(sized.memory_bytes if sized else None),
                "waits_for": list(fit.startup.depends_on.get(name, ())),
                "startup_probe": None if probe is None else _probe_words(probe),
            }
        )
    return frame("containers", rows)


def line_items(workload: WorkloadAssessment, assessed: Assessment) -> pd.DataFrame:
    """Both sides of the cost, line by line, each with what its quantity is made of, the price's date and source.

    ``quantity``, ``rate`` and ``amount`` are exact Decimals. Lines that the bill gave have the bill as source.
    """
    cost = workload.cost
    if cost is None:
        return frame("line_items", [])
    lines = sorted(explained(assessed, workload), key=lambda line: line.side == GKE)
    return frame("line_items", [_item_row(line, assessed) for line in lines])


def latency(workload: WorkloadAssessment) -> pd.DataFrame:
    """Quantiles measured on GKE and predicted for Cloud Run."""
    found = workload.latency
    sides = () if found is None else (("GKE today", found.gke), ("Cloud Run", found.cloud_run))
    rows = [
        {"where": where, "p50_ms": q.p50_ms, "p95_ms": q.p95_ms, "p99_ms": q.p99_ms}
        for where, q in sides
        if q is not None
    ]
    return frame("latency", rows)


def toil(work: Operability) -> pd.DataFrame:
    """What leaves and what comes, each with its evidence: ``operability`` of a workload, or ``work`` of a plan."""
    sides = (("leaves", work.leaves), ("comes", work.comes))
    rows = [
        {"direction": d, "item": t.item, "hours_month": t.hours_month, "evidence": t.evidence, "shared": t.shared}
        for d, items in sides
        for t in items
    ]
    return frame("toil", rows)


def dependencies(workload: WorkloadAssessment) -> pd.DataFrame:
    """What the workload calls, and how that is known."""
    rows = [
        {"depends_on": d.target, "kind": d.kind, "port": d.port, "in_cluster": d.in_cluster, "evidence": d.evidence}
        for d in workload.fit.dependencies
    ]
    return frame("dependencies", rows)


def usage(measured: WorkloadUsage | None) -> pd.DataFrame:
    """One row a container: what one pod used over the window."""
    rows = [
        {
            "container": name,
            "cpu_p50_cores": seen.cpu_quantiles_cores.get(0.5),
            "cpu_p99_cores": seen.cpu_quantiles_cores.get(0.99),
            "cpu_max_cores": seen.cpu_quantiles_cores.get(1.0),
            "memory_p50_mib": mib(seen.memory_quantiles_bytes.get(0.5)),
            "memory_max_mib": mib(seen.memory_quantiles_bytes.get(1.0)),
            "restarts": seen.restarts,
        }
        for name, seen in (measured.containers.items() if measured else ())
    ]
    return frame("usage", rows)


def traffic(profile: TrafficProfile | None) -> pd.DataFrame:
    """One row an hour of the window: mean requests per second; null where the hour is not wholly known."""
    import numpy as np
    import pandas as pd

    if profile is None:
        return frame("traffic", [])
    per_hour = max(1, 3600 // profile.period_s)
    hours = len(profile.requests) // per_hour
    requests = profile.requests[: hours * per_hour].reshape(hours, per_hour).sum(axis=1)
    known = profile.known[: hours * per_hour].reshape(hours, per_hour).all(axis=1)
    rate = np.where(known, requests / (per_hour * profile.period_s), np.nan)
    starts = pd.date_range(profile.start, periods=hours, freq=pd.Timedelta(seconds=per_hour * profile.period_s))
    return frame("traffic", ({"start_utc": at, "requests_per_s": r} for at, r in zip(starts, rate, strict=True)))


def _item_row(line: ExplainedLine, assessed: Assessment) -> dict[str, Any]:
    date, source = _price_origin(line.side, line.item, assessed)
    return {
        "side": line.side,
        **item_row(line.item),
        "made_of": line.counts or None,
        "price_date": date,
        "price_source": source,
    }


def _price_origin(side: str, item: LineItem, assessed: Assessment) -> tuple[str | None, str]:
    """Date and source of the price that a line was made with: the book's row of that SKU, unit and rate.

    A share of nodes has a rate of its own, made of the prices of the pool's machines, or of what the bill says.
    """
    if side == GKE and assessed.bill.basis == "billing-export":
        return None, "the bill of the window"
    named = [p for p in assessed.prices.prices if _is_of(item, p)]
    exact = next((p for p in named if p.rate == item.rate), None)
    if exact is not None:
        return exact.effective_date, exact.source
    if named:
        return named[0].effective_date, f"made of the prices of its nodes; {named[0].source}"
    return None, "worked out from other lines: no row of the price book"


def _is_of(item: LineItem, price: Price) -> bool:
    """By the words before what k2cr adds to them."""
    return price.unit == item.unit and (
        item.sku == price.sku or item.sku.startswith((f"{price.sku}: ", f"{price.sku}, "))
    )


def _probe_words(probe: CloudRunProbe) -> str:
    """``HTTP /healthcheck on 8080, every 1 s``"""
    asked = {"http": f"HTTP {probe.http_path or '/'}", "tcp": "TCP", "grpc": "gRPC"}[probe.kind]
    return f"{asked} on {probe.port}, every {probe.period_s} s, {probe.failure_threshold} times"


def verification(found: Verification) -> pd.DataFrame:
    """After the move, a row a quantity: predicted, where it was expected, measured; ``agrees`` where both are known."""
    rows = [
        {
            "figure": one.quantity,
            "unit": one.unit,
            "expected": one.predicted,
            "low": one.low,
            "high": one.high,
            "measured": one.measured,
            "agrees": one.inside,
        }
        for one in found.comparisons
    ]
    return frame("verification", rows)
