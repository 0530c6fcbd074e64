"""The usage and traffic of a window from a Prometheus, day by day, each answer kept as soon as it is whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.sources.checkpoint import Unfinished, chunk_name
from k2cr_analysis.sources.monitoring.queries import MOST_PEAK_SERIES
from k2cr_analysis.sources.prometheus.access import Access
from k2cr_analysis.sources.prometheus.client import Prometheus, Series
from k2cr_analysis.sources.prometheus.counters import Growth, Pod, growth, pod_of
from k2cr_analysis.sources.prometheus.owners import PodOwners
from k2cr_analysis.sources.prometheus.queries import CPU, MEMORY, PEAKS, REQUESTS, USAGE, Requests, UsageMetric
from k2cr_analysis.sources.prometheus.recorded import Recorded
from k2cr_analysis.sources.prometheus.traffic import Targets, counting_containers, requests_part
from k2cr_analysis.sources.prometheus.usage import counted_part, memory_part, peaks_part
from k2cr_analysis.sources.retry import RetryPolicy

if TYPE_CHECKING:
    import pyarrow as pa

_DAY: Final = timedelta(days=1)
_SCRAPES_S: Final = 600  # over which scrapes are counted
Tell = Callable[[str], None]
Object = Mapping[str, Any]


@dataclass(slots=True)
class Read:
    """``tables``: parts by the table's name, made as they are taken. ``gaps`` in words; ``failed``: table -> error.
    ``used``: what counted requests, for the user."""

    tables: dict[str, Iterator[pa.Table]] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    failed: dict[str, RemoteError] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)


def read_prometheus(  # noqa: PLR0913 (what to read, from where, and who is told)
    access: Access,
    objects: Sequence[Object],
    cluster: str | None,
    names: Iterable[str],
    work: Unfinished,
    retry: RetryPolicy,
    tell: Tell = lambda _: None,
    server: Prometheus | None = None,
) -> Read:
    """Read the tables ``names`` (usage, traffic) of the window of ``work``; a failed one leaves the other.

    ``server``: what stands for the server; by default the one that ``access`` leads to, or its folder of answers.
    """
    read = Read()
    if server is None:
        server = Recorded(access.folder) if access.folder else Prometheus(access, retry)
    return _read(_Kept(server, work), read, objects, cluster, names, work, tell)


def _read(
    server: _Kept,
    read: Read,
    objects: Sequence[Object],
    cluster: str | None,
    names: Iterable[str],
    work: Unfinished,
    tell: Tell,
) -> Read:
    try:
        start, end = work.window
        there = set(server.names(start, end))
        matchers = _cluster_matcher(server, cluster, start, end)
        owners = PodOwners(objects)
        if any(name.startswith("kube_") for name in there):
            owners.learn(server.server, matchers, end, int((end - start).total_seconds()) // 3600)
        else:
            read.gaps.append("prometheus: no kube-state-metrics: pods are told by their names")
    except RemoteError as error:
        read.failed = dict.fromkeys(names, error)
        return read
    days = [(at, min(at + _DAY, end)) for at in _starts(start, end)]
    if "usage" in names:
        wanted = [metric for metric in USAGE if metric.name in there]
        if CPU in wanted:
            try:
                coarse = _why_no_peaks(server, matchers, end)
            except RemoteError as error:
                read.failed["usage"] = error
                wanted, coarse = [], ""
            wanted += [] if coarse else [PEAKS]
            read.gaps += [f"usage: CPU's peaks are means of {CPU.period_s} s: {coarse}"] if coarse else []
        read.gaps += [f"usage: the server has no metric {metric.name}" for metric in USAGE if metric not in wanted]
        _try(read, "usage", lambda: _keep_usage(server, wanted, matchers, days, tell))
        if wanted and "usage" not in read.failed:
            read.tables["usage"] = _usage_parts(server, wanted, matchers, days, owners)
    if "traffic" in names:
        ways = [how for how in REQUESTS if how.name in there]
        _try(read, "traffic", lambda: _keep_traffic(server, ways, there, matchers, days, tell))
        if not ways:
            read.gaps.append("traffic: the server has no metric of requests that is known")
        elif "traffic" not in read.failed:
            targets = Targets(objects, owners)
            read.used = [how.name for how in ways]
            read.tables["traffic"] = _traffic_parts(server, ways, there, matchers, days, targets)
    return read


def plan_of_prometheus(access: Access, window: tuple[datetime, datetime]) -> str:
    """How many queries reading would take at most."""
    days = len(list(_starts(*window)))
    return (
        f"prometheus {access.url}: {days} days, at most {days * (2 * len(USAGE) + 8) + 1} queries for usage, and "
        f"{6 * days} for each way in which requests are counted; CPU every {PEAKS.period_s} s where it is scraped so "
        f"often and at most {MOST_PEAK_SERIES} containers run, else every {CPU.period_s} s"
    )


def _try(read: Read, name: str, call: Callable[[], None]) -> None:
    try:
        call()
    except RemoteError as error:
        read.failed[name] = error


def _starts(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += _DAY


def _cluster_matcher(server: _Kept, cluster: str | None, start: datetime, end: datetime) -> str:
    """The matcher for a server that holds several clusters, which the label ``cluster`` tells apart."""
    known = [name for name in server.server.label_values("cluster", start, end) if name]
    if not known or (cluster not in known and len(known) == 1):
        return ""
    if cluster in known:
        return f'cluster="{cluster}"'
    raise RemoteError(
        ref="prometheus-of-several-clusters",
        found=f"metrics of the clusters {', '.join(known[:8])}",
        expected="which of them: its name as the label `cluster` has it" + (f", not {cluster}" if cluster else ""),
        do="name it with --cluster",
    )


class _Kept:
    """A server whose answers are kept: what an earlier run has read is not asked for again."""

    def __init__(self, server: Prometheus, work: Unfinished) -> None:
        self.server = server
        self._work = work

    def names(self, start: datetime, end: datetime) -> list[str]:
        kept = self._work.chunk("prometheus-names.json")
        if kept is None:
            kept = json.dumps(self.server.label_values("__name__", start, end)).encode()
            self._work.keep("prometheus-names.json", kept)
        return list(json.loads(kept))

    def range(self, query: str, start: datetime, end: datetime, step_s: int) -> list[Series]:
        return self._of(
            chunk_name("prometheus", query, f"{start:%Y%m%dT%H%M}", str(step_s)),
            lambda: self.server.range(query, start, end, step_s),
        )

    def at(self, query: str, moment: datetime) -> list[Series]:
        return self._of(chunk_name("prometheus", query, f"{moment:%Y%m%dT%H%M}"), lambda: self.server.at(query, moment))

    def _of(self, name: str, ask: Callable[[], list[Series]]) -> list[Series]:
        kept = self._work.chunk(name)
        if kept is None:
            found = ask()
            self._work.keep(name, json.dumps([[s.labels, list(s.values.items())] for s in found]).encode())
            return found
        return [Series(labels, {int(m): float(v) for m, v in values}) for labels, values in json.loads(kept)]


def _selector(name: str, *matchers: str) -> str:
    return f"{name}{{{','.join(m for m in matchers if m)}}}"


def _asked_counter(
    server: _Kept, selector: str, day: tuple[datetime, datetime], step_s: int
) -> tuple[list[Series], list[Series], range]:
    """The last values in each period of a day, those before it, and the ends of the periods."""
    start, end = day
    first = start + timedelta(seconds=step_s)
    found = server.range(f"last_over_time({selector}[{step_s}s])", first, end, step_s)
    before = server.at(f"last_over_time({selector}[1d])", start)
    return found, before, range(int(first.timestamp()), int(end.timestamp()) + 1, step_s)


def _why_no_peaks(server: _Kept, matchers: str, end: datetime) -> str:
    """Why CPU cannot be read every minute; empty where it can: it is scraped so often, and by so few containers."""
    selector = _selector(CPU.name, CPU.matchers, matchers)
    found = server.at(f"count_over_time({selector}[{_SCRAPES_S}s])", end)
    scrapes = sorted(value for one in found for value in one.values.values())
    if len(scrapes) > MOST_PEAK_SERIES:
        return f"{len(scrapes):,} containers run, more than {MOST_PEAK_SERIES}"
    often = scrapes[len(scrapes) // 2] if scrapes else 0.0
    if scrapes and often < _SCRAPES_S // PEAKS.period_s:
        return f"the server scrapes every {_SCRAPES_S / often:.0f} s"
    return ""


def _keep_usage(
    server: _Kept, wanted: Sequence[UsageMetric], matchers: str, days: Sequence[tuple[datetime, datetime]], tell: Tell
) -> None:
    for number, day in enumerate(days, start=1):
        for metric in wanted:
            _asked_usage(server, metric, matchers, day)
        tell(f"prometheus: usage: {number} of {len(days)} days")


def _asked_usage(server: _Kept, metric: UsageMetric, matchers: str, day: tuple[datetime, datetime]) -> Any:
    selector = _selector(metric.name, metric.matchers, matchers)
    if metric.is_counter:
        return _asked_counter(server, selector, day, metric.period_s)
    first = day[0] + timedelta(seconds=metric.period_s)
    return server.range(f"max_over_time({selector}[{metric.period_s}s])", first, day[1], metric.period_s)


def _usage_parts(
    server: _Kept,
    wanted: Sequence[UsageMetric],
    matchers: str,
    days: Sequence[tuple[datetime, datetime]],
    owners: PodOwners,
) -> Iterator[pa.Table]:
    for day in days:
        for metric in wanted:
            found = _asked_usage(server, metric, matchers, day)
            if metric is MEMORY:
                yield memory_part(found, owners)
            elif metric is PEAKS:
                yield peaks_part(growth(*found), owners)
            else:
                yield counted_part(metric, growth(*found), owners, has_peaks=PEAKS in wanted)


def _pods_began(
    server: _Kept, there: set[str], matchers: str, days: Sequence[tuple[datetime, datetime]]
) -> dict[Pod, int]:
    """The first moment at which each pod's containers were seen; those seen before the window began at 0."""
    began: dict[Pod, int] = {}
    if CPU.name not in there:
        return began
    selector = _selector(CPU.name, CPU.matchers, matchers)
    for start, end in days:
        for one in server.at(f"last_over_time({selector}[1d])", start):
            began.setdefault(pod_of(one.labels), 0)
        first = start + timedelta(seconds=CPU.period_s)
        for one in server.range(f"last_over_time({selector}[{CPU.period_s}s])", first, end, CPU.period_s):
            if one.values:
                began.setdefault(pod_of(one.labels), min(one.values))
    return began


