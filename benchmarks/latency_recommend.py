"""How long the search over a full grid takes: 500 configurations, a workload of about a million requests a week.

.venv/bin/python benchmarks/latency_recommend.py
"""

from __future__ import annotations

import time
from decimal import Decimal

import numpy as np

from k2cr_analysis.latency.load.histogram import exponential_sample_ms
from k2cr_analysis.latency.load.service_time import ServiceTime
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.search.grid import grid
from k2cr_analysis.latency.search.limits import Limits
from k2cr_analysis.latency.search.search import Demand, recommend
from k2cr_analysis.model.cloud_run import ContainerShape, InstanceTimeline, ServiceShape
from k2cr_analysis.platforms.billing import SECONDS_PER_MONTH

CPUS = ("1", "2", "4", "6", "8")
RATE = 1_000_000 / (7 * 86400)


def cost(shape: ServiceShape, timeline: InstanceTimeline) -> Decimal:
    """Tier 1 list prices of CPU alone, near enough to rank by."""
    if shape.billing == "instance":
        return shape.cpu_cores * timeline.running_instance_s * Decimal("0.000018")
    busy = timeline.active_instance_s + timeline.starting_instance_s
    return shape.cpu_cores * busy * Decimal("0.000024") + timeline.requests * Decimal("0.0000004")


def main() -> None:
    shapes = [
        ServiceShape("service", {"web": ContainerShape(Decimal(cpu), 2**30)}, 80, 0, 100, "request", "gen2")
        for cpu in CPUS
    ]
    hours = np.arange(7 * 24)
    requests = np.random.default_rng(1).poisson(RATE * 3600 * (1 + 0.8 * np.sin(hours / 24 * 2 * np.pi)))
    load = Load(requests, 3600.0, RATE * float(SECONDS_PER_MONTH))
    sample = exponential_sample_ms(80.0)
    service = ServiceTime(sample, sample, int(requests.sum()), 0.03, ())
    configurations = list(grid(shapes, (1, 2, 5, 10, 20, 40, 60, 80, 100, 200), (0, 1, 2, 3, 5), load, service))
    wall, cpu = time.perf_counter(), time.process_time()
    found = recommend(configurations, Demand(load, service, 2.0), cost=cost, limits=Limits(p99_ms=500.0))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    best = found.best
    print(
        f"{len(configurations)} configurations, {requests.sum():,} requests a week: {wall:.1f} s, {cpu:.1f} s of processor"
    )
    shape = best.shape
    print(f"best: {shape.cpu_cores} vCPU, concurrency {shape.concurrency}, min {shape.min_instances}, {shape.billing}")
    print(f"      {best.cost_month:.2f} a month, p99 {best.p99_ms:.0f} ms, {len(found.frontier)} on the frontier")


if __name__ == "__main__":
    main()
