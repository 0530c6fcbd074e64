"""The set that saves most over staying: searched on each variant of what stays, and the best of these taken."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.search.choose import Choice, choose
from k2cr_analysis.planning.search.covers import cluster_covers, upper_bound
from k2cr_analysis.planning.worth import Candidate, Fleet

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Decision:
    """``choice`` with objective and bound over staying; ``fleet``: on the variants that are best for what stays."""

    choice: Choice
    fleet: Fleet


def decide(baseline: Baseline) -> Decision:
    """The set with the greatest objective; an empty one where no move beats staying, nor is a saving without a rate.

    ``bound``: no set saves more on any of the variants.
    """
    best: Decision | None = None
    bounds: list[Decimal] = []
    for fleet, offset in baseline.fleets():
        reached = best.choice.objective if best is not None else None
        if reached is not None and (most := _most(fleet, offset)) is not None and most <= reached:
            bounds.append(most)
            continue
        choice = choose(fleet)
        if choice.objective is None:
            return Decision(choice, fleet)  # it cannot be told which nodes go
        if choice.bound is not None:
            bounds.append(choice.bound + offset)
        objective = choice.objective + offset
        if best is None or best.choice.objective is None or objective > best.choice.objective:
            best = Decision(Choice(choice.chosen, objective, choice.bound, choice.method), fleet)
    assert best is not None and best.choice.objective is not None  # the best way to stay is always tried
    objective, chosen = best.choice.objective, best.choice.chosen
    if objective <= 0 or not _may(baseline, chosen):
        objective, chosen = _ZERO, ()
    bound = max([*bounds, objective, _ZERO])
    return Decision(Choice(chosen, objective, bound, best.choice.method), best.fleet)


def _most(fleet: Fleet, offset: Decimal) -> Decimal | None:
    """No set saves more on these variants; worked out only where a search would take its time."""
    if len(fleet.candidates) <= 10:
        return None
    return Decimal(repr(round(upper_bound(fleet, cluster_covers(fleet)), 6))) + offset


def _may(baseline: Baseline, chosen: tuple[Candidate, ...]) -> bool:
    """Without an hourly rate no set is chosen that saves nothing over staying."""
    if any(work.rate for work in baseline.fleet.work):
        return True
    saving = baseline.over_stay(chosen).saving
    return saving is None or saving >= 0
