"""The instance timeline of a month by closed forms, from the rate of each period.

Valid for Poisson arrivals inside a period and rates that change slowly against service and start-up times; bursts
inside a period are not seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from k2cr_analysis.latency.closed_forms import (
    cold_starts_of_varying_rate,
    instances_at_work,
    rounded_up_s,
)
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.platforms.billing import SECONDS_PER_MONTH
from k2cr_analysis.platforms.cloud_run.billing import BILLED_STEP_S
from k2cr_analysis.platforms.cloud_run.limits import STOP_GRACE_S
from k2cr_analysis.platforms.cloud_run.scaling import DEFAULT_TARGET, IDLE_S

MONTH_S = int(SECONDS_PER_MONTH)


@dataclass(frozen=True, slots=True)
class InstanceLoad:
    """What one request asks of an instance, and how many an instance takes. ``cpu_s``: its part that needs a vCPU."""

    service_s: float
    cpu_s: float
    concurrency: int
    cpu_cores: float
    min_instances: int
    max_instances: int
    startup_s: float

    @property
    def places(self) -> float:
        """Requests that the autoscaler lets one instance hold: the tighter of the CPU and the concurrency target."""
        by_cpu = self.cpu_cores * self.service_s / self.cpu_s if self.cpu_s > 0.0 else math.inf
        return max(1.0, DEFAULT_TARGET * min(float(self.concurrency), by_cpu))

    def kept(self, erlangs: float) -> int:
        """Instances that the autoscaler holds for a mean of so many requests at a time."""
        return max(1, self.min_instances, math.ceil(erlangs / self.places - 1e-9))


@dataclass(frozen=True, slots=True)
class ClosedFormTimeline:
    month: InstanceTimeline
    cold_start_ratio: float


def as_decimal(value: float) -> Decimal:
    """A float of the model as a quantity to be priced: to the millionth, so that equal runs print equal digits."""
    return Decimal(repr(round(value, 6)))


def _billed_active(loads: FloatArray, load: InstanceLoad) -> FloatArray:
    """Instances at work at each offered load, their times at work rounded up as billed; from 64 points of the range.

    Times at work are taken as exponential, of the mean that the instances at work and their activations give.
    """
    low, high = float(loads[loads > 0.0].min()), float(loads.max())
    grid = np.geomspace(low, high, 64) if high > low else np.array([low])
    exact = np.array([_billed_active_at(float(a), load) for a in grid])
    return np.asarray(np.where(loads > 0.0, np.interp(loads, grid, exact), 0.0))


def _billed_active_at(a: float, load: InstanceLoad) -> float:
    at_work = instances_at_work(a, load.kept(a), load.concurrency)
    activations_per_s = a / load.service_s * at_work.activation_probability
    if activations_per_s <= 0.0:
        return at_work.mean
    return activations_per_s * rounded_up_s(at_work.mean / activations_per_s, float(BILLED_STEP_S))


def _held(needed: FloatArray, periods: int) -> FloatArray:
    """Running maximum over the last ``periods`` and this one: an instance stays for the idle time."""
    held = needed.copy()
    for back in range(1, periods + 1):
        held = np.maximum(held, np.roll(needed, back))
    return held


def held_instances(needed: FloatArray, period_s: float) -> FloatArray:
    """Instances that run when so many are needed: the most of the last 15 minutes."""
    return _held(needed, math.ceil(IDLE_S / period_s))


def closed_form_timeline(rates_per_s: FloatArray, period_s: float, load: InstanceLoad) -> ClosedFormTimeline:
    """Instances of a month in which the rates (float64[n], of n periods in a row, at least one above 0) repeat."""
    erlangs = rates_per_s * load.service_s
    active = np.minimum(_billed_active(erlangs, load), load.max_instances)
    peak = np.maximum(
        np.ceil(erlangs / load.places - 1e-9), np.ceil((erlangs + 2.0 * np.sqrt(erlangs)) / load.concurrency)
    )
    held = np.minimum(held_instances(peak, period_s), load.max_instances)
    alive = -np.expm1(-rates_per_s * (load.service_s + IDLE_S))
    running = np.maximum(np.maximum(load.min_instances, alive * np.maximum(held, 1.0)), active)

    from_zero = np.zeros_like(rates_per_s)
    if load.min_instances == 0:
        from_zero = cold_starts_of_varying_rate(rates_per_s, period_s, IDLE_S)
    at_least = max(load.min_instances, 1)
    scale_outs = np.maximum(np.maximum(held, at_least) - np.maximum(np.roll(held, 1), at_least), 0.0)
    waiting = 1.0 + rates_per_s * load.startup_s  # the request that starts it, and those that come until it is ready
    cold = np.minimum(from_zero * waiting + scale_outs, rates_per_s * period_s)

    window_s = len(rates_per_s) * period_s
    months = MONTH_S / window_s
    requests = float(rates_per_s.sum()) * period_s
    starts = float((from_zero + scale_outs).sum()) * months
    active_s = float(active.sum()) * period_s * months
    running_s = float(running.sum()) * period_s * months
    return ClosedFormTimeline(
        month=InstanceTimeline(
            requests=as_decimal(requests * months),
            active_instance_s=as_decimal(active_s),
            starting_instance_s=as_decimal(starts * load.startup_s),
            stopping_instance_s=as_decimal(starts * STOP_GRACE_S),
            idle_min_instance_s=as_decimal(
                float(np.maximum(load.min_instances - active, 0.0).sum()) * period_s * months
            ),
            running_instance_s=as_decimal(running_s + starts * load.startup_s),
            instance_starts=as_decimal(starts),
            mean_instances=as_decimal(running_s / MONTH_S),
        ),
        cold_start_ratio=round(float(cold.sum()) / requests, 9),  # below one in a billion is none
    )
