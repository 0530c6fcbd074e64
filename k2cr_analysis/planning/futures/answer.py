"""The answer in a sentence: what moves and why that pays, or that nothing should move and what would turn it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.assessment.recommending.interval import moving_month
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.money import plain_amount, sign_may_flip
from k2cr_analysis.planning.crossing_calls import INSIDE
from k2cr_analysis.planning.effort.labour import HOURS_PER_DAY
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.intervals import saving_interval
from k2cr_analysis.planning.worth import Candidate, Fleet, Worth

_ZERO, _CENT = Decimal(0), Decimal("0.01")
_HEADROOMS = (Decimal("0.3"), Decimal("0.45"), Decimal("0.6"))
_SINGLES_TRIED = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that would turn the answer by itself: ``of`` it, at which value."""

    of: str
    at: str


@dataclass(frozen=True, slots=True)
class FirstMover:
    """The workload to try first, and why this one."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``sentence``: the decision. ``nearest``: where nothing moves, the set that comes nearest to paying, and by how
    much a month it falls ``short``. ``turns``: what would turn the answer, each by itself."""

    sentence: str
    first_mover: FirstMover | None
    turns: tuple[Turn, ...]
    nearest: tuple[str, ...] = ()
    short_month: Decimal | None = None
    promises: bool = True  # False: nothing tells which nodes go


def answer_of(baseline: Baseline, chosen: Sequence[Candidate], objective: Decimal | None, currency: str) -> Answer:
    """``objective``: of the chosen set; None where nothing can be promised."""
    if objective is None:
        untold = "The snapshot does not tell which nodes would go: no saving is promised."
        return Answer(untold, None, (), promises=False)
    if chosen:
        return _move(baseline, chosen, objective, currency)
    if not baseline.fleet.candidates:
        return Answer("Nothing can move: no workload is ready for Cloud Run at a known price.", None, ())
    return _stay(baseline, currency)


def _move(baseline: Baseline, chosen: Sequence[Candidate], objective: Decimal, currency: str) -> Answer:
    over, worth = baseline.over_stay(chosen), _worth(baseline, chosen)
    saving = over.saving or _ZERO
    hours = f"{abs(worth.hours):.1f} hours of work a month {'less' if worth.hours >= 0 else 'more'}"
    weighed = ""
    if worth.labour or worth.effort:
        weighed = f", which leaves {plain_amount(objective, currency)} {currency} with all of the work in it"
    sentence = (
        f"Move {len(chosen)} of {sum(len(a.workloads) for a in baseline.fleet.assessments)} workloads: that saves"
        f" {plain_amount(saving, currency)} {currency} a month over staying, and is {hours}{weighed}."
    )
    interval = saving_interval(saving, chosen)
    if interval is not None and sign_may_flip(interval):
        low, high = (plain_amount(end, currency) for end in interval)
        sentence += f" By the days that were seen it may as well be a loss: {low} to {high} (95 %)."
    return Answer(sentence, first_mover(baseline.fleet, chosen), tuple(_turns(baseline, chosen, objective, worth)))


def _stay(baseline: Baseline, currency: str) -> Answer:
    nearest, objective = _nearest(baseline)
    short = -objective
    names = first_of([c.id for c in nearest], 3)
    sentence = (
        f"Do not move: no set of workloads beats staying. The one that comes nearest ({names}) would cost"
        f" {plain_amount(short, currency)} {currency} a month more than to stay."
    )
    turns = tuple(_turns(baseline, nearest, objective, _worth(baseline, nearest)))
    return Answer(sentence, None, turns, tuple(c.id for c in nearest), short)


def _nearest(baseline: Baseline) -> tuple[Sequence[Candidate], Decimal]:
    """The best of: each workload by itself, all that pay on paper, and all."""
    candidates = baseline.fleet.candidates
    paying = tuple(c for c in candidates if c.paper_saving_month > 0)
    proposals = [*((c,) for c in candidates[:_SINGLES_TRIED]), *((paying,) if paying else ()), candidates]
    found = [(objective_over_stay(baseline, one), one) for one in proposals]
    objective, best = max(found, key=lambda pair: pair[0])
    return best, objective


def objective_over_stay(baseline: Baseline, chosen: Sequence[Candidate]) -> Decimal:
    """Saving over staying, with the work in it; less than anything where it cannot be told."""
    saving = baseline.over_stay(chosen).saving
    worth = _worth(baseline, chosen)
    return Decimal("-Infinity") if saving is None else saving + worth.labour - worth.effort


