"""Which configurations are looked at: CPU, concurrency and kept instances around what a workload needs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from k2cr_analysis.latency.load.service_time import ServiceTime
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.search.bounds import instances_with_room
from k2cr_analysis.model.cloud_run import ServiceShape
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_CONCURRENCY, MAX_CONCURRENCY

CONCURRENCIES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, DEFAULT_CONCURRENCY, 120, 160, 250, 500, MAX_CONCURRENCY)


def grid(
    sizes: Sequence[ServiceShape],
    concurrencies: Sequence[int],
    min_instances: Sequence[int],
    load: Load,
    service: ServiceTime,
    most_instances: int | None = None,
) -> Iterator[ServiceShape]:
    """Each size (CPU and memory) with each concurrency and minimum, and a maximum that has room for the demand.

    A size of less than one vCPU holds one request at a time: Cloud Run takes no other. ``most_instances``: a cap that
    somebody set; None: none.
    """
    for size, places, least in itertools.product(sizes, concurrencies, min_instances):
        if size.cpu_cores < 1 and places > 1:
            continue
        shape = replace(size, concurrency=places, min_instances=least)
        most = max(shape.max_instances, least, instances_with_room(load, service, shape))
        most = most if most_instances is None else min(most, most_instances)
        if least <= most:
            yield replace(shape, max_instances=most)


def concurrencies_for(sized: int, load: Load, service: ServiceTime, cores: float) -> tuple[int, ...]:
    """From one request an instance to as many as can be at work before its CPU is full three times over, and 80.

    More than the busiest period ever has at a time makes no difference.
    """
    by_cpu = 3.0 * cores * service.mean_s / service.cpu_s if service.cpu_s > 0.0 else math.inf
    in_flight = float(load.rates_per_s.max()) * service.mean_s
    at_a_time = in_flight + 6.0 * math.sqrt(in_flight) + 2.0
    most = max(min(by_cpu, at_a_time), 1.0)
    within = [places for places in CONCURRENCIES if places <= most]
    above = [places for places in CONCURRENCIES if places > most][:1]
    return tuple(sorted({*within, *above, sized, DEFAULT_CONCURRENCY}))
