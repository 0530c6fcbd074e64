"""A busy service, at levels of its rate: what each level of the window costs and how it does, put together again.

Levels stand at shares of all requests, closer together where the rate is high, since p99 is made there. They are run in
order as one history: each is reached in steps, and held for a warm-up that is left out, until the autoscaler's
minute and, where the budget allows, the 15 minutes of idle instances are over. What lies between two levels is
interpolated, and instances are held for 15 minutes behind the falling rate.
"""

from __future__ import annotations

import math

import numpy as np

from k2cr_analysis.latency.load.arrivals import ArrivalBlock
from k2cr_analysis.latency.month.closed_form import MONTH_S, as_decimal
from k2cr_analysis.latency.month.month import RECORD_BITS, Month, pooled
from k2cr_analysis.latency.month.requests import Load, counts_from, rates_from
from k2cr_analysis.latency.simulator.engine import Engine, Section, WarmStart
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.platforms.cloud_run import STOP_GRACE_S

LEAST_STEP_S = 300.0  # rates are means of so long at least: what is shorter is replayed inside a level
_LEVELS = (6, 40)
_A_LEVEL = 1500  # requests at least, before there are more levels
_TAIL = (0.98, 0.995)  # shares of requests, where p99 is made
_A_LEVEL_S = 1500.0  # so long each, where the budget allows; no more levels before
_ALIKE = 1.04  # rates that differ by less are one level
_WARM_UP_S, _MEASURED_S = (75.0, 1500.0), (30.0, 900.0)
_WARM_UP = 0.65  # share of a level's time that is left out
_STEPS = 6
_RAMP = 0.4  # share of the warm-up in which the rate rises


def at_levels(load: Load, service: ServiceConfig, seed: int, requests: float) -> Month:
    """A month by levels, of about so many requests, but a minute or two at each level at least."""
    steps = load.coarser(LEAST_STEP_S)
    rates = steps.rates_per_s
    affordable = math.floor(min(requests / float(rates.mean()) / _A_LEVEL_S, requests / _A_LEVEL))
    many = min(max(affordable, _LEVELS[0]), _LEVELS[1])
    places, shares = _levels(rates, many)
    sections = _runs(load, steps, places, service, seed, requests)
    return _together(load, rates, steps.period_s, rates[places], shares, sections, service)


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
    load: Load, steps: Load, places: IntArray, service: ServiceConfig, seed: int, requests: float
) -> list[Section]:
    rates = steps.rates_per_s
    level_s = requests / float(rates[places].sum())
    # Falling, since a fleet that a busy hour has called up stays while it is used; but surplus instances go after the
    # idle time only: where a level is shorter, a rising rate keeps them from being there at all.
    falls = level_s * _WARM_UP * (1.0 - _RAMP / 2.0) >= service.idle_s
    order = places[::-1] if falls else places
    first = float(rates[order[0]])
    cores, in_system = first * service.cpu_s, first * service.service_s
    warm = WarmStart(_kept(service, first), in_system, cores)
    engine = Engine(service, seed, None, RECORD_BITS, short_cut=False, warm=warm, in_sections=True)
    clock_s, before = 0.0, first
    warm_up_s = min(max(_WARM_UP * level_s, _WARM_UP_S[0] + 3.0 * service.startup_s), _WARM_UP_S[1])
    measured_s = min(max(level_s - warm_up_s, _MEASURED_S[0]), _MEASURED_S[1])
    sections = []
    for place in order:
        rate = float(rates[place])
        ramp = np.linspace(before, rate, _STEPS + 1)[1:]
        engine.feed(rates_from(ramp, _RAMP * warm_up_s / _STEPS, clock_s))
        clock_s += _RAMP * warm_up_s
        hold, measured = _around(load, steps, int(place), (1.0 - _RAMP) * warm_up_s, measured_s, clock_s)
        engine.feed(hold)
        engine.skip()
        engine.feed(measured)
        sections.append(engine.section())
        clock_s, before = float(measured.end_s[-1]), rate
    return sections[::-1] if falls else sections


def _around(
    load: Load, steps: Load, place: int, warm_up_s: float, measured_s: float, clock_s: float
) -> tuple[ArrivalBlock, ArrivalBlock]:
    """What comes at a level: its own periods and those before, where they are shorter than the level; else its rate."""
    rate = steps.rates_per_s[place : place + 1]
    if load.period_s * 2 > min(warm_up_s, measured_s, steps.period_s):
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
    at: FloatArray,
    shares: FloatArray,
    sections: list[Section],
    service: ServiceConfig,
) -> Month:
    least = float(service.min_instances)
    active = _between(rates, at, [one.working_s / one.seconds for one in sections], 0.0)
    live = _between(rates, at, [one.live_s / one.seconds for one in sections], least)
    # What came by chance within the idle time is in the levels: only what the rate does over longer times is held.
    trend = _without_noise(rates, period_s, service.idle_s)
    lasting = _between(trend, at, [one.live_s / one.seconds for one in sections], least)
    # Below the lowest level an instance lives as long as requests follow each other within the idle time.
    alive = -np.expm1(-rates * (service.service_s + service.idle_s))
    held = np.maximum(np.maximum(_held(lasting, period_s, service.idle_s), alive), least)
    starts = _between(rates, at, [one.starts / one.seconds for one in sections], 0.0) * period_s
    rises = np.maximum(np.diff(live, prepend=live[-1:]), 0.0) if period_s > LEAST_STEP_S else np.zeros_like(live)
    months = MONTH_S / (len(rates) * period_s)
    a_month = float((starts + rises).sum()) * months
    startup_s = sum(one.starting_s for one in sections) / max(sum(one.starts for one in sections), 1)
    startup_s = startup_s or service.startup_s
    timeline = InstanceTimeline(
        requests=as_decimal(load.requests_per_month),
        active_instance_s=as_decimal(float(np.minimum(active, held).sum()) * period_s * months),
        starting_instance_s=as_decimal(a_month * startup_s),
        stopping_instance_s=as_decimal(a_month * STOP_GRACE_S),
        idle_min_instance_s=as_decimal(float(np.maximum(least - active, 0.0).sum()) * period_s * months),
        running_instance_s=as_decimal(float(held.sum()) * period_s * months),
        instance_starts=as_decimal(a_month),
        mean_instances=as_decimal(float(held.mean())),
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


def _without_noise(rates: FloatArray, period_s: float, over_s: float) -> FloatArray:
    """Rates freed of what Poisson arrivals alone would scatter: drawn towards their moving mean, as far as it explains.

    Shrinkage by 1 - (variance of Poisson counts) / (variance around the moving mean), as empirical Bayes has it.
    """
    many = max(1, round(over_s / period_s))
    if many == 1:
        return rates
    around = np.arange(many) - many // 2
    trend = np.mean([np.roll(rates, int(shift)) for shift in around], axis=0)
    scatter = float(((rates - trend) ** 2).mean()) * many / (many - 1)
    real = max(0.0, 1.0 - float(rates.mean()) / period_s / scatter) if scatter > 0.0 else 0.0
    return np.asarray(trend + real * (rates - trend))


def _held(live: FloatArray, period_s: float, idle_s: float) -> FloatArray:
    """Instances that stay for the idle time after the rate has fallen: the most of the idle time before."""
    reach = idle_s / period_s
    whole = math.floor(reach)
    held = live.copy()
    for back in range(1, whole + 1):
        held = np.maximum(held, np.roll(live, back))
    rest = reach - whole
    if rest > 0.0:
        held = held + rest * (np.maximum(held, np.roll(live, whole + 1)) - held)
    return held
