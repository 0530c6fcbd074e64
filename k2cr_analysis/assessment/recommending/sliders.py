"""What another load, another objective or another configuration would do to one service: one call, for sliders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.recommending.predicting import basis_of_workload, corrections_of
from k2cr_analysis.assessment.recommending.recommend import cost_of, service_of
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import InputError, UsageError
from k2cr_analysis.latency.load.service_time import scaled
from k2cr_analysis.latency.search.bounds import instances_with_room
from k2cr_analysis.latency.search.limits import Limits
from k2cr_analysis.model.cloud_run import BillingMode, InstanceTimeline, ServiceShape
from k2cr_analysis.model.instance_limits import memory_range
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.sizing import legal, size

if TYPE_CHECKING:
    from k2cr_analysis.config.settings import Cud
    from k2cr_analysis.latency.month.requests import Load
    from k2cr_analysis.latency.search.search import CostOfMonth, Demand, Point, Recommendation

_DEARER = 3  # of the configurations that the search has looked at, those up to so many times as dear are tried
_MOST_TRIED = 10


@dataclass(frozen=True, slots=True)
class WhatIf:
    """``before``: the recommended configuration as assessed; ``after``: the cheapest under what was changed."""

    before: Point
    after: Point
    met: bool
    limits: Limits

    @property
    def change_month(self) -> Decimal:
        """Money a month more than before, below 0 where it is less."""
        return self.after.cost_month - self.before.cost_month


def what_if(  # noqa: PLR0913 -- a slider each
    assessment: Assessment,
    workload: str,
    *,
    traffic: float = 1.0,
    service_time: float = 1.0,
    startup_s: float | None = None,
    p95_ms: float | None = None,
    p99_ms: float | None = None,
    cold_start_ratio: float | None = None,
    concurrency: int | None = None,
    min_instances: int | None = None,
    cpu_cores: float | None = None,
    billing: BillingMode | None = None,
    cud: Cud | None = None,
    headroom: float | None = None,
) -> WhatIf:
    """A service under another load, with other requests, another start or another objective.

    Parameters
    ----------
    traffic, service_time : times as many requests, each times as long
    startup_s : from an instance's start to its readiness [s]
    p95_ms, p99_ms, cold_start_ratio : limits in place of those that the assessment used
    concurrency, min_instances, billing : of every configuration that is tried
    cpu_cores : of its largest container
    cud : the committed use discount that Cloud Run is priced with
    headroom : the share of memory, and of the other containers' CPU, that stays free, as `[objectives] headroom` says

    Quicker and coarser than `assess`: what it has looked at is simulated anew, with a fifth of the requests. Where
    nothing is asked, it is what was assessed. Raises UsageError for a workload or a value that is not right, InputError
    where nothing was searched for it.
    """
    if not traffic > 0.0 or not service_time > 0.0:
        raise UsageError(
            ref="not-positive", found=f"traffic {traffic:g}, service_time {service_time:g}", expected="more than 0"
        )
    one = find_workload([assessment], workload)
    service_of(one)
    choice = one.choice
    if choice is None:
        raise InputError(
            ref="nothing-searched", found=f"no configuration of {workload} was searched", expected="known requests"
        )
    own = (startup_s, p95_ms, p99_ms, cold_start_ratio, concurrency, min_instances, cpu_cores, billing, cud, headroom)
    if traffic == service_time == 1.0 and all(value is None for value in own):
        return WhatIf(choice.best, choice.best, choice.met, choice.limits)
    from k2cr_analysis.latency.month.requests import load_of
    from k2cr_analysis.latency.search import search as searching

    basis = basis_of_workload(
        one.workload, one.fit, one.measured, corrections_of(one.workload, one.fit, assessment.calibration)
    )
    if basis.service is None or basis.traffic is None:
        raise InputError(ref="nothing-searched", found=f"no requests of {workload} are known", expected="requests")
    load = _times(load_of(basis.traffic), traffic)
    service = scaled(basis.service, service_time)
    demand = searching.Demand(load, service, basis.startup_s if startup_s is None else startup_s)
    limits = choice.limits
    if p95_ms is not None:
        limits = replace(limits, p95_ms=p95_ms)
    if p99_ms is not None:
        limits = replace(limits, p99_ms=p99_ms)
    if cold_start_ratio is not None:
        limits = replace(limits, cold_start_ratio=cold_start_ratio)
    sized = None if headroom is None else _sized(one, assessment, headroom)
    shapes = {
        (tuple(shape.containers.items()), shape.concurrency, shape.min_instances): shape
        for shape in (
            _with(_on(point.shape, cpu_cores, sized), concurrency, min_instances, demand) for point in _near(choice)
        )
        if any(not legal(replace(shape, billing=mode)) for mode in shape.billing_modes if billing in (None, mode))
    }
    if not shapes:
        raise UsageError(ref="no-such-configuration", found="nothing that Cloud Run takes", expected="other values")
    tariff = Tariff(assessment.prices, assessment.region, cud or assessment.config.rates.cud)
    found = searching.recommend(
        list(shapes.values()),
        demand,
        cost=_billed(cost_of(one.workload, tariff), billing),
        limits=limits,
        depth=searching.SLIDER,
    )
    return WhatIf(choice.best, found.best, found.met, limits)


def _times(load: Load, factor: float) -> Load:
    return replace(
        load,
        requests=np.round(load.requests * factor).astype(np.int64),
        requests_per_month=load.requests_per_month * factor,
    )


def _billed(cost: CostOfMonth, billing: BillingMode | None) -> CostOfMonth:
    """The same cost, where no other billing mode is ever the cheaper one."""
    if billing is None:
        return cost

    def of_one_mode(shape: ServiceShape, month: InstanceTimeline) -> Decimal:
        return cost(shape, month) if shape.billing == billing else Decimal("Infinity")

    return of_one_mode


def _sized(one: WorkloadAssessment, assessment: Assessment, headroom: float) -> ServiceShape | None:
    """The sizes under another headroom."""
    if not 0.0 <= headroom < 1.0:
        raise UsageError(ref="not-a-share", found=f"headroom {headroom:g}", expected="from 0 to below 1")
    config = assessment.config
    objectives = replace(config.objectives_of(one.id), headroom=headroom)
    without_own = replace(config, objectives=objectives, workloads={})
    return size(
        one.workload,
        target=one.fit.target,
        containers=one.fit.containers,
        ingress=one.fit.ingress_container,
        usage=one.measured.usage,
        traffic=one.measured.traffic,
        config=without_own,
    ).shape


def _on(shape: ServiceShape, cpu_cores: float | None, sized: ServiceShape | None) -> ServiceShape:
    """The shape with this CPU in its largest container, and with memory and the other containers' CPU as sized."""
    main = max(shape.containers, key=lambda name: shape.containers[name].cpu_cores)
    containers = dict(shape.containers)
    if sized is not None:
        for name, own in sized.containers.items():
            more = max(containers[name].cpu_cores, own.cpu_cores) if name == main else own.cpu_cores
            containers[name] = replace(own, cpu_cores=more)
    if cpu_cores is not None:
        containers[main] = replace(containers[main], cpu_cores=Decimal(repr(cpu_cores)))
    changed = replace(shape, containers=containers)
    least_bytes, _ = memory_range(changed.cpu_cores, changed.gpu)
    lacks = max(0, least_bytes - changed.memory_bytes)
    containers[main] = replace(containers[main], memory_bytes=containers[main].memory_bytes + lacks)
    return replace(changed, containers=containers)


def _near(choice: Recommendation) -> list[Point]:
    """What was looked at and is not out of all proportion; the recommended one and the frontier in any case."""
    most = choice.best.cost_month * _DEARER
    near = [p for p in choice.points if p.cost_month <= most][:_MOST_TRIED]
    return [choice.best, *choice.frontier, *near]


def _with(shape: ServiceShape, concurrency: int | None, min_instances: int | None, demand: Demand) -> ServiceShape:
    least = shape.min_instances if min_instances is None else min_instances
    changed = replace(shape, concurrency=concurrency or shape.concurrency, min_instances=least)
    most = max(shape.max_instances, least, instances_with_room(demand.load, demand.service, changed))
    return replace(changed, max_instances=most)
