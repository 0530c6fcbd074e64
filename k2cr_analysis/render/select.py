"""Which workloads to render: those asked for, or every one that moves."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import InputError, UsageError


def can_render(assessed: WorkloadAssessment) -> bool:
    """It moves, and there is enough of it: a patch without containers has no shape."""
    return assessed.fit.moves and assessed.shape is not None and bool(assessed.fit.containers)


def select(assessment: Assessment, wanted: Sequence[str] = ()) -> tuple[WorkloadAssessment, ...]:
    """The assessments of ``wanted`` ids, in the order of the ids; all that move where none is named.

    Raises ``UsageError`` for an id that the snapshot does not hold, ``InputError`` for a workload that does not move.
    """
    if not wanted:
        return tuple(w for w in assessment.workloads if can_render(w))
    by_id = {w.id: w for w in assessment.workloads}
    for name in wanted:
        if name not in by_id:
            near = get_close_matches(name, by_id, n=3, cutoff=0.5)
            raise UsageError(
                ref="no-such-workload",
                found=f"{name}, which is not among the {len(by_id)} workloads of the snapshot",
                expected="namespace/Kind/name" + (f", such as {', '.join(near)}" if near else ""),
                do="`k2cr assess SNAP` lists all of them",
            )
        if not can_render(by_id[name]):
            raise _does_not_move(by_id[name])
    return tuple(by_id[name] for name in sorted(set(wanted)))


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
