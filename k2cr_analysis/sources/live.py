"""A running cluster into a snapshot: its API, its metrics and its bill, each kept in chunks as it is read.

A source that fails for good leaves the others' data, a gap in the snapshot, and its chunks for the next run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.remote.endpoints import endpoint, is_reached
from k2cr_analysis.snapshot.keeping import refuse_another_cluster, uid_of_cluster, write_keeping
from k2cr_analysis.snapshot.provenance import Provenance, Redaction, Unread
from k2cr_analysis.snapshot.writer import Rows, place_of
from k2cr_analysis.sources.checkpoint import Unfinished, unfinished
from k2cr_analysis.sources.cluster_api import chunks as kind_chunks
from k2cr_analysis.sources.cluster_api.connection import ApiServer, StaysBusy
from k2cr_analysis.sources.cluster_api.read import KindObjects, kinds_of, read_kind, refusal_of, refuse_unreadable
from k2cr_analysis.sources.collection import Collected
from k2cr_analysis.sources.prometheus.access import Access
from k2cr_analysis.sources.proxy_names import ProxyNames
from k2cr_analysis.sources.reshaping.reshape import Reshape
from k2cr_analysis.sources.retry import RetryPolicy
from k2cr_analysis.sources.table_files import table_parts
from k2cr_analysis.sources.window import window as window_of

if TYPE_CHECKING:
    import pyarrow as pa

    from k2cr_analysis.sources.monitoring.chunks import Chunk
    from k2cr_analysis.sources.prometheus.read import Read

# The name that `gcloud container clusters get-credentials` gives to a context.
_GKE_CONTEXT: Final = re.compile(r"gke_(?P<project>[^_]+)_(?P<location>[^_]+)_(?P<cluster>[^_]+)")
# And `gcloud container fleet memberships get-credentials`: a membership has the cluster's name, unless somebody chose
# another; ``global`` says where the membership is, and not the cluster.
_CONNECT_CONTEXT: Final = re.compile(
    r"connectgateway_(?P<project>[^_]+)_(?:global|(?P<location>[^_]+))_(?P<cluster>[^_]+)"
)
Tell = Callable[[str], None]
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LiveCluster:
    """Which cluster, and who asks. Metrics are read where project, location and cluster are known.

    ``metrics_project``: the scoping project that is asked for metrics; ``billing_project``: the one in which the query
    of the bill runs. Without them, the cluster's own.
    """

    context: str
    kubeconfig: str | None = None
    project: str | None = None
    cluster: str | None = None
    location: str | None = None
    caller: Caller = field(default_factory=Caller)
    metrics_project: str | None = None
    billing_project: str | None = None

    @classmethod
    def of_context(
        cls,
        context: str,
        kubeconfig: str | None,
        project: str | None,
        cluster: str | None,
        location: str | None,
        caller: Caller,
    ) -> LiveCluster:
        """What is not named is taken from the context's name, where gcloud made it."""
        match = _GKE_CONTEXT.fullmatch(context) or _CONNECT_CONTEXT.fullmatch(context)
        known = match.groupdict() if match else {}
        return cls(
            context,
            kubeconfig,
            project or known.get("project"),
            cluster or known.get("cluster"),
            location or known.get("location"),
            caller,
        )

    @property
    def has_metrics(self) -> bool:
        return bool(self.project and self.cluster and self.location)


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How to read: the same options make a resumed run the same as an unbroken one."""

    window: str = "30d"
    end: str | None = None
    redaction: Redaction = "secrets"
    table_files: Mapping[str, str | Path] = field(default_factory=dict)
    billing_table: str | None = None
    price_source: str | None = None
    prices: Callable[[], pa.Table] | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    replace: bool = False
    prometheus: Access | None = None
    reshapes: Mapping[str, Reshape] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    @property
    def not_asked(self) -> frozenset[str]:
        """The tables that are read from nowhere: a file has them, or nobody wants them (``without``)."""
        return self.without | self.table_files.keys()


def _left_out(options: LiveOptions) -> dict[str, str | None]:
    return {"without": ",".join(sorted(options.without))} if options.without else {}


def _where(prometheus: Access | None) -> dict[str, str | None]:
    return {} if prometheus is None else {"prometheus": prometheus.url}


class _Missed:
    """What was asked of an API and not got, with the error that says what can be done."""

    def __init__(self) -> None:
        self.unread: list[Unread] = []
        self.errors: list[RemoteError] = []

    def add(self, what: str, error: RemoteError) -> None:
        self.unread.append(Unread(what, error.found.removeprefix(f"{what}: ")))
        self.errors.append(error)


def collect_live(live: LiveCluster, out: str | Path, options: LiveOptions, tell: Tell = lambda _: None) -> Collected:
    """Write or resume a snapshot of a running cluster.

    Each source fails by itself: the others' data are in the snapshot, with a gap for what is not. ``RemoteError`` where
    nothing at all could be read: then no snapshot is written. What was read is kept in any case.
    """
    found: dict[str, Rows] = {
        name: table_parts(str(path), name, options.reshapes.get(name)) for name, path in options.table_files.items()
    }
    target = place_of(out)
    window = window_of(options.window, options.end)
    if live.cluster and not options.replace:
        named = Provenance("cluster", *window, project=live.project, cluster=live.cluster, location=live.location)
        refuse_another_cluster(target, named)
    with unfinished(target, _asked(live, options), window) as work:
        missed = _Missed()
        kinds, gaps = _objects(live, options, work, missed, tell)
        gaps += [f"{name}: not read, as asked (--without)" for name in sorted(options.without)]
        gaps += _metrics(live, kinds, options, work, found, missed, tell)
        gaps += _billing(live, options, work, found, missed, tell)
        moved, told = _moved(live, options, tell)
        gaps += told
        _prices(options, work, found, missed)
        read = found.keys() - options.table_files.keys() - {"prices"}
        if missed.errors and not read and not any(kind.objects for kind in kinds):
            raise missed.errors[0]
        kinds = [*kinds, *moved]
        objects = [item for kind in kinds for item in kind.objects]
        provenance = Provenance(
            source="cluster",
            window_start=work.window[0],
            window_end=work.window[1],
            project=live.project,
            cluster=live.cluster,
            location=live.location,
            cluster_uid=uid_of_cluster(item.object for item in objects),
            redaction=options.redaction,
            redacted_values=sum(kind.redacted_values for kind in kinds),
            problems=tuple(problem for kind in kinds for problem in kind.problems),
            gaps=(*(str(one) for one in missed.unread), *gaps),
            unread=tuple(missed.unread),
        )
        place, written = write_keeping(target, objects, found, provenance, replace=options.replace)
        if not missed.errors:
            work.remove()
        return Collected(written, place, tuple(missed.errors), work.is_resumed)


def plan_of(live: LiveCluster, options: LiveOptions, tell: Tell = lambda _: None) -> list[str]:
    """What reading metrics and bill would take and cost. Reads the cluster's objects alone, and writes nothing."""
    from k2cr_analysis.sources.monitoring.call_plan import reading_plan
    from k2cr_analysis.sources.prometheus.read import plan_of_prometheus

    start, end = window_of(options.window, options.end)
    if options.prometheus is not None:
        plan = [plan_of_prometheus(options.prometheus, (start, end))]
    elif live.has_metrics:
        server = ApiServer(live.context, live.kubeconfig, options.retry)
        kinds, _ = kinds_of(server)
        tell("reading the cluster's workloads, to count their containers")
        found = [read_kind(server, kind, options.redaction) for kind in kinds]
        refuse_unreadable(found)
        objects = [item.object for kind in found for item in kind.objects]
        wanted = _wanted(options, start, end, objects)
        absent = _absent(live, options, {chunk.query.metric_type for chunk in wanted})
        reading = reading_plan([chunk for chunk in wanted if chunk.query.metric_type not in absent], objects)
        plan = [str(reading), *(f"  {metric}" for metric in reading.metrics)]
    else:
        plan = ["metrics: none would be read: name --project, --cluster and --location"]
    if options.billing_table:
        from k2cr_analysis.sources.billing_export.client import BillingExport

        export = BillingExport(options.billing_table, start, end, live.project, live.caller, live.billing_project)
        plan.append(str(export.plan()))
    return plan


