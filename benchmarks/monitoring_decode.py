"""Pages of Cloud Monitoring into Arrow: ours, against attribute access with the client's wrapper types, in one run.

Both sides start from the bytes of the same pages and end in the same Arrow table. The raw parse alone (bytes to
protobuf messages, nothing read) stands beside them: nothing that starts from these bytes can be faster.

Then the memory: a process of its own decodes a window day by day, a chunk of ``WINDOW_SERIES`` series each, into a
snapshot, and says how much it took at its peak over what it had before. It must not rise with the window's length.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from google.cloud.monitoring_v3 import ListTimeSeriesResponse

from k2cr_analysis.snapshot import Provenance, write_snapshot
from k2cr_analysis.sources.monitoring.chunks import table_of
from k2cr_analysis.sources.monitoring.decode import Points, decode_page
from k2cr_analysis.sources.monitoring.owners import Owners
from k2cr_analysis.sources.monitoring.queries import USAGE_QUERIES
from k2cr_analysis.sources.monitoring.usage_table import usage_part

SERIES, POINTS, PAGES, ROUNDS = 100, 288, 2, 7
QUERY = USAGE_QUERIES[0]
WINDOW_SERIES, WINDOW_DAYS = 2000, (4, 12)


def a_page(number: int, count: int = SERIES) -> bytes:
    page = ListTimeSeriesResponse()
    for index in range(count):
        series = page._pb.time_series.add()
        series.metric.type = QUERY.metric_type
        series.resource.type = "k8s_container"
        for name in ("namespace_name", "container_name"):
            series.resource.labels[name] = f"{name}-{index % 20}"
        for name in ("top_level_controller_type", "top_level_controller_name"):
            series.metadata.system_labels[name] = f"{name}-{index}"
        for step in range(POINTS):
            point = series.points.add()
            point.interval.end_time.seconds = point.interval.start_time.seconds = 1_790_000_000 - 300 * step
            point.value.double_value = (index * 31 + step * 17 + number) % 997 / 64
    return ListTimeSeriesResponse.serialize(page)


def ours(pages: list[bytes]) -> pa.Table:
    points = Points()
    for content in pages:
        wrapper = ListTimeSeriesResponse.deserialize(content)
        decode_page(type(wrapper).pb(wrapper), QUERY, points)
    return table_of(points, QUERY)


def by_attributes(pages: list[bytes]) -> pa.Table:
    columns: dict[str, list[object]] = {name: [] for name, _ in QUERY.group_by} | {"end_time": [], "value": []}
    for content in pages:
        for series in ListTimeSeriesResponse.deserialize(content).time_series:
            for point in series.points:
                for name, path in QUERY.group_by:
                    labels = series.metadata.system_labels if path.startswith("metadata") else series.resource.labels
                    columns[name].append(labels[name])
                columns["end_time"].append(point.interval.end_time)
                columns["value"].append(point.value.double_value)
    return pa.table(columns)


def by_series_attributes(pages: list[bytes]) -> pa.Table:
    """As a careful person would write it: labels once a series."""
    columns: dict[str, list[object]] = {name: [] for name, _ in QUERY.group_by} | {"end_time": [], "value": []}
    for content in pages:
        for series in ListTimeSeriesResponse.deserialize(content).time_series:
            found = []
            for name, path in QUERY.group_by:
                labels = series.metadata.system_labels if path.startswith("metadata") else series.resource.labels
                found.append((name, labels[name]))
            for point in series.points:
                for name, text in found:
                    columns[name].append(text)
                columns["end_time"].append(point.interval.end_time)
                columns["value"].append(point.value.double_value)
    return pa.table(columns)


def parse_alone(pages: list[bytes]) -> None:
    for content in pages:
        ListTimeSeriesResponse.deserialize(content)


def fastest_s(work: Callable[[list[bytes]], object], pages: list[bytes], rounds: int) -> float:
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work(pages)
        found.append(time.perf_counter() - start)
    return min(found)


def read_window(days: int) -> None:
    """In a process of its own: prints the peak in MiB, and the rows."""

    def parts() -> Iterator[pa.Table]:
        for day in range(days):
            yield usage_part(QUERY, ours([a_page(day, WINDOW_SERIES)]), Owners(()))

    ours([a_page(0)])  # what is imported and made once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        provenance = Provenance(source="benchmark", window_start=moment, window_end=moment)
        rows = write_snapshot(Path(folder) / "s", [], {"usage": parts()}, provenance).rows["usage"]
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, rows)


def main() -> None:
    if len(sys.argv) == 2:
        read_window(int(sys.argv[1]))
        return
    pages = [a_page(number) for number in range(PAGES)]
    mine, theirs = ours(pages), by_series_attributes(pages)
    assert mine["value"].to_pylist() == theirs["value"].to_pylist()
    assert mine["end_time"].to_pylist() == theirs["end_time"].cast(pa.timestamp("us", tz="UTC")).to_pylist()
    assert mine["container_name"].to_pylist() == theirs["container_name"].to_pylist()
    points = SERIES * POINTS * PAGES
    raw = fastest_s(parse_alone, pages, ROUNDS)
    own = fastest_s(ours, pages, ROUNDS)
    print(f"{points:,} points in {PAGES} pages of {len(pages[0]) / 1e6:.1f} MB; {own / points * 1e6:.2f} us a point")
    print(
        f"attribute access, a label a point     : {fastest_s(by_attributes, pages, 1) / own:6.1f} times as long as ours"
    )
    print(
        f"attribute access, labels once a series : {fastest_s(by_series_attributes, pages, 2) / own:6.1f} times as long as ours"
    )
    print(f"ours                                  : {own / raw:6.1f} times as long as the raw parse alone")
    for days in WINDOW_DAYS:
        done = subprocess.run([sys.executable, __file__, str(days)], capture_output=True, text=True, check=True)
        peak, rows = done.stdout.split()
        print(f"a window of {days:2} days, {int(rows):10,} rows   : {int(peak):6,} MiB at the peak")


if __name__ == "__main__":
    main()
