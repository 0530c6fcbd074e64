"""Plan and portfolio of one assessment, or of a fleet of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.cost.avoidable import ASSUMPTIONS
from k2cr_analysis.plan.choose import Choice, choose
from k2cr_analysis.plan.hops import HOP_PRICED, HOP_UNPRICED
from k2cr_analysis.plan.leftovers import leftovers
from k2cr_analysis.plan.portfolio import only_currency, portfolio_of
from k2cr_analysis.plan.result import Plan, Portfolio
from k2cr_analysis.plan.sensitivity import break_even_requests, swings
from k2cr_analysis.plan.waves import wave_assumptions, waves_of
from k2cr_analysis.plan.worth import EFFORT_ASSUMPTION, HOURS_PER_DAY, Fleet

_SAME_ON_BOTH_SIDES = "load balancers, traffic to the internet and logs cost on Cloud Run what they cost today"
_NO_RATE = "no [rates] engineer_hour in the config: the effort of the move is not weighed against its saving"


def plan(assessments: Assessment | Sequence[Assessment]) -> Plan:
    """The set that saves most, in waves; over all clusters, whose Cloud Run free tier counts once.

    Raises InputError where the bills are in different currencies.
    """
    found = _as_tuple(assessments)
    currency = only_currency(found)
    fleet = Fleet(found)
    return _plan(fleet, choose(fleet), currency)


def portfolio(assessments: Assessment | Sequence[Assessment]) -> Portfolio:
    """The whole bill, and what the plan makes of it."""
    found = _as_tuple(assessments)
    currency = only_currency(found)
    fleet = Fleet(found)
    return portfolio_of(fleet, choose(fleet).chosen, currency)


def plan_and_portfolio(assessments: Assessment | Sequence[Assessment]) -> tuple[Plan, Portfolio]:
    """Both of one choice, which takes the time."""
    found = _as_tuple(assessments)
    currency = only_currency(found)
    fleet = Fleet(found)
    choice = choose(fleet)
    return _plan(fleet, choice, currency), portfolio_of(fleet, choice.chosen, currency)


def _plan(fleet: Fleet, choice: Choice, currency: str) -> Plan:
    return Plan(
        currency=currency,
        waves=waves_of(fleet, choice.chosen),
        left=leftovers(fleet, choice.chosen),
        objective=choice.objective,
        bound=choice.bound,
        gap=choice.gap,
        assumptions=tuple(_assumptions(fleet)),
        swings=swings(fleet, choice.chosen),
        break_even_requests={c.id: found for c in fleet.candidates if (found := break_even_requests(c)) is not None},
    )


def _assumptions(fleet: Fleet) -> Iterator[str]:
    config = fleet.assessments[0].config
    yield from ASSUMPTIONS
    yield _SAME_ON_BOTH_SIDES
    if fleet.hops.reached(c.key for c in fleet.candidates):
        months = sorted({month for month in fleet.hops.month if month is not None})
        yield from (HOP_PRICED.format(month=month) for month in months)
        if None in fleet.hops.month:
            yield HOP_UNPRICED
    yield from wave_assumptions(config.plan)
    has_rate = any(a.config.rates.engineer_hour for a in fleet.assessments)
    yield EFFORT_ASSUMPTION.format(months=config.plan.payback_months, hours=HOURS_PER_DAY) if has_rate else _NO_RATE


def _as_tuple(assessments: Assessment | Sequence[Assessment]) -> tuple[Assessment, ...]:
    return (assessments,) if isinstance(assessments, Assessment) else tuple(assessments)
