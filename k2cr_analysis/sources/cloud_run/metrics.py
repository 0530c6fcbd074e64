"""What Cloud Monitoring measured of a Cloud Run service, as the table ``run_metrics``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from k2cr_analysis.errors import InputError
from k2cr_analysis.platforms.cloud_run.annotations import RUN
from k2cr_analysis.snapshot.tables import RUN_METRICS
from k2cr_analysis.sources.monitoring.client import Monitoring
from k2cr_analysis.sources.monitoring.decode import Distribution, Points
from k2cr_analysis.sources.monitoring.queries import Form, MetricQuery

# As often as Cloud Run samples, while that is some ten thousand points a series at most; else as rarely as usage.
_FINE_S, _COARSE_S = 60, 300
_FINE_FOR: Final = timedelta(days=2)
_SHAPE: Final = "cloud_run_revision"


def read_run_metrics(
    monitoring: Monitoring, service: str, location: str, start: datetime, end: datetime, revision: str | None = None
) -> pa.Table:
    """The metrics of a service between two moments, of one revision where it is named.

    ``InputError`` where there are none, ``RemoteError`` where Cloud Monitoring refuses.
    """
    period_s = _FINE_S if end - start <= _FINE_FOR else _COARSE_S
    rows: list[dict[str, Any]] = []
    for query in _queries(service, location, revision, period_s):
        points = monitoring.points(query, "", "", start, end)
        rows += _rows(query, points, service, revision, location)
    if not rows:
        raise InputError(
            ref="no-metrics-of-the-service",
            found=f"no metrics of {service} in {location} from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}",
            expected="a service that had requests then",
            do="name another --window or --end, or --region",
        )
    return pa.Table.from_pylist(rows, RUN_METRICS.schema)


def _queries(service: str, location: str, revision: str | None, period_s: int) -> list[MetricQuery]:
    named = [("service_name", service), ("location", location), *([("revision_name", revision)] if revision else [])]
    condition = " AND ".join(f'resource.labels.{label} = "{value}"' for label, value in named)

    def query(metric: str, aligner: str, form: Form = "number", label: str | None = None) -> MetricQuery:
        group_by = ((label, f"metric.labels.{label}"),) if label else ()
        return MetricQuery(f"{RUN}{metric}", _SHAPE, aligner, "REDUCE_SUM", period_s, group_by, form, condition)

    return [
        query("request_latencies", "ALIGN_DELTA", "distribution", "response_code_class"),
        query("container/startup_latencies", "ALIGN_DELTA", "distribution"),
        query("container/instance_count", "ALIGN_MEAN", label="state"),
        query("container/billable_instance_time", "ALIGN_DELTA"),
    ]


def _rows(
    query: MetricQuery, points: Points, service: str, revision: str | None, location: str
) -> list[dict[str, Any]]:
    names = [name for name, _ in query.group_by]
    made = []
    for run, end_s, value in zip(points.runs.tolist(), points.end_s, points.values, strict=True):
        row: dict[str, Any] = {
            "metric_type": query.metric_type,
            "service_name": service,
            "revision_name": revision,
            "location": location,
            "end_time": end_s * 1_000_000,
            "period_s": query.period_s,
        }
        row |= {name: text or None for name, text in zip(names, points.labels[run], strict=False)}
        if isinstance(value, Distribution):
            row |= {
                "latency_mean_ms": value.mean,
                "latency_bucket_bounds_ms": list(value.bounds),
                "latency_bucket_counts": list(value.counts),
            }
        else:
            row["value"] = value
        made.append(row)
    return made