def _requests_of(
    server: _Kept,
    how: Requests,
    there: set[str],
    matchers: str,
    day: tuple[datetime, datetime],
    began: Mapping[Pod, int] | None = None,
) -> tuple[list[Growth], list[Growth], list[Growth]]:
    """Growth of the count, of the histogram's buckets and of its sum."""

    def of(name: str) -> list[Growth]:
        if name not in there:
            return []
        asked = _asked_counter(server, _selector(name, how.matchers, matchers), day, how.period_s)
        return growth(*asked, began)

    count, buckets, total = _names_of(how)
    return of(count), of(buckets), of(total)


def _names_of(how: Requests) -> tuple[str, str, str]:
    return how.name, f"{how.buckets}_bucket", f"{how.buckets}_sum"


def _keep_traffic(
    server: _Kept,
    ways: Sequence[Requests],
    there: set[str],
    matchers: str,
    days: Sequence[tuple[datetime, datetime]],
    tell: Tell,
) -> None:
    _pods_began(server, there, matchers, days)
    for number, day in enumerate(days, start=1):
        for how in ways:
            for name in (one for one in _names_of(how) if one in there):
                _asked_counter(server, _selector(name, how.matchers, matchers), day, how.period_s)
        tell(f"prometheus: requests: {number} of {len(days)} days")


def _traffic_parts(
    server: _Kept,
    ways: Sequence[Requests],
    there: set[str],
    matchers: str,
    days: Sequence[tuple[datetime, datetime]],
    targets: Targets,
) -> Iterator[pa.Table]:
    began = _pods_began(server, there, matchers, days)
    counts = ((how, _requests_of(server, how, there, matchers, day, began)[0]) for day in days for how in ways)
    counting = counting_containers(counts, targets)
    for day in days:
        for how in ways:
            yield requests_part(how, *_requests_of(server, how, there, matchers, day, began), targets, counting)
