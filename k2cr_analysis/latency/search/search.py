"""The cheapest configuration that meets the objectives, and what meeting them costs.

All configurations see the same requests with the same work (common random numbers), so that a difference between two
is theirs and not the dice's. Successive halving: all are simulated shortly; the better half, and whatever is not
beaten in both cost and p99, goes on with four times the requests. Memory and billing mode do not change latency, so
configurations that differ in these alone share a simulation.

:func:`recommend` gives a whole picture, for a page; :func:`cheapest_that_meets` one answer, for one of a thousand
workloads: all are simulated more shortly still, then the cheapest of what looks good, until one holds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.config import Objectives
from k2cr_analysis.latency.load.service_time import ServiceTime, service_on
from k2cr_analysis.latency.sampled_month import Load, SampledMonth, sampled_month
from k2cr_analysis.model.cloud_run import BillingMode, InstanceTimeline, ServiceShape
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.platforms.cloud_run import DEFAULT_CONCURRENCY, MAX_CONCURRENCY

CostOfMonth = Callable[[ServiceShape, InstanceTimeline], Decimal]
EFFORTS = (1.0, 4.0, 16.0)  # as many times the requests of a sampled month, round by round
_GLANCE, _LOOK = 0.25, 1.0
_ALIKE = 0.03  # costs that differ by less are ranked alike
CONCURRENCIES = (1, 2, 5, 10, 20, 40, DEFAULT_CONCURRENCY, 160, 250, 500, MAX_CONCURRENCY)


@dataclass(frozen=True, slots=True)
class Point:
    """One configuration: what it costs a month, and how it does. ``effort``: how long it was simulated."""

    shape: ServiceShape
    cost_month: Decimal
    p99_ms: float
    cold_start_ratio: float
    effort: float

    def meets(self, objectives: Objectives) -> bool:
        return (objectives.p99_ms is None or self.p99_ms <= objectives.p99_ms) and (
            objectives.cold_start_ratio is None or self.cold_start_ratio <= objectives.cold_start_ratio
        )


@dataclass(frozen=True, slots=True)
class Recommendation:
    """``best`` None: nothing in the grid meets the objectives. ``points``: all that was looked at, cheapest first.

    ``frontier``: points that no other one beats in both cost and p99, cheapest first.
    """

    best: Point | None
    second: Point | None
    frontier: tuple[Point, ...]
    points: tuple[Point, ...]

    def cheapest_within(self, p99_ms: float) -> Point | None:
        """The cheapest point with a p99 of at most so much."""
        return next((point for point in self.frontier if point.p99_ms <= p99_ms), None)

    def price_of_p99(self, tight_ms: float, loose_ms: float) -> Decimal | None:
        """What a p99 of ``tight_ms`` costs a month more than one of ``loose_ms``; None where the grid has no such."""
        tight, loose = self.cheapest_within(tight_ms), self.cheapest_within(loose_ms)
        return tight.cost_month - loose.cost_month if tight and loose else None

    def min_instance_ladder(self) -> tuple[Point, ...]:
        """The best configuration with each number of min instances in the grid: what each one costs, and the p99."""
        if self.best is None:
            return ()
        like = replace(self.best.shape, min_instances=0)
        same = [point for point in self.points if replace(point.shape, min_instances=0) == like]
        return tuple(sorted(same, key=lambda point: point.shape.min_instances))


def grid(
    shapes: Sequence[ServiceShape],
    concurrencies: Sequence[int],
    min_instances: Sequence[int],
    billing: Sequence[BillingMode] = ("request", "instance"),
) -> Iterator[ServiceShape]:
    """Each legal shape (CPU and memory, from sizing) with each concurrency, minimum and billing mode.

    A shape of less than one vCPU holds one request at a time and is billed by request, one with a GPU by instance:
    Cloud Run takes no other. What works between requests gets CPU by instance-based billing alone.
    """
    for shape, places, least, mode in itertools.product(shapes, concurrencies, min_instances, billing):
        if shape.cpu_cores < 1 and (places > 1 or mode == "instance"):
            continue
        if mode == "request" and (shape.gpu is not None or shape.between_requests != "nothing"):
            continue
        if least <= shape.max_instances:
            yield replace(shape, concurrency=places, min_instances=least, billing=mode)


def concurrencies_near(traffic: TrafficProfile, usage: WorkloadUsage | None, service_s: float) -> tuple[int, ...]:
    """Concurrencies around what one pod was seen to carry in its busiest period (Little's law), and 1 and 80.

    Without the number of pods: Cloud Run's default, and fewer.
    """
    if usage is None or not usage.mean_pods:
        return (1, 10, 40, DEFAULT_CONCURRENCY)
    carried = float(traffic.requests[traffic.known].max()) / traffic.period_s * service_s / usage.mean_pods
    at_least = [places for places in CONCURRENCIES if places >= carried][:3] or [CONCURRENCIES[-1]]
    return tuple(sorted({1, DEFAULT_CONCURRENCY, *at_least}))


def recommend(  # noqa: PLR0913 -- what a search rests on, each once
    shapes: Iterable[ServiceShape],
    load: Load,
    service: ServiceTime,
    *,
    startup_s: float,
    cost: CostOfMonth,
    objectives: Objectives,
    efforts: Sequence[float] = EFFORTS,
    seed: int = 1,
) -> Recommendation:
    """Search ``shapes`` for the cheapest that meets ``objectives``.

    Parameters
    ----------
    shapes : the grid, each a whole configuration
    load, service : the requests and what one of them needs
    startup_s : from an instance's start to its readiness [s]
    cost : money a month of a shape with an instance timeline
    efforts : rounds, rising; what is recommended has been through the last one
    """
    search = _Search(load, service, startup_s, cost, seed)
    going_on = list(enumerate(shapes))
    found: dict[int, Point] = {}
    for effort in efforts:
        for number, shape in going_on:
            found[number] = search.point(shape, effort)
        survivors = _survivors({number: found[number] for number, _ in going_on}, objectives)
        going_on = [(number, shape) for number, shape in going_on if number in survivors]
    points = tuple(sorted(found.values(), key=_by_cost))
    proven = [point for point in points if point.effort == efforts[-1] and point.meets(objectives)]
    return Recommendation(
        best=proven[0] if proven else None,
        second=proven[1] if len(proven) > 1 else None,
        frontier=_frontier(points),
        points=points,
    )


def cheapest_that_meets(
    shapes: Iterable[ServiceShape],
    load: Load,
    service: ServiceTime,
    *,
    startup_s: float,
    cost: CostOfMonth,
    objectives: Objectives,
    seed: int = 1,
) -> Point | None:
    """The cheapest of ``shapes`` that meets ``objectives``; None where none does.

    Costs that a few percent part are alike, and of those the earlier in ``shapes`` is preferred.
    """
    search = _Search(load, service, startup_s, cost, seed)
    glances = sorted((search.point(shape, _GLANCE) for shape in shapes), key=_by_about_cost)
    looks = (search.point(glance.shape, _LOOK) for glance in glances if glance.meets(objectives))
    return next((look for look in looks if look.meets(objectives)), None)


class _Search:
    """Simulates a configuration once for all that differ from it in memory or billing alone."""

    def __init__(self, load: Load, service: ServiceTime, startup_s: float, cost: CostOfMonth, seed: int) -> None:
        self._load = load
        self._service = service
        self._startup_s = startup_s
        self._cost = cost
        self._seed = seed
        self._months: dict[tuple[object, ...], SampledMonth] = {}

    def point(self, shape: ServiceShape, effort: float) -> Point:
        key = (shape.cpu_cores, shape.concurrency, shape.min_instances, shape.max_instances, effort)
        month = self._months.get(key)
        if month is None:
            service = service_on(shape, self._service, self._startup_s)
            month = self._months[key] = sampled_month(self._load, service, self._seed, effort=effort)
        return Point(
            shape=shape,
            cost_month=self._cost(shape, month.timeline),
            p99_ms=month.quantile_s(0.99) * 1000.0,
            cold_start_ratio=month.cold_start_ratio,
            effort=effort,
        )


def _by_cost(point: Point) -> tuple[Decimal, float, int]:
    return point.cost_month, point.p99_ms, point.shape.min_instances


def _by_about_cost(point: Point) -> int:
    return round(math.log(float(point.cost_month)) / _ALIKE) if point.cost_month > 0 else -(2**62)


def _frontier(points: Sequence[Point]) -> tuple[Point, ...]:
    """Of points in order of cost, those whose p99 no cheaper one reaches."""
    kept: list[Point] = []
    for point in points:
        if not kept or point.p99_ms < kept[-1].p99_ms:
            kept.append(point)
    return tuple(kept)


def _survivors(points: dict[int, Point], objectives: Objectives) -> set[int]:
    """The cheaper half, those that meet the objectives before those that do not, and the frontier."""
    order = sorted(points, key=lambda number: (not points[number].meets(objectives), *_by_cost(points[number]), number))
    half = set(order[: max(2, (len(order) + 1) // 2)])
    frontier = _frontier(sorted(points.values(), key=_by_cost))
    return half | {number for number in points if any(points[number] is point for point in frontier)}
