"""Parquet files of a snapshot: equal rows give equal bytes, and what is read is held to the declaration."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from k2cr_analysis.errors import Location, SnapshotError
from k2cr_analysis.snapshot.sorting import ROWS_AT_ONCE, sorted_rows
from k2cr_analysis.snapshot.tables import Table

_ROWS_PER_GROUP: Final = 131_072


def write_table(parts: Iterable[pa.Table], declared: Table, path: Path) -> int:
    """Write the rows of conformed tables, in the declared order, as one file; gives their number.

    Beside ``path`` a folder holds the parts while they are sorted.
    """
    # Times rise by even steps within a series: their differences take half the room that a dictionary takes.
    times = [field.name for field in declared.schema if pa.types.is_timestamp(field.type)]
    scratch = path.with_suffix(".sorting")
    scratch.mkdir()
    rows = 0
    with pq.ParquetWriter(
        path,
        declared.schema,
        use_dictionary=[name for name in _leaves(declared.schema) if name not in times],
        column_encoding=dict.fromkeys(times, "DELTA_BINARY_PACKED"),
        compression="zstd",
        compression_level=3,
        version="2.6",
        data_page_version="1.0",
        write_statistics=True,
    ) as file:
        # The rows of an export are nested, and take some kilobytes each.
        at_once = _ROWS_PER_GROUP if declared.is_an_export else ROWS_AT_ONCE
        for ordered in sorted_rows(parts, declared, scratch, at_once):
            file.write_table(ordered, row_group_size=_ROWS_PER_GROUP)
            rows += ordered.num_rows
    shutil.rmtree(scratch)
    return rows


def _leaves(schema: pa.Schema) -> list[str]:
    """The names that Parquet gives to the columns, nested ones with their path."""
    out = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), out)
    leaves = pq.ParquetFile(pa.BufferReader(out.getvalue())).schema
    return [leaves.column(index).path for index in range(len(leaves))]


def check_file(path: Path, declared: Table) -> None:
    """``SnapshotError`` where a file's columns, types or missing values are not as declared; reads the footer alone."""
    try:
        metadata = pq.read_metadata(path)
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, f"not a Parquet file ({error})") from error
    for field in declared.schema:
        index = schema.get_field_index(field.name)
        if index < 0:
            raise _damaged(path, f"no column {field.name!r}")
        if schema.field(index).type != field.type:
            raise _damaged(path, f"column {field.name!r} of type {schema.field(index).type}, not {field.type}")
    for name in set(schema.names) - set(declared.schema.names):
        raise _damaged(path, f"column {name!r}, which table {declared.name} does not have")
    for group in range(metadata.num_row_groups):
        _check_nulls(path, metadata.row_group(group), declared)


def _check_nulls(path: Path, group: pq.RowGroupMetaData, declared: Table) -> None:
    required = {field.name for field in declared.schema if not field.nullable}
    for index in range(group.num_columns):
        column = group.column(index)
        statistics = column.statistics
        if column.path_in_schema in required and statistics is not None and statistics.null_count:
            raise _damaged(path, f"{statistics.null_count} missing values in column {column.path_in_schema!r}")


def _damaged(path: Path, found: str) -> SnapshotError:
    return SnapshotError(
        ref="snapshot-table-differs",
        where=Location(str(path)),
        found=found,
        expected="the columns and types that this version declares",
        do="collect the snapshot again",
    )
