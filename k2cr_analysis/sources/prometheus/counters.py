"""What counters grew by between moments: exact sums of what was counted, whatever the pods came and went.

Prometheus' own ``increase`` extrapolates, and leaves out what a new series counted before its first sample. Here the
last value in each period is taken, and its growth over the period before; a series that is new has counted from 0, one
that fell has begun anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from k2cr_analysis.sources.prometheus.client import Series

# Labels of who scraped, and not of what was measured: two scrapes of one thing are the same counts.
_OF_SCRAPING: Final = frozenset({
    "__name__", "job", "endpoint", "service_monitor", "metrics_path", "prometheus", "prometheus_replica", "replica",
    "__replica__", "receive", "tenant_id", "uid",
})  # fmt: skip
# A scraped series' own labels come back under this prefix, where the target has one of the same name.
EXPORTED: Final = "exported_"


def label(labels: Mapping[str, str], *names: str) -> str:
    """The first of some labels that is there, the series' own before the target's."""
    return next((found for name in names if (found := labels.get(EXPORTED + name) or labels.get(name))), "")


def without_doubles(found: Iterable[Series]) -> list[Series]:
    """One series of each thing that is measured, where several scrapers have it: the one with most moments."""
    kept: dict[tuple[tuple[str, str], ...], Series] = {}
    for one in found:
        key = _key(one)
        if key not in kept or len(one.values) > len(kept[key].values):
            kept[key] = one
    return list(kept.values())


Pod = tuple[str, str]  # namespace, name; of a server outside pods, its address
Growth = tuple[Mapping[str, str], list[tuple[int, float]]]


def pod_of(labels: Mapping[str, str]) -> Pod:
    """The pod that a series was scraped from."""
    return labels.get("namespace", ""), labels.get("pod") or labels.get("instance", "")


def growth(
    found: Iterable[Series], before: Iterable[Series], moments: range, began: Mapping[Pod, int] | None = None
) -> list[Growth]:
    """(labels, [(end of the period, growth)]) of each counter over the periods that end at ``moments``.

    ``before``: the last values before the first period. A counter that is not among them has counted from 0, where its
    pod, or another counter of it, is older; where neither is, from 0 too if the pod began then (``began``: its first
    moment), else from its first value, since only its scraping is new. So is all that stands at the first moment of
    the server's memory.
    """
    kept, bases = without_doubles(found), {_key(one): one for one in without_doubles(before)}
    known_pods = {pod_of(one.labels) for one in bases.values()}
    firsts: dict[Pod, int] = {}
    for one in kept:
        if one.values:
            pod = pod_of(one.labels)
            firsts[pod] = min(min(one.values), firsts.get(pod, moments.stop))
    dawn = None if bases else min(firsts.values(), default=None)
    result = []
    for one in kept:
        if not one.values:
            continue
        pod, first = pod_of(one.labels), min(one.values)
        base = bases.get(_key(one))
        if base is not None:
            last = next(iter(base.values.values()))
        elif first == dawn or not _is_from_0(pod, first, firsts, known_pods, began or {}, moments.step):
            last = one.values[first]
        else:
            last = 0.0
        result.append((one.labels, list(_grown(one, last, moments))))
    return result


def _is_from_0(
    pod: Pod, first: int, firsts: Mapping[Pod, int], known: set[Pod], began: Mapping[Pod, int], step_s: int
) -> bool:
    if pod in known or firsts[pod] < first:
        return True
    return began.get(pod, first) > first - step_s


def _grown(series: Series, last: float, moments: range) -> Iterator[tuple[int, float]]:
    for moment in moments:
        value = series.values.get(moment)
        if value is not None:
            yield moment, value - last if value >= last else value
            last = value


def _key(series: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v) for k, v in series.labels.items() if k not in _OF_SCRAPING))
