"""Runs the ``.sql`` files of this folder: in DuckDB over a snapshot's Parquet, out of core, or in BigQuery.

A file's header says what it reads: tables of the snapshot, or ``pods_at``, itself a query. Sums in the files are of
integers or DECIMAL and quantiles are values that were seen, so neither threads nor the order of rows change a result.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from k2cr_analysis.errors import InputError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_FOLDER = Path(__file__).parent
# Queries that others read from like a table, with the snapshot's table that each needs.
VIEWS = {"pods_at": "usage"}


class TableSource(Protocol):
    """What the roll-ups need of a snapshot: the Parquet files of a table; none where the table is absent."""

    def table_files(self, name: str) -> Sequence[Path]: ...


def has_table(source: TableSource, name: str) -> bool:
    """Whether there is anything to ask: files of the snapshot, or a table that stands elsewhere in their place."""
    return bool(source.table_files(name)) or name in getattr(source, "elsewhere", ())


class Engine(Protocol):
    """Answers the questions of this folder."""

    @property
    def reads_files(self) -> bool:
        """Whether the rows are the snapshot's own files, so that they may be read without SQL too."""
        ...

    def run(self, query: str) -> pa.Table:
        """The rows of ``query``.sql, in the order that it states."""
        ...


class ElsewhereTables(TableSource, Protocol):
    """A snapshot whose tables are asked elsewhere than in its files."""

    def engine(self) -> Engine: ...


@dataclass(frozen=True, slots=True)
class DuckDb:
    """A connection that has the asked-for tables as views."""

    connection: duckdb.DuckDBPyConnection
    reads_files: bool = True

    def run(self, query: str) -> pa.Table:
        import duckdb

        try:
            return self.connection.sql(sql_text(query)).to_arrow_table()
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise _not_a_number(query, error) from None


def _not_a_number(query: str, error: Exception) -> InputError:
    table = next(line.split()[2].rstrip(",") for line in sql_text(query).splitlines() if line.startswith("-- reads"))
    said = str(error).splitlines()[0].partition(": ")[2] or str(error)
    return InputError(
        ref="not-a-number",
        found=f"a value of the {VIEWS.get(table, table)} table cannot be added up: {said}",
        expected="finite numbers, of an amount or a use that there can be",
        do="collect the table again from its source",
    )


def sql_text(query: str) -> str:
    return (_FOLDER / f"{query}.sql").read_text(encoding="utf-8")


@contextmanager
def engine(source: TableSource | ElsewhereTables, *tables: str) -> Iterator[Engine]:
    """An engine over ``tables`` of a snapshot."""
    elsewhere = getattr(source, "engine", None)
    if elsewhere is not None:
        yield elsewhere()
        return
    with _duckdb() as connection:
        for table in tables:
            connection.read_parquet([str(path) for path in source.table_files(table)]).create_view(table)
        for view, table in VIEWS.items():
            if table in tables:
                connection.sql(sql_text(view)).create_view(view)
        yield DuckDb(connection)


@contextmanager
def _duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection; what does not fit into memory goes to a folder that is removed."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="k2cr-") as spill:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": spill,
            "preserve_insertion_order": False,
        }
        with duckdb.connect(":memory:", config=settings) as connection:
            # In a notebook DuckDB draws a bar of its own onto the page. Without ipywidgets it refuses to be told
            # anything about its bar, and has none that it could draw.
            with suppress(duckdb.InvalidInputException):
                connection.execute("SET enable_progress_bar = false")
            yield connection
