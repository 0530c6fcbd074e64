"""Pages of ``timeSeries.list`` into columns: read from the raw protobuf messages, series by series.

The client's wrapper types make a Python object for every field that is touched, which costs some twenty times as much
as the messages below them (``benchmarks/monitoring_decode.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from k2cr_analysis.sources.monitoring.queries import MetricQuery


@dataclass(slots=True)
class Points:
    """The points of one query; a series is a run of them.

    ``labels``: one tuple a run, in the order of ``group_by``, and at its end the pod, where a series is of one.
    """

    labels: list[tuple[str, ...]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    end_s: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    @property
    def runs(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """int64[points]: which run each point is of."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def of_project(self, position: int, project: str) -> Points:
        """The points of the series whose label at ``position`` is this project, or is not told."""
        if all(labels[position] in ("", project) for labels in self.labels):
            return self
        kept = Points()
        first = 0
        for labels, length in zip(self.labels, self.lengths, strict=True):
            if labels[position] in ("", project):
                kept.labels.append(labels)
                kept.lengths.append(length)
                kept.end_s += self.end_s[first : first + length]
                kept.values += self.values[first : first + length]
            first += length
        return kept

    def within(self, start: datetime, end: datetime) -> Points:
        """The points that end after ``start`` and not after ``end``: neighbouring chunks share none."""
        first, last = int(start.timestamp()), int(end.timestamp())
        if all(first < moment <= last for moment in self.end_s):
            return self
        kept = Points()
        position = 0
        for labels, length in zip(self.labels, self.lengths, strict=True):
            inside = [i for i in range(position, position + length) if first < self.end_s[i] <= last]
            position += length
            kept.labels.append(labels)
            kept.lengths.append(len(inside))
            kept.end_s += [self.end_s[i] for i in inside]
            kept.values += [self.values[i] for i in inside]
        return kept


def decode_page(page: Any, query: MetricQuery, into: Points) -> None:
    """Add the series of a raw ``ListTimeSeriesResponse`` message (not the client's wrapper).

    A server that does not reduce gives a series for each pod: its name is kept, so that no two rows are one.
    """
    paths = [*(path.split(".") for _, path in query.group_by), _POD]
    for series in page.time_series:
        points = series.points
        # All points of a series have one type.
        read = _READERS[query.form].get(str(points[0].value.WhichOneof("value"))) if points else None
        values = read(points) if read else []
        into.labels.append(tuple(_label(series, path) for path in paths))
        into.lengths.append(len(values))
        into.values += values
        if values:
            into.end_s += [point.interval.end_time.seconds for point in points]


_POD: Final = ("resource", "labels", "pod_name")


def _doubles(points: Sequence[Any]) -> list[float]:
    return [point.value.double_value for point in points]


def _integers(points: Sequence[Any]) -> list[float]:
    return [point.value.int64_value for point in points]


def _sums(points: Sequence[Any]) -> list[float]:
    """Of histograms where a number is asked for: the mesh gives one of the bytes of each request."""
    return [point.value.distribution_value.count * point.value.distribution_value.mean for point in points]


def _histograms(points: Sequence[Any]) -> list[Distribution]:
    return [_distribution(point.value.distribution_value) for point in points]


def _label(series: Any, path: Sequence[str]) -> str:
    """``resource.labels.x``, ``metric.labels.x`` or ``metadata.system_labels.x``; empty where it is not set."""
    where, _, name = path
    if where == "metadata":
        fields = series.metadata.system_labels.fields
        return str(fields[name].string_value) if name in fields else ""
    labels = series.resource.labels if where == "resource" else series.metric.labels
    return str(labels.get(name, ""))


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram as the API gives it, with its finite bounds spelled out. Source: ``google.api.Distribution``."""

    count: int
    mean: float
    sum_of_squared_deviation: float
    bounds: tuple[float, ...]
    counts: tuple[int, ...]


def _distribution(raw: Any) -> Distribution:
    bounds = _bounds(raw.bucket_options)
    # Trailing zeros may be cut.
    counts = tuple(raw.bucket_counts[: len(bounds) + 1])
    counts += (0,) * (len(bounds) + 1 - len(counts))
    return Distribution(raw.count, raw.mean, raw.sum_of_squared_deviation, bounds, counts)


def _bounds(options: Any) -> tuple[float, ...]:
    match options.WhichOneof("options"):
        case "exponential_buckets":
            form = options.exponential_buckets
            return tuple(form.scale * form.growth_factor**i for i in range(form.num_finite_buckets + 1))
        case "linear_buckets":
            form = options.linear_buckets
            return tuple(form.offset + form.width * i for i in range(form.num_finite_buckets + 1))
        case "explicit_buckets":
            return tuple(options.explicit_buckets.bounds)
    return ()


# Form -> how the API names the type of a point -> what reads all points of a series.
_READERS: Final[Mapping[str, Mapping[str, Callable[[Sequence[Any]], list[Any]]]]] = {
    "number": {"double_value": _doubles, "int64_value": _integers, "distribution_value": _sums},
    "distribution": {"distribution_value": _histograms},
}
