"""A month of a service on Cloud Run, simulated in about 20 ms.

A workload of few requests: one typical week, every request of it, so that nights and gaps cost their cold starts.
A busy one: runs at six rates that occur, each from a warm start; what lies between the rates is interpolated, and
starts and idle instances follow from how the rate changes, by the closed forms of ``timeline``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.latency.load.arrivals import ArrivalSource, counted, poisson
from k2cr_analysis.latency.simulator.engine import Engine, WarmStart
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.latency.simulator.simulate import Run, summary_of
from k2cr_analysis.latency.timeline import MONTH_S, InstanceLoad, as_decimal, closed_form_timeline, held_instances
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.observed import FloatArray, IntArray, TrafficProfile
from k2cr_analysis.platforms.cloud_run import STOP_GRACE_S

REPLAYED_REQUESTS = 60_000
REQUESTS_A_RATE = 6_000
WEEK_S = 7 * 86400
RECORD_BITS = 6
# The rates stand in the middle of these shares of all requests: finer where the rate is high, since p99 is made there.
SHARE_EDGES = np.array([0.0, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class SampledMonth:
    """``latency_s`` rising, with the share of requests ``weight`` of each (sums to 1)."""

    latency_s: FloatArray
    weight: FloatArray
    cold_start_ratio: float
    timeline: InstanceTimeline
    method: str

    def quantile_s(self, p: float) -> float:
        reached = np.cumsum(self.weight)
        return float(self.latency_s[min(int(np.searchsorted(reached, p)), len(reached) - 1)])


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """``requests`` int64[n]: of the known periods in a row, at least one request among them."""

    requests: IntArray
    period_s: float
    requests_per_month: float


def load_of(traffic: TrafficProfile) -> Load:
    """The known periods of what was measured."""
    return Load(traffic.requests[traffic.known], float(traffic.period_s), traffic.requests_per_month)


def sampled_month(load: Load, service: ServiceConfig, seed: int, *, effort: float = 1.0) -> SampledMonth:
    """A month of ``load`` on ``service``; ``effort``: as many times as many requests are simulated."""
    week = _typical_week(load.requests, load.period_s)
    if week.sum() <= REPLAYED_REQUESTS * effort:
        return _replayed(week, load, service, seed)
    return _at_six_rates(load, service, seed, round(REQUESTS_A_RATE * effort))


def _typical_week(requests: IntArray, period_s: float) -> IntArray:
    """Seven days in a row whose total is nearest to the mean; all periods where there are fewer, or none in it."""
    length = round(WEEK_S / period_s)
    if len(requests) <= length:
        return requests
    day = max(1, round(86400 / period_s))
    starts = np.arange(0, len(requests) - length + 1, day)
    upto = np.concatenate(([0], np.cumsum(requests)))
    totals = upto[starts + length] - upto[starts]
    nearest = int(np.argmin(np.abs(totals - requests.mean() * length)))
    if totals[nearest] == 0:
        return requests
    return requests[starts[nearest] : starts[nearest] + length]


def _run(
    arrivals: ArrivalSource, service: ServiceConfig, seed: int, requests: int | None, warm: WarmStart | None
) -> tuple[Run, FloatArray, FloatArray]:
    engine = Engine(service, seed, requests, RECORD_BITS, short_cut=False, warm=warm)
    for block in arrivals.blocks:
        engine.feed(block)
    engine.drain(arrivals.ends_at())
    record = engine.latencies()
    values, counts = record.pooled() if record else (np.zeros(1), np.ones(1))
    return summary_of(engine), values, counts / counts.sum()


def _active_s(run: Run) -> float:
    """Time with a request, each busy time rounded up to 100 ms, start-up apart; not more than instances live."""
    return min(max(0.0, run.billable_request_s - run.starting_s), run.mean_instances * run.simulated_s)


def _replayed(week: IntArray, load: Load, service: ServiceConfig, seed: int) -> SampledMonth:
    run, values, weights = _run(counted(week, load.period_s), service, seed, None, None)
    months = MONTH_S / run.simulated_s
    timeline = InstanceTimeline(
        requests=as_decimal(load.requests_per_month),
        active_instance_s=as_decimal(_active_s(run) * months),
        starting_instance_s=as_decimal(run.starting_s * months),
        stopping_instance_s=as_decimal(run.instance_stops * STOP_GRACE_S * months),
        idle_min_instance_s=as_decimal(run.idle_min_s * months),
        running_instance_s=as_decimal(run.billable_instance_s * months),
        instance_starts=as_decimal(run.instance_starts * months),
        mean_instances=as_decimal(run.mean_instances),
    )
    cold = run.cold_starts / max(run.served, 1)
    return SampledMonth(values, weights, cold, timeline, "simulation: a typical week, every request")


def _at_six_rates(load: Load, service: ServiceConfig, seed: int, requests_a_rate: int) -> SampledMonth:
    period_s = load.period_s
    rates = load.requests / period_s
    levels, shares = _levels(rates)
    runs = [
        _run(poisson(float(rate)), service, seed + i, requests_a_rate, _warm(float(rate), service))
        for i, rate in enumerate(levels)
    ]
    values = np.concatenate([found for _, found, _ in runs])
    weights = np.concatenate([weight * share for (_, _, weight), share in zip(runs, shares, strict=True)])
    order = np.argsort(values, kind="stable")

    ramps = closed_form_timeline(rates, period_s, _on_instance(service))
    at_rate = [0.0, *levels]
    active = np.interp(rates, at_rate, [0.0, *(_active_s(run) / run.simulated_s for run, _, _ in runs)])
    needed = np.interp(rates, at_rate, [float(service.min_instances), *(r.mean_instances for r, _, _ in runs)])
    # Below the lowest rate an instance lives as long as requests follow each other within the idle time.
    alive = -np.expm1(-rates * (service.service_s + service.idle_s))
    running = held_instances(np.maximum(needed, alive), period_s)
    months = MONTH_S / (len(rates) * period_s)
    month = ramps.month
    timeline = InstanceTimeline(
        requests=as_decimal(load.requests_per_month),
        active_instance_s=as_decimal(float(active.sum()) * period_s * months),
        starting_instance_s=month.starting_instance_s,
        stopping_instance_s=month.stopping_instance_s,
        idle_min_instance_s=as_decimal(
            float(np.maximum(service.min_instances - active, 0.0).sum()) * period_s * months
        ),
        running_instance_s=as_decimal(float(running.sum()) * period_s * months + float(month.starting_instance_s)),
        instance_starts=month.instance_starts,
        mean_instances=as_decimal(float(running.mean())),
    )
    method = "simulation: six request rates of the window; starts by closed forms from how the rate changes"
    return SampledMonth(values[order], weights[order], ramps.cold_start_ratio, timeline, method)


def _levels(rates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Six rates in the middle of the shares of requests, equal ones put together, and the share of each."""
    rising = np.sort(rates)
    reached = np.cumsum(rising) / rising.sum()
    middles = (SHARE_EDGES[:-1] + SHARE_EDGES[1:]) / 2.0
    found = rising[np.minimum(np.searchsorted(reached, middles), len(rising) - 1)]
    levels, place = np.unique(found, return_inverse=True)
    return levels, np.bincount(place, weights=np.diff(SHARE_EDGES)).astype(np.float64)


def _on_instance(service: ServiceConfig) -> InstanceLoad:
    return InstanceLoad(
        service_s=service.service_s,
        cpu_s=service.cpu_s,
        concurrency=service.concurrency,
        cpu_cores=service.cpu_cores,
        min_instances=service.min_instances,
        max_instances=service.max_instances,
        startup_s=service.startup_s,
    )


def _warm(rate_per_s: float, service: ServiceConfig) -> WarmStart:
    """The steady state at a rate: what the autoscaler holds there, and at least the requests that run at a time."""
    load = _on_instance(service)
    in_system = rate_per_s * service.service_s
    cores = rate_per_s * service.cpu_s
    spread = in_system + 2.0 * math.sqrt(in_system)
    instances = max(
        math.ceil(cores / (service.cpu_cores * service.target_cpu)),
        math.ceil(in_system / (service.concurrency * service.target_concurrency)),
        math.ceil(spread / max(load.places, float(service.concurrency))),
        1,
    )
    return WarmStart(min(instances, service.max_instances), in_system, cores)
