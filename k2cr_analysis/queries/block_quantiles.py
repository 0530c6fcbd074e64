"""The numbers of ``usage_by_container.sql``, series by series: the fast way where each container has one series.

Exact quantiles of a series need its values and no more, and a snapshot keeps them together. So the values are read as
runs and partially sorted, one container in memory at a time. What needs rows of several series at one time (single
pods, a sum to be shared out over the pods) is left to the SQL, and so is a table whose rows are not in the declared
order. A test holds both ways to the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.queries.label_runs import Run, label_runs

_CPU = "kubernetes.io/container/cpu/core_usage_time"
_MEMORY = "kubernetes.io/container/memory/used_bytes"
_METRICS = {_CPU: "cpu", _MEMORY: "memory"}
_LABELS = (
    "namespace_name", "top_level_controller_type", "top_level_controller_name", "container_name", "metric_type",
    "memory_type", "aligner", "reducer", "pod_name", "period_s",
)  # fmt: skip
_FORMS = {"REDUCE_MAX": "1 max", "REDUCE_MEAN": "3 mean", "REDUCE_SUM": "4 sum"}
PERCENTS = (50, 95, 99, 100)
_STRIDE = 32
_SMALL = 4096  # values that are sorted at once
_SIGMAS = 3.0  # how far a rank of independent values may be from where the sample has it
Container = tuple[str, str, str, str]  # namespace, kind, workload, container
Rank = tuple[int, str, int, int, str]


@dataclass(frozen=True, slots=True)
class Block:
    """What one pod of a container needs of one metric: the value at each of ``PERCENTS``."""

    container: Container
    metric: str
    form: str
    points: int
    values: tuple[float, ...]


def block_quantiles(files: Sequence[Path]) -> list[Block] | None:
    """One block for each container and metric; None where the rows are such that only the SQL can tell."""
    found: list[Block] = []
    seen: set[tuple[Container, str]] = set()
    for key, runs in groupby(label_runs(files, _LABELS, "value"), key=_container_and_metric):
        container, metric = key
        if metric not in _METRICS:
            continue
        if key in seen:
            return None  # the container goes on after another: not in the declared order
        seen.add(key)
        chosen = _chosen(runs)
        if chosen is None:
            continue
        (_, form, *_), values = chosen
        if form not in ("1 max", "3 mean"):
            return None
        found.append(Block(container, _METRICS[metric], form[2:], len(values), quantiles(values)))
    return sorted(found, key=lambda block: (block.container, block.metric))


def quantiles(values: FloatArray) -> tuple[float, ...]:
    """At each of ``PERCENTS`` the smallest value that this share of the values does not exceed.

    Every ``_STRIDE``-th value, sorted, tells about where each rank lies, and only the values near it are selected from:
    a comparison of all values with a bound takes a fraction of the time that a selection among all takes. Where the
    sample misled, all values are sorted: the result is exact either way.
    """
    ranks = [-(-len(values) * percent // 100) - 1 for percent in PERCENTS]
    sample = np.sort(values[::_STRIDE]) if len(values) > _SMALL else values[:0]
    middle, *top = ranks
    found = (*_near(values, sample, [middle], is_open=False), *_near(values, sample, top, is_open=True))
    if len(found) < len(ranks):
        ordered = np.sort(values)
        found = tuple(float(ordered[rank]) for rank in ranks)
    return found


def _near(values: FloatArray, sample: FloatArray, ranks: Sequence[int], *, is_open: bool) -> tuple[float, ...]:
    """The values at rising ``ranks``, out of those between two of the sample's; none where they are not all there.

    ``is_open``: without an upper bound, for ranks up to the last.
    """
    first, last = (len(sample) * rank // len(values) for rank in (ranks[0], ranks[-1]))
    share = ranks[0] / len(values)
    margin = int(_SIGMAS * (len(sample) * share * (1 - share)) ** 0.5) + 2
    if first < margin or (not is_open and last + margin >= len(sample)):
        return ()
    inside = values >= sample[first - margin]
    below = len(values) - int(np.count_nonzero(inside))
    if not is_open:
        inside &= values <= sample[last + margin]
    near = values[inside]
    at = [rank - below for rank in ranks]
    if at[0] < 0 or at[-1] >= len(near):
        return ()
    near.partition(at)
    return tuple(float(near[index]) for index in at)


def _container_and_metric(run: Run) -> tuple[Container, str]:
    namespace, kind, name, container, metric = run.labels[:5]
    return (namespace, kind, name, container), metric


def _chosen(runs: Iterable[Run]) -> tuple[Rank, FloatArray] | None:
    """The series that says what one pod needs, by the order of preference of the SQL; None where none does."""
    parts: dict[Rank, list[FloatArray]] = {}
    for rank, values in _ranked(runs):
        parts.setdefault(rank, []).append(values)
    if not parts:
        return None
    best = min(parts)
    pieces = parts[best]
    return best, pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _ranked(runs: Iterable[Run]) -> Iterator[tuple[Rank, FloatArray]]:
    for run in runs:
        metric, memory_type, aligner, reducer, pod, period_s = run.labels[4:]
        form = "2 pod" if reducer is None and pod is not None else _FORMS.get(reducer)
        if form is None or (metric == _MEMORY and memory_type not in ("non-evictable", None)):
            continue
        yield (int(memory_type is None), form, int(aligner != "ALIGN_MAX"), period_s, aligner), run.values
