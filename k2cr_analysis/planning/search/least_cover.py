"""The cheapest set of workloads that frees enough of a pool: a covering knapsack in several dimensions.

Depth-first branch and bound. The bound of a branch allows parts of workloads and takes one weighted sum of the
dimensions, which only makes the problem easier (Dantzig's bound of a surrogate constraint).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

import numpy as np

from k2cr_analysis.model.observed import FloatArray

SLACK = 1e-9  # what rounding may leave of a requirement that is met exactly

# Up to this many workloads in a pool the search is worth its time; beyond, the greedy cover is close to its bound.
SEARCH_UP_TO = 64
_BRANCHES = 6000


@cache
def weightings(dimensions: int) -> FloatArray:
    """Weights of the dimensions, float64[w, dimensions]: each alone, and mixtures of the first two."""
    mixtures = np.zeros((3, dimensions))
    if dimensions < 2:
        return np.eye(dimensions)
    mixtures[:, :2] = [[0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]
    return np.vstack([np.eye(dimensions), mixtures])


@dataclass(frozen=True, slots=True)
class LeastCover:
    """``picked``: indices of the best set found; None where none is enough. ``least``: no set costs less."""

    picked: tuple[int, ...] | None
    least: float


def least_cover(cost: FloatArray, freed: FloatArray, needed: FloatArray, weights: FloatArray) -> LeastCover:
    """The cheapest indices whose ``freed`` float64[n, d] add up to ``needed`` float64[d]; ``cost`` float64[n] > 0.

    ``weights`` float64[w, d]: of the dimensions; by each a cover is made and a bound taken, and the best of them count.
    """
    asked = needed > SLACK
    if not asked.any():
        return LeastCover((), 0.0)
    freed, needed, weights = freed[:, asked], needed[asked], weights[:, asked]
    weights = weights[weights.any(axis=1)]
    if np.any(freed.sum(axis=0) < needed - SLACK):
        return LeastCover(None, float("inf"))
    relaxed, best = max((fractional_cost(cost, freed @ w, float(needed @ w)), tuple(w)) for w in weights)
    greedy = _greedy(cost, freed, needed, weights)
    if len(cost) > SEARCH_UP_TO:
        return LeastCover(greedy, min(relaxed, float(cost[list(greedy)].sum())))
    return _Search(cost, freed, needed, np.array(best)).run(greedy, relaxed)


def fractional_cost(cost: FloatArray, size: FloatArray, needed: float) -> float:
    """The least cost of freeing ``needed`` where parts of workloads count."""
    order = np.argsort(-size / cost, kind="stable")
    # np.interp wants rising sizes; workloads of size 0 stand last, and change nothing.
    sizes, costs = np.append(0.0, np.cumsum(size[order])), np.append(0.0, np.cumsum(cost[order]))
    return float(np.interp(needed, sizes, costs))


def _greedy(cost: FloatArray, freed: FloatArray, needed: FloatArray, weightings: FloatArray) -> tuple[int, ...]:
    """The cheapest of the covers by cost for what is freed, one for each weighting, trimmed."""
    covers = []
    for weights in weightings:
        order = np.argsort(-(freed @ weights) / cost, kind="stable")
        enough = np.all(np.cumsum(freed[order], axis=0) >= needed - SLACK, axis=1)
        covers.append(_trimmed(order[: int(np.argmax(enough)) + 1], cost, freed, needed))
    return min(covers, key=lambda picked: (float(cost[list(picked)].sum()), picked))


def _trimmed(picked: np.ndarray, cost: FloatArray, freed: FloatArray, needed: FloatArray) -> tuple[int, ...]:
    """Without those that the cover can do without, the dearest first."""
    spare = freed[picked].sum(axis=0) - needed + SLACK
    # Whatever is larger than what is to spare is needed.
    small = picked[np.all(freed[picked] <= spare, axis=1)]
    small = small[np.argsort(-cost[small], kind="stable")]
    dropped, room = set(), spare.tolist()
    for index, sizes in zip(small.tolist(), freed[small].tolist(), strict=True):
        if all(size <= rest for size, rest in zip(sizes, room, strict=True)):
            room = [rest - size for size, rest in zip(sizes, room, strict=True)]
            dropped.add(index)
    return tuple(index for index in picked.tolist() if index not in dropped)


class _Search:
    """Branch and bound over the workloads in the order of what they free for their cost."""

    def __init__(self, cost: FloatArray, freed: FloatArray, needed: FloatArray, weights: FloatArray) -> None:
        size = freed @ weights
        self._order = np.argsort(-size / cost, kind="stable")
        self._cost = [float(c) for c in cost[self._order]]
        self._freed = [tuple(map(float, row)) for row in freed[self._order]]
        self._weights = tuple(float(w) for w in weights)
        self._sizes = [0.0, *(float(s) for s in np.cumsum(size[self._order]))]
        self._costs = [0.0, *(float(c) for c in np.cumsum(cost[self._order]))]
        left = np.cumsum(freed[self._order][::-1], axis=0)[::-1]
        self._left = [*(tuple(map(float, row)) for row in left), (0.0,) * len(needed)]
        self._needed = tuple(map(float, needed))
        self._branches = _BRANCHES

    def run(self, start: tuple[int, ...], relaxed: float) -> LeastCover:
        place = {int(index): n for n, index in enumerate(self._order)}
        self._best = tuple(place[i] for i in start)
        self._best_cost = sum(self._cost[n] for n in self._best)
        self._dive(0, self._needed, 0.0, ())
        found = tuple(int(self._order[n]) for n in self._best)
        return LeastCover(found, self._best_cost if self._branches > 0 else min(relaxed, self._best_cost))

    def _dive(self, depth: int, needed: tuple[float, ...], cost: float, picked: tuple[int, ...]) -> None:
        self._branches -= 1
        if max(needed) <= SLACK:
            if cost < self._best_cost:
                self._best, self._best_cost = picked, cost
            return
        left = self._left[depth]
        too_little = any(has < need - SLACK for has, need in zip(left, needed, strict=True))
        if self._branches <= 0 or too_little or cost + self._rest(depth, needed) >= self._best_cost - SLACK:
            return
        less = tuple(need - has for need, has in zip(needed, self._freed[depth], strict=True))
        self._dive(depth + 1, less, cost + self._cost[depth], (*picked, depth))
        self._dive(depth + 1, needed, cost, picked)

    def _rest(self, depth: int, needed: tuple[float, ...]) -> float:
        """The least that the workloads from ``depth`` on cost for what is still needed, parts allowed."""
        wanted = sum(w * n for w, n in zip(self._weights, needed, strict=True))
        if wanted <= 0:
            return 0.0
        target = self._sizes[depth] + wanted
        end = bisect_left(self._sizes, target)
        if end >= len(self._sizes):
            return float("inf") if target > self._sizes[-1] + SLACK else self._costs[-1] - self._costs[depth]
        width = self._sizes[end] - self._sizes[end - 1]
        part = (target - self._sizes[end - 1]) / width if width else 1.0
        return self._costs[end - 1] + part * (self._costs[end] - self._costs[end - 1]) - self._costs[depth]
