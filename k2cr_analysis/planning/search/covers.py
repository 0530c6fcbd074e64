"""Each node pool as a covering problem: which workloads must leave so that k nodes go, at the least cost?

The nodes that stay are in proportion to the scarcest resource of the pods that stay, rounded (``cost.avoidable``). So k
of a pool's n nodes go only if, in CPU, in memory and in number of pods, at least

    freed >= all - (n - k + 1/2) / n * scarcest

leaves, all measured in nodes. For each k the cheapest such set, or one near it, is a proposal, and what no set can cost
less than gives a bound (``least_cover``). A workload with pods in several pools has its cost split over those that can
lose a node, and a hop is split over those that call the same workload; the sum of the pools' bounds then bounds every
set (Lagrangian decomposition).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np

from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.planning.crossing_calls import Key
from k2cr_analysis.planning.effort.labour import ClusterWork
from k2cr_analysis.planning.search.cost_split import LEAST_COST, split_cost
from k2cr_analysis.planning.search.hop_shares import HopShares
from k2cr_analysis.planning.search.least_cover import LeastCover, least_cover
from k2cr_analysis.planning.search.pool_problem import PoolProblem
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.pricing.packing.avoidable import Avoidable


@dataclass(frozen=True, slots=True)
class Cover:
    """A set that frees ``nodes`` nodes of a pool, and what that is worth a month by itself."""

    worth: float
    nodes: int
    candidates: tuple[Candidate, ...]


class PoolCovers:
    """One pool and the candidates with pods in it.

    ``cost`` float64[n]: Cloud Run and effort of each, a month; ``part`` float64[n]: what of it this pool bears.
    """

    def __init__(
        self, problem: PoolProblem, candidates: Sequence[Candidate], cost: FloatArray, part: FloatArray
    ) -> None:
        self._problem = problem
        self._candidates = tuple(candidates)
        self._keys = frozenset(c.key for c in candidates)
        self._cost, self._part = np.maximum(cost, LEAST_COST), part

    def has(self, candidate: Candidate) -> bool:
        """Whether the candidate has pods here."""
        return candidate.key in self._keys

    def covers(self, moved: Set[Key] = frozenset()) -> tuple[Cover, ...]:
        """The best set found for each number of nodes, the most worth first; only those that pay.

        ``moved``: those that leave on other pools' account, and so cost nothing here. In a large pool only the numbers
        of nodes near the one that is best for parts of workloads are tried again.
        """
        alone = not any(c.key in moved for c in self._candidates) and np.array_equal(self._cost, self._part)
        cost = np.array(
            [LEAST_COST if c.key in moved else full for c, full in zip(self._candidates, self._cost, strict=True)]
        )
        least = (
            self._least
            if alone
            else tuple(self._covered(cost, self._problem.counts_near(self._problem.relaxed(cost).parts)))
        )
        found = [
            Cover(
                self._problem.node_month * count - float(cost[list(cover.picked)].sum()),
                count,
                self._named(cover.picked),
            )
            for count, cover in least
            if cover.picked is not None
        ]
        return tuple(sorted((c for c in found if c.worth > 0), key=lambda c: (-c.worth, c.nodes)))

    @property
    def bound(self) -> float:
        """No set of workloads gains more from this pool a month."""
        return max((self._problem.node_month * count - cover.least for count, cover in self._least), default=0.0)

    @cached_property
    def _least(self) -> tuple[tuple[int, LeastCover], ...]:
        return tuple(self._covered(self._part, range(len(self._problem.counts))))

    def _covered(self, cost: FloatArray, rows: Iterable[int]) -> Iterator[tuple[int, LeastCover]]:
        for row in rows:
            yield (
                self._problem.counts[row],
                least_cover(cost, self._problem.freed, self._problem.needed[row], self._problem.weights),
            )

    def _named(self, picked: Iterable[int]) -> tuple[Candidate, ...]:
        return tuple(self._candidates[i] for i in picked)


class ClusterCovers:
    """All pools of one cluster, and what its candidates are worth where pods are billed one by one."""

    def __init__(
        self,
        avoidable: Avoidable,
        candidates: Sequence[Candidate],
        hops: HopShares,
        work: ClusterWork,
        with_cloud_run: bool = True,
    ) -> None:
        self.candidates = tuple(candidates)
        spared = [Decimal(0) if with_cloud_run else c.cloud_run_month for c in candidates]
        cost = np.array([float(c.cost_month - less) for less, c in zip(spared, candidates, strict=True)])
        attributed = np.array([float(avoidable.own_month(c.id)) for c in candidates])
        self.pools = self._split(avoidable, cost - attributed, hops, work)
        must = np.array([c.id in avoidable.holds for c in candidates], dtype=bool)
        can_go = avoidable.can_go and int(must.sum()) == len(avoidable.holds)
        whole = avoidable.all_month if can_go else None
        # Nothing is called then; those that need not leave do where that spares work.
        leaving = float(cost[must].sum() + np.minimum(cost[~must], 0.0).sum())
        self._going = None if whole is None else float(whole + work.shared * work.rate) - leaving

    @property
    def paying_alone(self) -> tuple[Candidate, ...]:
        """Those that pay whatever becomes of the nodes: by their own price, or by the hops that they spare others."""
        return tuple(c for c, worth in zip(self.candidates, self._alone, strict=True) if worth > 0)

    def mostly_leaving(self, part: float) -> tuple[Candidate, ...]:
        """Those of which at least this part leaves where parts of workloads may."""
        return tuple(c for c, leaving in zip(self.candidates, self._leaving, strict=True) if leaving >= part)

    @property
    def bound(self) -> float:
        """No set of these candidates is worth more a month, before the free tier."""
        staying = float(np.maximum(self._alone, 0.0).sum()) + sum(max(pool.bound, 0.0) for pool in self.pools)
        return max(staying, 0.0 if self._going is None else self._going)

    def _split(
        self, avoidable: Avoidable, cost: FloatArray, hops: HopShares, work: ClusterWork
    ) -> tuple[PoolCovers, ...]:
        """Each pool with its candidates and its part of what they cost."""
        here = [
            np.array([n for n, c in enumerate(self.candidates) if c.id in p.groups], dtype=np.int64)
            for p in avoidable.pools
        ]
        inside = [[self.candidates[n] for n in indices] for indices in here]
        problems = [
            PoolProblem.of(p, [c.id for c in found], work.node_month)
            for p, found in zip(avoidable.pools, inside, strict=True)
        ]
        split = split_cost(problems, here, cost, hops)
        self._leaving, self._alone = split.leaving, -split.cost
        return tuple(
            PoolCovers(problem, found, split.cost[indices], part)
            for problem, found, indices, part in zip(split.problems, inside, here, split.parts, strict=True)
        )


def cluster_covers(fleet: Fleet, with_cloud_run: bool = True, even_hops: bool = False) -> tuple[ClusterCovers, ...]:
    """One for each cluster of the fleet, in order.

    As if Cloud Run were for nothing, without ``with_cloud_run``. With ``even_hops`` as if those that can move were
    called for nothing: a higher bound for parts of workloads, and so for large pools, but not always for small ones.
    """
    found = []
    for number, avoidable in enumerate(fleet.avoidables):
        here = [c for c in fleet.candidates if c.cluster == number]
        shares = HopShares.of(fleet.paths, here, even_hops)
        found.append(ClusterCovers(avoidable, here, shares, fleet.work[number], with_cloud_run))
    return tuple(found)


def upper_bound(fleet: Fleet, clusters: Sequence[ClusterCovers]) -> float:
    """No plan is worth more a month: the clusters' bounds, and all of the free tier that there is to have."""
    return sum(c.bound for c in clusters) + float(fleet.free_tier_of(fleet.candidates).month)


def bound_by_effort(fleet: Fleet, even_hops: bool = False) -> float:
    """No plan is worth more, for another reason: the free tier never takes off more than Cloud Run costs.

    Lower than ``upper_bound`` where little or nothing pays, and the free tier would be most of that bound.
    """
    return sum(c.bound for c in cluster_covers(fleet, with_cloud_run=False, even_hops=even_hops))
