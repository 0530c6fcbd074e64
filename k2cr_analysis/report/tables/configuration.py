"""The configurations that were searched, and what each costs and gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k2cr_analysis.report.tables.frame import frame, mib

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.latency.search.search import Point, Recommendation


def frontier(found: Recommendation | None, currency: str) -> pd.DataFrame:
    """One row a configuration that no other one beats in both cost and p99, and the second best. Cheapest first."""
    if found is None:
        return frame("frontier", ())
    special = [point for point in (found.best, found.second) if point is not None]
    shown = [*found.frontier, *(point for point in special if point not in found.frontier)]
    shown.sort(key=lambda point: (point.cost_month, point.p99_ms))
    rows = [
        {
            "choice": _choice(point, found),
            "cpu_cores": float(point.shape.cpu_cores),
            "memory_mib": mib(sum(c.memory_bytes for c in point.shape.containers.values())),
            "concurrency": point.shape.concurrency,
            "billing": point.shape.billing,
            **_cost_and_speed(point, found, currency),
        }
        for point in shown
    ]
    return frame("frontier", rows)


def min_instances(found: Recommendation | None, currency: str) -> pd.DataFrame:
    """The recommended configuration with each number of min instances: what each costs, and the p99 that it buys."""
    ladder = found.min_instance_ladder() if found is not None else ()
    if found is None or not ladder:
        return frame("min_instances", ())
    rows = [{**_cost_and_speed(p, found, currency), "gain_ms": ladder[0].p99_ms - p.p99_ms} for p in ladder]
    return frame("min_instances", rows)


def _choice(point: Point, found: Recommendation) -> str:
    if point is found.best:
        return "cheapest that meets the objectives" if found.met else "misses the objectives by least"
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
