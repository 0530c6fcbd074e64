"""What a reshaping is: rows of a file in, rows of a declared table out, each with its place for an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import pyarrow as pa

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.snapshot.tables import Table

Row = Mapping[str, Any]
PlacedRow = tuple[Location, Row]
_EPOCH_MS: Final = 1e11  # seconds up to the year 5138; more are milliseconds


class Reshape(Protocol):
    """One way of making rows of a declared table."""

    def rows_of(self, row: Row, where: Location) -> Iterable[dict[str, Any]]:
        """The rows that one row of the file gives; ``InputError`` with ``where`` for a value that does not fit."""
        ...


def reshaped(parts: Iterable[Iterable[PlacedRow]], how: Reshape, declared: Table) -> Iterator[pa.Table]:
    """The rows as tables with the declared columns; at least one table, which may be empty."""
    schema = pa.schema([field.with_nullable(True) for field in declared.schema])
    is_empty = True
    for part in parts:
        rows = [made for where, row in part for made in how.rows_of(row, where)]
        yield pa.Table.from_pylist(rows, schema)
        is_empty = False
    if is_empty:
        yield schema.empty_table()


def number(value: Any, column: str, where: Location) -> float | None:
    """A number as it is, or in text; None where there is none."""
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise refused(where, f"{str(value)[:60]!r} in column {column!r}", "a number") from None


def moment(value: Any, column: str, where: Location) -> datetime:
    """ISO 8601, UTC where no zone is named, or seconds or milliseconds since 1970."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    text = str(value or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = None
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds / 1000 if seconds >= _EPOCH_MS else seconds, UTC)
        found = datetime.fromisoformat(text.removesuffix("UTC").strip())
    except (ValueError, OverflowError, OSError):
        expected = "a time: ISO 8601, or seconds or milliseconds since 1970"
        raise refused(where, f"{text[:60]!r} in column {column!r}", expected) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def refused(where: Location, found: str, expected: str, do: str = "") -> InputError:
    return InputError(ref="not-as-the-table", where=where, found=found, expected=expected, do=do or "export it again")
