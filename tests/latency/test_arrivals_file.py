"""Arrivals files: the two forms, gaps, and one clear sentence for each way to be wrong."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from k2cr_analysis.errors import InputError
from k2cr_analysis.latency.load.arrivals_file import FileArrivals
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.latency.simulator.simulate import simulate


def written(folder, text):
    path = folder / "arrivals.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def periods(folder, text):
    arrivals = FileArrivals(written(folder, text))
    blocks = list(arrivals.blocks)
    starts = np.concatenate([block.start_s for block in blocks])
    ends = np.concatenate([block.end_s for block in blocks])
    counts = np.concatenate([block.count for block in blocks])
    return starts.tolist(), ends.tolist(), counts.tolist(), arrivals.ends_at()


GOOD = {
    "instants": ("offset_s,size\n0.5,9\n0.5,9\n2,9\n", [0.5, 0.5, 2.0], [0.5, 0.5, 2.0], [1, 1, 1], 2.0),
    "counts by offset": ("offset_s,count\n60,3\n120,0\n180,4\n", [60, 120, 180], [120, 180, 240], [3, 0, 4], 240.0),
    "a gap is empty": (
        "timestamp_minute,count\n2026-01-01T00:00Z,1\n2026-01-01T00:01Z,2\n2026-01-01T00:05Z,3\n",
        [0, 60, 300], [60, 120, 360], [1, 2, 3], 360.0,
    ),
    "no zone is UTC": (
        "timestamp,count\n2026-01-01T00:00:00,1\n2026-01-01T02:00:00+01:00,2\n", [0, 3600], [3600, 7200], [1, 2], 7200.0,
    ),
    "timestamps as instants": ("timestamp\n2026-01-01T00:00:01.5Z\n2026-01-01T00:00:02Z\n", [0, 0.5], [0, 0.5], [1, 1], 0.5),
    "count before other columns, blank lines, BOM": ("\ufeffoffset_s, x, count\n0,a, 2\n\n5,b,1\n", [0, 5], [5, 10], [2, 1], 10.0),
    "names in capitals": ("Offset_s,Count\n0,2\n1,3\n", [0, 1], [1, 2], [2, 3], 2.0),
    "counts as floats": ("offset_s,count\n0,2.0\n1,3.0\n", [0, 1], [1, 2], [2, 3], 2.0),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD.keys())
def test_a_file_becomes_periods(tmp_path, case):
    text, *expected = case
    assert periods(tmp_path, text) == tuple(expected)


BAD = {
    "empty file": ("", 1, "no header"),
    "unknown first column": ("time,count\n1,2\n", 1, "offset_s"),
    "no row": ("offset_s\n", 1, "no row"),
    "not a number": ("offset_s\n1\nx\n", 3, '"x"'),
    "negative offset": ("offset_s\n-1\n", 2, '"-1"'),
    "not finite": ("offset_s\n0\nnan\n", 3, '"nan"'),
    "not a time": ("timestamp\n2026-01-01T00:00\nyesterday\n", 3, '"yesterday"'),
    "not in order": ("offset_s\n5\n4\n", 3, "earlier"),
    "not in order, with counts": ("offset_s,count\n0,1\n5,1\n4,1\n", 4, "earlier"),
    "same period twice": ("offset_s,count\n0,1\n5,1\n5,1\n", 4, "same time"),
    "half a request": ("offset_s,count\n0,1\n5,1.5\n", 3, '"1.5"'),
    "negative count": ("offset_s,count\n0,1\n5,-1\n", 3, '"-1"'),
    "no count in the row": ("offset_s,count\n0,1\n5\n", 3, '""'),
    "one period alone": ("offset_s,count\n0,1\n", 2, "single row"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_named_with_its_line(tmp_path, case):
    text, line, found = case
    with pytest.raises(InputError) as error:
        list(FileArrivals(written(tmp_path, text)).blocks)
    assert f"arrivals.csv:{line}" in str(error.value)
    assert found in str(error.value)


def test_a_packed_file_is_the_same(tmp_path):
    text = "offset_s,count\n0,2\n5,1\n"
    packed = tmp_path / "arrivals.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    (block,) = FileArrivals(packed).blocks
    assert (block.start_s.tolist(), block.count.tolist()) == ([0, 5], [2, 1])
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(InputError, match=packed.name):
        list(FileArrivals(packed).blocks)


def test_the_file_s_end_counts_only_where_all_of_it_was_taken(tmp_path):
    path = written(tmp_path, "offset_s,count\n0,2\n50,1\n100,0\n")
    service = ServiceConfig(service_s=0.1, cpu_s=0.0, startup_s=0.0, service_distribution="constant")
    whole, more, fewer = (simulate(FileArrivals(path), service, requests=limit) for limit in (None, 10, 2))
    assert whole.simulated_s == more.simulated_s == 150.0
    assert (whole.requests, fewer.requests) == (3, 2)
    assert fewer.simulated_s < 51.0


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01" * 20, None], ids=["binary", "absent"])
def test_what_is_no_text_file_is_bad_input(tmp_path, content):
    path = tmp_path / "absent.csv" if content is None else written(tmp_path, content)
    with pytest.raises(InputError, match=path.name):
        FileArrivals(path)
