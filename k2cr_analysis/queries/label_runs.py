"""Reads a Parquet table as runs of rows with equal labels, a row group at a time, without making rows of it.

A snapshot's tables are sorted by their labels, so a series is one run, or a few where it goes over the end of a row
group. A label column whose statistics say that it has one value in the row group is not decoded at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k2cr_analysis.model.observed import FloatArray

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_AHEAD = 8  # row groups that are decoded before they are asked for
_THREADS = 2
# Longer texts may be cut in the statistics of a foreign file.
_LONGEST_EXACT = 60


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive rows with equal labels, in the order of the asked-for columns. ``values`` float64[rows]."""

    labels: tuple[Any, ...]
    values: FloatArray


def label_runs(files: Sequence[Path], labels: Sequence[str], values: str) -> Iterator[Run]:
    """The runs of all files, in the order of their rows."""
    groups = _row_groups(files)
    with ThreadPoolExecutor(_THREADS) as pool:
        pending: deque[Future[list[Run]]] = deque()
        for group in islice(groups, _AHEAD):
            pending.append(pool.submit(_runs_of, group, labels, values))
        while pending:
            done = pending.popleft()
            for group in islice(groups, 1):
                pending.append(pool.submit(_runs_of, group, labels, values))
            yield from done.result()


@dataclass(frozen=True, slots=True)
class _RowGroup:
    """A row group, with the footer of its file, which is parsed once for all of them."""

    file: Path
    footer: pq.FileMetaData
    index: int


def _row_groups(files: Sequence[Path]) -> Iterator[_RowGroup]:
    import pyarrow.parquet as pq

    for file in files:
        footer = pq.read_metadata(file)
        yield from (_RowGroup(file, footer, index) for index in range(footer.num_row_groups))


def _runs_of(group: _RowGroup, labels: Sequence[str], values: str) -> list[Run]:
    import pyarrow.parquet as pq

    constant = _constants(group.footer.row_group(group.index), labels)
    varying = [name for name in labels if name not in constant]
    with pq.ParquetFile(group.file, metadata=group.footer, memory_map=True) as source:
        table = source.read_row_group(group.index, columns=[*varying, values], use_threads=False)
    if not table.num_rows:
        return []
    columns = {name: _array(table.column(name)) for name in varying}
    numbers = _array(table.column(values)).to_numpy(zero_copy_only=False)
    ends = _ends(columns.values(), table.num_rows)
    found = []
    for first, end in pairwise([0, *ends]):
        here = tuple(constant[name] if name in constant else columns[name][first].as_py() for name in labels)
        found.append(Run(here, numbers[first:end]))
    return found


def _constants(group: pq.RowGroupMetaData, labels: Sequence[str]) -> dict[str, Any]:
    """Label -> its only value in the row group, for those that the statistics show to have one."""
    found: dict[str, Any] = {}
    for index in range(group.num_columns):
        column = group.column(index)
        name, statistics = column.path_in_schema, column.statistics
        if name not in labels or statistics is None or statistics.null_count is None or _may_be_cut(statistics):
            continue
        if statistics.null_count == group.num_rows:
            found[name] = None
        elif not statistics.null_count and statistics.has_min_max and statistics.min == statistics.max:
            found[name] = statistics.min
    return found


def _may_be_cut(statistics: pq.Statistics) -> bool:
    return isinstance(statistics.min, str) and len(statistics.min) > _LONGEST_EXACT


def _array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _ends(columns: Iterable[pa.Array], rows: int) -> list[int]:
    """One past the last row of each run of rows that are equal in every column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = {rows}
    for column in columns:
        codes = column.indices if pa.types.is_dictionary(column.type) else column
        ends.update(pc.run_end_encode(codes).run_ends.to_pylist())
    return sorted(ends)
