"""What Cloud Run itself says of a service after the move, from the table of its metrics.

Source of the metrics' meaning: Cloud Monitoring, "Google Cloud metrics: run". ``request_latencies`` is the time in the
running container: the wait for an instance to start is not in it. ``instance_count`` has a series a state, which add
up. Metrics of a period without requests, or without instances, are absent, so that absence is read as 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from k2cr_analysis.errors import InputError
from k2cr_analysis.latency.month.closed_form import MONTH_S
from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.platforms.cloud_run.annotations import RUN

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = RUN
STARTUP = PREFIX + "container/startup_latencies"
REQUESTS = PREFIX + "request_latencies"
INSTANCES = PREFIX + "container/instance_count"
BILLABLE = PREFIX + "container/billable_instance_time"


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """A merged histogram: ``bounds_ms`` float64[k], ``counts`` int64[k+1], underflow first, overflow last."""

    bounds_ms: FloatArray
    counts: IntArray
    mean_ms: float

    @property
    def samples(self) -> int:
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True, eq=False)
class RunMetrics:
    """One service over a window. None where the table has no rows of the metric.

    ``requests`` int64[n]: ended in each period of ``period_s`` from ``start``.
    """

    service: str
    start: datetime
    span_s: float
    startup: Distribution | None
    latency: Distribution | None
    requests: IntArray
    period_s: int
    mean_instances: float | None
    billable_s_month: float | None


def run_metrics(table: pa.Table, service: str) -> RunMetrics:
    """The metrics of ``service`` in a table like ``snapshot.tables.RUN_METRICS``.

    ``InputError`` where the table has none of it, has it in several regions, or has rows that cannot be added up.
    """
    found = table.to_pylist()
    rows = [row for row in found if row["service_name"] == service]
    if not rows:
        names = sorted({row["service_name"] for row in found})
        raise _refused("no-such-service", f"no row of service {service}", f"one of {', '.join(names) or 'none'}")
    regions = sorted({row["location"] for row in rows if row["location"]})
    if len(regions) > 1:
        raise _refused("service-in-several-regions", f"{service} in {', '.join(regions)}", "the rows of one region")
    if min(row["period_s"] for row in rows) <= 0:
        raise _refused("period-not-positive", "a row whose period_s is 0 or less", "the alignment period, above 0 s")
    start = min(row["end_time"] - timedelta(seconds=row["period_s"]) for row in rows)
    span_s = (max(row["end_time"] for row in rows) - start).total_seconds()
    kinds = (STARTUP, REQUESTS, INSTANCES, BILLABLE)
    of = {kind: [row for row in rows if row["metric_type"] == kind] for kind in kinds}
    requests, period_s = _requests(of[REQUESTS], start, span_s)
    instance_s = _sum(row["value"] * row["period_s"] for row in of[INSTANCES] if row["value"] is not None)
    billable_s = _sum(row["value"] for row in of[BILLABLE] if row["value"] is not None)
    return RunMetrics(
        service=service,
        start=start,
        span_s=span_s,
        startup=_merged(of[STARTUP], STARTUP),
        latency=_merged(of[REQUESTS], REQUESTS),
        requests=requests,
        period_s=period_s,
        mean_instances=None if instance_s is None else instance_s / span_s,
        billable_s_month=None if billable_s is None else billable_s / span_s * MONTH_S,
    )


def _sum(values: Iterable[float]) -> float | None:
    present = list(values)
    return float(np.sum(present)) if present else None


def _counted(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with something in their histogram; an empty one has no mean."""
    return [row for row in rows if row["latency_bucket_bounds_ms"] and sum(row["latency_bucket_counts"] or ()) > 0]


def _merged(rows: Sequence[dict[str, Any]], metric_type: str) -> Distribution | None:
    rows = _counted(rows)
    if not rows:
        return None
    bounds = rows[0]["latency_bucket_bounds_ms"]
    counts = np.zeros(len(bounds) + 1, np.int64)
    total_ms = 0.0
    for row in rows:
        own = row["latency_bucket_counts"]
        if row["latency_bucket_bounds_ms"] != bounds or len(own) > len(counts) or row["latency_mean_ms"] is None:
            raise _refused(
                "histograms-differ",
                f"{metric_type} at {row['end_time'].isoformat()}: other bounds, more counts than buckets, or no mean",
                "the same bucket bounds in all rows of a metric, and the mean of each",
            )
        counts[: len(own)] += own  # Cloud Monitoring may cut zeros off the end
        total_ms += sum(own) * row["latency_mean_ms"]
    samples = int(counts.sum())
    return Distribution(np.array(bounds, np.float64), counts, total_ms / samples) if samples else None


def _requests(rows: Sequence[dict[str, Any]], start: datetime, span_s: float) -> tuple[IntArray, int]:
    """Requests by period; the longest period of the rows where they differ."""
    rows = _counted(rows)
    period_s = max((row["period_s"] for row in rows), default=60)
    requests = np.zeros(max(1, round(span_s / period_s)), np.int64)
    for row in rows:
        middle_s = (row["end_time"] - start).total_seconds() - row["period_s"] / 2.0
        requests[min(int(middle_s // period_s), len(requests) - 1)] += sum(row["latency_bucket_counts"])
    return requests, period_s


def _refused(ref: str, found: str, expected: str) -> InputError:
    do = "export the service's metrics again (run_metrics in docs/glossary.md)"
    return InputError(ref=ref, found=found, expected=expected, do=do)
