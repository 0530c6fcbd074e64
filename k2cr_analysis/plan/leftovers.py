"""What does not move: why, and how much money it holds back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.plan.result import Left
from k2cr_analysis.plan.worth import Candidate, Fleet

_SHOWN = 3


def leftovers(fleet: Fleet, chosen: Sequence[Candidate]) -> tuple[Left, ...]:
    """All that stays, those that hold back most first."""
    moved = {c.key for c in chosen}
    known = {c.key: c for c in fleet.candidates}
    found = []
    for number, assessment in enumerate(fleet.assessments):
        here = [c.id for c in chosen if c.cluster == number]
        now = fleet.avoidables[number].together(here).month
        for assessed in assessment.workloads:
            if (number, assessed.id) in moved:
                continue
            held = _held_back(fleet, number, assessed.id, here, now)
            found.append(Left(assessed.id, _why(assessed, known.get((number, assessed.id)), held), held))
    return tuple(
        sorted(found, key=lambda left: (-(left.holds_back_month or 0), left.holds_back_month is None, left.id))
    )


def _held_back(fleet: Fleet, number: int, identity: str, moved: Sequence[str], now: Decimal | None) -> Decimal | None:
    """What the bill would lose more if this one left as well."""
    if now is None or not fleet.avoidables[number].is_counted(identity):
        return None
    more = fleet.avoidables[number].together([*moved, identity]).month
    return None if more is None else max(more - now, Decimal(0))


def _why(assessed: WorkloadAssessment, candidate: Candidate | None, held: Decimal | None) -> str:
    if candidate is not None:
        return _does_not_pay(candidate, held)
    if assessed.fit.moves:
        return "it can move, but its cost on Cloud Run is not known: the snapshot lacks its traffic or its running time"
    severity = "blocker" if assessed.fit.verdict == "blocked" else "note"
    rules = list(dict.fromkeys(f.rule for f in assessed.findings if f.severity == severity))
    named = ", ".join(rules[:_SHOWN]) + (f" and {len(rules) - _SHOWN} more" if len(rules) > _SHOWN else "")
    if assessed.fit.verdict == "keep":
        return "it belongs to the cluster"
    return f"blocked by {named}" if named else "blocked"


def _does_not_pay(candidate: Candidate, held: Decimal | None) -> str:
    """The priced answer that not moving is the right move."""
    cost = f"{candidate.cloud_run_month:.2f} a month on Cloud Run"
    if candidate.effort_month:
        cost += f" and {candidate.effort_month:.2f} of effort"
    if held is None:
        return f"moving it costs {cost}, and what its leaving saves is not known"
    return f"moving it costs {cost}, and the bill would lose {held:.2f}"
