"""What does not move: why, and how much money it holds back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.money import plain_amount
from k2cr_analysis.planning.futures.ways_out import ways_out
from k2cr_analysis.planning.result import Left
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.pricing.packing.avoidable import Avoidable

KEPT_BY_WISH = "somebody keeps it: keep = true in k2cr.toml"
_SHOWN = 3
_ZERO = Decimal(0)


def leftovers(fleet: Fleet, chosen: Sequence[Candidate]) -> tuple[Left, ...]:
    """All that stays, those that hold back most first.

    What cannot move, or at an unknown price, holds back its part of what would be left of the bill once all else has
    moved, in proportion to its share of today's bill: one blocker alone seldom keeps a node, all together keep the
    cluster. What could move but does not pay holds back what the bill would lose more if it left as well. Both are net
    of what comes in its place: Cloud Run, or the known part of its way out; never below 0.
    """
    moved = {c.key for c in chosen}
    known = {c.key: c for c in fleet.candidates}
    found = []
    for number, assessment in enumerate(fleet.assessments):
        here = [c.id for c in chosen if c.cluster == number]
        parts, now = _parts_of_the_rest(fleet, number), fleet.avoidables[number].together(here).month
        instead = {w.id: w.at_least_month for w in ways_out(assessment, fleet.avoidables[number].holds)}
        for assessed in assessment.workloads:
            if (number, assessed.id) in moved:
                continue
            candidate = known.get((number, assessed.id))
            if candidate is None:
                lost, comes = parts.get(assessed.id), instead.get(assessed.id, _ZERO)
            else:
                lost = _lost_more(fleet.avoidables[number], assessed.id, here, now)
                comes = candidate.cloud_run_month + candidate.effort_month
            held = None if lost is None else max(lost - comes, _ZERO)
            is_wish = assessment.config.workload(assessed.id).keep
            why = KEPT_BY_WISH if is_wish else _why(assessed, candidate, lost)
            found.append(Left(assessed.id, why, held, fleet.names[number], assessment.bill.currency))
    return most_held_first(found)


def most_held_first(left: Iterable[Left]) -> tuple[Left, ...]:
    """Those that hold back most first, those of which it is not known last."""
    return tuple(sorted(left, key=lambda x: (-(x.holds_back_month or 0), x.holds_back_month is None, x.id, x.cluster)))


def _parts_of_the_rest(fleet: Fleet, number: int) -> dict[str, Decimal]:
    """Workload -> its part of what is left of the bill when all candidates are gone.

    What belongs to the cluster goes with it, and holds back nothing.
    """
    avoidable, assessment = fleet.avoidables[number], fleet.assessments[number]
    candidates = [c.id for c in fleet.candidates if c.cluster == number]
    whole, gone = avoidable.all_month, avoidable.together(candidates).month
    if whole is None or gone is None:
        return {}
    shares = {w: assessment.bill.attributed_month(w) for w in avoidable.holds.difference(candidates)}
    known = {w: share for w, share in shares.items() if share is not None}
    asked = sum(known.values(), _ZERO)
    parts = {w.id: _ZERO for w in assessment.workloads if w.id not in avoidable.holds}
    return parts | {w: (whole - gone) * share / asked for w, share in known.items() if asked}


def _lost_more(avoidable: Avoidable, identity: str, gone: Sequence[str], now: Decimal | None) -> Decimal | None:
    """What the bill would lose more if this one left with those that go, which lose it ``now`` a month."""
    more = avoidable.together([*gone, identity]).month
    if now is None or more is None or not avoidable.is_counted(identity):
        return None
    return max(more - now, _ZERO)


def _why(assessed: WorkloadAssessment, candidate: Candidate | None, lost: Decimal | None) -> str:
    if candidate is not None:
        return _does_not_pay(candidate, lost)
    if assessed.fit.moves:
        return _why_not_a_candidate(assessed)
    severity = "blocker" if assessed.fit.verdict == "blocked" else "note"
    rules = list(dict.fromkeys(f.rule for f in assessed.findings if f.severity == severity))
    named = first_of(rules, _SHOWN)
    if any(f.rule == "merged-into" for f in assessed.findings):
        return "its containers run in the service of its caller, where they are counted"
    if assessed.fit.verdict == "keep":
        return "it belongs to the cluster"
    return f"blocked by {named}" if named else "blocked"


def _why_not_a_candidate(assessed: WorkloadAssessment) -> str:
    there = " and ".join(assessed.workload.moved_to)
    if there:
        return f"it runs on Cloud Run already, as {there}: finish its cut-over, and delete it here"
    if assessed.cost is not None and assessed.cost.cloud_run_month is not None:
        return "it can move, but what the bill loses with it is not known: its pods or its nodes have no known price"
    return "it can move, but its cost on Cloud Run is not known: the snapshot lacks its traffic or its running time"


def _does_not_pay(candidate: Candidate, lost: Decimal | None) -> str:
    """The priced answer that not moving is the right move."""
    currency = candidate.assessed.cost.currency if candidate.assessed.cost else ""
    cost = f"{plain_amount(candidate.cloud_run_month, currency)} a month on Cloud Run"
    if candidate.effort_month:
        cost += f" and {plain_amount(candidate.effort_month, currency)} of effort"
    if lost is None:
        return f"moving it costs {cost}, and what its leaving saves is not known"
    return f"moving it costs {cost}, and the bill would lose {plain_amount(lost, currency)}"
