"""Usage, traffic and billing tables from a person's own files, Parquet or CSV, held to the declared tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.snapshot.conform import conformed
from k2cr_analysis.snapshot.tables import FILE_TABLES, TABLES, Table


def read_table_file(path: str, name: str) -> pa.Table:
    """The rows of a file as the table ``name`` (usage, traffic, billing).

    A CSV file has the columns' names in its first line; times are ISO 8601 in UTC; lists and structures are JSON.
    ``InputError`` with file, line and column where the file does not fit.
    """
    declared = (TABLES | FILE_TABLES)[name]
    where = Location(path)
    try:
        data = _read_csv(path, declared) if path.lower().endswith(".csv") else pq.read_table(path)
    except OSError as error:
        raise InputError(
            ref="cannot-read",
            where=where,
            found=str(error.strerror or error).splitlines()[0],
            expected=f"a Parquet or CSV file with the {name} table",
            do="check the path and its permissions",
        ) from None
    except pa.ArrowInvalid as error:
        raise InputError(
            ref="not-a-table-file",
            where=where,
            found=str(error).splitlines()[0],
            expected=f"a Parquet file, or a .csv file, with the {name} table",
            do="write the table again",
        ) from None
    return conformed(data.replace_schema_metadata(None), declared, where)


def _read_csv(path: str, declared: Table) -> pa.Table:
    """Row by row, so that an error can name its line; a table of this size comes as Parquet otherwise."""
    with Path(path).open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream)
        header = next(rows, [])
        _check_header(header, declared, Location(path, 1))
        columns: dict[str, list[Any]] = {name: [] for name in header}
        for row in rows:
            if not row:
                continue
            where = Location(path, rows.line_num)
            if len(row) != len(header):
                raise _refused(where, declared, f"{len(row)} values", f"{len(header)}, as the first line has columns")
            for name, text in zip(header, row, strict=True):
                columns[name].append(_value(text, declared.schema.field(name), where, declared))
    types = {name: declared.schema.field(name).type for name in header}
    return pa.table({name: pa.array(values, _plain(types[name])) for name, values in columns.items()})


def _check_header(header: list[str], declared: Table, where: Location) -> None:
    unknown = [name for name in header if name not in declared.schema.names]
    missing = [f.name for f in declared.schema if not f.nullable and f.name not in header]
    if unknown or missing or len(set(header)) != len(header):
        problem = f"column {unknown[0]!r}" if unknown else f"no column {missing[0]!r}" if missing else "a column twice"
        raise _refused(where, declared, problem, ", ".join(declared.schema.names))


def _value(text: str, field: pa.Field, where: Location, declared: Table) -> Any:
    if text == "":
        if field.nullable or pa.types.is_string(_plain(field.type)):
            return None if field.nullable else ""
        raise _refused(where, declared, f"no value in column {field.name!r}", f"{field.type}: in every row")
    kind = _plain(field.type)
    try:
        if pa.types.is_nested(kind):
            return pa.scalar(json.loads(text), kind).as_py()
        if pa.types.is_timestamp(kind):
            return pc.cast(pa.scalar(text if text.endswith("Z") or "+" in text else f"{text}Z"), kind).as_py()
        return pc.cast(pa.scalar(text), kind).as_py()
    except (pa.ArrowException, ValueError, TypeError, AttributeError):
        raise _refused(where, declared, f"{text[:60]!r} in column {field.name!r}", str(kind)) from None


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _refused(where: Location, declared: Table, found: str, expected: str) -> InputError:
    return InputError(
        ref="not-as-the-table",
        where=where,
        found=found,
        expected=expected,
        do=f"write the {declared.name} table with the declared columns (docs/glossary.md)",
    )
