"""Chunks of container metrics as the snapshot's usage table."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from k2cr_analysis.snapshot.tables import USAGE
from k2cr_analysis.sources.monitoring.queries import NON_EVICTABLE, MetricQuery


def usage_table(found: Iterable[tuple[MetricQuery, pa.Table]]) -> pa.Table:
    """The rows of all chunks, with the schema ``snapshot.tables.USAGE``; the order is left to the writer."""
    parts = [_part(query, rows) for query, rows in found]
    return pa.concat_tables(parts) if parts else USAGE.schema.empty_table()


def _part(query: MetricQuery, rows: pa.Table) -> pa.Table:
    count = rows.num_rows
    fixed = {
        "metric_type": _same(query.metric_type, count),
        "memory_type": _same(NON_EVICTABLE if query.condition else None, count),
        "aligner": _same(query.aligner, count),
        "reducer": _same(query.reducer, count),
        "pod_name": _same(None, count),
        "period_s": pa.repeat(pa.scalar(query.period_s, pa.int32()), count),
    }
    columns = [fixed[f.name] if f.name in fixed else rows[f.name] for f in USAGE.schema]
    return pa.table(columns, schema=USAGE.schema)


def _same(text: str | None, count: int) -> pa.DictionaryArray:
    codes = pa.repeat(pa.scalar(0, pa.int32()), count) if text is not None else pa.nulls(count, pa.int32())
    return pa.DictionaryArray.from_arrays(codes, pa.array([text or ""], pa.string()))
