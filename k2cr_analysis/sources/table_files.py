"""Usage, traffic and billing tables from a person's own files, Parquet, CSV or JSON lines, held to the declared tables.

``bq extract`` writes the billing export as Parquet, or as JSON with one row a line; its CSV cannot hold lists.
"""

from __future__ import annotations

import codecs
import csv
import errno
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.named_file import refuse_special
from k2cr_analysis.snapshot.column_values import impossible
from k2cr_analysis.snapshot.conform import conformed
from k2cr_analysis.snapshot.tables import BILLING, FILE_TABLES, TABLES, Table
from k2cr_analysis.sources.reshaping.focus import Focus, is_focus
from k2cr_analysis.sources.reshaping.reshape import PlacedRow, Reshape, reshaped

# Rows that memory holds of a file at once.
ROWS_AT_ONCE: Final = 65_536
RAW_ROWS_AT_ONCE: Final = 16_384  # rows that are Python's own take several kilobytes each


def read_table_file(path: str, name: str) -> pa.Table:
    """The rows of a file as the table ``name``, whole: see :func:`table_parts`."""
    return pa.concat_tables(table_parts(path, name))


def table_parts(path: str, name: str, how: Reshape | None = None) -> Iterator[pa.Table]:
    """The rows of a file as the table ``name`` (usage, traffic, billing), some at a time; at least one part.

    A CSV file has the columns' names in its first line; times are ISO 8601, in UTC where they name no zone; lists and
    structures are JSON, a structure's fields may be columns of their own (``service.id``). Any of them may be packed
    with gzip. A bill may be a FOCUS export; ``how`` reshapes another program's rows.
    ``InputError`` with file, line and column where the file does not fit; where its beginning does not, at once.
    """
    if Path(path).exists():
        refuse_special(Path(path))
    parts = _parts(path, name, how)
    first = next(parts)
    return chain([first], parts)


def _parts(path: str, name: str, how: Reshape | None) -> Iterator[pa.Table]:
    declared = (TABLES | FILE_TABLES)[name]
    where = Location(path)
    before = 0
    try:
        if how is None and name == BILLING.name and is_focus(_columns(path)):
            how = Focus()
        read = _READERS.get(_form(path), _read_parquet)
        for data in reshaped(_raw_rows(path), how, declared) if how else read(path, declared):
            yield conformed(data.replace_schema_metadata(None), declared, where, before)
            before += data.num_rows
    except UnicodeError:
        raise InputError(
            ref="wrong-encoding",
            where=where,
            found="bytes that are no UTF-8 and no UTF-16 (perhaps Latin-1 or Windows-1252)",
            expected=f"the {name} table in UTF-8",
            do="save the file as UTF-8 (`iconv -f WINDOWS-1252 -t UTF-8`)",
        ) from None
    except (EOFError, zlib.error, csv.Error) as error:
        raise InputError(
            ref="damaged-file",
            where=where,
            found=str(error).splitlines()[0],
            expected=f"a whole file with the {name} table",
            do="copy or export the file again",
        ) from None
    except OSError as error:
        raise InputError(
            ref="cannot-read",
            where=where,
            found=str(error.strerror or error).splitlines()[0],
            expected=f"a Parquet, CSV or JSON file with the {name} table",
            do="check the path and its permissions",
        ) from None
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(
            ref="not-a-table-file",
            where=where,
            found=str(error).splitlines()[0],
            expected=f"a Parquet file, or a .csv or .json file, with the {name} table",
            do="write the table again",
        ) from None


def _columns(path: str) -> list[str]:
    """The names of a file's columns, as its beginning has them."""
    form = _form(path)
    if form == ".csv":
        with _opened(path) as stream:
            return next(csv.reader(stream), [])
    if form in _READERS:
        with _opened(path) as stream:
            line = next((line for line in stream if line.strip()), "{}")
        try:
            row = json.loads(line)
        except ValueError:
            return []  # whoever reads the rows says so
        return list(row) if isinstance(row, dict) else []
    for one in _parquet_files(path):
        return list(pq.read_schema(one).names)
    return []


