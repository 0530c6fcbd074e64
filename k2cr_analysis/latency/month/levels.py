"""A busy service, at levels of its rate: what each level of the window costs and how it does, put together again.

Levels stand at shares of all requests, closer together where the rate is high, since p99 is made there. They are run in
falling order as one history: each is reached in steps, and held for a warm-up that is left out, until the
autoscaler's minute is over. What lies between two levels is interpolated; how many instances live behind a rate that
changes follows from what called for them at steady ones (:mod:`held`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from k2cr_analysis.latency.load.arrivals import ArrivalBlock
from k2cr_analysis.latency.month.closed_form import MONTH_S, as_decimal
from k2cr_analysis.latency.month.held import Held, held
from k2cr_analysis.latency.month.requests import Load, counts_from, rates_from
from k2cr_analysis.latency.month.simulated import RECORD_BITS, Month, pooled
from k2cr_analysis.latency.simulator.engine import Engine, Section, WarmStart
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.platforms.cloud_run.limits import STOP_GRACE_S

LEAST_STEP_S = 300.0  # rates are means of so long at least: what is shorter is replayed inside a level
_LIVE_STEP_S = 60.0  # the autoscaler's window: what is shorter does not call for instances
_LEVELS = (6, 40)
_A_LEVEL = 1500  # requests at least, before there are more levels
_TAIL = (0.98, 0.995)  # shares of requests, where p99 is made
_A_LEVEL_S = 1200.0  # so long each, where the budget allows; no more levels before
_ALIKE = 1.04  # rates that differ by less are one level
_LEAST_WARM_UP_S, _LEAST_MEASURED_S = 75.0, 30.0
_WARM_UP = 0.65  # share of a level's time that is left out, at most
_SETTLED_S = 200.0  # the autoscaler's window, and what it starts; surplus instances may stay, they do no harm
_FEWEST = 1.0
_STEPS = 6
_RAMP = 0.25  # share of the warm-up in which the rate changes
_LONGEST_RAMP_S = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Which levels stand for a load. ``apart``: those for what lives; None: the same as those for latencies."""

    steps: Load
    rates: FloatArray
    places: IntArray
    shares: FloatArray
    lasting: Load
    apart: IntArray | None


@lru_cache(maxsize=8)  # the configurations of a search share it
def _planned(load: Load, requests: float) -> _Plan:
    steps, lasting = load.coarser(LEAST_STEP_S), load.coarser(_LIVE_STEP_S)
    rates = steps.rates_per_s
    many = _affordable(rates, requests)
    places, shares = _levels(rates, many)
    # Levels that are replayed have no steady rate.
    apart = _levels(lasting.rates_per_s, many)[0] if load.period_s < steps.period_s else None
    return _Plan(steps, rates, places, shares, lasting, apart)


def at_levels(load: Load, service: ServiceConfig, seed: int, requests: float) -> Month:
    """A month by levels, of about so many requests, but a minute or two at each level at least.

    Twice as many where a period is shorter than what is taken as steady: such levels are replayed for their latencies,
    and held steady for what they call for.
    """
    plan = _planned(load, requests)
    sections = _runs(load, plan.steps, plan.places, service, seed, requests)
    at = plan.rates[plan.places]
    steady, steady_at = sections, at
    if plan.apart is not None:
        steady = _runs(plan.lasting, plan.lasting, plan.apart, service, seed, requests, replayed=False)
        steady_at = plan.lasting.rates_per_s[plan.apart]
    live = held(plan.lasting, steady_at, steady, service.idle_s, service.min_instances)
    return _together(load, plan.rates, plan.steps.period_s, (at, plan.shares, sections), live, service)


def same_run(load: Load, service: ServiceConfig, requests: float) -> float:
    """So many requests, or fewer where that makes the same run, since no level is shorter than it must be."""
    plan = _planned(load, requests)
    level_s = requests / float(plan.rates[plan.places].sum())
    shortest_s = _LEAST_WARM_UP_S + 3.0 * service.startup_s + _LEAST_MEASURED_S
    is_shortest = level_s <= min(shortest_s, (shortest_s - _LEAST_MEASURED_S) / _WARM_UP)
    return _FEWEST if is_shortest and _affordable(plan.rates, requests) == _LEVELS[0] else requests


def _affordable(rates: FloatArray, requests: float) -> int:
    many = math.floor(min(requests / float(rates.mean()) / _A_LEVEL_S, requests / _A_LEVEL))
    return min(max(many, _LEVELS[0]), _LEVELS[1])


