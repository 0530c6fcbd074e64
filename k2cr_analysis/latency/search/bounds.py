"""What needs no simulation: the least that a configuration can cost and take, and how many instances the demand needs.

An instance at work is a vCPU second or a place less: no scheduling does the work of a month in fewer active seconds
than its CPU seconds over the vCPUs, its request seconds over the concurrency, or the time in which there is a request
at all (M/G/inf: 1 - exp(-load)).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from k2cr_analysis.latency.closed_forms import ps_mean_sojourn_ratio
from k2cr_analysis.latency.load.service_time import ServiceTime
from k2cr_analysis.latency.month.closed_form import MONTH_S, as_decimal
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.platforms.cloud_run.scaling import DEFAULT_TARGET

TICK_S = 5.0  # how often the simulated autoscaler looks
_ROOM = 1.5  # of instances above what the busiest period needs on average
_SAMPLE, _RATES = 200, 8
_CROWDED = 8.0  # places a vCPU
_MANY = 64  # vCPUs among which a request is never slowed
_NOTHING = as_decimal(0.0)


def least_timeline(load: Load, service: ServiceTime, shape: ServiceShape) -> InstanceTimeline:
    """A month in which every instance that runs is wholly used: no configuration of this shape has less of anything."""
    rates = load.rates_per_s
    cores, places = float(shape.cpu_cores), float(shape.concurrency or 1)
    by_work = rates * max(service.cpu_s / min(cores, places), service.mean_s / places)
    active = float(np.maximum(by_work, -np.expm1(-rates * service.mean_s)).mean())
    running = max(active, float(shape.min_instances))
    return InstanceTimeline(
        requests=as_decimal(load.requests_per_month),
        active_instance_s=as_decimal(active * MONTH_S),
        starting_instance_s=_NOTHING,
        stopping_instance_s=_NOTHING,
        idle_min_instance_s=as_decimal(max(shape.min_instances - active, 0.0) * MONTH_S),
        running_instance_s=as_decimal(running * MONTH_S),
        instance_starts=_NOTHING,
        mean_instances=as_decimal(running),
    )


def instances_with_room(load: Load, service: ServiceTime, shape: ServiceShape) -> int:
    """Instances that the busiest period takes at the autoscaler's targets, and half as many again.

    Requests of the period come by chance, so places are counted for four standard deviations above its mean.
    """
    peak = float(load.rates_per_s.max())
    in_flight = peak * service.mean_s
    by_cpu = peak * service.cpu_s / (float(shape.cpu_cores) * DEFAULT_TARGET)
    places = float(shape.concurrency or 1)
    by_places = max(in_flight / (places * DEFAULT_TARGET), (in_flight + 4.0 * math.sqrt(in_flight)) / places)
    return max(1, math.ceil(_ROOM * max(by_cpu, by_places)))


def least_quantiles_ms(load: Load, service: ServiceTime, shape: ServiceShape) -> tuple[float, float]:
    """p95 and p99 that no configuration of this shape comes below: all its vCPUs as one (M/M/c-PS), none waits. [ms]

    At some rates that stand for the requests. There are as many vCPUs as the autoscaler wants in the busier one of its
    ticks; that one pool of them is faster than as many instances apart is why this is a bound.
    """
    cores, places = float(shape.cpu_cores), float(shape.concurrency or 1)
    slowed = (1.0 / min(1.0, cores)) if places <= 1.0 else 1.0
    share = service.cpu_s / max(service.mean_s, 1e-9)
    sample = service.sample_ms[:: max(1, len(service.sample_ms) // _SAMPLE)]
    sample = np.append(sample, np.quantile(service.sample_ms, (0.95, 0.99)))
    found = []
    for rate in _standing_for(load):
        busier = rate + 2.0 * math.sqrt(rate / TICK_S)
        by_cpu = math.ceil(busier * service.cpu_s / (cores * DEFAULT_TARGET))
        by_places = math.ceil(busier * service.mean_s / (places * DEFAULT_TARGET))
        vcpus = max(1, math.floor(max(by_cpu, by_places, shape.min_instances, 1) * cores))
        # Where places are few they are what more instances are started for, and requests do not crowd.
        alone = places < _CROWDED * cores or rate * service.cpu_s >= vcpus or vcpus > _MANY
        stretch = slowed if alone else ps_mean_sojourn_ratio(rate * service.cpu_s, vcpus)
        found.append(sample * (1.0 + share * (stretch - 1.0)))
    p95, p99 = np.quantile(np.concatenate(found), (0.95, 0.99))
    return float(p95), float(p99)


@lru_cache(maxsize=8)  # the configurations of a search share it
def _standing_for(load: Load) -> FloatArray:
    """Rates at even shares of the requests, rising. [1/s]"""
    rates = np.sort(load.rates_per_s)
    reached = np.cumsum(rates) / rates.sum()
    return np.asarray(rates[np.searchsorted(reached, (np.arange(_RATES) + 0.5) / _RATES)])
