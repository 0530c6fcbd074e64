"""Holds a table to its declaration: columns, types, missing values. Used on write and on import of a file."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.snapshot.column_values import first_impossible, first_impossible_row
from k2cr_analysis.snapshot.fitting import filled, fitted
from k2cr_analysis.snapshot.tables import Table


def conformed(data: pa.Table, declared: Table, where: Location, before: int = 0) -> pa.Table:
    """The same rows with the declared columns, in the declared order and types.

    A nullable column that is missing is all null. ``InputError`` names the column that is missing, not declared,
    of a type whose values do not fit, or null where a value must be, with the number of the row; ``before``: rows of
    the same file that came in earlier parts.
    """
    unknown = sorted(set(data.column_names) - set(declared.schema.names))
    if unknown and not declared.is_an_export:
        raise _refused(
            "unknown-column", declared, where, found=f"column {unknown[0]!r}", expected=", ".join(declared.schema.names)
        )
    if len(set(data.column_names)) != len(data.column_names):
        raise _refused("column-twice", declared, where, found="two columns of one name", expected="each column once")
    columns = [_column(data, field, declared, where, before) for field in declared.schema]
    whole = pa.Table.from_arrays(columns, schema=declared.schema)
    wrong = first_impossible_row(whole, declared)
    if wrong is not None:
        found = f"{wrong.found} in column {wrong.column!r}, row {before + wrong.row + 1:,}"
        raise _refused("impossible-value", declared, where, found=found, expected=wrong.expected)
    return whole


def _column(data: pa.Table, field: pa.Field, declared: Table, where: Location, before: int) -> pa.ChunkedArray:
    may_lack = not field.nullable and declared.is_an_export and _has_empty(field.type)
    if field.name not in data.column_names:
        if not field.nullable and not (may_lack and pa.types.is_list(field.type)):
            raise _refused(
                "missing-column",
                declared,
                where,
                found=f"no column {field.name!r}",
                expected=f"{field.name} {field.type}: {_doc(field)}",
            )
        column = pa.chunked_array([pa.nulls(data.num_rows, field.type)])
    else:
        column = _cast(data.column(field.name), field, declared, where)
    if may_lack:
        column = filled(column, "")
    if not field.nullable and column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise _refused(
            "missing-value",
            declared,
            where,
            found=f"no value in column {field.name!r}, row {before + row + 1:,}",
            expected=f"{field.type} in every row: {_doc(field)}",
        )
    found = first_impossible(column, field.name, declared)
    if found is not None:
        row, expected = found
        raise _refused(
            "impossible-value",
            declared,
            where,
            found=f"{column[row].as_py()} in column {field.name!r}, row {before + row + 1:,}",
            expected=f"{expected}: {_doc(field)}",
        )
    return column


def _has_empty(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_string(kind))


def _cast(given: pa.ChunkedArray, field: pa.Field, declared: Table, where: Location) -> pa.ChunkedArray:
    try:
        return fitted(given, field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise _refused(
            "wrong-column-type",
            declared,
            where,
            found=f"column {field.name!r} of type {given.type} ({error})",
            expected=f"{field.type}: {_doc(field)}",
        ) from error


def _doc(field: pa.Field) -> str:
    said = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    return f"{said.get('doc', '')} [{said['unit']}]" if said.get("unit") else said.get("doc", "")


def _refused(ref: str, declared: Table, where: Location, *, found: str, expected: str) -> InputError:
    return InputError(
        ref=ref,
        where=where,
        found=found,
        expected=expected,
        do=f"write the {declared.name} table with the declared columns (docs/glossary.md)",
    )
