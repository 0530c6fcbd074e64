"""One node pool as a covering problem, in numbers alone: what each workload frees, what k nodes ask for.

The first three columns are CPU, memory and number of pods, of which the nodes that stay have room for the scarcest
(``headroom``). The others count pods that are large: no node holds more than ``q`` pods that each take more than
1/(q+1) of its CPU, or of its memory, so that a q-th of those that stay is the least that must stay, however well they
are packed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.planning.search.least_cover import SLACK, weightings
from k2cr_analysis.pricing.packing.avoidable import PackedPool
from k2cr_analysis.pricing.packing.repack import load_of

_STEP = 1.0  # of the weights in the first round
_LARGE = (1, 2, 3, 4)  # q: pods of a node that each take more than 1/(q+1) of it
NEAR = 10
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, eq=False)
class PoolProblem:
    """``freed`` float64[n, d]: nodes that each of n workloads frees, by each column.

    ``counts`` int[k]: numbers of nodes that may go; ``needed`` float64[k, d]: what must be freed for each. ``weights``
    float64[w, d]: of the columns, by each of which a bound is taken.
    """

    node_month: float
    freed: FloatArray
    counts: tuple[int, ...]
    needed: FloatArray
    weights: FloatArray

    @classmethod
    def of(cls, pool: PackedPool, leaving: Sequence[str], work_month: Decimal = _ZERO) -> PoolProblem:
        """The problem of a pool when only ``leaving``, ids with pods in it, may leave.

        ``work_month``: what a node's work costs beside its price.
        """
        nodes = len(pool.node_names)
        # A pool can only be emptied where all its pods may leave; it keeps a node a zone otherwise.
        some = range(1, min(nodes - pool.least_kept(leaving) + 1, nodes)) if leaving else range(0)
        counts = (*some, nodes) if leaving and len(leaving) == len(pool.groups) else tuple(some)
        going = np.array(counts, dtype=np.float64)
        everything = _sum_over(pool.groups, lambda w: in_nodes(pool, w), 3)
        most = [pool.headroom.capacity(nodes - n) if n < nodes else (0.0, 0.0, 0.0) for n in counts]
        large = _sum_over(pool.groups, lambda w: large_pods(pool, w), 2 * len(_LARGE))
        return cls(
            node_month=float(pool.most_of_a_node_month + work_month),
            freed=np.array([(*in_nodes(pool, w), *large_pods(pool, w)) for w in leaving]).reshape(
                len(leaving), 3 + 2 * len(_LARGE)
            ),
            counts=counts,
            needed=np.hstack([everything - np.array(most).reshape(-1, 3), large - (nodes - going)[:, None]]),
            weights=weightings(3 + 2 * len(_LARGE)),
        ).without_idle_columns()

    def without_idle_columns(self) -> PoolProblem:
        """The same without columns that ask for nothing; the first three stay."""
        asks = np.any(self.needed > SLACK, axis=0)
        asks[:3] = True
        weights = weightings(int(asks.sum()))
        return replace(self, freed=self.freed[:, asks], needed=self.needed[:, asks], weights=weights)

    def counts_near(self, parts: FloatArray) -> Sequence[int]:
        """The rows of ``counts`` within ``NEAR`` of what these parts of the workloads free."""
        freed = parts @ self.freed
        reached = int(np.all(freed >= self.needed - SLACK, axis=1).sum())
        return range(max(reached - NEAR, 0), min(reached + NEAR, len(self.counts)))

    def relaxed(self, cost: FloatArray) -> Relaxed:
        """The best number of nodes where parts of workloads may leave."""
        nothing = Relaxed(0.0, np.zeros(len(cost)), self.weights[0], np.zeros(self.freed.shape[1]))
        if not self.counts or not len(cost):
            return nothing
        least, orders = [], []
        for weights in self.weights:
            size = self.freed @ weights
            order = np.argsort(-size / cost, kind="stable")
            sizes, costs = np.append(0.0, np.cumsum(size[order])), np.append(0.0, np.cumsum(cost[order]))
            least.append(np.interp(self.needed @ weights, sizes, costs))
            orders.append((order, sizes, weights))
        possible = np.all(self.freed.sum(axis=0) >= self.needed - SLACK, axis=1)
        gains = np.where(possible, self.node_month * np.array(self.counts) - np.max(least, axis=0), 0.0)
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            return nothing
        order, sizes, weights = orders[int(np.argmax([row[best] for row in least]))]
        width = np.diff(sizes)
        asked = float(self.needed[best] @ weights) - sizes[:-1]
        parts = np.zeros(len(cost))
        parts[order] = np.clip(np.divide(asked, width, out=np.zeros_like(width), where=width > 0), 0.0, 1.0)
        return Relaxed(float(gains[best]), parts, weights, self.needed[best] - parts @ self.freed)

    def weighed_after(self, found: Relaxed, turn: int) -> PoolProblem:
        """The problem of the next round: beside the usual weights those that were best, and those moved from them.

        More weight where what left was too little, less where it was more than enough; ``turn``: of the round, from 0.
        """
        most = float(np.abs(found.short).max(initial=0.0))
        moved = np.maximum(found.weights + _STEP / (turn + 2) * found.short / max(most, SLACK), 0.0)
        if not moved.any():  # nothing is asked for
            return self
        usual = weightings(self.freed.shape[1])
        return replace(self, weights=np.vstack([usual, found.weights, moved / moved.sum()]))


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """What a pool gains most where parts of workloads may leave, and how.

    ``gain``: a month; ``parts`` float64[n] in [0, 1]: of each workload; ``weights`` float64[d]: of the columns, that
    bound it most; ``short`` float64[d]: what the parts free too little, by each column.
    """

    gain: float
    parts: FloatArray
    weights: FloatArray
    short: FloatArray


def in_nodes(pool: PackedPool, workload_id: str) -> tuple[float, float, float]:
    """What a workload's pods take of the pool's nodes: by CPU, by memory, by number of pods."""
    load, room = load_of(pool.groups[workload_id]), pool.room
    return (load.cpu_millicores / room.cpu_millicores, load.memory_kib / room.memory_kib, load.pods / room.pods)


def large_pods(pool: PackedPool, workload_id: str) -> tuple[float, ...]:
    """A workload's pods that take more than 1/(q+1) of a node, a q-th node each: by CPU, then by memory, for each q."""
    return tuple(
        sum(
            group.pods
            for group in pool.groups[workload_id]
            if (group.cpu_millicores, group.memory_kib)[resource] * (q + 1)
            > (pool.room.cpu_millicores, pool.room.memory_kib)[resource]
        )
        / q
        for resource in (0, 1)
        for q in _LARGE
    )


def _sum_over(groups: Iterable[str], of: Callable[[str], tuple[float, ...]], width: int) -> FloatArray:
    found = [of(w) for w in groups]
    total: FloatArray = np.sum(found, axis=0) if found else np.zeros(width)
    return total
