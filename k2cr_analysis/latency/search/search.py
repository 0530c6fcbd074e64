"""The cheapest configuration that meets the limits, and what meeting them costs.

All configurations see the same requests with the same work (common random numbers), so that a difference between two
is theirs and not the dice's. Memory and billing mode do not change latency: configurations that differ in these alone
share a simulation.

1. Bounds: a configuration cannot cost less than its closed lower bound, nor be faster than one pool of all its vCPUs
   (:mod:`bounds`). Sizes are looked at in the order of their cost's bound, and no more once it is above the cost of one
   that meets the limits. At each size more concurrency is cheaper and slower: so the highest that meets the limits is
   found by halving; and likewise for looser and tighter limits, whose prices are told.
2. Successive refinement: a glance at each; then whatever looks best is simulated longer, and longer again, until
   nothing else promises to be clearly cheaper. What a longer run of one made of its cost at a glance corrects the
   glances at all others, since they saw the same requests.
3. An instance that is kept costs money, so more of them are tried only where fewer miss the limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from k2cr_analysis.latency.load.service_time import ServiceTime, service_on
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.month.store import MonthStore, Opened
from k2cr_analysis.latency.month.summary import MonthFigures
from k2cr_analysis.latency.search.bounds import least_quantiles_ms, least_timeline
from k2cr_analysis.latency.search.limits import ALIKE, COLD_START_RATIO, LOOSER, TIGHTER, Limits
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape

CostOfMonth = Callable[[ServiceShape, InstanceTimeline], Decimal]
_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Depth:
    """Requests simulated for a glance, a look and the figures that are told."""

    glance: float = 20_000
    look: float = 200_000
    told: float = 3_000_000


SLIDER = Depth(4_000, 20_000, 120_000)
QUICKER = Depth(15_000, 80_000, 600_000)
_AT_A_GLANCE, _AT_A_LOOK = 0.03, 0.012  # what misses by so much may meet the limits when simulated longer
_A_GLANCE_ERRS = 0.15
_CHEAPER = {False: (Decimal("0.95"), Decimal("0.995")), True: (Decimal("0.985"), Decimal("0.997"))}  # once corrected
_WORTH_A_LOOK = Decimal("0.985")  # what is cheaper by less is as good
_STEADY = Decimal("0.04")  # by which longer runs changed costs at most, where they correct others
_MOST_REFINEMENTS = 48
_FEW_COLD = 0.002  # share of requests that wait for a start, which p99 does not see
_SECONDS = 3  # that are looked at, for one that meets the limits
_ABOVE_BOUND = Decimal("1.05")  # a cost at a glance is known so well
_BOUND_HOLDS = 1.05


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
        self._seen: dict[_Key, Point] = {}
        self._shorter: dict[_Key, dict[float, Decimal]] = {}  # costs of each, by how many requests were simulated
        self._drawn: dict[float, tuple[float, float]] = {}
        self._fastest: dict[_Key, tuple[float, float]] = {}
        self._bound: dict[_Key, Decimal] = {}
        self._simulated = 0
        self._shapes: list[ServiceShape] = []
        self._sizes: dict[_Key, list[ServiceShape]] = {}  # all that differ in concurrency alone, in rising order
        self._widest: ServiceShape | None = None

    def run(self, shapes: list[ServiceShape]) -> Recommendation:
        self._widest = max(shapes, key=lambda s: (s.cpu_cores, -(s.concurrency or 1), s.min_instances))
        self._shapes = shapes
        for shape in shapes:
            self._sizes.setdefault(_key(replace(shape, concurrency=1)), []).append(shape)
        for rung in self._sizes.values():
            rung.sort(key=_places)
        before = -1
        while self._simulated > before:  # what misses the limits after all has hidden what costs more
            before = self._simulated
            self._glance()
            best, met = self._refine()
            self._look_at_cheaper(best)
        second = self._second(best)
        if second is not None and second.cost_month < best.cost_month:
            best, second = (second, best) if met else (second, None)
            met = True
        self._ladder(best)
        points = tuple(sorted(self._seen.values(), key=_by_cost))
        return Recommendation(
            best=best,
            met=met,
            limits=self._limits,
            second=second,
            frontier=_frontier(points),
            points=points,
            looser=self._cheapest(points, self._limits.times(LOOSER)),
            tighter=self._cheapest(points, self._limits.times(TIGHTER)),
        )

    def _glance(self) -> None:
        """Sizes in rising order of the least cost, those that keep the fewest instances first."""
        asked = [_Asked(self._limits), _Asked(self._limits.times(LOOSER)), _Asked(self._limits.times(TIGHTER))]
        for rung in sorted(self._sizes.values(), key=lambda r: (r[0].min_instances, self._least_cost(r[-1]))):
            for one in asked:
                self._highest_that_meets(rung, one)
        if not self._seen:
            self._simulate(self._shapes[0], self._depth.glance)

    def _highest_that_meets(self, rung: list[ServiceShape], asked: _Asked) -> None:
        """Of one size in rising concurrency: halving, since what is too slow is so with more requests at a time.

        What starts too often does so with fewer. What meets the limits with fewer instances kept is cheaper than this.
        """
        size = _key(replace(rung[0], concurrency=1, min_instances=0))
        most = asked.cheapest * _ABOVE_BOUND
        open_ = [s for s in rung if _places(s) > asked.enough.get(size, 0)]
        low, high = 0, len(open_) - 1
        at = high
        while low <= high:
            shape = open_[at]
            if self._least_cost(shape) > most:
                low = at + 1
            elif self._is_slow(shape, asked.limits):
                high = at - 1
            else:
                point = self._seen.get(_key(shape)) or self._simulate(shape, self._depth.glance)
                if self._miss(point, asked.limits) <= min(self._slack(point), _AT_A_GLANCE / 2.0):
                    asked.cheapest = min(asked.cheapest, point.cost_month)
                    asked.enough[size] = _places(shape)
                    low = at + 1
                elif _is_cold(point, asked.limits):
                    low = at + 1
                else:
                    high = at - 1
            at = (low + high) // 2

    def _least_cost(self, shape: ServiceShape) -> Decimal:
        if _key(shape) not in self._bound:
            self._bound[_key(shape)] = self._cheaper(shape, least_timeline(self._load, self._service, shape))[0]
        return self._bound[_key(shape)]

    def _is_slow(self, shape: ServiceShape, limits: Limits) -> bool:
        """Whether even the bound of its latency misses the limits."""
        if _key(shape) not in self._fastest:
            self._fastest[_key(shape)] = least_quantiles_ms(self._load, self._service, shape)
        p95_ms, p99_ms = self._fastest[_key(shape)]
        return (
            p95_ms > (limits.p95_ms or math.inf) * _BOUND_HOLDS or p99_ms > (limits.p99_ms or math.inf) * _BOUND_HOLDS
        )

    def _refine(self) -> tuple[Point, bool]:
        """Longer at whatever looks best, until nothing else promises to be clearly better than what is known best."""
        for _ in range(_MOST_REFINEMENTS):
            best = self._to_be_simulated()
            if best.requests >= self._depth.told:
                break
            longer = self._simulate(
                best.shape, self._depth.look if best.requests < self._depth.look else self._depth.told
            )
            if self._misses_by(longer) > 0.0:
                self._glance_below(longer.shape)
        told = [p for p in self._seen.values() if p.requests >= self._depth.told]
        best = min(told or [self._simulate(best.shape, self._depth.told)], key=self._promise)
        return best, self._limits.meets(best)

    def _glance_below(self, shape: ServiceShape) -> None:
        """The next lower concurrency, where a longer run finds that this one misses the limits after all."""
        rung = self._sizes[_key(replace(shape, concurrency=1))]
        below = [s for s in rung if _places(s) < _places(shape)][-1:]
        for one in below:
            if _key(one) not in self._seen:
                self._simulate(one, self._depth.glance)

    def _look_at_cheaper(self, best: Point) -> None:
        """What is cheaper and missed the limits at a glance by no more than a glance may err."""
        worth = best.cost_month * _WORTH_A_LOOK
        for point in [p for p in self._seen.values() if p.requests < self._depth.look and self._hoped(p) < worth]:
            if self._misses_by(point) <= _A_GLANCE_ERRS:
                self._simulate(point.shape, self._depth.look)

    def _ladder(self, best: Point) -> None:
        """What the best one would do with fewer instances kept."""
        for shape in self._shapes:
            is_alike = _key(replace(shape, min_instances=0)) == _key(replace(best.shape, min_instances=0))
            if is_alike and shape.min_instances < best.shape.min_instances and _key(shape) not in self._seen:
                self._simulate(shape, self._depth.glance)

    def _to_be_simulated(self) -> Point:
        """What promises most; but the best of those that were looked at where that would be better by too little."""
        promises_most = min(self._seen.values(), key=self._promise)
        looked = [p for p in self._seen.values() if p.requests >= self._depth.look and self._misses_by(p) == 0.0]
        if not looked:
            return promises_most
        known = min(looked, key=self._promise)
        is_better = self._hoped(promises_most) < known.cost_month * _WORTH_A_LOOK
        return promises_most if is_better and self._misses_by(promises_most) == 0.0 else known

    def _second(self, best: Point) -> Point | None:
        """The cheapest other one that meets the limits, looked at; told too where it would be cheaper than the best."""
        others = sorted((p for p in self._seen.values() if p is not best and self._limits.meets(p)), key=_by_cost)
        for point in others[:_SECONDS]:
            looked = point if point.requests >= self._depth.look else self._simulate(point.shape, self._depth.look)
            if looked.cost_month < best.cost_month and looked.requests < self._depth.told:
                looked = self._simulate(looked.shape, self._depth.told)
            if self._limits.meets(looked):
                return looked
        return None

    def _promise(self, point: Point) -> tuple[float, Decimal, float, int]:
        """What meets the limits first, the cheapest first; of the rest what misses by least, to a percent.

        The shorter it was simulated, the more it may miss and still be found to meet them, and be found cheaper.
        """
        return self._misses_by(point), self._hoped(point), point.p99_ms, point.shape.min_instances

    def _misses_by(self, point: Point) -> float:
        """0 where it may be found to meet the limits at full length."""
        miss = self._miss(point)
        return 0.0 if miss <= self._slack(point) else round(miss, 2)

    def _hoped(self, point: Point) -> Decimal:
        """What it may be found to cost at full length: what longer runs of others made of their costs, and less."""
        if point.requests >= self._depth.told:
            return point.cost_month
        ratios = [
            costs[max(costs)] / costs[point.requests]
            for costs in self._shorter.values()
            if max(costs) > point.requests and costs.get(point.requests)
        ]
        is_steady = bool(ratios) and max(abs(ratio - 1) for ratio in ratios) <= _STEADY
        of_glance, of_look = _CHEAPER[is_steady]
        hoped = point.cost_month * (of_look if point.requests >= self._depth.look else of_glance)
        return hoped * sum(ratios) / len(ratios) if is_steady else hoped

    def _miss(self, point: Point, limits: Limits | None = None) -> float:
        """What it misses, freed of what these few draws of the work are longer or shorter than the work is.

        A control variate: all see the same draws, and where nothing waits their quantiles are known exactly.
        """
        limits = limits or self._limits
        if point.requests >= self._depth.told:
            return limits.miss(point)
        of_p95, of_p99 = self._longer(point.requests)
        month = replace(point.month, p95_ms=point.p95_ms / of_p95, p99_ms=point.p99_ms / of_p99)
        return limits.miss(month)

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
        self._simulated += 1
        config = service_on(shape, self._service, self._startup_s)
        month = self._months.month(config, requests)
        cost_month, billed = self._cheaper(shape, month.timeline)
        point = Point(billed, cost_month, month, requests)
        self._seen[_key(shape)] = point
        self._shorter.setdefault(_key(shape), {})[requests] = cost_month
        return point


@dataclass(slots=True)
class _Asked:
    """A question for the search: the cheapest within ``limits``.

    ``cheapest``: of what meets them at a glance; ``enough``: the highest concurrency that does, of each size, with the
    fewest instances kept.
    """

    limits: Limits
    cheapest: Decimal = Decimal("Infinity")
    enough: dict[_Key, int] = field(default_factory=dict)


def _is_cold(point: Point, limits: Limits) -> bool:
    """Whether it misses the limits since it starts too often, which less concurrency would not mend."""
    most = COLD_START_RATIO if limits.cold_start_ratio is None else limits.cold_start_ratio
    return point.cold_start_ratio > most


def _places(shape: ServiceShape) -> int:
    return shape.concurrency or 1


def _key(shape: ServiceShape) -> _Key:
    return tuple(shape.containers.items()), shape.concurrency, shape.min_instances


def _by_cost(point: Point) -> tuple[Decimal, float, int]:
    return point.cost_month, point.p99_ms, point.shape.min_instances


def _frontier(points: Sequence[Point]) -> tuple[Point, ...]:
    """Of points in order of cost, those whose p99 no cheaper one reaches."""
    kept: list[Point] = []
    for point in points:
        if not kept or point.p99_ms < kept[-1].p99_ms:
            kept.append(point)
    return tuple(kept)
