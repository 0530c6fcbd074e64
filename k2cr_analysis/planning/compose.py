"""Plan and portfolio of one assessment, or of a fleet of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.assessment.over_a_fleet import counted_once
from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.model.money import amount_of, plain_amount
from k2cr_analysis.model.toil import Operability
from k2cr_analysis.planning.crossing_calls import HOP_PRICED, HOP_UNPRICED, INSIDE, INSIDE_PRICED, Key
from k2cr_analysis.planning.decommission import endings
from k2cr_analysis.planning.effort.labour import HOURS_PER_DAY, engineer_rate
from k2cr_analysis.planning.effort.work import work_of
from k2cr_analysis.planning.futures.answer import Answer, answer_of
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.futures.cash_curve import cash_curve
from k2cr_analysis.planning.futures.decision import Decision, decide
from k2cr_analysis.planning.leftovers import leftovers, most_held_first
from k2cr_analysis.planning.portfolio import portfolio_of, portfolio_over_currencies
from k2cr_analysis.planning.result import CashMonth, Plan, Portfolio, Wave, WithoutWishes
from k2cr_analysis.planning.search.choose import Choice
from k2cr_analysis.planning.sets.sensitivity import break_even_requests, swings
from k2cr_analysis.planning.waves import wave_assumptions, waves_of
from k2cr_analysis.planning.worth import EFFORT_ASSUMPTION, Fleet, Worth
from k2cr_analysis.pricing.packing.avoidable import ASSUMPTIONS

_BESIDE = (
    "not in the sums: request logs, load balancers that come or go, NAT, traffic between zones and regions, image"
    " storage; each is told as a neighbouring charge, with its evidence"
)
_OTHER_CURRENCY = (
    "[rates] engineer_hour is in {theirs} and the bill in {bills}: the effort of the move is not weighed against its"
    " saving; give it in {bills}"
)
_NO_RATE = "no [rates] engineer_hour in the config: the effort of the move is not weighed against its saving"
_SEVERAL = "bills in {currencies}: each currency is planned by itself, and no sum is made over them"


def plan(assessments: Assessment | Sequence[Assessment]) -> Plan:
    """The set that saves most, in waves; over all clusters of a billing account, whose free tier counts once.

    Bills in different currencies are of different accounts: each currency is planned by itself.
    """
    return plan_and_portfolio(assessments)[0]


def portfolio(assessments: Assessment | Sequence[Assessment]) -> Portfolio:
    """The whole bill, and what the plan makes of it."""
    return plan_and_portfolio(assessments)[1]


def plan_and_portfolio(assessments: Assessment | Sequence[Assessment]) -> tuple[Plan, Portfolio]:
    """Both of one choice, which takes the time."""
    found = counted_once((assessments,) if isinstance(assessments, Assessment) else tuple(assessments))
    groups = _by_currency(found)
    made = [_of_one_currency(Fleet(group), currency) for currency, group in groups.items()]
    if len(made) == 1:
        return made[0]
    reason = _SEVERAL.format(currencies=", ".join(groups))
    return _joined([p for p, _ in made], reason), portfolio_over_currencies([p for _, p in made], reason)


def _by_currency(assessments: Sequence[Assessment]) -> dict[str, list[Assessment]]:
    found: dict[str, list[Assessment]] = {}
    for assessment in assessments:
        found.setdefault(assessment.bill.currency, []).append(assessment)
    return found


def _of_one_currency(fleet: Fleet, currency: str) -> tuple[Plan, Portfolio]:
    packed, as_today = Baseline(fleet, fleet.assessments[0].config.plan.headroom), Baseline(fleet, None)
    decision = decide(packed)
    chosen = decision.choice.chosen
    answer = answer_of(packed, chosen, decision.choice.objective, currency)
    made = replace(
        _plan(fleet, packed, decision, answer, currency), without_wishes=_without_wishes(fleet, decision, currency)
    )
    return made, portfolio_of(fleet, chosen, currency, (packed, as_today), answer)


def _without_wishes(fleet: Fleet, decision: Decision, currency: str) -> WithoutWishes | None:
    """The plan over the same clusters if nothing were kept by the config, in a sentence beside the one that holds."""
    if all(a.without_wishes is None for a in fleet.assessments):
        return None
    free = Fleet([a.without_wishes or a for a in fleet.assessments])
    able = {c.key for c in free.candidates}
    kept = tuple(
        w.id
        for n, a in enumerate(fleet.assessments)
        for w in a.workloads
        if a.config.workload(w.id).keep and (n, w.id) in able
    )
    if not kept:
        return None
    packed = Baseline(free, free.assessments[0].config.plan.headroom)
    found = decide(packed).choice
    saving = packed.over_stay(found.chosen).saving
    figures = ("an unknown amount" if saving is None else f"{amount_of(saving, currency)}") + " a month over staying"
    sentence = (
        f"If k2cr.toml kept none of {', '.join(kept)}, {len(found.chosen)} workloads would move and save {figures}"
        f" (now {len(decision.choice.chosen)} move)."
    )
    return WithoutWishes(kept, tuple(c.id for c in found.chosen), found.objective, saving, sentence)


def _plan(fleet: Fleet, packed: Baseline, decision: Decision, answer: Answer, currency: str) -> Plan:
    choice = decision.choice
    waves, worth = waves_of(fleet, choice.chosen, packed), fleet.worth(choice.chosen)
    name, work = _names(fleet), decision.fleet.worth(choice.chosen)
    over = packed.over_stay(choice.chosen).saving if answer.promises else None
    even = [(c, found) for c in fleet.candidates if (found := break_even_requests(c)) is not None]
    return Plan(
        currency=currency,
        waves=waves,
        left=leftovers(fleet, choice.chosen),
        objective=choice.objective,
        bound=choice.bound,
        gap=choice.gap,
        assumptions=tuple(_assumptions(fleet, choice)),
        method=choice.method,
        avoided=fleet.avoided_items(choice.chosen),
        cloud_run_month=worth.cloud_run,
        hops_month=worth.hops_month,
        effort_month=worth.effort,
        held_month=fleet.held_month(choice.chosen),
        endings=endings(fleet, choice.chosen, waves),
        swings=swings(fleet, choice.chosen, choice.objective, packed),
        break_even_requests={name[c.key]: found for c, found in even},
        work=work_of(decision.fleet, choice.chosen),
        saving_over_stay_month=over,
        hours_month=work.hours,
        labour_month=work.labour,
        margins={name[key]: margin for key, margin in packed.margins(choice.chosen).items()} if answer.promises else {},
        answer=answer,
        cash=_cash(fleet, choice, waves, work) if answer.promises else (),
        requests_month={name[c.key]: c.assessed.timeline.requests for c, _ in even if c.assessed.timeline},
    )


def _cash(fleet: Fleet, choice: Choice, waves: Sequence[Wave], work: Worth) -> tuple[CashMonth, ...]:
    months = {(fleet.names[c.cluster], c.id): c.cloud_run_month for c in choice.chosen}
    of_waves = [sum((months[where] for where in zip(w.clusters, w.workloads, strict=True)), Decimal(0)) for w in waves]
    assessment = fleet.assessments[0]
    rate = engineer_rate(assessment) or Decimal(0)
    return cash_curve(waves, of_waves, assessment.config.plan, rate, work.labour)


def _names(fleet: Fleet) -> dict[Key, str]:
    """Each candidate's id; with its cluster where another cluster of the fleet has the same one."""
    times = Counter(c.id for c in fleet.candidates)
    return {c.key: c.id if times[c.id] == 1 else f"{fleet.names[c.cluster]}:{c.id}" for c in fleet.candidates}


