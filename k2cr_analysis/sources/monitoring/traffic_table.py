"""Chunks of request metrics as parts of the snapshot's traffic table: counts, bytes and histograms side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from k2cr_analysis.snapshot.tables import TRAFFIC
from k2cr_analysis.sources.monitoring.backends import Backend, Backends
from k2cr_analysis.sources.monitoring.queries import (
    ENVOY,
    PROJECT_ID,
    TRAFFIC_PERIOD_S,
    TRAFFIC_SOURCES,
    MetricQuery,
    TrafficSource,
)
from k2cr_analysis.sources.proxy_names import ProxyNames
from k2cr_analysis.sources.response_class import grpc_class, http_class

_UNKNOWN = "unknown"
_SOURCE_OF = {source.count: source for source in TRAFFIC_SOURCES}
Labels = tuple[str, ...]


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


class Traffic:
    """Whose requests each series counts, from the counts of the whole window; ``gaps``: what could not be told."""

    def __init__(self, counts: Iterable[tuple[MetricQuery, pa.Table]], backends: Backends, proxies: ProxyNames) -> None:
        self._backends = backends
        self._proxies = proxies
        self._requests: Counter[tuple[str, Labels]] = Counter()
        for query, rows in counts:
            names = [name for name, _ in query.group_by]
            counted = _counted(rows)
            summed = counted.select([*names, "value"]).group_by(names).aggregate([("value", "sum")])
            for record in summed.to_pylist():
                self._requests[query.metric_type, tuple(record[name] for name in names)] += round(record["value_sum"])
        backends.see(
            _backend(_record(source, labels))
            for metric, labels in self._requests
            if (source := _SOURCE_OF[metric]).target == "backend"
        )
        self._counting = _counting_containers(self._requests)
        self.gaps = [
            f"traffic of {name}: {count:,} requests; no Service of the cluster says that it is its own"
            for name, count in sorted(self._lost().items())
        ]

    def part(self, found: Iterable[tuple[MetricQuery, pa.Table]]) -> pa.Table:
        """The rows of some days' chunks with the schema ``snapshot.tables.TRAFFIC``.

        A histogram whose bounds differ from those of its row makes a row of its own, with no requests.
        """
        by_metric: dict[str, list[pa.Table]] = {}
        for query, rows in found:
            by_metric.setdefault(query.metric_type, []).append(rows)
        return pa.concat_tables([self._source_rows(source, by_metric) for source in TRAFFIC_SOURCES])

    def _lost(self) -> Counter[str]:
        lost: Counter[str] = Counter()
        for (metric, labels), count in self._requests.items():
            source = _SOURCE_OF[metric]
            record = _record(source, labels)
            if self._target(source, record) is None and (name := _shown(source, record)):
                lost[name] += count
        return lost

    def _source_rows(self, source: TrafficSource, by_metric: Mapping[str, list[pa.Table]]) -> pa.Table:
        rows: dict[tuple[_Target, datetime], list[_Row]] = {}
        if source.count not in by_metric:
            return TRAFFIC.schema.empty_table()
        for query in source.queries:
            field = _field_of(source, query.metric_type)
            for table in by_metric.get(query.metric_type, ()):
                targets: dict[Labels, _Target | None] = {}
                for record in table.to_pylist():
                    labels = tuple(record[name] for name, _ in query.group_by)
                    if labels not in targets:
                        targets[labels] = self._target(source, record)
                    target = targets[labels]
                    if target is not None:
                        row = rows.setdefault((target, record["end_time"]), [_Row()])
                        if source.is_histogram_only and record["value"] is not None:
                            _add(row, "request_count", record["value"]["count"])
                        _add(row, field, record["value"])
        return _table(source, rows)

    def _target(self, source: TrafficSource, record: Mapping[str, Any]) -> _Target | None:
        """Whose the requests of a series are; None where nothing tells, or another container counts them too."""
        if source.target == "mesh":
            return _Target(
                record["destination_service_namespace"],
                record["destination_service_name"] or None,
                None,
                record["destination_workload_name"] or None,
                _known(record["source_workload_namespace"]),
                _known(record["source_workload_name"]),
                record["request_protocol"] or None,
                http_class(record["response_code"]),
            )
        if source.target == "workload":
            workload = (record["namespace_name"], record["workload_type"], record["workload_name"])
            if not all(workload) or self._counting.get(workload, "") != record["container_name"]:
                return None
            code = next((record[name] for name in source.codes if record[name]), "")
            if source.is_grpc:
                return _Target(workload[0], None, *workload[1:], None, None, "grpc", grpc_class(code))
            # A server that does not tell its codes apart is taken to have answered.
            return _Target(workload[0], None, *workload[1:], None, None, None, http_class(code) if code else "2xx")
        if source.target in ("service", "proxy"):
            service = self._service_behind(source, record)
        else:
            service = self._backends.service_of(_backend(record))
        if service is None:
            return None
        code = record[source.codes[0]] if source.codes else record["response_code_class"]
        return _Target(*service, None, None, None, None, None, http_class(code))

    def _service_behind(self, source: TrafficSource, record: Mapping[str, Any]) -> tuple[str, str] | None:
        name = record["service_name"] or record.get("plain_service_name", "")
        if source.target == "proxy":
            return self._proxies.service_of(name)
        service = record["namespace_name"], name
        return service if service in self._proxies else None


def _counted(rows: pa.Table) -> pa.Table:
    """With the number of requests as the value, where a histogram is all that there is."""
    if not pa.types.is_struct(rows.schema.field("value").type):
        return rows
    counts = pc.struct_field(rows["value"], "count").cast(pa.float64())
    return rows.set_column(rows.schema.get_field_index("value"), "value", counts)


def _shown(source: TrafficSource, record: Mapping[str, str]) -> str:
    """What is named for a user whose requests are lost; empty where nobody missed them."""
    if source.target == "backend":
        return f"the backend {record['backend_name'] or record['backend_target_name']}"
    name = record.get("service_name") or record.get("plain_service_name", "")
    if source.target == "proxy":  # of its own ends, and Envoy's many, nobody has to be told
        return f"the proxy's backend {name}" if name and "@internal" not in name and source is not ENVOY else ""
    return f"the Service {record['namespace_name']}/{name}" if source.target == "service" and name else ""


def _backend(record: Mapping[str, str]) -> Backend:
    return Backend(record["backend_name"], record["backend_target_name"], record["backend_scope"], record[PROJECT_ID])


def _record(source: TrafficSource, labels: Labels) -> dict[str, str]:
    return dict(zip((name for name, _ in source.group_by), labels, strict=True))


def _field_of(source: TrafficSource, metric_type: str) -> str:
    metrics = {
        source.count: "request_count",
        source.request_bytes: "request_bytes",
        source.response_bytes: "response_bytes",
        source.latency: "latency",
    }
    return metrics[metric_type]


def _counting_containers(requests: Mapping[tuple[str, Labels], int]) -> dict[tuple[str, str, str], str]:
    """Workload -> the container whose count holds: a proxy and its application count the same requests."""
    totals: dict[tuple[str, str, str], Counter[str]] = {}
    for (metric, labels), count in requests.items():
        source = _SOURCE_OF[metric]
        if source.target == "workload":
            record = _record(source, labels)
            workload = (record["namespace_name"], record["workload_type"], record["workload_name"])
            totals.setdefault(workload, Counter())[record["container_name"]] += count
    return {workload: min(found, key=lambda name: (-found[name], name)) for workload, found in totals.items()}


def _known(text: str) -> str | None:
    """The mesh writes ``unknown`` for a caller without a sidecar."""
    return None if text in ("", _UNKNOWN) else text


def _add(rows: list[_Row], field: str, value: Any) -> None:
    first = rows[0]
    if value is None:
        return
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
            latency = _in_ms(row.latency, source.unit_ms) if row.latency else {}
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
                    "latency_bucket_bounds_ms": latency.get("bounds") or None,
                    "latency_bucket_counts": latency.get("counts") if latency.get("bounds") else None,
                }
            )
    columns = [pa.array([record[f.name] for record in records], f.type) for f in TRAFFIC.schema]
    return pa.table(columns, schema=TRAFFIC.schema)


def _in_ms(latency: Mapping[str, Any], unit_ms: float) -> dict[str, Any]:
    return dict(latency) | {
        "mean": latency["mean"] * unit_ms,
        "sum_of_squared_deviation": latency["sum_of_squared_deviation"] * unit_ms**2,
        "bounds": [bound * unit_ms for bound in latency["bounds"]],
    }
