"""The full grid for one workload: the cheapest configuration that meets its objectives, and what meeting them costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.predicting import corrections_of
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config import Objectives
from k2cr_analysis.cost.cloud_run import price_timeline
from k2cr_analysis.errors import InputError
from k2cr_analysis.latency.service_time import scaled, service_time
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.money import total
from k2cr_analysis.sizing import legal
from k2cr_analysis.sizing.limits import WHOLE_CORES

if TYPE_CHECKING:
    from k2cr_analysis.latency.recommend import Recommendation

# More CPU than this buys nothing that more instances do not: one request uses at most one vCPU at a time.
_MOST_CORES = 4
_MIN_INSTANCES = (0, 1, 2, 3)


def recommend(
    assessment: Assessment,
    workload_id: str,
    objectives: Objectives | None = None,
    *,
    rounds: int = 3,
    seed: int = 1,
) -> Recommendation:
    """Search CPU x concurrency x min instances x billing for the cheapest that meets ``objectives``.

    ``objectives``: default those of the config. ``rounds``: of the search, 1 to 3; each simulates four times as many
    requests as the one before. Memory is what sizing gave, or the least that the CPU asks for: more of
    it costs, and makes nothing faster. Raises UsageError for an unknown id, InputError where the workload does not
    become a service or the snapshot has no traffic of it.
    """
    from k2cr_analysis.latency.recommend import EFFORTS, concurrencies_near, grid
    from k2cr_analysis.latency.recommend import recommend as search
    from k2cr_analysis.latency.sampled_month import Load

    one = find_workload([assessment], workload_id)
    shape, startup_ms = service_of(one)
    traffic = assessment.traffic.get(workload_id)
    usage = assessment.merged_usage.get(workload_id) or assessment.usage.get(workload_id)
    service = service_time(traffic, usage, one.workload.pod.usable_cores) if traffic is not None else None
    known = traffic.requests[traffic.known] if traffic is not None else np.zeros(0, np.int64)
    if traffic is None or service is None or known.sum() == 0:
        raise InputError(
            ref="no-traffic-data",
            found=f"the snapshot has no requests of {workload_id}",
            expected="requests and their latency: the grid is searched with them",
            do="collect with --traffic FILE",
        )

    service = scaled(service, corrections_of(one.workload, one.fit, assessment.calibration).service_time)

    def cost_month(point: ServiceShape, month: InstanceTimeline) -> Decimal:
        cud = assessment.config.rates.cud
        return total(price_timeline(point, month, assessment.prices, assessment.region, cud))

    points = grid(
        list(_sizes(shape)),
        concurrencies_near(traffic, usage, service.mean_s),
        [n for n in _MIN_INSTANCES if n <= shape.max_instances],
    )
    return search(
        (p for p in points if not legal(p)),
        Load(known, float(traffic.period_s), traffic.requests_per_month),
        service,
        startup_s=startup_ms / 1000.0,
        cost=cost_month,
        objectives=objectives or assessment.config.objectives_of(workload_id),
        efforts=EFFORTS[:rounds],
        seed=seed,
    )


def service_of(one: WorkloadAssessment) -> tuple[ServiceShape, float]:
    """The shape, and the start-up time [ms], of a workload that becomes a service; InputError for another."""
    shape = one.shape
    if shape is None or shape.target != "service" or one.latency is None or one.latency.startup_ms is None:
        raise InputError(
            ref="not-a-service",
            found=f"{one.id} is {one.fit.verdict}, and its target is {one.fit.target}",
            expected="a workload that can become a service",
        )
    return shape, one.latency.startup_ms


def _sizes(shape: ServiceShape) -> Iterator[ServiceShape]:
    """The shape with its largest container at each whole number of vCPUs from what it has, up to ``_MOST_CORES``."""
    main = max(shape.containers, key=lambda name: shape.containers[name].cpu_cores)
    has = shape.containers[main].cpu_cores
    yield shape
    for cores in WHOLE_CORES:
        if has < cores <= _MOST_CORES:
            larger = replace(shape.containers[main], cpu_cores=Decimal(cores))
            yield replace(shape, containers={**shape.containers, main: larger})
