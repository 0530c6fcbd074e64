"""What ``k2cr verify`` is to look at: workloads that were moved, each with its service and that one's metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.recommending.recommend import service_of
from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.cli.terminal.verbosity import say
from k2cr_analysis.errors import InputError, K2crError, UsageError
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.own_labels import label_value
from k2cr_analysis.model.parse.moved import on_cloud_run
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.rendering.context import context_of
from k2cr_analysis.sources.cloud_run.metrics import read_run_metrics
from k2cr_analysis.sources.cloud_run.services import CloudRun, RunService
from k2cr_analysis.sources.monitoring.client import Monitoring
from k2cr_analysis.sources.table_files import read_table_file
from k2cr_analysis.sources.window import window as window_of

if TYPE_CHECKING:
    import pyarrow as pa

# Cloud Run's metrics are there some minutes later.
_DELAY = timedelta(minutes=10)
_ROUND_S = 300


@dataclass(frozen=True, slots=True)
class Moved:
    """``metrics``: a table like ``snapshot.tables.RUN_METRICS``."""

    workload: str
    service: str
    metrics: pa.Table


@dataclass(frozen=True, slots=True)
class Where:
    """Where services are looked for, and which time is read. None: what the snapshot or the API says."""

    project: str | None
    region: str | None
    length: str
    end: str | None
    caller: Caller = field(default_factory=Caller)

    @property
    def window(self) -> tuple[datetime, datetime]:
        return window_of(self.length, self.end or _now().isoformat())


def of_file(metrics: Path, workload: str | None, service: str | None) -> list[Moved]:
    """Of one workload, whose service's metrics are in a file."""
    if workload is None or service is None:
        raise UsageError(
            ref="whose-metrics",
            found=f"--metrics {metrics} without {'WORKLOAD' if workload is None else '--service'}",
            expected="the workload that it was, and the service that it became",
            do="k2cr verify SNAP WORKLOAD --service NAME --metrics FILE; without --metrics they are read",
        )
    return [Moved(workload, service, read_table_file(str(metrics), "run_metrics"))]


def moved_services(assessment: Assessment, workload: str | None, service: str | None, where: Where) -> list[Moved]:
    """One workload's service, or those of all workloads that run on Cloud Run.

    They are known by the labels that render writes, else by the names that it gives.

    ``RemoteError`` where the Run API or Cloud Monitoring refuses; ``InputError`` where there is no such service.
    """
    context = context_of(assessment, project=where.project)
    if context.project is None:
        raise UsageError(
            ref="no-project",
            found="no --project, and none in the snapshot or in k2cr.toml",
            expected="the project of the Cloud Run services",
            do="k2cr verify SNAP --project P",
        )
    if service is not None and workload is None:
        raise UsageError(
            ref="whose-service", found=f"--service {service} without WORKLOAD", expected="the workload that it was"
        )
    cloud_run = CloudRun(context.project, where.caller)
    there = [one for one in cloud_run.services() if where.region in (None, one.location)]
    if workload is not None:
        one = find_workload([assessment], workload)
        name = service or context.name_of(one.workload)
        found = _in_one_region(there, name, context.region)
        return [Moved(one.id, name, _metrics(found, cloud_run, context.project, where, assessment, one.id))]
    wanted = {name: id_ for id_, name in context.names.items()} | _labelled(there, assessment)
    return _all(wanted, there, cloud_run, context.project, where, assessment)


def _labelled(there: list[RunService], assessment: Assessment) -> dict[str, str]:
    """Service -> the workload that its labels name."""
    known = on_cloud_run(one.manifest for one in there)
    return {
        one.name: assessed.id
        for assessed in assessment.workloads
        for one in known
        if one.labels == (label_value(assessed.workload.namespace), label_value(assessed.workload.name))
    }


def _all(
    wanted: Mapping[str, str],
    there: list[RunService],
    cloud_run: CloudRun,
    project: str,
    where: Where,
    assessment: Assessment,
) -> list[Moved]:
    region = context_of(assessment).region
    moved = []
    for name in sorted(wanted.keys() & {one.name for one in there}):
        found = _in_one_region(there, name, region)
        try:
            moved.append(
                Moved(wanted[name], name, _metrics(found, cloud_run, project, where, assessment, wanted[name]))
            )
        except InputError as error:
            say(f"{name}: {error.found}")
    left = sorted(wanted.keys() - {one.name for one in there})
    if left:
        say(f"not on Cloud Run: {first_of(left, 8)}")
    if not moved:
        raise InputError(
            ref="nothing-moved",
            found=f"no service of {project} that has the name of a workload of the snapshot, and metrics",
            expected=", ".join(sorted(wanted)[:8]) or "a workload that can move",
            do="name another --project or --region, or WORKLOAD and --service",
        )
    return moved


def _in_one_region(there: list[RunService], name: str, region: str | None) -> RunService:
    named = [one for one in there if one.name == name]
    here = [one for one in named if one.location == region] or named
    if len(here) == 1:
        return here[0]
    others = ", ".join(sorted({one.name for one in there})[:8])
    raise InputError(
        ref="service-in-several-regions" if here else "no-such-service",
        found=f"{name} in {', '.join(one.location for one in here)}" if here else f"no service {name} on Cloud Run",
        expected="one region" if here else f"one of {others or 'none that is there'}",
        do="name --region" if here else "name --service, --project or --region",
    )


def _metrics(
    found: RunService, cloud_run: CloudRun, project: str, where: Where, assessment: Assessment, workload: str
) -> pa.Table:
    """Of the revision that serves, since it was made."""
    start, end = where.window
    since = cloud_run.serving_since(found)
    is_whole = since is None or since <= start
    if since is not None and start < since < end:
        start = datetime.fromtimestamp(-(-since.timestamp() // _ROUND_S) * _ROUND_S, UTC)
        say(f"{found.name}: from {start:%Y-%m-%d %H:%M}, when revision {found.revision} was made")
    _tell_difference(found, assessment, workload)
    monitoring = Monitoring(project, where.caller)
    revision = None if is_whole else found.revision
    return read_run_metrics(monitoring, found.name, found.location, start, end, revision)


def _tell_difference(found: RunService, assessment: Assessment, workload: str) -> None:
    try:
        predicted = service_of(find_workload([assessment], workload)).concurrency
    except K2crError:
        return  # whoever compares says so
    if found.concurrency is not None and found.concurrency != predicted:
        say(f"{found.name}: runs with concurrency {found.concurrency}; what is predicted is of {predicted}")


def _now() -> datetime:
    now = datetime.now(UTC) - _DELAY
    return datetime.fromtimestamp(now.timestamp() // _ROUND_S * _ROUND_S, UTC)
