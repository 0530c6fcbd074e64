"""The cheapest configuration that meets the limits, and what meeting them costs.

All configurations see the same requests with the same work (common random numbers), so that a difference between two
is theirs and not the dice's. Memory and billing mode do not change latency: configurations that differ in these alone
share a simulation.

1. Bounds: a configuration cannot cost less than its closed lower bound (:mod:`bounds`). Candidates are looked at in
   the order of that bound, and no more once the bound is above the cost of one that meets the limits.
2. Successive refinement: a glance at each; then whatever looks best is simulated longer, and longer again, until what
   looks best has been simulated at full length.
3. An instance that is kept costs money, so more of them are tried only where fewer miss the limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from k2cr_analysis.latency.load.service_time import ServiceTime, service_on
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.month.store import MonthStore, Opened
from k2cr_analysis.latency.month.summary import MonthFigures
from k2cr_analysis.latency.search.bounds import least_timeline
from k2cr_analysis.latency.search.limits import ALIKE, LOOSER, TIGHTER, Limits
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape

CostOfMonth = Callable[[ServiceShape, InstanceTimeline], Decimal]


@dataclass(frozen=True, slots=True)
class Depth:
    """Requests simulated for a glance, a look and the figures that are told."""

    glance: float = 20_000
    look: float = 200_000
    told: float = 3_000_000


SLIDER = Depth(4_000, 20_000, 120_000)
QUICKER = Depth(15_000, 80_000, 600_000)
_AT_A_GLANCE, _AT_A_LOOK = 0.03, 0.012  # what misses by so much may meet the limits when simulated longer
_CHEAPER_THAN_GLANCED, _CHEAPER_THAN_LOOKED = Decimal("0.95"), Decimal("0.995")
_MOST_REFINEMENTS = 48
_FEW_COLD = 0.002  # share of requests that wait for a start, which p99 does not see
_ABOVE_BOUND = 1.05  # a cost at a glance is known so well


@dataclass(frozen=True, slots=True)
class Point:
    """One configuration: what it costs a month, and how it does. ``requests``: how many were simulated, about."""

    shape: ServiceShape
    cost_month: Decimal
    month: MonthFigures
    requests: float

    @property
    def p50_ms(self) -> float:
        return self.month.p50_ms

    @property
    def p95_ms(self) -> float:
        return self.month.p95_ms

    @property
    def p99_ms(self) -> float:
        return self.month.p99_ms

    @property
    def cold_start_ratio(self) -> float:
        return self.month.cold_start_ratio

    @property
    def rejected_ratio(self) -> float:
        return self.month.rejected_ratio


@dataclass(frozen=True, slots=True)
class Recommendation:
    """``best``: the cheapest that meets the limits, else the one that misses them by least (``met`` False).

    ``points``: all that was looked at, cheapest first; ``frontier``: of them those that no other one beats in both cost
    and p99. ``looser`` and ``tighter``: the cheapest with latency limits 25 % looser, or 10 % tighter; None: none.
    """

    best: Point
    met: bool
    limits: Limits
    second: Point | None
    frontier: tuple[Point, ...]
    points: tuple[Point, ...]
    looser: Point | None
    tighter: Point | None

    def cheapest_within(self, p99_ms: float) -> Point | None:
        """The cheapest point with a p99 of at most so much."""
        return next((point for point in self.frontier if point.p99_ms <= p99_ms), None)

    def price_of_p99(self, tight_ms: float, loose_ms: float) -> Decimal | None:
        """What a p99 of ``tight_ms`` costs a month more than one of ``loose_ms``; None where nothing seen has such."""
        tight, loose = self.cheapest_within(tight_ms), self.cheapest_within(loose_ms)
        return tight.cost_month - loose.cost_month if tight and loose else None

    def min_instance_ladder(self) -> tuple[Point, ...]:
        """The best configuration with each number of min instances seen: what each one costs, and the p99."""
        like = replace(self.best.shape, min_instances=0)
        same = [point for point in self.points if replace(point.shape, min_instances=0) == like]
        return tuple(sorted(same, key=lambda point: point.shape.min_instances))


@dataclass(frozen=True, slots=True)
class Demand:
    """The requests, what one of them needs, and the time from an instance's start to its readiness [s]."""

    load: Load
    service: ServiceTime
    startup_s: float


def recommend(
    shapes: Iterable[ServiceShape],
    demand: Demand,
    *,
    cost: CostOfMonth,
    limits: Limits,
    depth: Depth = Depth(),
    seed: int = 1,
    store: MonthStore | None = None,
) -> Recommendation:
    """Search ``shapes`` for the cheapest that meets ``limits``.

    Parameters
    ----------
    shapes : the grid, each a whole configuration but its billing, of which the cheaper one that is legal is taken
    demand : what all of them have to serve
    cost : money a month of a shape with an instance timeline
    """
    with (store or MonthStore.nowhere()).opened(demand.load, demand.service, demand.startup_s, seed) as months:
        return _Search(demand, cost, limits, depth, months).run(list(shapes))


