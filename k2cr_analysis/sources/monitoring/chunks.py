"""A chunk of metrics: the points of one query over one day, as Arrow columns that can be kept and read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa

from k2cr_analysis.sources.checkpoint import chunk_name
from k2cr_analysis.sources.monitoring.decode import Points
from k2cr_analysis.sources.monitoring.queries import MetricQuery

_DAY: Final = timedelta(days=1)
_DISTRIBUTION: Final = pa.struct(
    [
        ("count", pa.int64()),
        ("mean", pa.float64()),
        ("sum_of_squared_deviation", pa.float64()),
        ("bounds", pa.list_(pa.float64())),
        ("counts", pa.list_(pa.int64())),
    ]
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One query over one day of the window, the last one perhaps shorter."""

    query: MetricQuery
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        return chunk_name(self.query.name, f"{self.start:%Y%m%dT%H%M%S}")


def chunks(queries: tuple[MetricQuery, ...], start: datetime, end: datetime) -> Iterator[Chunk]:
    """Every query for every day, by day."""
    while start < end:
        last = min(start + _DAY, end)
        yield from (Chunk(query, start, last) for query in queries)
        start = last


def table_of(points: Points, query: MetricQuery) -> pa.Table:
    """Columns: the labels of ``group_by`` and ``pod_name`` (dictionary), ``end_time``, ``value`` (float64, or a
    histogram)."""
    runs = points.runs
    columns: dict[str, Any] = {}
    for index, name in enumerate([*(name for name, _ in query.group_by), "pod_name"]):
        texts = pa.array([labels[index] for labels in points.labels], pa.string()).dictionary_encode()
        columns[name] = pa.DictionaryArray.from_arrays(
            texts.indices.take(pa.array(runs)).cast(pa.int32()), texts.dictionary
        )
    micros = np.asarray(points.end_s, dtype=np.int64) * 1_000_000
    columns["end_time"] = pa.array(micros).cast(pa.timestamp("us", tz="UTC"))
    columns["value"] = _values(points, query)
    return pa.table(columns)


def _values(points: Points, query: MetricQuery) -> pa.Array:
    if query.form == "number":
        return pa.array(points.values, pa.float64())
    rows = [
        {name: getattr(found, name) for name in ("count", "mean", "sum_of_squared_deviation", "bounds", "counts")}
        for found in points.values
    ]
    return pa.array(rows, _DISTRIBUTION)


def to_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def from_bytes(content: bytes) -> pa.Table:
    with pa.ipc.open_stream(content) as reader:
        return reader.read_all()
