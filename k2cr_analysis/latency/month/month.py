"""A month of a service on Cloud Run, simulated within so many requests.

Where the budget covers the window, or a week of days that stand for it, every request is replayed, night and gaps
included; where it covers it several times, it is replayed several times with other draws, since what happens seldom
needs many requests to be known. A busier service is simulated at levels of its rate (:mod:`levels`).
"""

from __future__ import annotations

import math

from k2cr_analysis.latency.load.arrivals import counted
from k2cr_analysis.latency.month.closed_form import MONTH_S, as_decimal
from k2cr_analysis.latency.month.levels import at_levels, same_run
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.month.simulated import RECORD_BITS, Month, pooled
from k2cr_analysis.latency.simulator.engine import Engine, Section
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.platforms.cloud_run.limits import STOP_GRACE_S

MOST_REPEATS = 12


def month_of(load: Load, service: ServiceConfig, seed: int, *, requests: float) -> Month:
    """A month of ``load`` on ``service``, by simulating about so many requests at most."""
    days = load.days(requests)
    return at_levels(load, service, seed, requests) if days is None else _replayed(days, load, service, seed, requests)


def least_requests(load: Load, service: ServiceConfig, requests: float) -> float:
    """So many requests, or the fewest that make the same month."""
    return requests if load.days(requests) is not None else same_run(load, service, requests)


def _replayed(days: Load, load: Load, service: ServiceConfig, seed: int, requests: float) -> Month:
    repeats = min(MOST_REPEATS, max(1, math.floor(requests / float(days.requests.sum()))))
    sections = [_whole_run(days, service, seed + i) for i in range(repeats)]
    seconds = sum(one.seconds for one in sections)
    months = MONTH_S / seconds
    starting_s = sum(one.starting_s for one in sections)
    live_s = sum(one.live_s for one in sections)
    timeline = InstanceTimeline(
        requests=as_decimal(load.requests_per_month),
        active_instance_s=as_decimal(sum(one.working_s for one in sections) * months),
        starting_instance_s=as_decimal(starting_s * months),
        stopping_instance_s=as_decimal(sum(one.stops for one in sections) * STOP_GRACE_S * months),
        idle_min_instance_s=as_decimal(sum(one.idle_min_s for one in sections) * months),
        running_instance_s=as_decimal(sum(one.billed_instance_s for one in sections) * months),
        instance_starts=as_decimal(sum(one.starts for one in sections) * months),
        mean_instances=as_decimal(live_s / seconds),
    )
    served = max(sum(one.served for one in sections), 1)
    latency_s, weight = pooled([(one, 1.0 / served) for one in sections])
    whole = days is load
    return Month(
        latency_s,
        weight,
        cold_start_ratio=sum(one.cold_starts for one in sections) / served,
        rejected_ratio=sum(one.rejected for one in sections) / max(served + sum(one.rejected for one in sections), 1),
        timeline=timeline,
        method="simulation: every request of the window"
        if whole
        else "simulation: every request of days that stand for the window",
    )


def _whole_run(days: Load, service: ServiceConfig, seed: int) -> Section:
    engine = Engine(service, seed, None, RECORD_BITS, short_cut=False, in_sections=True)
    arrivals = counted(days.requests, days.period_s)
    for block in arrivals.blocks:
        engine.feed(block)
    engine.drain(arrivals.ends_at())
    return engine.section()
