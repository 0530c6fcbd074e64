"""A day of request metrics as a part of the snapshot's traffic table."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import pyarrow as pa

from k2cr_analysis.snapshot.tables import TRAFFIC
from k2cr_analysis.sources.prometheus.counters import Growth, label
from k2cr_analysis.sources.prometheus.owners import PodOwners
from k2cr_analysis.sources.prometheus.queries import Requests
from k2cr_analysis.sources.proxy_names import ProxyNames
from k2cr_analysis.sources.response_class import grpc_class, http_class

_UNKNOWN: Final = ("", "unknown")


@dataclass(frozen=True, slots=True)
class Target:
    """Whose requests: the columns of a row that name them. ``container`` tells an application from its proxy."""

    namespace: str
    service: str | None = None
    workload: tuple[str | None, str] | None = None
    source: tuple[str | None, str | None] = (None, None)
    protocol: str | None = None
    container: str = ""


@dataclass(slots=True)
class _Row:
    requests: float = 0.0
    seconds_sum: float | None = None
    buckets: dict[float, float] = field(default_factory=dict)


class Targets:
    """Finds whose requests a series counts."""

    def __init__(self, objects: Iterable[Mapping[str, Any]], owners: PodOwners) -> None:
        self._owners = owners
        self._proxies = ProxyNames(objects)

    def of(self, how: Requests, labels: Mapping[str, str]) -> Target | None:
        """None where nothing in the cluster's objects or the labels tells."""
        if how.target == "mesh":
            namespace = labels.get("destination_service_namespace") or labels.get("destination_workload_namespace", "")
            workload, service = labels.get("destination_workload", ""), labels.get("destination_service_name", "")
            if namespace in _UNKNOWN or (workload in _UNKNOWN and service in _UNKNOWN):
                return None
            source = labels.get("source_workload_namespace", ""), labels.get("source_workload", "")
            return Target(
                namespace,
                None if service in _UNKNOWN else service,
                None if workload in _UNKNOWN else (None, workload),
                (_known(source[0]), _known(source[1])),
                labels.get("request_protocol") or None,
            )
        if how.target == "ingress":
            service = label(labels, "service")
            return Target(label(labels, "namespace"), service) if service else None
        if how.target in ("traefik", "envoy"):
            name = labels.get("service" if how.target == "traefik" else "envoy_cluster_name", "")
            found = self._proxies.service_of(label(labels, "service") if how.target == "traefik" else name)
            return Target(*found) if found else None
        namespace, pod = labels.get("namespace", ""), labels.get("pod", "")
        container = labels.get("container", "")
        owner = self._owners.of(namespace, pod, container) if pod else None
        return None if owner is None else Target(namespace, workload=owner, container=container)


def requests_part(
    how: Requests,
    counts: Sequence[Growth],
    buckets: Sequence[Growth],
    sums: Sequence[Growth],
    targets: Targets,
    counting: Mapping[tuple[str, Any], str],
) -> pa.Table:
    """The rows of one way of counting. ``buckets``: growth of the histogram's, with the label ``le``; ``sums``: of its
    sum. ``counting``: workload -> the container whose count holds (:func:`counting_containers`).
    """
    rows: dict[tuple[Target, str, int], _Row] = defaultdict(_Row)
    for kind, grown in (("count", counts), ("bucket", buckets), ("sum", sums)):
        for labels, periods in grown:
            target = targets.of(how, labels)
            if target is None or not _counts(target, counting):
                continue
            for moment, value in periods:
                row = rows[target, _class(how, labels), moment]
                if kind == "count":
                    row.requests += value
                elif kind == "sum":
                    row.seconds_sum = (row.seconds_sum or 0.0) + value
                else:
                    bound = _bound(labels.get("le", ""))
                    row.buckets[bound] = row.buckets.get(bound, 0.0) + value
    return _table(how, rows)


def counting_containers(
    found: Iterable[tuple[Requests, Sequence[Growth]]], targets: Targets
) -> dict[tuple[str, Any], str]:
    """Workload -> the container whose count holds: a proxy and its application count the same requests."""
    totals: dict[tuple[str, Any], Counter[str]] = defaultdict(Counter)
    for how, counts in found:
        for labels, periods in counts if how.target == "pod" else ():
            target = targets.of(how, labels)
            if target is not None:
                totals[target.namespace, target.workload][target.container] += round(sum(v for _, v in periods))
    return {workload: min(by, key=lambda name: (-by[name], name)) for workload, by in totals.items()}


def _counts(target: Target, counting: Mapping[tuple[str, Any], str]) -> bool:
    return counting.get((target.namespace, target.workload), target.container) == target.container


def _known(text: str) -> str | None:
    return None if text in _UNKNOWN else text


def _class(how: Requests, labels: Mapping[str, str]) -> str:
    code = next((labels[name] for name in how.codes if labels.get(name)), "")
    if how.is_grpc:
        return grpc_class(code)
    # A server that does not tell its codes apart is taken to have answered.
    return http_class(code) if code else "2xx"


def _bound(text: str) -> float:
    return math.inf if text in ("+Inf", "Inf", "inf") else float(text)


def _table(how: Requests, rows: Mapping[tuple[Target, str, int], _Row]) -> pa.Table:
    records = [_record(how, target, code, moment, row) for (target, code, moment), row in rows.items()]
    columns = [pa.array([record.get(f.name) for record in records], f.type) for f in TRAFFIC.schema]
    return pa.table(columns, schema=TRAFFIC.schema)


def _record(how: Requests, target: Target, code: str, moment: int, row: _Row) -> dict[str, Any]:
    kind, name = target.workload or (None, None)
    return {
        "metric_type": how.metric_type,
        "namespace_name": target.namespace,
        "service_name": target.service,
        "workload_type": kind,
        "workload_name": name,
        "source_namespace_name": target.source[0],
        "source_workload_name": target.source[1],
        "protocol": "grpc" if how.is_grpc else target.protocol,
        "response_code_class": code,
        "end_time": datetime.fromtimestamp(moment, UTC),
        "period_s": how.period_s,
        "request_count": round(row.requests),
    } | _latency(how, row)


def _latency(how: Requests, row: _Row) -> dict[str, Any]:
    """The histogram's own counts between its bounds; cumulative counts become those of each interval."""
    bounds = sorted(bound for bound in row.buckets if math.isfinite(bound))
    whole = row.buckets.get(math.inf, 0.0)
    if not bounds or whole <= 0:
        return {}
    upto = [row.buckets[bound] for bound in bounds] + [whole]
    counts = [round(upto[0]), *(max(0, round(b - a)) for a, b in pairwise(upto))]
    mean = None if row.seconds_sum is None else row.seconds_sum / whole * how.unit_ms
    return {
        "latency_metric_type": how.latency_type,
        "latency_mean_ms": mean,
        "latency_bucket_bounds_ms": [bound * how.unit_ms for bound in bounds],
        "latency_bucket_counts": counts,
    }