def _absent(live: LiveCluster, options: LiveOptions, metrics: set[str]) -> set[str]:
    """The metrics that the project is known not to have: to ask that costs nothing. None where it cannot be asked."""
    from k2cr_analysis.sources.monitoring.client import Monitoring

    try:
        monitoring = Monitoring(live.metrics_project or live.project or "", live.caller, options.retry)
        return {metric for metric in sorted(metrics) if not monitoring.descriptor(metric).exists}
    except RemoteError:
        return set()


def _asked(live: LiveCluster, options: LiveOptions) -> dict[str, dict[str, str | None]]:
    """What each part is read by: a part is read again where one of its own options is another."""
    tool = {"tool": version("k2cr-analysis")}
    window = {"window": options.window, "end": options.end}
    place = {"project": live.project, "cluster": live.cluster, "location": live.location}
    scope = {"scope": live.metrics_project} if live.metrics_project else {}
    objects = {"context": live.context, "kubeconfig": live.kubeconfig, "redaction": options.redaction}
    return {
        "objects": tool | objects,
        "metrics": tool | window | place | scope | _where(options.prometheus) | _left_out(options),
        "billing": tool | window | {"table": options.billing_table, "project": live.project},
        "prices": tool | {"prices": options.price_source},
    }


def _objects(
    live: LiveCluster, options: LiveOptions, work: Unfinished, missed: _Missed, tell: Tell
) -> tuple[list[KindObjects], list[str]]:
    """The kinds, and what else is to be told of them.

    A kind that may not be listed, or whose list the server cannot give (its conversion webhook is down), leaves the
    others, and is asked for again by the next run; a server that does not answer ends the reading of the cluster.
    """
    found: list[KindObjects] = []
    try:
        server = ApiServer(live.context, live.kubeconfig, options.retry)
        kinds, untold = kinds_of(server)
        for one in untold:
            missed.add(one.what, _not_told(one))
        for kind in kinds:
            name = kind_chunks.name_of(kind)
            kept = work.chunk(name)
            if kept is not None:
                one_kind = kind_chunks.from_bytes(kept)
            else:
                try:
                    one_kind = read_kind(server, kind, options.redaction)
                except StaysBusy as error:
                    missed.add(str(kind.resource), error)
                    continue
                if not one_kind.forbidden:
                    work.keep(name, kind_chunks.to_bytes(one_kind))
            found.append(one_kind)
            tell(f"cluster: {kind.resource}: {len(one_kind.objects):,}")
        refuse_unreadable(found)
    except RemoteError as error:
        missed.add("cluster", error)
    for kind_found in found:
        if kind_found.forbidden:
            missed.add(str(kind_found.kind.resource), refusal_of(kind_found))
    return found, [kind.gap for kind in found if kind.gap and not kind.forbidden]


