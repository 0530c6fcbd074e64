"""The usage table: what Cloud Monitoring returns when it reduces each metric over the pods of a controller."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from demo.behaviour import MIB, Series
from demo.rhythm import Array, quantised
from k2cr_analysis.snapshot.tables import USAGE

CPU = "kubernetes.io/container/cpu/core_usage_time"
MEMORY = "kubernetes.io/container/memory/used_bytes"
UPTIME = "kubernetes.io/container/uptime"
RESTARTS = "kubernetes.io/container/restart_count"


@dataclass(frozen=True)
class _Meter:
    metric_type: str
    memory_type: str | None
    aligner: str
    reducer: str


def usage_table(workloads: Iterable[Series]) -> pa.Table:
    """Points of CPU (sum and max over pods), memory (max), pods (count of the uptime series) and restarts."""
    parts = [_rows(series, name) for series in workloads for name in series.containers]
    return pa.concat_tables(part for parts_of_one in parts for part in parts_of_one)


def _rows(series: Series, container: str) -> list[pa.Table]:
    seen = series.containers[container]
    points = (
        (_Meter(CPU, None, "ALIGN_RATE", "REDUCE_SUM"), quantised(seen.cpu_sum_cores)),
        (_Meter(CPU, None, "ALIGN_RATE", "REDUCE_MAX"), quantised(seen.cpu_max_cores)),
        (_Meter(MEMORY, "non-evictable", "ALIGN_MAX", "REDUCE_MAX"), np.round(seen.memory_max_bytes / MIB) * MIB),
        (_Meter(UPTIME, None, "ALIGN_MAX", "REDUCE_COUNT"), series.pods.astype(np.float64)),
        (_Meter(RESTARTS, None, "ALIGN_DELTA", "REDUCE_SUM"), seen.restarts),
    )
    return [_points(series, container, meter, values) for meter, values in points]


def _points(series: Series, container: str, meter: _Meter, values: Array) -> pa.Table:
    namespace, kind, name = series.id.split("/")
    n = int(series.present.sum())
    same = asdict(meter) | {
        "namespace_name": namespace,
        "top_level_controller_type": kind,
        "top_level_controller_name": name,
        "pod_name": None,
        "container_name": container,
    }
    columns = {key: _repeated(value, n) for key, value in same.items()}
    columns["end_time"] = pa.array(series.clock.end_us[series.present], pa.timestamp("us", tz="UTC"))
    columns["period_s"] = pa.array(np.full(n, series.clock.period_s, dtype=np.int32))
    columns["value"] = pa.array(values[series.present])
    return pa.table({field.name: columns[field.name] for field in USAGE.schema}, schema=USAGE.schema)


def _repeated(value: str | None, n: int) -> pa.Array:
    """One text n times, as Arrow's dictionary form."""
    if value is None:
        return pa.nulls(n, pa.dictionary(pa.int32(), pa.string()))
    return pa.DictionaryArray.from_arrays(np.zeros(n, dtype=np.int32), pa.array([value]))