def _raw_rows(path: str) -> Iterator[list[PlacedRow]]:
    """The rows of a file as they are, with their places, some at a time."""
    form = _form(path)
    rows = _raw_csv(path) if form == ".csv" else _raw_json(path) if form in _READERS else _raw_parquet(path)
    while part := list(islice(rows, RAW_ROWS_AT_ONCE)):
        yield part


def _raw_csv(path: str) -> Iterator[PlacedRow]:
    with _opened(path) as stream:
        rows = csv.reader(stream)
        header = next(rows, [])
        for row in rows:
            where = Location(path, rows.line_num)
            if row and len(row) != len(header):
                raise InputError(
                    ref="not-as-the-table",
                    where=where,
                    found=f"{len(row)} values",
                    expected=f"{len(header)}, as the first line has columns",
                    do="export it again",
                )
            if row:
                yield where, dict(zip(header, row, strict=True))


def _raw_json(path: str) -> Iterator[PlacedRow]:
    with _opened(path) as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                where = Location(path, number)
                yield where, _row(line, BILLING, where)


def _raw_parquet(path: str) -> Iterator[PlacedRow]:
    for one in _parquet_files(path):
        number = 0
        with pq.ParquetFile(one) as file:
            for batch in file.iter_batches(batch_size=RAW_ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield Location(str(one), path=f"row {number:,}"), row


def _form(path: str) -> str:
    return Path(path.lower().removesuffix(".gz")).suffix


def _read_parquet(path: str, _: Table) -> Iterator[pa.Table]:
    for one in _parquet_files(path):
        with pq.ParquetFile(one) as file:
            # A batch of nested rows is larger than its rows by far: columns are read one after another for it.
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
                yield pa.Table.from_batches([batch])
            if not file.metadata.num_rows:
                yield file.schema_arrow.empty_table()


def _parquet_files(path: str) -> list[Path]:
    """A file, or the files of a folder (``bq extract`` writes several), in the order of their names."""
    place = Path(path)
    files = sorted(file for file in place.rglob("*.parquet") if file.is_file()) if place.is_dir() else [place]
    if not files:
        raise FileNotFoundError(errno.ENOENT, "no Parquet file in this folder", path)
    return files


def _read_json(path: str, declared: Table) -> Iterator[pa.Table]:
    with _opened(path) as stream:
        lines = ((number, line) for number, line in enumerate(stream, 1) if line.strip())
        rows = [_row(line, declared, Location(path, number)) for number, line in islice(lines, ROWS_AT_ONCE)]
        while True:
            names = {name for row in rows for name in row}
            # The types are those that the values have; they are fitted to the declared ones afterwards.
            yield pa.table({name: pa.array([row.get(name) for row in rows]) for name in sorted(names)})
            rows = [_row(line, declared, Location(path, number)) for number, line in islice(lines, ROWS_AT_ONCE)]
            if not rows:
                return


def _row(line: str, declared: Table, where: Location) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise _refused(where, declared, f"a line that is no JSON ({error})", "one object a line") from None
    if not isinstance(row, dict):
        raise _refused(where, declared, f"a line that is {type(row).__name__}", "one object a line")
    return row


def _opened(path: str) -> TextIO:
    """The text of a file, in UTF-8 or in what a spreadsheet calls Unicode: UTF-16 with its mark at the start."""
    binary = gzip.open if path.lower().endswith(".gz") else open
    with binary(path, "rb") as start:
        mark = start.read(2)
    encoding = "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    if binary is gzip.open:
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return Path(path).open(encoding=encoding, newline="")


def _read_csv(path: str, declared: Table) -> Iterator[pa.Table]:
    """Row by row, so that an error can name its line; a table of this size comes as Parquet otherwise."""
    with _opened(path) as stream:
        rows = csv.reader(stream)
        header = next(rows, [])
        fields = _fields(header, declared, Location(path, 1))
        columns: dict[str, list[Any]] = {name: [] for name in fields}
        count = 0
        for row in rows:
            if not row:
                continue
            where = Location(path, rows.line_num)
            if len(row) != len(header):
                raise _refused(where, declared, f"{len(row)} values", f"{len(header)}, as the first line has columns")
            for name, text in zip(header, row, strict=True):
                if name in columns:
                    columns[name].append(_value(text, fields[name], where, declared))
            count += 1
            if count % ROWS_AT_ONCE == 0:
                yield _of_columns(columns, fields, declared)
                columns = {name: [] for name in fields}
        if count == 0 or count % ROWS_AT_ONCE:
            yield _of_columns(columns, fields, declared)


def _of_columns(columns: dict[str, list[Any]], fields: dict[str, pa.Field], declared: Table) -> pa.Table:
    return _nested({name: pa.array(values, _plain(fields[name].type)) for name, values in columns.items()}, declared)


def _nested(columns: dict[str, pa.Array], declared: Table) -> pa.Table:
    """The columns, those of one structure put together."""
    whole = {name: column for name, column in columns.items() if "." not in name}
    for field in declared.schema:
        parts = {name.partition(".")[2]: c for name, c in columns.items() if name.startswith(f"{field.name}.")}
        if parts:
            whole[field.name] = pa.StructArray.from_arrays(list(parts.values()), list(parts))
    return pa.table(whole)


def _fields(header: list[str], declared: Table, where: Location) -> dict[str, pa.Field]:
    """The declared field of each column, or of a part of a structure."""
    fields = {name: field for name in header if (field := _field(name, declared)) is not None}
    unknown = [] if declared.is_an_export else [name for name in header if name not in fields]
    there = {name.partition(".")[0] for name in fields}
    missing = [
        f.name
        for f in declared.schema
        if not f.nullable and f.name not in there and not (declared.is_an_export and pa.types.is_list(f.type))
    ]
    if unknown or missing or len(set(header)) != len(header):
        problem = f"column {unknown[0]!r}" if unknown else f"no column {missing[0]!r}" if missing else "a column twice"
        raise _refused(where, declared, problem, ", ".join(declared.schema.names))
    return fields


def _field(name: str, declared: Table) -> pa.Field | None:
    column, _, part = name.partition(".")
    if column not in declared.schema.names:
        return None
    field = declared.schema.field(column)
    if not part:
        return field
    index = field.type.get_field_index(part) if pa.types.is_struct(field.type) else -1
    return field.type.field(index) if index >= 0 else None


def _value(text: str, field: pa.Field, where: Location, declared: Table) -> Any:
    if text == "":
        if field.nullable or pa.types.is_string(_plain(field.type)):
            return None if field.nullable else ""
        raise _refused(where, declared, f"no value in column {field.name!r}", f"{field.type}: in every row")
    kind = _plain(field.type)
    try:
        if pa.types.is_nested(kind):
            return _of_json(json.loads(text, parse_float=Decimal), kind)
        value = _moment(text) if pa.types.is_timestamp(kind) else pc.cast(pa.scalar(text), kind).as_py()
    except (pa.ArrowException, ArithmeticError, ValueError, TypeError, AttributeError):
        raise _refused(where, declared, f"{text[:60]!r} in column {field.name!r}", str(kind)) from None
    expected = impossible(value, field.name, declared)
    if expected is not None:
        raise _refused(where, declared, f"{text[:60]!r} in column {field.name!r}", expected)
    return value


def _of_json(value: Any, kind: pa.DataType) -> Any:
    """A value of a list or a structure; fields that are not kept go, decimals may be numbers or texts."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        if not isinstance(value, list):
            raise TypeError(value)
        return [_of_json(one, kind.value_type) for one in value]
    if pa.types.is_struct(kind):
        return {field.name: _of_json(value.get(field.name), field.type) for field in kind}
    if pa.types.is_decimal(kind):
        return Decimal(value).quantize(Decimal(1).scaleb(-kind.scale))
    if pa.types.is_string(kind):
        return str(value)
    return pc.cast(pa.scalar(float(value)), kind).as_py()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.removesuffix("UTC").strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_READERS: Final[dict[str, Callable[[str, Table], Iterator[pa.Table]]]] = {
    ".csv": _read_csv,
    ".json": _read_json,
    ".jsonl": _read_json,
    ".ndjson": _read_json,
}


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
