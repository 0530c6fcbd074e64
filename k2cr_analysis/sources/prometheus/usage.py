"""A day of container metrics as a part of the snapshot's usage table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from k2cr_analysis.snapshot.tables import USAGE
from k2cr_analysis.sources.monitoring.queries import NON_EVICTABLE
from k2cr_analysis.sources.prometheus.client import Series
from k2cr_analysis.sources.prometheus.counters import Growth, label, without_doubles
from k2cr_analysis.sources.prometheus.owners import PodOwners
from k2cr_analysis.sources.prometheus.queries import CPU, MEMORY, PEAKS, RECEIVED, SENT, UPTIME_TYPE, UsageMetric

# (namespace, kind, workload, container) -> moment -> the values of its pods, added up over what one pod has
_Key = tuple[str, str, str, str]
_OfPods = dict[_Key, dict[int, dict[str, float]]]


def counted_part(
    metric: UsageMetric, grown: Iterable[Growth], owners: PodOwners, *, has_peaks: bool = False
) -> pa.Table:
    """The rows of a counter: cores, restarts or bytes of each workload's containers, by period.

    ``has_peaks``: the pod that used most is told by ``peaks_part``, more finely.
    """
    rows: list[dict[str, Any]] = []
    for key, moments in _by_pod(metric, grown, owners).items():
        for moment, of_pods in moments.items():
            values = of_pods.values()
            if metric is CPU:
                cores = [value / metric.period_s for value in values]
                if not has_peaks:
                    rows.append(_row(metric.metric_type, "ALIGN_RATE", "REDUCE_MAX", key, moment, metric, max(cores)))
                rows.append(_row(metric.metric_type, "ALIGN_RATE", "REDUCE_SUM", key, moment, metric, sum(cores)))
                rows.append(_row(UPTIME_TYPE, "ALIGN_MAX", "REDUCE_COUNT", key, moment, metric, float(len(of_pods))))
            else:
                rows.append(_row(metric.metric_type, "ALIGN_DELTA", "REDUCE_SUM", key, moment, metric, sum(values)))
    return _table(rows)


def peaks_part(grown: Iterable[Growth], owners: PodOwners) -> pa.Table:
    """The rows of the pod that used most CPU, by the minute. Growth after a hole is shared out over the hole."""
    rates = ((labels, _rates(periods)) for labels, periods in grown)
    return _table(
        [
            _row(PEAKS.metric_type, "ALIGN_RATE", "REDUCE_MAX", key, moment, PEAKS, max(cores.values()))
            for key, moments in _by_pod(PEAKS, rates, owners).items()
            for moment, cores in moments.items()
        ]
    )


def _rates(periods: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    found, last = [], None
    for moment, value in periods:
        found.append((moment, value / (moment - last if last else PEAKS.period_s)))
        last = moment
    return found


def _by_pod(metric: UsageMetric, counted: Iterable[Growth], owners: PodOwners) -> _OfPods:
    pods: _OfPods = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for labels, periods in counted:
        key, pod = _place(metric, labels, owners)
        if key is not None:
            for moment, value in periods:
                pods[key][moment][pod] += value
    return pods


def memory_part(found: Iterable[Series], owners: PodOwners) -> pa.Table:
    """The rows of the working set: the fullest pod of each workload's containers, by period."""
    most: dict[_Key, dict[int, float]] = defaultdict(dict)
    for one in without_doubles(found):
        key, _ = _place(MEMORY, one.labels, owners)
        if key is not None:
            for moment, value in one.values.items():
                most[key][moment] = max(value, most[key].get(moment, 0.0))
    return _table(
        [
            _row(MEMORY.metric_type, "ALIGN_MAX", "REDUCE_MAX", key, moment, MEMORY, value, NON_EVICTABLE)
            for key, moments in most.items()
            for moment, value in moments.items()
        ]
    )


def _place(metric: UsageMetric, labels: Mapping[str, str], owners: PodOwners) -> tuple[_Key | None, str]:
    # cAdvisor's labels are those of the container itself; kube-state-metrics' own stand beside those of its own pod.
    names = {"namespace": "namespace", "pod": "pod", "container": "container"}
    namespace, pod, container = (label(labels, names[name]) for name in ("namespace", "pod", "container"))
    owner = owners.of(namespace, pod, container)
    if owner is None:
        return None, pod
    return (namespace, *owner, "" if metric in (RECEIVED, SENT) else container), pod


def _row(  # noqa: PLR0913 (the columns of a row)
    metric_type: str,
    aligner: str,
    reducer: str,
    key: _Key,
    moment: int,
    metric: UsageMetric,
    value: float,
    memory_type: str | None = None,
) -> dict[str, Any]:
    return {
        "metric_type": metric_type,
        "memory_type": memory_type,
        "aligner": aligner,
        "reducer": reducer,
        "namespace_name": key[0],
        "top_level_controller_type": key[1],
        "top_level_controller_name": key[2],
        "pod_name": None,
        "container_name": key[3],
        "end_time": datetime.fromtimestamp(moment, UTC),
        "period_s": metric.period_s,
        "value": value,
    }


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in USAGE.schema]
    return pa.table(columns, schema=USAGE.schema)