def _worth(baseline: Baseline, chosen: Sequence[Candidate]) -> Worth:
    """On the variants that are best for what stays."""
    over = baseline.over_stay(chosen)
    return baseline.fleet_on(over.variants).worth(chosen)


def _turns(baseline: Baseline, chosen: Sequence[Candidate], objective: Decimal, worth: Worth) -> Iterator[Turn]:
    """What, by itself, would bring the objective to nothing (where something moves) or up to it (where nothing does).

    Prices and traffic are scaled; the headroom is packed anew.
    """
    over = baseline.over_stay(chosen)
    word = ("higher", "lower") if objective > 0 else ("lower", "higher")
    size = abs(objective)
    if not size.is_finite():
        return
    if over.cloud_run > 0 and (objective > 0 or size <= over.cloud_run):
        yield Turn("Cloud Run prices", f"{size / over.cloud_run:.0%} {word[0]}")
    if over.gke and over.gke > 0 and (objective <= 0 or size < over.gke):
        yield Turn("GKE prices", f"{size / over.gke:.0%} {word[1]}")
    moving = sum((_moving(c) for c in chosen), _ZERO)
    if moving > 0 and (objective > 0 or size <= moving):
        yield Turn("traffic", f"{size / moving:.0%} {'more' if objective > 0 else 'less'}")
    yield from _rate(baseline, chosen, over.saving, worth)
    if objective <= 0:
        yield from _headroom(baseline, chosen)


def _rate(baseline: Baseline, chosen: Sequence[Candidate], saving: Decimal | None, worth: Worth) -> Iterator[Turn]:
    """The hourly rate at which saving and work are even."""
    if saving is None:
        return
    payback = baseline.fleet.assessments[0].config.plan.payback_months
    days = sum((Decimal(repr(c.effort_days)) for c in chosen), _ZERO)
    hours = Decimal(repr(round(worth.hours, 6))) - days * HOURS_PER_DAY / payback
    if not hours or (saving > 0) == (hours > 0):
        return
    rate = (-saving / hours).quantize(_CENT)
    if rate > 0:
        means = "the work costs more than it saves" if hours < 0 else "the work that goes pays for the move"
        yield Turn("engineer's hour", f"{rate}: above it {means}")


def _headroom(baseline: Baseline, chosen: Sequence[Candidate]) -> Iterator[Turn]:
    share = baseline.share if baseline.share is not None else _ZERO
    for more in _HEADROOMS:
        if more > share and objective_over_stay(Baseline(baseline.fleet, more), chosen) > 0:
            yield Turn("headroom of the nodes", f"{more:.0%} of CPU and memory kept free, on both sides")
            return


def _moving(candidate: Candidate) -> Decimal:
    assessed = candidate.assessed
    if assessed.cost is None or assessed.shape is None or assessed.timeline is None or not assessed.timeline.requests:
        return _ZERO
    return moving_month(assessed.cost, assessed.shape, assessed.timeline)


def _called_by(fleet: Fleet, candidate: Candidate) -> int:
    """How many other workloads it calls."""
    return sum(called != INSIDE for _, called in fleet.hops.calls.get(candidate.key, ()))


def first_mover(fleet: Fleet, chosen: Sequence[Candidate]) -> FirstMover | None:
    """Small, ready, with traffic to learn from, and with few ties to what else runs; the first of equals by name."""
    if not chosen:
        return None

    def key(candidate: Candidate) -> tuple[object, ...]:
        assessed = candidate.assessed
        calls = _called_by(fleet, candidate)
        called = sum(candidate.key in targets for targets in fleet.hops.calls.values())
        has_traffic = bool(assessed.timeline and assessed.timeline.requests)
        return (
            assessed.fit.verdict != "ready",
            assessed.fit.target != "service",
            not has_traffic,
            candidate.effort_days + calls + called,
            candidate.cloud_run_month,
            candidate.key,
        )

    first = min(chosen, key=key)
    calls = _called_by(fleet, first)
    called = sum(first.key in targets for targets in fleet.hops.calls.values())
    requests = first.assessed.timeline.requests if first.assessed.timeline else None
    said = [
        f"it is {first.assessed.fit.verdict}" if first.assessed.fit.verdict == "ready" else "none is ready as it is",
        f"{first.effort_days:g} days of work",
        f"{requests:,.0f} requests a month to compare with what was predicted" if requests else "",
        f"it calls {calls} and is called by {called} of the other workloads",
        "the old Deployment takes the traffic back in minutes" if first.assessed.fit.target == "service" else "",
    ]
    return FirstMover(first.id, "; ".join(text for text in said if text))