class _Search:
    """One search; ``seen`` holds the best-known point of each configuration."""

    def __init__(self, demand: Demand, cost: CostOfMonth, limits: Limits, depth: Depth, months: Opened) -> None:
        self._load, self._service, self._startup_s = demand.load, demand.service, demand.startup_s
        self._cost, self._limits, self._depth, self._months = cost, limits, depth, months
        self._seen: dict[tuple[object, ...], Point] = {}
        self._drawn: dict[float, tuple[float, float]] = {}
        self._widest: ServiceShape | None = None

    def run(self, shapes: list[ServiceShape]) -> Recommendation:
        self._widest = max(shapes, key=lambda s: (s.cpu_cores, -(s.concurrency or 1), s.min_instances))
        self._glance(shapes)
        best, met = self._refine()
        points = tuple(sorted(self._seen.values(), key=_by_cost))
        others = [p for p in points if p is not best and self._limits.meets(p) and p.requests >= self._depth.look]
        return Recommendation(
            best=best,
            met=met,
            limits=self._limits,
            second=others[0] if others else None,
            frontier=_frontier(points),
            points=points,
            looser=self._cheapest(points, self._limits.times(LOOSER)),
            tighter=self._cheapest(points, self._limits.times(TIGHTER)),
        )

    def _glance(self, shapes: list[ServiceShape]) -> None:
        """In rising order of the least cost, with the fewest kept instances of each first."""
        bounded = sorted(
            ((self._cheaper(s, least_timeline(self._load, self._service, s)), s) for s in shapes), key=_by_bound
        )
        cheapest = Decimal("Infinity")
        enough: set[tuple[object, ...]] = set()  # configurations that meet the limits with fewer instances kept
        for (least, _), shape in bounded:
            if least > cheapest * Decimal(_ABOVE_BOUND):
                continue
            without = _key(replace(shape, min_instances=0))
            if without in enough:
                continue
            point = self._simulate(shape, self._depth.glance)
            if self._miss(point) <= _AT_A_GLANCE / 2.0:
                enough.add(without)
                cheapest = min(cheapest, point.cost_month)

    def _refine(self) -> tuple[Point, bool]:
        """Longer at whatever looks best, again and again, until what looks best has been simulated at full length."""
        for _ in range(_MOST_REFINEMENTS):
            best = min(self._seen.values(), key=self._promise)
            if best.requests >= self._depth.told:
                break
            longer = self._depth.look if best.requests < self._depth.look else self._depth.told
            self._simulate(best.shape, longer)
        told = [p for p in self._seen.values() if p.requests >= self._depth.told]
        best = min(told or [self._simulate(best.shape, self._depth.told)], key=self._promise)
        return best, self._limits.meets(best)

    def _promise(self, point: Point) -> tuple[float, Decimal, float, int]:
        """What meets the limits first, the cheapest first; of the rest what misses by least, to a percent.

        The shorter it was simulated, the more it may miss and still be found to meet them, and be found cheaper.
        """
        miss = self._miss(point)
        told = point.requests >= self._depth.told
        hoped = 1 if told else _CHEAPER_THAN_LOOKED if point.requests >= self._depth.look else _CHEAPER_THAN_GLANCED
        met = 0.0 if miss <= self._slack(point) else round(miss, 2)
        return met, point.cost_month * hoped, point.p99_ms, point.shape.min_instances

    def _miss(self, point: Point) -> float:
        """What it misses, freed of what these few draws of the work are longer or shorter than the work is.

        A control variate: all see the same draws, and where nothing waits their quantiles are known exactly.
        """
        if point.requests >= self._depth.told:
            return self._limits.miss(point)
        of_p95, of_p99 = self._longer(point.requests)
        month = replace(point.month, p95_ms=point.p95_ms / of_p95, p99_ms=point.p99_ms / of_p99)
        return self._limits.miss(month)

    def _longer(self, requests: float) -> tuple[float, float]:
        """p95 and p99 over what they are without waiting, where a configuration has room for everything."""
        if requests not in self._drawn and self._widest is not None:
            alone_ms = np.quantile(self._service.sample_ms, (0.95, 0.99))
            month = self._months.month(service_on(self._widest, self._service, self._startup_s), requests)
            waits = month.cold_start_ratio > _FEW_COLD or alone_ms[0] <= 0.0
            ratios = (1.0, 1.0) if waits else (month.p95_ms / alone_ms[0], month.p99_ms / alone_ms[1])
            self._drawn[requests] = (float(ratios[0]), float(ratios[1]))
        return self._drawn.get(requests, (1.0, 1.0))

    def _slack(self, point: Point) -> float:
        if point.requests >= self._depth.told:
            return ALIKE
        return _AT_A_LOOK if point.requests >= self._depth.look else _AT_A_GLANCE

    def _cheapest(self, points: Sequence[Point], limits: Limits) -> Point | None:
        return next((p for p in points if limits.meets(p)), None)

    def _cheaper(self, shape: ServiceShape, timeline: InstanceTimeline) -> tuple[Decimal, ServiceShape]:
        """The cheaper billing mode of a shape; request-based, which is Cloud Run's default, where they are equal."""
        billed = [replace(shape, billing=mode) for mode in shape.billing_modes]
        priced = [(self._cost(one, timeline), one) for one in billed]
        return min(priced, key=lambda pair: pair[0])

    def _simulate(self, shape: ServiceShape, requests: float) -> Point:
        config = service_on(shape, self._service, self._startup_s)
        month = self._months.month(config, requests)
        cost_month, billed = self._cheaper(shape, month.timeline)
        point = Point(billed, cost_month, month, requests)
        self._seen[_key(shape)] = point
        return point


def _key(shape: ServiceShape) -> tuple[object, ...]:
    return tuple(shape.containers.items()), shape.concurrency, shape.min_instances


def _by_bound(bounded: tuple[tuple[Decimal, ServiceShape], ServiceShape]) -> tuple[int, Decimal, int]:
    (least, _), shape = bounded
    return shape.min_instances, least, shape.concurrency or 1


def _by_cost(point: Point) -> tuple[Decimal, float, int]:
    return point.cost_month, point.p99_ms, point.shape.min_instances


def _frontier(points: Sequence[Point]) -> tuple[Point, ...]:
    """Of points in order of cost, those whose p99 no cheaper one reaches."""
    kept: list[Point] = []
    for point in points:
        if not kept or point.p99_ms < kept[-1].p99_ms:
            kept.append(point)
    return tuple(kept)
