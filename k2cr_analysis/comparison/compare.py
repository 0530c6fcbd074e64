"""Two snapshots side by side: workloads, figures, bill, plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from decimal import Decimal
from pathlib import Path

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.comparison.cluster import cluster_changes, reason_of
from k2cr_analysis.comparison.plans import plan_change
from k2cr_analysis.comparison.result import Diff, FieldChange, FigureChange, VerdictChange, WorkloadChange
from k2cr_analysis.comparison.steps import Chain, Step, chain, summed, to_billionth
from k2cr_analysis.comparison.why import own_changes, shape_changes, shared_changes
from k2cr_analysis.config import Config
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.images import parse_image
from k2cr_analysis.snapshot import Snapshot, open_snapshot

_ZERO = Decimal(0)
_OF_WORKLOAD = ("gke_attributed_month", "cloud_run_month", "saving_month")
_OF_PORTFOLIO = ("gke_month", "cloud_run_month", "saving_month", "stay_and_rightsize_month")


def diff(
    before: Snapshot | Path | str,
    after: Snapshot | Path | str,
    config: Config | None = None,
    config_before: Config | None = None,
) -> Diff:
    """What changed from one snapshot to the other, and why.

    ``config`` holds for both, unless ``config_before`` says what held for the first.
    Raises SnapshotError where one of them is no snapshot.
    """
    opened = [s if isinstance(s, Snapshot) else open_snapshot(s) for s in (before, after)]
    settings = config or Config()
    found = chain(opened[0], opened[1], (config_before or settings, settings))
    old, new = found.before.workloads, found.after.workloads
    renamed = tuple(_renamed([old[i] for i in old if i not in new], [new[i] for i in new if i not in old]))
    pairs = [*((identity, identity) for identity in old if identity in new), *renamed]
    both = [_workload_change(found, *pair) for pair in pairs]
    of_cluster = list(cluster_changes(found.before.assessment.cluster, found.after.assessment.cluster))
    changed = tuple(w for w in both if w.changed)
    currency = _common_currency(found)
    return Diff(
        currency=currency,
        snapshots=(found.before.assessment.snapshot, found.after.assessment.snapshot),
        inputs=tuple(dict.fromkeys([*(s.cause for s in found.steps[1:]), *found.skipped])),
        figures=tuple(_figures(found, both, renamed)) if currency else (),
        lines=tuple(_lines(found)) if currency else (),
        added=tuple(i for i in new if i not in old and i not in {b for _, b in renamed}),
        removed=tuple(i for i in old if i not in new and i not in {a for a, _ in renamed}),
        renamed=renamed,
        workloads=changed,
        plan=plan_change(found.before.plan, found.after.plan),
        shared_why=(*of_cluster, *shared_changes(found)),
        notes=tuple(_notes(found)),
        reasons=_reasons(of_cluster, changed),
    )


def _reasons(of_cluster: list[FieldChange], changed: Sequence[WorkloadChange]) -> dict[str, str]:
    objects = sum(any(c.cause == "manifests" for c in w.why) for w in changed)
    said = reason_of(of_cluster, objects)
    return {"manifests": said} if of_cluster and said else {}


def _figures(
    found: Chain, both: Iterable[WorkloadChange], renamed: Sequence[tuple[str, str]]
) -> Iterator[FigureChange]:
    """The portfolio's figures; then those of all workloads in sum."""
    for name in _OF_PORTFOLIO:
        yield found.figure(f"portfolio.{name}", lambda step, name=name: getattr(step.portfolio, name))  # type: ignore[misc]
    yield found.figure("plan.objective", lambda step: step.plan.objective)
    changes = list(both)
    for number, name in enumerate(_OF_WORKLOAD):
        came = _sum_of(found.after, found.before, name, {new for _, new in renamed})
        went = _sum_of(found.before, found.after, name, {old for old, _ in renamed})
        of_each = [(c.id, found.after.workloads[c.id].fit.verdict, c.figures[number]) for c in changes]
        yield summed(f"workloads.{name}", of_each, came, went)


