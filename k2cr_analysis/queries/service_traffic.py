"""What requests each workload got: counts by even period, the latency histogram, errors, bytes, callers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from k2cr_analysis.model.observed import FloatArray, IntArray, TrafficProfile
from k2cr_analysis.queries.engine import TableSource, engine, has_table
from k2cr_analysis.queries.gaps import BoolArray, known_periods
from k2cr_analysis.queries.traffic_source import chosen_metrics, family

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
# As the source names the target: namespace, Service, kind of workload, workload. Service or workload is there.
Target = tuple[str, str | None, str | None, str | None]
Layout = tuple[float, ...]  # of a histogram: its finite bounds, rising [ms]
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class _Grid:
    """The even periods of the whole table: all profiles of a snapshot begin and end together."""

    start_us: int
    period_s: int
    periods: int

    def index(self, end_us: IntArray) -> IntArray:
        """The period in which a point that ends at ``end_us`` ended."""
        step = self.period_s * _US
        return (end_us - self.start_us + step - 1) // step - 1


@dataclass(frozen=True, slots=True)
class _Counts:
    """The rows of one target and one metric type. int64[rows] each; ``response_bytes`` is -1 where unknown."""

    end_us: IntArray
    requests: IntArray
    errors: int
    response_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Sources:
    """All that the traffic table says, by target (and metric type); ``known`` is by family of sources."""

    grid: _Grid
    counts: Mapping[Target, Mapping[str, _Counts]]
    buckets: Mapping[tuple[Target, str], Mapping[Layout, IntArray]]
    means: Mapping[tuple[Target, str], tuple[Decimal, int]]
    callers: Mapping[Target, Mapping[str, int]]
    known: Mapping[str, BoolArray]


def traffic(snapshot: TableSource, services_of: Mapping[tuple[str, str], str]) -> dict[str, TrafficProfile]:
    """Workload id -> the requests that it got; empty where the snapshot has no traffic table.

    ``services_of`` maps (namespace, Service) to the workload that the Service selects. A row that names its workload
    needs no Service. Rows of a target that is neither are not used. For each target one source of counts is chosen
    (``traffic_source.py``); several Services of one workload add up. Periods are the longest that occur in the table.
    The histogram is of successful requests, in the layout that most of them were counted in; the mean is of all of
    them. Callers are those that the mesh names: workload id where it is one of ``services_of``, else namespace/name.
    """
    if not has_table(snapshot, "traffic"):
        return {}
    with engine(snapshot, "traffic") as sql:
        counts, grid = _counts(sql.run("traffic_by_service"))
        sources = _Sources(
            grid,
            counts,
            buckets=_histograms(sql.run("latency_by_service")),
            means=_means(sql.run("latency_mean_by_service")),
            callers=_callers(sql.run("callers_by_service"), services_of),
            known=_known(counts, grid),
        )
    targets_of: dict[str, list[Target]] = defaultdict(list)
    for target in counts:
        if name := _workload(target, services_of):
            targets_of[name].append(target)
    return {name: _profile(targets_of[name], sources) for name in sorted(targets_of)}


def _workload(target: Target, services_of: Mapping[tuple[str, str], str]) -> str | None:
    namespace, service, kind, name = target
    if kind is not None and name is not None:
        return f"{namespace}/{kind}/{name}"
    return services_of.get((namespace, service)) if service is not None else None


def _target(row: Row) -> Target:
    return row["namespace_name"], row["service_name"], row["workload_type"], row["workload_name"]


def _counts(table: pa.Table) -> tuple[dict[Target, dict[str, _Counts]], _Grid]:
    """Counts by target and metric type, and the grid that all of them stand on. Rows come sorted by both."""
    found: dict[Target, dict[str, _Counts]] = defaultdict(dict)
    if not table.num_rows:
        return {}, _Grid(0, 1, 0)
    end_us = table.column("end_us").to_numpy()
    period_s = table.column("period_s").to_numpy()
    requests = table.column("requests").to_numpy()
    errors = table.column("errors").to_numpy()
    sent = table.column("response_bytes")
    names = table.select(["namespace_name", "service_name", "workload_type", "workload_name", "metric_type"])
    for first, last, row in _runs(names):
        known_bytes = sent.slice(first, last - first).drop_null()
        found[_target(row)][row["metric_type"]] = _Counts(
            end_us=end_us[first:last],
            requests=requests[first:last],
            errors=int(errors[first:last].sum()),
            response_bytes=int(known_bytes.to_numpy().sum()) if len(known_bytes) else None,
        )
    longest = int(period_s.max())
    start_us = int((end_us - period_s.astype(np.int64) * _US).min())
    periods = -(-(int(end_us.max()) - start_us) // (longest * _US))
    return dict(found), _Grid(start_us, longest, periods)


def _runs(names: pa.Table) -> Iterable[tuple[int, int, Row]]:
    """(first, end, names) of each run of rows with equal names."""
    changed = np.zeros(names.num_rows, dtype=bool)
    changed[0] = True
    for column in names.columns:
        codes = column.combine_chunks().dictionary_encode()
        index = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        changed[1:] |= index[1:] != index[:-1]
    starts = np.flatnonzero(changed)
    for first, last in zip(starts, [*starts[1:], names.num_rows], strict=True):
        yield int(first), int(last), names.slice(int(first), 1).to_pylist()[0]


def _histograms(table: pa.Table) -> dict[tuple[Target, str], dict[Layout, IntArray]]:
    """(target, metric type) -> bounds -> counts int64[bounds + 1]."""
    found: dict[tuple[Target, str], dict[Layout, IntArray]] = defaultdict(dict)
    for row in table.to_pylist():
        bounds = tuple(row["bounds_ms"])
        counts = found[_target(row), row["metric_type"]].setdefault(bounds, np.zeros(len(bounds) + 1, dtype=np.int64))
        if row["bucket"] <= len(counts):
            counts[row["bucket"] - 1] += row["requests"]
    return found


def _means(table: pa.Table) -> dict[tuple[Target, str], tuple[Decimal, int]]:
    return {(_target(row), row["metric_type"]): (row["latency_sum_ms"], row["requests"]) for row in table.to_pylist()}


def _callers(table: pa.Table, services_of: Mapping[tuple[str, str], str]) -> dict[Target, dict[str, int]]:
    """Target -> caller -> requests. The mesh gives a caller's name without its kind: ids are found by the name."""
    ids = {(name.split("/")[0], name.split("/")[2]): name for name in sorted(set(services_of.values()))}
    found: dict[Target, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in table.to_pylist():
        namespace, name = row["source_namespace_name"], row["source_workload_name"]
        caller = ids.get((namespace, name)) or (f"{namespace}/{name}" if namespace else name)
        found[_target(row)][caller] += row["requests"]
    return found


def _known(counts: Mapping[Target, Mapping[str, _Counts]], grid: _Grid) -> dict[str, BoolArray]:
    """Family of sources -> bool[n]: it was measuring."""
    has_points: dict[str, BoolArray] = {}
    for by_metric in counts.values():
        for metric, rows in by_metric.items():
            mask = has_points.setdefault(family(metric), np.zeros(grid.periods, dtype=bool))
            mask[grid.index(rows.end_us)] = True
    first_hour = grid.start_us // (3600 * _US)
    return {name: known_periods(mask, grid.period_s, first_hour) for name, mask in has_points.items()}


def _profile(targets: list[Target], sources: _Sources) -> TrafficProfile:
    """One workload's profile, from the chosen source of each of its targets."""
    grid = sources.grid
    chosen = [(target, metric) for target in targets for metric in _chosen(sources.counts[target])]
    rows = [sources.counts[target][metric] for target, metric in chosen]
    requests = np.zeros(grid.periods, dtype=np.int64)
    for part in rows:
        np.add.at(requests, grid.index(part.end_us), part.requests)
    total = int(requests.sum())
    sent = [part.response_bytes for part in rows if part.response_bytes is not None]
    bounds, histogram = _largest_layout([sources.buckets[key] for key in chosen if key in sources.buckets])
    is_known = np.logical_and.reduce([sources.known[family(metric)] for _, metric in chosen])
    return TrafficProfile(
        start=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=grid.start_us),
        period_s=grid.period_s,
        requests=requests,
        known=is_known | (requests > 0),
        latency_bounds_ms=bounds,
        latency_counts=histogram,
        latency_mean_ms=_mean_ms([sources.means[key] for key in chosen if key in sources.means]),
        error_ratio=sum(part.errors for part in rows) / total if total else None,
        response_bytes=sum(sent) if sent else None,
        source=", ".join(sorted({metric for _, metric in chosen})),
        callers=_added_up([sources.callers[target] for target in targets if target in sources.callers]),
    )


def _chosen(by_metric: Mapping[str, _Counts]) -> tuple[str, ...]:
    return chosen_metrics({metric: int(rows.requests.sum()) for metric, rows in by_metric.items()})


def _largest_layout(parts: list[Mapping[Layout, IntArray]]) -> tuple[FloatArray | None, IntArray | None]:
    """(bounds, counts) added up over the parts, in the layout that holds most requests; of equals the finest."""
    summed: dict[Layout, IntArray] = {}
    for part in parts:
        for bounds, counts in part.items():
            summed[bounds] = summed[bounds] + counts if bounds in summed else counts
    if not summed:
        return None, None
    best = max(summed, key=lambda bounds: (int(summed[bounds].sum()), len(bounds), bounds))
    return np.array(best, dtype=np.float64), summed[best]


def _mean_ms(parts: list[tuple[Decimal, int]]) -> float | None:
    requests = sum(count for _, count in parts)
    return float(sum((total for total, _ in parts), Decimal(0)) / requests) if requests else None


def _added_up(parts: list[Mapping[str, int]]) -> dict[str, int]:
    summed: dict[str, int] = defaultdict(int)
    for part in parts:
        for caller, requests in part.items():
            summed[caller] += requests
    return dict(sorted(summed.items()))
