"""Plan and portfolio of one assessment, or of a fleet of them."""

from __future__ import annotations

from collections.abc import Sequence

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.cost.avoidable import ASSUMPTIONS
from k2cr_analysis.plan.choose import Choice, choose
from k2cr_analysis.plan.leftovers import leftovers
from k2cr_analysis.plan.portfolio import only_currency, portfolio_of
from k2cr_analysis.plan.result import Plan, Portfolio
from k2cr_analysis.plan.sensitivity import break_even_requests, swings
from k2cr_analysis.plan.waves import WAVE_ASSUMPTION, waves_of
from k2cr_analysis.plan.worth import EFFORT_ASSUMPTION, Fleet

_SAME_ON_BOTH_SIDES = (
    "load balancers, traffic to the internet and logs cost on Cloud Run what they cost today; an internal load balancer"
    " in front of what stays on GKE is not priced"
)
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
    has_rate = any(a.config.rates.engineer_hour for a in fleet.assessments)
    return Plan(
        currency=currency,
        waves=waves_of(fleet, choice.chosen),
        left=leftovers(fleet, choice.chosen),
        objective=choice.objective,
        bound=choice.bound,
        gap=choice.gap,
        assumptions=(*ASSUMPTIONS, _SAME_ON_BOTH_SIDES, WAVE_ASSUMPTION, EFFORT_ASSUMPTION if has_rate else _NO_RATE),
        swings=swings(fleet, choice.chosen),
        break_even_requests={c.id: found for c in fleet.candidates if (found := break_even_requests(c)) is not None},
    )


def _as_tuple(assessments: Assessment | Sequence[Assessment]) -> tuple[Assessment, ...]:
    return (assessments,) if isinstance(assessments, Assessment) else tuple(assessments)
