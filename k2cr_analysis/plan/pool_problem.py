"""One node pool as a covering problem, in numbers alone: what each workload frees, what k nodes ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.cost.avoidable import PackedPool
from k2cr_analysis.cost.repack import load_of
from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.plan.least_cover import SLACK, WEIGHTS

NEAR = 10


@dataclass(frozen=True, slots=True, eq=False)
class PoolProblem:
    """``freed`` float64[n, 3]: nodes that each of n workloads frees, by CPU, memory and number of pods.

    ``counts`` int[k]: numbers of nodes that may go; ``needed`` float64[k, 3]: what must be freed for each.
    """

    node_month: float
    freed: FloatArray
    counts: tuple[int, ...]
    needed: FloatArray

    @classmethod
    def of(cls, pool: PackedPool, leaving: Sequence[str]) -> PoolProblem:
        """The problem of a pool when only ``leaving``, ids with pods in it, may leave."""
        nodes = len(pool.node_names)
        everything = np.sum([in_nodes(pool, w) for w in pool.groups], axis=0) if pool.groups else np.zeros(3)
        # A pool can only be emptied where all its pods may leave; it keeps a node a zone otherwise.
        some = range(1, min(nodes - pool.least_kept(leaving) + 1, nodes)) if leaving else range(0)
        counts = (*some, nodes) if leaving and len(leaving) == len(pool.groups) else tuple(some)
        stay = np.array([(nodes - n + 0.5) / nodes if n < nodes else 0.0 for n in counts])
        return cls(
            node_month=float(pool.most_of_a_node_month),
            freed=np.array([in_nodes(pool, w) for w in leaving]).reshape(len(leaving), 3),
            counts=counts,
            needed=everything - np.outer(stay, np.full(3, float(everything.max()))),
        )

    def counts_near(self, parts: FloatArray) -> Sequence[int]:
        """The rows of ``counts`` within ``NEAR`` of what these parts of the workloads free."""
        freed = parts @ self.freed
        reached = int(np.all(freed >= self.needed - SLACK, axis=1).sum())
        return range(max(reached - NEAR, 0), min(reached + NEAR, len(self.counts)))

    def relaxed(self, cost: FloatArray) -> tuple[float, FloatArray]:
        """(most that the pool gains where parts of workloads may leave, which parts): float64[n] in [0, 1]."""
        parts = np.zeros(len(cost))
        if not self.counts or not len(cost):
            return 0.0, parts
        least, orders = [], []
        for weights in WEIGHTS:
            size = self.freed @ weights
            order = np.argsort(-size / cost, kind="stable")
            sizes, costs = np.append(0.0, np.cumsum(size[order])), np.append(0.0, np.cumsum(cost[order]))
            least.append(np.interp(self.needed @ weights, sizes, costs))
            orders.append((order, sizes, weights))
        possible = np.all(self.freed.sum(axis=0) >= self.needed - SLACK, axis=1)
        gains = np.where(possible, self.node_month * np.array(self.counts) - np.max(least, axis=0), 0.0)
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            return 0.0, parts
        order, sizes, weights = orders[int(np.argmax([row[best] for row in least]))]
        width = np.diff(sizes)
        asked = float(self.needed[best] @ weights) - sizes[:-1]
        parts[order] = np.clip(np.divide(asked, width, out=np.zeros_like(width), where=width > 0), 0.0, 1.0)
        return float(gains[best]), parts


def in_nodes(pool: PackedPool, workload_id: str) -> tuple[float, float, float]:
    """What a workload's pods take of the pool's nodes: by CPU, by memory, by number of pods."""
    load, room = load_of(pool.groups[workload_id]), pool.room
    return (load.cpu_millicores / room.cpu_millicores, load.memory_kib / room.memory_kib, load.pods / room.pods)
