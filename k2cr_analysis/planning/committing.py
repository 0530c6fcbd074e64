"""The commitment that the plan would carry: what runs on Cloud Run in every hour, and what a term takes off it.

Worker pools with a fixed number of instances and the min instances of services are there in every hour; what requests
cause is not, since a quiet hour has none of it. An instance kept by min instances counts at the idle rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from k2cr_analysis.config.settings import Cud
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.prices import LIST_PRICE
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH, SECONDS_PER_MONTH
from k2cr_analysis.pricing.cloud_run.charges import price_timeline

TERMS: tuple[Cud, ...] = ("flex-1y", "flex-3y", "run-1y", "run-3y")
TERM_WORDS: Mapping[str, str] = {
    "flex-1y": "compute flexible, 1 year",
    "flex-3y": "compute flexible, 3 years",
    "run-1y": "Cloud Run, 1 year",
    "run-3y": "Cloud Run, 3 years",
}
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Term:
    """One commitment on all of the floor: ``hour`` of it in money, and what the month is below the list price."""

    cud: Cud
    hour: Decimal
    saving_month: Decimal


@dataclass(frozen=True, slots=True)
class Floor:
    """``hour``: at list price, of what runs in every hour; ``of``: ids whose instances make it."""

    hour: Decimal = _ZERO
    of: tuple[str, ...] = ()
    terms: tuple[Term, ...] = field(default_factory=tuple)


def floor_of(fleet: Fleet, chosen: Sequence[Candidate]) -> Floor:
    """Of a plan's set; empty where nothing of it runs all the time."""
    standing = [c for c in chosen if _kept(c) > 0]
    month = total(_items(fleet, standing, LIST_PRICE))
    terms = []
    for cud in TERMS:
        under = total(_items(fleet, standing, cud))
        if under < month:
            terms.append(Term(cud, under / HOURS_PER_MONTH, month - under))
    return Floor(month / HOURS_PER_MONTH, tuple(c.id for c in standing), tuple(terms))


def _items(fleet: Fleet, standing: Iterable[Candidate], cud: Cud) -> list[LineItem]:
    found: list[LineItem] = []
    for candidate in standing:
        assessment, shape = fleet.assessments[candidate.cluster], candidate.assessed.shape
        if shape is not None:
            found += price_timeline(shape, _always(_kept(candidate)), assessment.prices, assessment.region, cud)
    return found


def _always(instances: Decimal) -> InstanceTimeline:
    """So many instances in every second of the month, without a request."""
    seconds = instances * SECONDS_PER_MONTH
    return InstanceTimeline(_ZERO, _ZERO, _ZERO, _ZERO, seconds, seconds, _ZERO, instances)


def _kept(candidate: Candidate) -> Decimal:
    """How many of its instances are there in every hour."""
    shape, timeline, scaler = (
        candidate.assessed.shape,
        candidate.assessed.timeline,
        candidate.assessed.workload.autoscaler,
    )
    if shape is None or timeline is None or shape.target == "job":
        return _ZERO
    if shape.target == "service":
        return Decimal(shape.min_instances)
    least = timeline.mean_instances if scaler is None else Decimal(scaler.min_replicas or 1)
    return min(least, timeline.mean_instances)
