"""Chunks of container and pod metrics as parts of the snapshot's usage table."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from k2cr_analysis.snapshot.tables import USAGE
from k2cr_analysis.sources.monitoring.owners import Owners
from k2cr_analysis.sources.monitoring.queries import NON_EVICTABLE, MetricQuery

_TYPE, _NAME = "top_level_controller_type", "top_level_controller_name"


def usage_part(query: MetricQuery, rows: pa.Table, owners: Owners) -> pa.Table:
    """The rows of a chunk with the schema ``snapshot.tables.USAGE``; the order is left to the writer.

    A row of one pod, from a server that does not reduce, says so: it has the pod's name and no reducer. A row of a pod
    as a whole has no container.
    """
    count = rows.num_rows
    is_pod = pc.not_equal(rows["pod_name"].cast(pa.string()), "")
    columns = {
        "metric_type": _same(query.metric_type, count),
        "memory_type": _same(NON_EVICTABLE if query.condition else None, count),
        "aligner": _same(query.aligner, count),
        "reducer": pc.if_else(is_pod, None, query.reducer),
        "pod_name": pc.if_else(is_pod, rows["pod_name"].cast(pa.string()), None),
        "container_name": rows["container_name"] if "container_name" in rows.column_names else _same("", count),
        "period_s": pa.repeat(pa.scalar(query.period_s, pa.int32()), count),
    }
    columns |= _with_owners(rows, columns["container_name"], owners)
    found = [columns[f.name] if f.name in columns else rows[f.name] for f in USAGE.schema]
    return pa.table(
        [_as(column, field.type) for column, field in zip(found, USAGE.schema, strict=True)], schema=USAGE.schema
    )


def _with_owners(rows: pa.Table, containers: pa.Array, owners: Owners) -> dict[str, pa.Array]:
    """The names of the workloads, from the cluster's objects where the series do not have them."""
    names = rows[_NAME].cast(pa.string())
    if not pc.any(pc.equal(names, "")).as_py():
        return {}
    keys = zip(rows["namespace_name"].to_pylist(), containers.to_pylist(), rows["pod_name"].to_pylist(), strict=True)
    known: dict[tuple[str, str, str], tuple[str, str]] = {}
    found = []
    for key, kind, name in zip(keys, rows[_TYPE].to_pylist(), names.to_pylist(), strict=True):
        if name:
            found.append((kind, name))
            continue
        if key not in known:
            known[key] = owners.owner_of(*key) or ("", "")
        found.append(known[key])
    kinds, owners_found = zip(*found, strict=True)
    return {_TYPE: pa.array(kinds, pa.string()), _NAME: pa.array(owners_found, pa.string())}


def _same(text: str | None, count: int) -> pa.DictionaryArray:
    codes = pa.repeat(pa.scalar(0, pa.int32()), count) if text is not None else pa.nulls(count, pa.int32())
    return pa.DictionaryArray.from_arrays(codes, pa.array([text or ""], pa.string()))


def _as(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if column.type == kind:
        return column
    return column.cast(pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else column.cast(kind)