def _moved(live: LiveCluster, options: LiveOptions, tell: Tell) -> tuple[list[KindObjects], list[str]]:
    """What runs on Cloud Run in the project already, and what is to be told of it.

    Who may not list it, or has not switched the API on, has a whole snapshot of the cluster all the same: nothing of it
    hangs on this but that a plan may propose again what moved.
    """
    from k2cr_analysis.sources.cloud_run.services import API_OFF, CloudRun, objects_of

    asks_google = options.prometheus is None or options.billing_table is not None or endpoint("RUN") is not None
    if not live.project or not asks_google or not is_reached("RUN"):
        return [], []
    try:
        found = objects_of(CloudRun(live.project, live.caller, options.retry).services(), options.redaction)
    except RemoteError as error:
        if error.ref == API_OFF:
            return [], []
        where = f"Cloud Run of {live.project}: "
        said = f"what moved already is not known, and may be proposed again: {error.found.removeprefix(where)}"
        return [], [f"{where}{said}; {error.do}"]
    tell(f"cloud run: {len(found.objects):,} services")
    return [found], []


def _not_told(unread: Unread) -> RemoteError:
    return RemoteError(
        ref="cluster-kind-not-told",
        found=str(unread),
        expected="the API that serves it",
        do="see `kubectl get apiservices` for the one whose server is down",
    )


