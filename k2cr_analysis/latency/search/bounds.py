"""What needs no simulation: the least that a configuration can cost, and how many instances the demand takes.

An instance at work is a vCPU second or a place less: no scheduling does the work of a month in fewer active seconds
than its CPU seconds over the vCPUs, its request seconds over the concurrency, or the time in which there is a request
at all (M/G/inf: 1 - exp(-load)).
"""

from __future__ import annotations

import math

import numpy as np

from k2cr_analysis.latency.load.service_time import ServiceTime
from k2cr_analysis.latency.month.closed_form import MONTH_S, as_decimal
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.platforms.cloud_run.scaling import DEFAULT_TARGET

_ROOM = 1.5  # of instances above what the busiest period needs on average
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
