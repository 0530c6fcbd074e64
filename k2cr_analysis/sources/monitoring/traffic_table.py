"""Chunks of request metrics as the snapshot's traffic table: counts, bytes and histograms of a target side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from k2cr_analysis.snapshot.tables import TRAFFIC
from k2cr_analysis.sources.monitoring.backends import Backends
from k2cr_analysis.sources.monitoring.queries import MESH, TRAFFIC_PERIOD_S, TRAFFIC_SOURCES, MetricQuery, TrafficSource

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Target:
    """The columns of a row before its numbers."""

    namespace_name: str
    service_name: str | None
    workload_type: str | None
    workload_name: str | None
    source_namespace_name: str | None
    source_workload_name: str | None
    protocol: str | None
    response_code_class: str


@dataclass(slots=True)
class _Row:
    request_count: int = 0
    request_bytes: int | None = None
    response_bytes: int | None = None
    latency: dict[str, Any] | None = None


def traffic_table(found: Iterable[tuple[MetricQuery, pa.Table]], backends: Backends) -> tuple[pa.Table, list[str]]:
    """The rows with the schema ``snapshot.tables.TRAFFIC``, and what could not be told whose it is.

    A histogram whose bounds differ from those of its row makes a row of its own, with no requests.
    """
    by_metric: dict[str, list[pa.Table]] = {}
    for query, rows in found:
        by_metric.setdefault(query.metric_type, []).append(rows)
    lost: Counter[str] = Counter()
    parts = [_source_rows(source, by_metric, backends, lost) for source in TRAFFIC_SOURCES]
    gaps = [
        f"traffic of the backend {name}: {count:,} requests; no Service of the cluster says that it is its own"
        for name, count in sorted(lost.items())
    ]
    return pa.concat_tables(parts), gaps


def _source_rows(
    source: TrafficSource, by_metric: Mapping[str, list[pa.Table]], backends: Backends, lost: Counter[str]
) -> pa.Table:
    rows: dict[tuple[_Target, datetime], list[_Row]] = {}
    fields = ("request_count", "request_bytes", "response_bytes", "latency")
    for field, query in zip(fields, source.queries, strict=True):
        for table in by_metric.get(query.metric_type, ()):
            targets: dict[tuple[Any, ...], _Target | None] = {}
            for record in table.to_pylist():
                labels = tuple(record[name] for name, _ in query.group_by)
                if labels not in targets:
                    targets[labels] = _target(source, record, backends)
                target = targets[labels]
                if target is None:
                    if field == "request_count":
                        lost[record["backend_name"] or record["backend_target_name"]] += int(record["value"])
                    continue
                _add(rows.setdefault((target, record["end_time"]), [_Row()]), field, record["value"])
    return _table(source, rows)


def _target(source: TrafficSource, record: Mapping[str, Any], backends: Backends) -> _Target | None:
    if source is MESH:
        return _Target(
            record["destination_service_namespace"],
            record["destination_service_name"] or None,
            None,
            record["destination_workload_name"] or None,
            _known(record["source_workload_namespace"]),
            _known(record["source_workload_name"]),
            record["request_protocol"] or None,
            _class_of(record["response_code"]),
        )
    service = backends.service_of(record["backend_name"], record["backend_target_name"])
    if service is None:
        return None
    return _Target(*service, None, None, None, None, None, _class_of(record["response_code_class"]))


def _known(text: str) -> str | None:
    """The mesh writes ``unknown`` for a caller without a sidecar."""
    return None if text in ("", _UNKNOWN) else text


def _class_of(code: str) -> str:
    """``200`` and ``2xx`` are ``2xx``; 0 is a request without an answer."""
    return f"{code[0]}xx" if code[:1] in "12345" and code else "0xx"


def _add(rows: list[_Row], field: str, value: Any) -> None:
    first = rows[0]
    if field != "latency":
        setattr(first, field, (getattr(first, field) or 0) + round(value))
        return
    for row in rows:
        if row.latency is None or row.latency["bounds"] == value["bounds"]:
            row.latency = value if row.latency is None else _merged(row.latency, value)
            return
    rows.append(_Row(latency=value))


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two histograms of equal bounds as one. Source: Chan, Golub, LeVeque (1979), updating of mean and deviation."""
    count = one["count"] + other["count"]
    apart = other["mean"] - one["mean"]
    share = other["count"] / count if count else 0.0
    return {
        "count": count,
        "mean": one["mean"] + apart * share,
        "sum_of_squared_deviation": one["sum_of_squared_deviation"]
        + other["sum_of_squared_deviation"]
        + apart**2 * one["count"] * share,
        "bounds": one["bounds"],
        "counts": [a + b for a, b in zip(one["counts"], other["counts"], strict=True)],
    }


def _table(source: TrafficSource, rows: Mapping[tuple[_Target, datetime], list[_Row]]) -> pa.Table:
    records = []
    for (target, end_time), found in rows.items():
        for row in found:
            latency = row.latency or {}
            records.append(
                {name: getattr(target, name) for name in target.__slots__}
                | {
                    "metric_type": source.count,
                    "end_time": end_time,
                    "period_s": TRAFFIC_PERIOD_S,
                    "request_count": row.request_count,
                    "request_bytes": row.request_bytes,
                    "response_bytes": row.response_bytes,
                    "latency_metric_type": source.latency if latency else None,
                    "latency_mean_ms": latency.get("mean"),
                    "latency_sum_of_squared_deviation_ms2": latency.get("sum_of_squared_deviation"),
                    "latency_bucket_bounds_ms": latency.get("bounds"),
                    "latency_bucket_counts": latency.get("counts"),
                }
            )
    columns = [pa.array([record[f.name] for record in records], f.type) for f in TRAFFIC.schema]
    return pa.table(columns, schema=TRAFFIC.schema)
