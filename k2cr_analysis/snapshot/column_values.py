"""Values that a column's type allows and the world does not: NaN, a period below a second, a year 21000.

They are found where a table comes in, with the row, and not two verbs later by whoever computes with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from k2cr_analysis.snapshot.tables import BILLING, Table

# Counts, bytes and money beyond this are a slip of units or a broken export: a petabyte is 10^15 bytes.
GREATEST: Final = 1e17
# The bill counts memory and disks in byte-seconds: 10^17 bytes for a month are 2.7 x 10^23.
_GREATEST_USAGE: Final = 1e24
EARLIEST: Final = datetime(2008, 1, 1, tzinfo=UTC)  # before Google Cloud there was nothing to measure
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_LEAST_PERIOD_S: Final = 1


def least_value(name: str, declared: Table) -> float:
    """The least value of a numeric column: bills have credits, all else is counted from 0, and a period takes time."""
    if name == "period_s":
        return _LEAST_PERIOD_S
    return -GREATEST if declared.is_an_export else 0.0


def _greatest_value(name: str, declared: Table) -> float:
    return _GREATEST_USAGE if declared.is_an_export and name == "usage" else GREATEST


def impossible(value: Any, name: str, declared: Table) -> str | None:
    """What should stand there instead, where a value cannot be; None where it can."""
    if isinstance(value, datetime):
        return None if EARLIEST <= value < LATEST else f"a time from {EARLIEST.year} to {LATEST.year}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    least, greatest = least_value(name, declared), _greatest_value(name, declared)
    return None if least <= value <= greatest else _expected(least, greatest)


def first_impossible(column: pa.ChunkedArray, name: str, declared: Table) -> tuple[int, str] | None:
    """Row (from 0) and expectation of the first value of a column that cannot be; None where all can.

    Of lists and structures every number and time within them.
    """
    if not pa.types.is_nested(column.type):
        return _first_impossible(column, name, declared)
    whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    for values, rows in _leaves(whole, None):
        found = _first_impossible(values, name, declared)
        if found is not None:
            return (found[0] if rows is None else rows[found[0]].as_py()), found[1]
    return None


@dataclass(frozen=True, slots=True)
class ImpossibleRow:
    """A row (from 0) whose value cannot be beside its other values, or is no word of the column's."""

    row: int
    column: str
    found: str
    expected: str


def first_impossible_row(table: pa.Table, declared: Table) -> ImpossibleRow | None:
    """The first row of a bill whose use ends before it begins, or whose invoice's month or currency is none."""
    if declared is not BILLING or not table.num_rows:
        return None
    months = pc.struct_field(table["invoice"].combine_chunks(), "month")
    checks = (
        (
            "usage_end_time",
            pc.greater_equal(table["usage_end_time"], table["usage_start_time"]),
            "a time that is not before usage_start_time",
        ),
        ("currency", pc.match_substring_regex(table["currency"], "^[A-Z]{3}$"), "three letters, ISO 4217"),
        ("invoice", pc.match_substring_regex(months, "^$|^[0-9]{4}(0[1-9]|1[0-2])$"), "a month YYYYMM"),
    )
    for column, holds, expected in checks:
        row = pc.index(pc.fill_null(holds, True), False).as_py()
        if row >= 0:
            return ImpossibleRow(row, column, str(table[column][row].as_py()), expected)
    return None


def _leaves(array: pa.Array, rows: pa.Array | None) -> Iterator[tuple[pa.Array, pa.Array | None]]:
    """The plain values within an array, and the row of each; None: as they stand."""
    if pa.types.is_struct(array.type):
        for field in array.type:
            yield from _leaves(pc.struct_field(array, field.name), rows)
    elif pa.types.is_list(array.type):
        parents = pc.list_parent_indices(array)
        yield from _leaves(pc.list_flatten(array), parents if rows is None else rows.take(parents))
    else:
        yield array, rows


def _first_impossible(column: pa.Array | pa.ChunkedArray, name: str, declared: Table) -> tuple[int, str] | None:
    kind = column.type
    if pa.types.is_timestamp(kind):
        limits = pa.scalar(EARLIEST, kind), pa.scalar(LATEST, kind)
        within = pc.and_(pc.greater_equal(column, limits[0]), pc.less(column, limits[1]))
        expected = f"a time from {EARLIEST.year} to {LATEST.year}"
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        least, greatest = least_value(name, declared), _greatest_value(name, declared)
        within = pc.and_(pc.greater_equal(column, least), pc.less_equal(column, greatest))  # of NaN neither holds
        expected = _expected(least, greatest)
    else:
        return None
    row = pc.index(within, False).as_py()
    return None if row < 0 else (row, expected)


def _expected(least: float, greatest: float) -> str:
    return f"a number from {least:g} to {greatest:g}"