def _wanted(options: LiveOptions, start: datetime, end: datetime, objects: Sequence[Object]) -> list[Chunk]:
    from k2cr_analysis.sources.monitoring.call_plan import containers_of
    from k2cr_analysis.sources.monitoring.chunks import chunks
    from k2cr_analysis.sources.monitoring.queries import TRAFFIC_SOURCES, usage_queries

    usage = () if "usage" in options.not_asked else usage_queries(containers_of(objects))
    traffic = () if "traffic" in options.not_asked else tuple(q for s in TRAFFIC_SOURCES for q in s.queries)
    return list(chunks((*usage, *traffic), start, end))


def _metrics(
    live: LiveCluster,
    kinds: Sequence[KindObjects],
    options: LiveOptions,
    work: Unfinished,
    found: dict[str, Rows],
    missed: _Missed,
    tell: Tell,
) -> list[str]:
    """Add the usage and traffic tables to ``found``, and give the gaps."""
    from k2cr_analysis.sources.monitoring.call_plan import reading_plan
    from k2cr_analysis.sources.monitoring.client import Monitoring
    from k2cr_analysis.sources.monitoring.descriptors import descriptors
    from k2cr_analysis.sources.monitoring.read import missing, read_chunks
    from k2cr_analysis.sources.prometheus.read import read_prometheus

    names = [name for name in ("usage", "traffic") if name not in options.not_asked]
    if not names:
        return []
    objects = [item.object for kind in kinds for item in kind.objects]
    if options.prometheus is not None:
        read = read_prometheus(options.prometheus, objects, live.cluster, names, work, options.retry, tell)
        rest = _taken(read, names, found, missed)
        # Where a server counts requests and has no cAdvisor, or the other way round, Cloud Monitoring has the rest.
        if not rest or not live.has_metrics:
            return read.gaps
        tell(f"prometheus has no {' and no '.join(rest)}: read from Cloud Monitoring")
        gaps = [gap for gap in read.gaps if gap.partition(":")[0] not in rest]
        return gaps + _metrics(live, kinds, _for_the_rest(options, rest), work, found, missed, tell)
    if not (live.project and live.cluster and live.location):
        return [f"no {name} table was given, and project, cluster or location is not known" for name in names]
    wanted = _wanted(options, *work.window, objects)
    try:
        asked = live.metrics_project or live.project
        monitoring = Monitoring(asked, live.caller, options.retry, owner=live.project)
        described = descriptors(monitoring.descriptor, {chunk.query for chunk in wanted}, work)
    except RemoteError as error:
        for name in names:
            missed.add(name, error)
        return []
    absent = {c.query.metric_type for c in wanted if not described[c.query.metric_type].exists}
    wanted = [chunk for chunk in wanted if chunk.query.metric_type not in absent]
    left = missing(wanted, work)
    if left:
        tell(str(reading_plan(left, objects)))
    place = (live.cluster, live.location)
    failed = read_chunks(
        monitoring, wanted, place, work, described, lambda done, of: tell(f"metrics: {done} of {of} chunks")
    )
    whole = [chunk for chunk in wanted if chunk.query.metric_type not in failed]
    gaps = [f"usage: the project has no metric {m}" for m in sorted(absent) if _table_of(m) == "usage"]
    for metric, refused in sorted(failed.items()):
        missed.add(_table_of(metric), refused)
    if "usage" in names:
        if _is_of_nobody(whole, objects, work):
            missed.add("usage", monitoring.no_such_cluster(live.cluster, live.location, work.window[1]))
        gaps += _usage(whole, objects, work, found)
    if "traffic" in names:
        gaps += _traffic(whole, objects, work, found, live.project)
    return gaps


def _taken(read: Read, names: Sequence[str], found: dict[str, Rows], missed: _Missed) -> list[str]:
    """Add what a Prometheus gave, and what it refused; gives the tables that it has nothing of."""
    for name, error in read.failed.items():
        missed.add(name, error)
    found.update(read.tables)
    return [name for name in names if name not in read.tables and name not in read.failed]


def _for_the_rest(options: LiveOptions, left: Sequence[str]) -> LiveOptions:
    """The same without the Prometheus, for the tables ``left``: the others count as given."""
    return replace(options, prometheus=None, without=options.without | ({"usage", "traffic"} - set(left)))


