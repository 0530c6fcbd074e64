"""Sorts the rows of a table that comes in parts, of which memory need hold one: equal rows, in whatever parts, come out
in the same order.

Each part is sorted and put on the disk. Then the rows of the next few series are taken from all parts, sorted, and
given on, until no series is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from k2cr_analysis.snapshot.tables import Table

# Rows that are sorted in memory at once, more where a single series has more.
ROWS_AT_ONCE: Final = 1_310_720
_ROWS_A_BATCH: Final = 4_096
_CONTENT: Final = "content"
_BETWEEN, _BETWEEN_ITEMS, _NOTHING = "\x1f", "\x1e", "\x00"
_KEY_COLUMNS: Final = 4  # of the declared order: enough to tell series apart
_Key = tuple[tuple[bool, Any], ...]
_Slice = tuple[int, int, int]  # part, first row, end


def sorted_rows(
    parts: Iterable[pa.Table], declared: Table, scratch: Path, rows_at_once: int = ROWS_AT_ONCE
) -> Iterator[pa.Table]:
    """The rows of all parts in the declared order, in tables of about ``rows_at_once`` rows.

    ``scratch``: an empty folder for the sorted parts; the caller removes it.
    """
    slices: dict[_Key, list[_Slice]] = {}
    sources: list[_Part] = []
    for part in parts:
        if part.num_rows:
            ordered = ordered_rows(part, declared)
            for key, first, end in _runs(ordered, declared):
                slices.setdefault(key, []).append((len(sources), first, end))
            sources.append(_Part(ordered, scratch / f"{len(sources)}.arrow"))
    for group in _groups(slices, rows_at_once):
        yield ordered_rows(
            pa.concat_tables([sources[n].rows(first, end) for n, (first, end) in group.items()]), declared
        )


def _groups(slices: Mapping[_Key, Sequence[_Slice]], rows_at_once: int) -> Iterator[dict[int, tuple[int, int]]]:
    """Part -> its rows, first and end, of the next few keys: parts are sorted, so these stand together."""
    group: dict[int, tuple[int, int]] = {}
    rows = 0
    for key in sorted(slices):
        for part, first, end in slices[key]:
            group[part] = (group.get(part, (first, end))[0], end)
            rows += end - first
        if rows >= rows_at_once:
            yield group
            group, rows = {}, 0
    if group:
        yield group


def ordered_rows(data: pa.Table, declared: Table) -> pa.Table:
    """The rows in the declared order; those with equal keys keep the given one.

    The rows of an export have no key that tells them apart: of those, equal keys go by all that they hold, so that the
    order does not hang on the pages that they came in.
    """
    labelled = _with_sorted_labels(data)
    keys = {
        name: column.combine_chunks().indices if pa.types.is_dictionary(column.type) else column
        for name, column in ((name, labelled.column(name)) for name in declared.sort_by)
    }
    if declared.is_an_export and labelled.num_rows:
        keys[_CONTENT] = contents(labelled)
    order = pc.sort_indices(pa.table(keys), sort_keys=[(name, "ascending") for name in keys])
    return labelled.take(order)


def contents(data: pa.Table) -> pa.Array:
    """string[rows]: all that a row holds, the same for equal rows; column by column, and never row by row."""
    texts = [_text(column.combine_chunks()) for column in data.columns]
    return _joined(texts)


def _joined(texts: Sequence[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*texts, _BETWEEN, null_handling="replace", null_replacement=_NOTHING)


def _text(array: pa.Array) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if pa.types.is_struct(kind):
        return _joined([_text(pc.struct_field(array, field.name)) for field in kind])
    if pa.types.is_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        ends = pc.cumulative_sum(lengths.cast(pa.int32()))
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
        whole = pc.fill_null(_text(pc.list_flatten(array)), _NOTHING)
        return pc.binary_join(pa.ListArray.from_arrays(offsets, whole), _BETWEEN_ITEMS)
    return array.cast(pa.string())


class _Part:
    """Sorted rows on the disk, of which memory holds those that are asked for."""

    def __init__(self, ordered: pa.Table, path: Path) -> None:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, ordered.schema) as writer:
            writer.write_table(ordered, max_chunksize=_ROWS_A_BATCH)
        self._reader = pa.ipc.open_file(pa.OSFile(str(path), "rb"))

    def rows(self, first: int, end: int) -> pa.Table:
        """The rows from ``first`` to before ``end``."""
        batches = range(first // _ROWS_A_BATCH, (end - 1) // _ROWS_A_BATCH + 1)
        found = pa.Table.from_batches([self._reader.get_batch(number) for number in batches])
        return found.slice(first - batches[0] * _ROWS_A_BATCH, end - first)


def _runs(ordered: pa.Table, declared: Table) -> Iterator[tuple[_Key, int, int]]:
    """Each run of rows with equal keys, as the first columns of the order have them; nothing comes last."""
    columns = [ordered.column(name).combine_chunks() for name in declared.sort_by[:_KEY_COLUMNS]]
    starts = np.zeros(ordered.num_rows, dtype=bool)
    starts[0] = True
    for column in columns:
        codes = column.indices if pa.types.is_dictionary(column.type) else column.dictionary_encode().indices
        numbers = pc.fill_null(codes.cast(pa.int64()), -1).to_numpy()
        starts[1:] |= numbers[1:] != numbers[:-1]
    firsts = np.flatnonzero(starts)
    for first, end in zip(firsts, [*firsts[1:], ordered.num_rows], strict=True):
        values = [column[int(first)].as_py() for column in columns]
        yield tuple((value is None, "" if value is None else value) for value in values), int(first), int(end)


def _with_sorted_labels(data: pa.Table) -> pa.Table:
    """Each dictionary in the order of its values: codes then sort like the texts, and the input's order is gone."""
    unified = data.unify_dictionaries().combine_chunks()
    columns = [_sorted_labels(column) if pa.types.is_dictionary(column.type) else column for column in unified.columns]
    return pa.Table.from_arrays(columns, schema=data.schema)


def _sorted_labels(column: pa.ChunkedArray) -> pa.ChunkedArray:
    array = column.combine_chunks()
    used = array.dictionary.take(pc.drop_null(pc.unique(array.indices)))
    labels = used.take(pc.sort_indices(used))
    codes = pc.index_in(array.dictionary, value_set=labels).take(array.indices)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes.cast(pa.int32()), labels)], type=column.type)
