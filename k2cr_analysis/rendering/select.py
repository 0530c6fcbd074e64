"""Which workloads to render: those asked for, or every one that moves."""

from __future__ import annotations

from collections.abc import Sequence

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import InputError


def can_render(assessed: WorkloadAssessment) -> bool:
    """It moves, and there is enough of it: a patch without containers has no shape."""
    return (
        assessed.fit.moves and assessed.shape is not None and bool(assessed.fit.containers) and has_entrance(assessed)
    )


def has_entrance(assessed: WorkloadAssessment) -> bool:
    """Which container takes a service's requests is known: never guessed, so a service without one waits for a word."""
    return assessed.fit.target != "service" or None not in (assessed.fit.ingress_container, assessed.fit.ingress_port)


def select(assessment: Assessment, wanted: Sequence[str] = ()) -> tuple[WorkloadAssessment, ...]:
    """The assessments of ``wanted`` ids, in the order of the ids; all that move where none is named.

    Raises ``UsageError`` for an id that the snapshot does not hold, ``InputError`` for a workload that does not move.
    """
    if not wanted:
        return tuple(w for w in assessment.workloads if can_render(w))
    found = {name: find_workload([assessment], name) for name in sorted(set(wanted))}
    for one in found.values():
        if not has_entrance(one):
            raise _has_no_entrance(one)
        if not can_render(one):
            raise _does_not_move(one)
    return tuple(found.values())


def waiting(assessment: Assessment) -> tuple[str, ...]:
    """Ids of workloads that move, and cannot be written before somebody names the container that takes requests."""
    return tuple(w.id for w in assessment.workloads if w.fit.moves and w.fit.containers and not has_entrance(w))


def _has_no_entrance(assessed: WorkloadAssessment) -> InputError:
    return InputError(
        ref="ingress-container-unknown",
        found=f"{assessed.id} becomes a service, and nothing says which of its containers takes the requests, or on "
        f"which port: {', '.join(assessed.fit.containers)}",
        expected="one container that takes requests",
        do=f'name it in k2cr.toml: [workload."{assessed.id}"] ingress_container = "{assessed.fit.containers[0]}"',
        where=assessed.workload.source,
    )


def _does_not_move(assessed: WorkloadAssessment) -> InputError:
    reasons = [
        f"{f.rule}: {f.message}" for f in assessed.findings if f.severity == "blocker" or f.rule == "belongs-to-cluster"
    ]
    reasons = reasons or [f"{f.rule}: {f.message}" for f in assessed.findings]
    return InputError(
        ref="workload-does-not-move",
        found=f"{assessed.id} is {assessed.fit.verdict}: {'; '.join(reasons[:3]) or 'it has no containers to run'}",
        expected="a workload whose verdict is ready or changes",
        do="take the finding away, or re-grade its rule in k2cr.toml with a reason",
        where=assessed.workload.source,
    )