def _table_of(metric_type: str) -> str:
    return "usage" if metric_type.startswith("kubernetes.io/") else "traffic"


def _is_of_nobody(whole: Sequence[Chunk], objects: Sequence[Object], work: Unfinished) -> bool:
    """Whether no point of any container was found, though the cluster has pods: then its name is another."""
    from k2cr_analysis.sources.monitoring.read import kept_chunks

    chunks = [chunk for chunk in whole if _table_of(chunk.query.metric_type) == "usage"]
    has_pods = any(obj.get("kind") == "Pod" for obj in objects)
    return bool(chunks) and has_pods and not any(rows.num_rows for _, rows in kept_chunks(chunks, work))


def _usage(whole: Sequence[Chunk], objects: Sequence[Object], work: Unfinished, found: dict[str, Rows]) -> list[str]:
    """Add the usage table, a chunk at a time."""
    from k2cr_analysis.sources.monitoring.owners import Owners
    from k2cr_analysis.sources.monitoring.read import kept_chunks
    from k2cr_analysis.sources.monitoring.usage_table import usage_part

    chunks = [chunk for chunk in whole if _table_of(chunk.query.metric_type) == "usage"]
    if not chunks:
        return ["usage: no metric of the project's containers could be read"]
    owners = Owners(objects)
    found["usage"] = (usage_part(query, rows, owners) for query, rows in kept_chunks(chunks, work))
    return []


def _traffic(
    whole: Sequence[Chunk],
    objects: Sequence[Object],
    work: Unfinished,
    found: dict[str, Rows],
    project: str | None,
) -> list[str]:
    """Add the traffic table, a day at a time."""
    from k2cr_analysis.sources.monitoring.backends import Backends
    from k2cr_analysis.sources.monitoring.queries import TRAFFIC_SOURCES
    from k2cr_analysis.sources.monitoring.read import kept_chunks
    from k2cr_analysis.sources.monitoring.traffic_table import Traffic

    chunks = [chunk for chunk in whole if _table_of(chunk.query.metric_type) == "traffic"]
    counts = {source.count for source in TRAFFIC_SOURCES}
    counting = [chunk for chunk in chunks if chunk.query.metric_type in counts]
    if not counting:
        return ["traffic: the project has no metric of requests that could be read"]
    traffic = Traffic(kept_chunks(counting, work), Backends(objects, project), ProxyNames(objects))
    days = groupby(chunks, key=lambda chunk: chunk.start)
    found["traffic"] = (traffic.part(kept_chunks(list(day), work)) for _, day in days)
    return traffic.gaps


def _billing(
    live: LiveCluster,
    options: LiveOptions,
    work: Unfinished,
    found: dict[str, Rows],
    missed: _Missed,
    tell: Tell,
) -> list[str]:
    """Add the billing table to ``found``, and give the gaps."""
    if "billing" in found:
        return []
    if options.billing_table is None:
        return ["no billing table was given"]
    from k2cr_analysis.sources.billing_export.client import BillingExport

    def read() -> Iterable[pa.Table]:
        export = BillingExport(
            options.billing_table or "", *work.window, live.project, live.caller, live.billing_project
        )
        plan = export.plan()
        tell(str(plan))
        return export.parts(plan)

    _kept_table("billing", read, work, found, missed)
    return []


def _prices(options: LiveOptions, work: Unfinished, found: dict[str, Rows], missed: _Missed) -> None:
    """Add the price table to ``found`` where one is asked for."""
    prices = options.prices
    if prices is not None:
        _kept_table("prices", lambda: [prices()], work, found, missed)


def _kept_table(
    name: str,
    read: Callable[[], Iterable[pa.Table]],
    work: Unfinished,
    found: dict[str, Rows],
    missed: _Missed,
) -> None:
    """Add a table that is one chunk, read now or by an earlier run, a part in memory at a time."""
    chunk = f"{name}.arrow"
    if work.parts(chunk) is None:
        try:
            work.keep_parts(chunk, read())
        except RemoteError as error:
            missed.add(name, error)
            return
    found[name] = work.parts(chunk) or ()
