"""A month of a service on Cloud Run, simulated within so many requests.

Where the budget covers the window, or a week of days that stand for it, every request is replayed, night and gaps
included; where it covers it several times, it is replayed several times with other draws, since what happens seldom
needs many requests to be known. A busier service is simulated at levels of its rate (:mod:`levels`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.latency.load.arrivals import counted
from k2cr_analysis.latency.month.closed_form import MONTH_S, as_decimal
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.month.summary import MonthFigures
from k2cr_analysis.latency.simulator.engine import Engine, Section
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.platforms.cloud_run.limits import STOP_GRACE_S

RECORD_BITS = 6
MOST_REPEATS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """``latency_s`` rising, with the share of requests ``weight`` of each (sums to 1); ratios are of all requests."""

    latency_s: FloatArray
    weight: FloatArray
    cold_start_ratio: float
    rejected_ratio: float
    timeline: InstanceTimeline
    method: str

    def quantile_s(self, p: float) -> float:
        reached = np.cumsum(self.weight)
        return float(self.latency_s[min(int(np.searchsorted(reached, p)), len(reached) - 1)])

    @property
    def figures(self) -> MonthFigures:
        p50, p95, p99 = (self.quantile_s(p) * 1000.0 for p in (0.5, 0.95, 0.99))
        return MonthFigures(p50, p95, p99, self.cold_start_ratio, self.rejected_ratio, self.timeline, self.method)


def month_of(load: Load, service: ServiceConfig, seed: int, *, requests: float) -> Month:
    """A month of ``load`` on ``service``, by simulating about so many requests at most."""
    from k2cr_analysis.latency.month.levels import at_levels

    days = load.days(requests)
    return at_levels(load, service, seed, requests) if days is None else _replayed(days, load, service, seed, requests)


def least_requests(load: Load, service: ServiceConfig, requests: float) -> float:
    """So many requests, or the fewest that make the same month."""
    from k2cr_analysis.latency.month.levels import same_run

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


def pooled(sections: list[tuple[Section, float]]) -> tuple[FloatArray, FloatArray]:
    """Latencies of several sections, rising, with the weight of each: that of its section a request. Sums to 1."""
    counts = sum(section.counts * weight for section, weight in sections)
    seen = np.flatnonzero(counts)
    if len(seen) == 0:
        return np.zeros(1), np.ones(1)
    middles = sections[0][0].middles_s
    least = min(section.least_s for section, _ in sections)
    most = max(section.most_s for section, _ in sections)
    weights = np.asarray(counts)[seen]
    return np.clip(middles[seen], least, most), weights / weights.sum()