def _sum_of(step: Step, other: Step, name: str, followed: Set[str]) -> Decimal:
    """Of the workloads that the other snapshot does not have, and that are not known by another name there."""
    alone = (w for i, w in step.workloads.items() if i not in other.workloads and i not in followed)
    return sum((_figure(w, name) or _ZERO for w in alone), _ZERO)


def _lines(found: Chain) -> Iterator[FigureChange]:
    """The bill's lines, with their change alone: a line has one cause, the bill or what it is worked out of."""
    before, after = (dict(step.portfolio.gke_lines) for step in (found.before, found.after))
    for line in dict.fromkeys([*before, *after]):
        yield FigureChange(line, to_billionth(before.get(line, _ZERO)), to_billionth(after.get(line, _ZERO)), ())


def _workload_change(found: Chain, was: str, identity: str) -> WorkloadChange:
    """``was``: its id in the first snapshot."""
    before, after = found.before.workloads[was], found.after.workloads[identity]
    old, new = ({_identity(f): f for f in w.findings} for w in (before, after))
    figures = tuple(
        found.figure(name, lambda step, name=name: _of(step, was, identity, name))  # type: ignore[misc]
        for name in _OF_WORKLOAD
    )
    return WorkloadChange(
        id=identity,
        verdict=_verdict_change(found, was, identity),
        appeared=tuple(f for key, f in new.items() if key not in old),
        disappeared=tuple(f for key, f in old.items() if key not in new),
        figures=figures,
        why=tuple(own_changes(found, was, identity)),
        recommended=tuple(shape_changes(found, was, identity)),
        renamed_from=None if was == identity else was,
    )


def _verdict_change(found: Chain, was: str, identity: str) -> VerdictChange | None:
    before, after = found.before.workloads[was].fit, found.after.workloads[identity].fit
    if (before.verdict, before.target) == (after.verdict, after.target):
        return None

    def verdict(step: Step) -> object:
        known = step.workload(was, identity)
        return None if known is None else (known.fit.verdict, known.fit.target)

    return VerdictChange(before.verdict, after.verdict, before.target, after.target, found.causes(verdict))


def _identity(finding: Finding) -> tuple[str, str, str | None]:
    """A finding is the same one where its rule, severity and place are; its words may hold figures."""
    return (finding.rule, finding.severity, finding.path)


def _of(step: Step, was: str, identity: str, name: str) -> Decimal | None:
    known = step.workload(was, identity)
    return None if known is None else _figure(known, name)


def _figure(assessed: WorkloadAssessment, name: str) -> Decimal | None:
    if assessed.cost is None:
        return None
    value: Decimal | None = getattr(assessed.cost, name)
    return to_billionth(value)


def _renamed(gone: list[WorkloadAssessment], come: list[WorkloadAssessment]) -> Iterator[tuple[str, str]]:
    """Pairs of the same kind with the same containers and images (their versions aside), where there is one such pair
    alone."""
    for old in gone:
        alike = [new for new in come if _looks(new.workload) == _looks(old.workload)]
        others = [one for one in gone if _looks(one.workload) == _looks(old.workload)]
        if len(alike) == len(others) == 1 and old.workload.complete:
            yield old.id, alike[0].id


def _looks(workload: Workload) -> object:
    images = ((c.name, parse_image(c.image or "").without_version) for c in workload.pod.running)
    return workload.kind, tuple(images)


def _common_currency(found: Chain) -> str | None:
    before, after = found.before.portfolio.currency, found.after.portfolio.currency
    return before if before == after else None


def _notes(found: Chain) -> Iterator[str]:
    before, after = found.before.assessment.snapshot, found.after.assessment.snapshot
    if before.get("cluster") != after.get("cluster"):
        yield f"the snapshots are of different clusters: {before.get('cluster')} and {after.get('cluster')}"
    currencies = [step.portfolio.currency for step in (found.before, found.after)]
    if currencies[0] != currencies[1]:
        yield f"the bills are in {currencies[0]} and {currencies[1]}: no money is compared"
    for cause in found.skipped:
        yield f"{cause} of the second snapshot does not go with the rest of the first: its part is in the next one"
