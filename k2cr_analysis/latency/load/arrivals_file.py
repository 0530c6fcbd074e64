"""Arrivals from a CSV file, read as a stream.

First column ``offset_s`` (seconds) or any ``timestamp*`` (ISO 8601; no zone is UTC), rows in order of time. With a
column ``count`` a row is a period and the requests in it; the period is the smallest step between rows, and what no
row covers is empty. Without it a row is one request at that instant. Time 0 is offset 0, or the first timestamp.
A name that ends in ``.gz`` is unpacked as it is read.
"""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.latency.load.arrivals import ArrivalBlock
from k2cr_analysis.named_file import refuse_special

ROWS_A_BLOCK = 65_536


class FileArrivals:
    """The requests of one file, as blocks. A file with counts is read twice: its period is known only at its end.

    Raises
    ------
    InputError  With file and line: not such a CSV, a time or a count that is none, rows out of order, no rows.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        header = self._header()
        self._is_offset = header[0] == "offset_s"
        self._count_column = header.index("count") if "count" in header else None
        self._period_s = self._smallest_step() if self._count_column is not None else 0.0
        self._latest_s = 0.0

    @property
    def blocks(self) -> Iterator[ArrivalBlock]:
        starts: list[float] = []
        counts: list[int] = []
        for _, seconds, count in self._rows():
            starts.append(seconds)
            counts.append(count)
            if len(starts) == ROWS_A_BLOCK:
                yield self._block(starts, counts)
                starts, counts = [], []
        if starts:
            yield self._block(starts, counts)

    def ends_at(self) -> float:
        """End of the last period, or the last instant, of what was taken so far. [s]"""
        return self._latest_s + self._period_s

    def _block(self, starts: list[float], counts: list[int]) -> ArrivalBlock:
        start = np.array(starts)
        self._latest_s = starts[-1]
        return ArrivalBlock(start, start + self._period_s, np.array(counts, dtype=np.int64), np.zeros(len(start)))

    def _header(self) -> list[str]:
        header = [name.lower() for name in next(self._lines(), (1, []))[1]]
        if not header or not (header[0] == "offset_s" or header[0].startswith("timestamp")):
            raise InputError(
                ref="not-an-arrivals-file",
                where=Location(str(self.path), 1),
                found=f'first column "{header[0]}"' if header else "no header",
                expected='a CSV whose first column is "offset_s" or begins with "timestamp"',
                do="name the column of times so, and put it first",
            )
        return header

    def _smallest_step(self) -> float:
        step, before = math.inf, -math.inf
        for line, seconds, _ in self._rows():
            if seconds == before:
                raise self._bad(line, "the same time as the row before", "one row a period")
            step, before = min(step, seconds - before), seconds
        if math.isinf(step):
            raise InputError(
                ref="period-of-counts-unknown",
                where=Location(str(self.path), 2),
                found="a single row with a count",
                expected="two rows or more: the step between them is the period",
                do="add a row with count 0 where the period ends",
            )
        return step

    def _rows(self) -> Iterator[tuple[int, float, int]]:
        """Line, seconds since time 0, requests of each row."""
        lines = self._lines()
        next(lines)
        first = 0.0 if self._is_offset else None
        before = 0.0
        for line, row in lines:
            if not row:
                continue
            seconds = self._time(row[0], line)
            first = seconds if first is None else first
            seconds -= first
            if seconds < before:
                raise self._bad(line, f'"{row[0]}", earlier than the row before', "rows in order of time")
            before = seconds
            yield line, seconds, self._count(row, line)
        if first is None or (self._is_offset and before == 0.0 and not self._has_a_row()):
            raise self._bad(1, "a header and no row", "at least one row")

    def _has_a_row(self) -> bool:
        lines = self._lines()
        next(lines)
        return any(row for _, row in lines)

    def _time(self, text: str, line: int) -> float:
        if self._is_offset:
            try:
                seconds = float(text)
            except ValueError:
                raise self._bad(line, f'offset_s "{text}"', "a number of seconds") from None
            if not 0.0 <= seconds < math.inf:
                raise self._bad(line, f'offset_s "{text}"', "a number of seconds, 0 or more")
            return seconds
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self._bad(line, f'timestamp "{text}"', "a time as ISO 8601 writes it, 2026-03-01T00:05Z") from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    def _count(self, row: list[str], line: int) -> int:
        if self._count_column is None:
            return 1
        text = row[self._count_column] if self._count_column < len(row) else ""
        try:
            count = float(text)
        except ValueError:
            raise self._bad(line, f'count "{text}"', "a whole number") from None
        if not (0.0 <= count < 2**53 and count == int(count)):
            raise self._bad(line, f'count "{text}"', "a whole number, 0 or more")
        return int(count)

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        try:
            refuse_special(self.path)
            opened = gzip.open if self.path.suffix == ".gz" else open
            with opened(self.path, "rt", encoding="utf-8-sig", newline="") as stream:
                reader = csv.reader(stream)
                for row in reader:
                    yield reader.line_num, [cell.strip() for cell in row]
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError(
                ref="not-an-arrivals-file",
                where=Location(str(self.path)),
                found=str(error),
                expected="a CSV file packed by gzip, whole",
            ) from error
        except OSError as error:
            raise InputError(
                ref="arrivals-file-unreadable",
                where=Location(str(self.path)),
                found=error.strerror or str(error),
                expected="a CSV file",
            ) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(
                ref="not-an-arrivals-file",
                where=Location(str(self.path)),
                found=str(error),
                expected="a CSV file, UTF-8",
            ) from error

    def _bad(self, line: int, found: str, expected: str) -> InputError:
        return InputError(
            ref="bad-arrivals-row",
            where=Location(str(self.path), line),
            found=found,
            expected=expected,
            do="mend this line",
        )
