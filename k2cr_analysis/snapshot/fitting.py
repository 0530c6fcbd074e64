"""Fits a column of another program's table to the declared type: the same values, as far as the type has them.

BigQuery's exports write one table in several ways: a list as a structure around a list, NUMERIC as a decimal of another
width or as text, a structure with more fields than are kept, a time without a zone. All times are UTC.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

# What Parquet writers call the one field of a list, or of its items.
_LIST_FIELDS: Final = frozenset({"list", "bag"})
_ITEM_FIELDS: Final = frozenset({"element", "item", "array_element", "array"})
_UTC_WORD: Final = r" ?UTC$"


def fitted(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The column as ``kind``; ``pa.ArrowException`` where values do not fit."""
    if column.type == kind:
        return column
    return pa.chunked_array([_fitted(chunk, kind) for chunk in column.chunks], type=kind)


def _fitted(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(array.type) and array.type != kind:
        array = array.dictionary_decode()
    if array.type == kind:
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), kind)  # NULL AS name has a type of its own
    if pa.types.is_struct(kind):
        return _struct(array, kind)
    if pa.types.is_list(kind):
        return _list(array, kind)
    return _plain(array, kind)


def _struct(array: pa.Array, kind: pa.StructType) -> pa.Array:
    """Fields by name; those that are not kept go, those that are missing are null."""
    if not pa.types.is_struct(array.type):
        raise pa.ArrowTypeError(f"{array.type} is no structure")
    given = {field.name for field in array.type}
    fields = [
        _fitted(pc.struct_field(array, field.name), field.type)
        if field.name in given
        else pa.nulls(len(array), field.type)
        for field in kind
    ]
    return pa.StructArray.from_arrays(fields, fields=list(kind), mask=array.is_null())


def _list(array: pa.Array, kind: pa.ListType) -> pa.Array:
    inner = _only_field(array.type, _LIST_FIELDS)
    if inner is not None:
        return _list(pc.struct_field(array, inner), kind)
    values, counts = pc.list_flatten(array), pc.fill_null(pc.list_value_length(array), 0)
    item = _only_field(values.type, _ITEM_FIELDS)
    if item is not None:
        values = pc.struct_field(values, item)
    ends = pc.cumulative_sum(counts.cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, _fitted(values, kind.value_type), type=kind, mask=array.is_null())


def _only_field(kind: pa.DataType, names: frozenset[str]) -> str | None:
    """The name of the one field of a structure that stands around a list or an item; None for all else."""
    if pa.types.is_struct(kind) and kind.num_fields == 1 and kind.field(0).name in names:
        return str(kind.field(0).name)
    return None


def _plain(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return array.cast(pa.string()).dictionary_encode().cast(kind)
    if pa.types.is_timestamp(kind) and pa.types.is_string(array.type):
        array = pc.replace_substring_regex(array, _UTC_WORD, "Z")
    if pa.types.is_decimal(array.type) and pa.types.is_decimal(kind):
        return pc.cast(array, options=pc.CastOptions(target_type=kind, allow_decimal_truncate=True))
    if pa.types.is_timestamp(array.type) and pa.types.is_timestamp(kind):
        return pc.cast(array, options=pc.CastOptions(target_type=kind, allow_time_truncate=True))
    if pa.types.is_decimal(array.type):
        array = array.cast(pa.string())  # the nearest float64, which arithmetic with powers of ten would miss
    return array.cast(kind)


def filled(column: pa.ChunkedArray, default: Any) -> pa.ChunkedArray:
    """With a value where there is none: an absent list is an empty one, an absent text an empty text."""
    if not column.null_count:
        return column
    if pa.types.is_list(column.type):
        values = [[] if value is None else value for value in column.to_pylist()]
        return pa.chunked_array([pa.array(values, column.type)])
    return pc.fill_null(column, default)
