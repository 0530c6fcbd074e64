"""The verdict that the written file keeps: what the Cloud Run API would refuse is never ``ready``.

The five analyses look at the source. Here the spec of every workload that moves is built as ``render`` builds it, and
goes through the same checks: by construction, nothing that ``render`` would refuse to write is called ready. It is the
one way to an assessment for all that stands above.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from k2cr_analysis.assessment.assess import analyse
from k2cr_analysis.assessment.config_names import check_object_names
from k2cr_analysis.assessment.over_a_fleet import counted_once
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.errors import UsageError
from k2cr_analysis.latency.learning.calibration import Calibration
from k2cr_analysis.latency.predict import Effort
from k2cr_analysis.model.findings.finding import SEVERITIES, Finding
from k2cr_analysis.model.findings.rules import docs_of, registered_pages
from k2cr_analysis.openapi.cloud_run import filled_in, wrong_types
from k2cr_analysis.openapi.refusals import REFUSALS, Refused, Spec, refused
from k2cr_analysis.operability import effort_days, toil
from k2cr_analysis.processes import in_processes
from k2cr_analysis.rendering.context import RenderContext, context_of
from k2cr_analysis.rendering.forms.objects import api_object
from k2cr_analysis.rendering.select import can_render
from k2cr_analysis.rendering.spec.build import Build, build
from k2cr_analysis.snapshot import Snapshot, open_snapshot

RULE = "refused-by-cloud-run"
# Row of the table -> the rule that says of the source what the row says of the spec: once is enough.
SAID_BY: Mapping[str, str] = {
    "container-count": "too-many-containers",
    "environment-size": "environment-too-large",
    "tasks": "job-over-limit",
    "gpu-task-timeout": "gpu-task-over-hour",
    "scratch-disk": "scratch-disk-over-quota",
    "mount-beside-mount": "nested-mount",
    "mount-path": "reserved-mount-path",
    **{row.id: RULE for row in REFUSALS.values() if row.carried},
}


def assess(
    snapshot: Snapshot | Path | str,
    config: Config | None = None,
    calibration: Calibration | None = None,
    *,
    effort: Effort = "coarse",
    alone: bool = True,
) -> Assessment:
    """Assess every workload of a snapshot; ``calibration``: what services that have moved taught.

    Each service gets the cheapest configuration that meets its objectives. ``effort``: "coarse" searches, "full"
    simulates five times as many requests for it; "quick" does not search: its size alone, with closed forms.
    ``alone``: what the config names must be in this snapshot; one of a fleet may lack what another has, and
    ``assess_all`` looks at all of them.
    Raises SnapshotError where ``snapshot`` is not a whole snapshot, ConfigError where the config names what is not
    there. The same snapshot and config give the same result.
    """
    found = analyse(snapshot, config, calibration, effort=effort, alone=alone)
    context = context_of(found)
    said = in_processes(partial(_said, context=context), found.workloads)
    judged = tuple(_judged(*both, found) for both in zip(found.workloads, said, strict=True))
    free = without_wishes(found.config)
    kept = [w.id for w in judged if found.config.workload(w.id).keep]
    other = assess(snapshot, free, calibration, effort=effort, alone=False) if kept else None
    return replace(found, workloads=judged, without_wishes=other)


def without_wishes(config: Config) -> Config:
    """The same config, with nothing that it keeps."""
    said = {name: replace(one, keep=None) if one.keep else one for name, one in config.workloads.items()}
    return replace(config, workloads=said)


def assess_all(
    snapshots: Iterable[Snapshot | Path | str],
    config: Config | None = None,
    calibration: Calibration | None = None,
    *,
    effort: Effort = "coarse",
) -> list[Assessment]:
    """As ``assess``, for each snapshot of a fleet; what the config names must be in one of them.

    The same snapshot twice counts once. Raises UsageError for two snapshots of one cluster: their bills are one.
    """
    opened = [one if isinstance(one, Snapshot) else open_snapshot(one) for one in snapshots]
    once = list({(one.sha256, one.provenance.cluster, one.provenance.location): one for one in opened}.values())
    check_distinct_clusters(once)
    found = counted_once([assess(one, config, calibration, effort=effort, alone=False) for one in once])
    check_object_names(config or Config(), [a.cluster for a in found])
    return found


def check_distinct_clusters(snapshots: Iterable[Snapshot]) -> None:
    """Two snapshots of one cluster are no fleet: its bill, its nodes and its workloads would count twice.

    Raises UsageError where two snapshots are of one cluster, by its own id or by project, location and name.
    """
    seen: dict[tuple[str | None, ...], Snapshot] = {}
    for snapshot in snapshots:
        origin = snapshot.provenance
        keys: list[tuple[str | None, ...]] = []
        if origin.cluster_uid:
            keys.append((origin.cluster_uid,))
        if origin.cluster and origin.location:  # without a project on both, one name and place are one cluster
            keys.append((origin.project, origin.location, origin.cluster))
        for key in keys:
            if key in seen:
                raise UsageError(
                    ref="one-cluster-twice",
                    found=f"{seen[key].path} and {snapshot.path} are both of the cluster {origin.cluster or key[0]}",
                    expected="one snapshot for each cluster of the fleet: else its bill counts twice",
                    do="leave one out; `k2cr diff` compares two snapshots of one cluster",
                )
            seen[key] = snapshot


def _said(one: WorkloadAssessment, context: RenderContext) -> tuple[Finding, ...]:
    return tuple(_refusals(one, context)) if can_render(one) else ()


def _judged(one: WorkloadAssessment, said: tuple[Finding, ...], all_of: Assessment) -> WorkloadAssessment:
    """The workload with what its spec says of the verdict."""
    if not said:
        return one
    # A person's word on a rule is not the API's: these are not graded.
    findings = tuple(sorted((*one.findings, *said), key=lambda f: SEVERITIES.index(f.severity)))
    fit = replace(one.fit, verdict="changes")
    rates, workload = all_of.config.rates, one.workload
    return replace(
        one,
        fit=fit,
        findings=findings,
        operability=toil(workload, all_of.cluster, fit.target, findings, fit.dependencies, rates),
        effort_days=effort_days(workload, findings, all_of.config),
    )


def _refusals(one: WorkloadAssessment, context: RenderContext) -> Iterator[Finding]:
    built = build(one, context)
    tree = api_object(built.run).tree
    wrong = wrong_types(tree)
    for text in wrong:
        yield _finding("$", f"{text}: Cloud Run refuses it")
    if wrong:
        return
    said = {f.rule for f in one.findings if f.severity == "change"}
    for found in refused(Spec.of(filled_in(tree, built.account.placeholders))):
        if SAID_BY.get(found.row.id) not in said:
            yield _finding(
                _place(found, built),
                f"in the spec, {found.path}: {found.found}: Cloud Run refuses it; {found.row.takes}",
            )


def _place(found: Refused, built: Build) -> str:
    """The container of the source that a place of the spec is in; else the object."""
    names = {written: source for source, written in built.container_names.items()}
    head, _, _ = found.path.partition(".")
    if not head.startswith("containers["):
        return "$"
    written = built.run.template.containers[int(head[len("containers[") : -1])].name
    container = built.workload.container(names.get(written, written))
    return container.path if container else "$"


def _finding(path: str, message: str) -> Finding:
    return Finding(RULE, "change", path, message, registered_pages()[RULE].text.remedy, docs_of(RULE))
