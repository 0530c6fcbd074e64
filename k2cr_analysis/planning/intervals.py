"""How sure the saving of a set is: all its workloads see the same days drawn."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from k2cr_analysis.assessment.recommending.interval import DayChanges, day_changes, interval_of
from k2cr_analysis.model.money import Interval
from k2cr_analysis.planning.worth import Candidate


def changes_of(candidate: Candidate) -> DayChanges | None:
    """What the days make of one workload; None where they were too few."""
    one = candidate.assessed
    ranges = one.latency.ranges if one.latency else None
    return day_changes(one.cost, one.shape, one.timeline, one.measured.daily, ranges)


def saving_interval(saving: Decimal | None, chosen: Iterable[Candidate]) -> Interval | None:
    """95 % of a saving a month that a set makes; None where it has no saving, or too few days."""
    if saving is None:
        return None
    return interval_of(saving, [part for c in chosen if (part := changes_of(c)) is not None])