def _levels(rates: FloatArray, many: int) -> tuple[IntArray, FloatArray]:
    """Indices of the steps that stand for all, in order of their rates; and the share of requests that each stands for.

    Half of them by requests and half by time: latencies are made where the requests are, instances stand at night too.
    """
    order = np.argsort(rates, kind="stable")
    mass = np.cumsum(rates[order]) / rates.sum()
    time = np.arange(1, len(rates) + 1) / len(rates)
    even = np.searchsorted((mass + time) / 2.0, (np.arange(many) + 0.5) / many)
    found = np.sort(np.minimum(np.concatenate((even, np.searchsorted(mass, _TAIL))), len(rates) - 1))
    near = np.round(np.log(np.maximum(rates[order[found]], 1e-9)) / math.log(_ALIKE))
    _, first = np.unique(near, return_index=True)
    chosen = found[first + (np.append(first[1:], len(found)) - first) // 2]
    chosen = chosen[rates[order[chosen]] > 0.0]
    at = rates[order[chosen]]
    edges = np.searchsorted(rates[order], (at[:-1] + at[1:]) / 2.0)
    reached = np.concatenate(([0.0], mass[np.maximum(edges - 1, 0)], [1.0]))
    return order[chosen], np.diff(reached)


def _runs(
    load: Load,
    steps: Load,
    places: IntArray,
    service: ServiceConfig,
    seed: int,
    requests: float,
    *,
    replayed: bool = True,
) -> list[Section]:
    """A section for each level; ``replayed``: periods shorter than a level come as they were counted."""
    rates = steps.rates_per_s
    level_s = requests / float(rates[places].sum())
    settled_s = _SETTLED_S + 3.0 * service.startup_s
    warm_up_s = min(_WARM_UP * level_s, settled_s / (1.0 - _RAMP))
    warm_up_s = max(warm_up_s, _LEAST_WARM_UP_S + 3.0 * service.startup_s)
    ramp_s = min(_RAMP * warm_up_s, _LONGEST_RAMP_S)
    measured_s = max(level_s - warm_up_s, _LEAST_MEASURED_S)
    # Falling: what a busy hour has called up is there to be used, as it would be.
    order = places[::-1]
    first = float(rates[order[0]])
    warm = WarmStart(_kept(service, first), first * service.service_s, first * service.cpu_s)
    engine = Engine(service, seed, None, RECORD_BITS, short_cut=False, warm=warm, in_sections=True)
    clock_s, before = 0.0, first
    sections = []
    for place in order:
        rate = float(rates[place])
        ramp = np.linspace(before, rate, _STEPS + 1)[1:]
        engine.feed(rates_from(ramp, ramp_s / _STEPS, clock_s))
        clock_s += ramp_s
        hold, measured = _around(load, steps, int(place), warm_up_s - ramp_s, measured_s, clock_s, replayed)
        engine.feed(hold)
        engine.skip()
        engine.feed(measured)
        sections.append(engine.section())
        clock_s, before = float(measured.end_s[-1]), rate
    return sections[::-1]


def _around(
    load: Load, steps: Load, place: int, warm_up_s: float, measured_s: float, clock_s: float, replayed: bool
) -> tuple[ArrivalBlock, ArrivalBlock]:
    """What comes at a level: its own periods and those before, where they are shorter than the level; else its rate."""
    rate = steps.rates_per_s[place : place + 1]
    if not replayed or load.period_s * 2 > min(warm_up_s, measured_s, steps.period_s):
        hold = rates_from(rate, warm_up_s, clock_s)
        return hold, rates_from(rate, measured_s, clock_s + warm_up_s)
    start = round(place * steps.period_s / load.period_s)
    before = min(start, math.ceil(warm_up_s / load.period_s))
    length = max(1, round(min(measured_s, steps.period_s) / load.period_s))
    hold = counts_from(load.requests[start - before : start], load.period_s, clock_s)
    if before == 0:
        hold = rates_from(rate, warm_up_s, clock_s)
    return hold, counts_from(load.requests[start : start + length], load.period_s, float(hold.end_s[-1]))


def _kept(service: ServiceConfig, rate: float) -> int:
    """What both targets ask for at a rate."""
    by_cpu = math.ceil(rate * service.cpu_s / (service.cpu_cores * service.target_cpu))
    by_places = math.ceil(rate * service.service_s / (service.concurrency * service.target_concurrency))
    return min(max(by_cpu, by_places, service.min_instances, 1), service.max_instances)


def _together(
    load: Load,
    rates: FloatArray,
    period_s: float,
    levels: tuple[FloatArray, FloatArray, list[Section]],
    live: Held,
    service: ServiceConfig,
) -> Month:
    """``levels``: their rates, the share of requests that each stands for, and what was seen at it."""
    at, shares, sections = levels
    least = float(service.min_instances)
    active = _between(rates, at, [one.working_s / one.seconds for one in sections], 0.0)
    idle_min = _between(rates, at, [one.idle_min_s / one.seconds for one in sections], least)
    a_month = float(live.starts.sum()) * MONTH_S / (len(rates) * period_s)
    mean_live = float(live.live.mean())
    startup_s = sum(one.starting_s for one in sections) / max(sum(one.starts for one in sections), 1)
    startup_s = startup_s or service.startup_s
    timeline = InstanceTimeline(
        requests=as_decimal(load.requests_per_month),
        active_instance_s=as_decimal(min(float(active.mean()), mean_live) * MONTH_S),
        starting_instance_s=as_decimal(a_month * startup_s),
        stopping_instance_s=as_decimal(a_month * STOP_GRACE_S),
        idle_min_instance_s=as_decimal(float(idle_min.mean()) * MONTH_S),
        running_instance_s=as_decimal(mean_live * MONTH_S),
        instance_starts=as_decimal(a_month),
        mean_instances=as_decimal(mean_live),
    )
    weights = [share / max(one.served, 1) for share, one in zip(shares, sections, strict=True)]
    latency_s, weight = pooled(list(zip(sections, weights, strict=True)))
    came = [max(one.served + one.rejected, 1) for one in sections]
    return Month(
        latency_s,
        weight,
        cold_start_ratio=float(sum(w * one.cold_starts for w, one in zip(weights, sections, strict=True))),
        rejected_ratio=float(
            sum(share * one.rejected / n for share, one, n in zip(shares, sections, came, strict=True))
        ),
        timeline=timeline,
        method=f"simulation: {len(sections)} levels of the window's rate, each after a warm-up that is left out",
    )


def _between(rates: FloatArray, at: FloatArray, values: list[float], at_zero: float) -> FloatArray:
    """Values at levels, linear between them and down to ``at_zero``; above the highest, in proportion to the rate."""
    found = np.interp(rates, [0.0, *at], [at_zero, *values])
    return np.asarray(np.where(rates > at[-1], found * rates / at[-1], found))