def _joined(plans: Sequence[Plan], reason: str) -> Plan:
    """Plans in several currencies one after the other, without any sum over them."""
    waves = [
        replace(wave, wave=number, cumulative_realised_month=None)
        for number, wave in enumerate((wave for plan in plans for wave in plan.waves), start=1)
    ]
    return Plan(
        currency="",
        waves=tuple(waves),
        left=most_held_first(left for plan in plans for left in plan.left),
        objective=None,
        bound=None,
        gap=None,
        assumptions=(reason, *dict.fromkeys(text for plan in plans for text in plan.assumptions)),
        method="; ".join(dict.fromkeys(plan.method for plan in plans)),
        avoided=tuple(item for plan in plans for item in plan.avoided),
        endings=tuple(ending for plan in plans for ending in plan.endings),
        break_even_requests=_of_each(plans, "break_even_requests"),
        work=Operability(
            leaves=tuple(item for plan in plans for item in plan.work.leaves),
            comes=tuple({item.item: item for plan in plans for item in plan.work.comes}.values()),
        ),
        requests_month=_of_each(plans, "requests_month"),
    )


def _of_each(plans: Sequence[Plan], field: str) -> dict[str, Decimal]:
    """What each plan says by workload; the cluster stands before an id that two of them have."""
    times = Counter(name for plan in plans for name in getattr(plan, field))
    return {
        name if times[name] == 1 else f"{'+'.join(e.cluster for e in plan.endings)}:{name}": amount
        for plan in plans
        for name, amount in getattr(plan, field).items()
    }


def _assumptions(fleet: Fleet, choice: Choice) -> Iterator[str]:
    config = fleet.assessments[0].config
    yield from ASSUMPTIONS
    yield _BESIDE
    hops = fleet.hops.reached(c.key for c in choice.chosen)
    if hops:
        of = fleet.assessments[0].bill.currency
        months = [plain_amount(m, of) for m in sorted({m for m in fleet.hops.month if m is not None})]
        if any(key[1] != INSIDE for key in hops):
            yield from (HOP_PRICED.format(month=month) for month in months)
        if any(key[1] == INSIDE for key in hops):
            yield from (INSIDE_PRICED.format(month=month) for month in months)
        if None in fleet.hops.month:
            yield HOP_UNPRICED
    yield from wave_assumptions(config.plan)
    held = fleet.held_month(choice.chosen)
    if held:
        more = plain_amount(held, fleet.assessments[0].bill.currency)
        until = f" until {config.plan.commitment_ends}" if config.plan.commitment_ends else " until it ends"
        yield f"committed use is paid{until}: from then on the plan saves {more} a month more"
    if any(engineer_rate(a) for a in fleet.assessments):
        yield EFFORT_ASSUMPTION.format(months=config.plan.payback_months, hours=HOURS_PER_DAY)
    elif config.rates.engineer_hour:
        yield _OTHER_CURRENCY.format(theirs=config.rates.currency, bills=fleet.assessments[0].bill.currency)
    else:
        yield _NO_RATE
