"""Each node pool as a covering problem: which workloads must leave so that k nodes go, at the least cost?

The nodes that stay are in proportion to the scarcest resource of the pods that stay, rounded (``cost.avoidable``). So k
of a pool's n nodes go only if, in CPU, in memory and in number of pods, at least

    freed >= all - (n - k + 1/2) / n * scarcest

leaves, all measured in nodes. For each k the cheapest such set, or one near it, is a proposal, and what no set can cost
less than gives a bound (``least_cover``). A workload with pods in several pools has its cost split over those that can
lose a node; the sum of the pools' bounds then bounds every set (Lagrangian decomposition).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from k2cr_analysis.cost.avoidable import Avoidable, PackedPool
from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.plan.least_cover import LeastCover, least_cover
from k2cr_analysis.plan.worth import Candidate, Fleet, Key

_LEAST_COST = 1e-6


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

    def __init__(self, pool: PackedPool, candidates: Sequence[Candidate], cost: FloatArray, part: FloatArray) -> None:
        self._candidates = tuple(candidates)
        self._cost, self._part = np.maximum(cost, _LEAST_COST), np.maximum(part, _LEAST_COST)
        self._nodes, self._zones = len(pool.node_names), pool.zones
        self._node_month = float(pool.most_of_a_node_month)
        self._freed: FloatArray = np.array([_in_nodes(pool, c.id) for c in candidates]).reshape(len(candidates), 3)
        everything = np.sum([_in_nodes(pool, w) for w in pool.groups], axis=0) if pool.groups else np.zeros(3)
        scarcest = float(everything.max()) if pool.groups else 0.0
        can_empty = bool(pool.groups) and len(candidates) == len(pool.groups)
        some = range(1, self._nodes - self._zones + 1) if candidates else ()
        self._counts = [*(n for n in some if n < self._nodes), *([self._nodes] if can_empty else [])]
        stay = np.array([(self._nodes - n + 0.5) / self._nodes if n < self._nodes else 0.0 for n in self._counts])
        self._needed: FloatArray = everything - np.outer(stay, np.full(3, scarcest))

    def covers(self, moved: Set[Key] = frozenset()) -> tuple[Cover, ...]:
        """The best set found for each number of nodes, the most worth first; only those that pay.

        ``moved``: those that leave on other pools' account, and so cost nothing here.
        """
        alone = not any(c.key in moved for c in self._candidates) and np.array_equal(self._cost, self._part)
        cost = np.array(
            [_LEAST_COST if c.key in moved else full for c, full in zip(self._candidates, self._cost, strict=True)]
        )
        least = self._least if alone else tuple(self._covered(cost))
        found = [
            Cover(self._node_month * count - float(cost[list(cover.picked)].sum()), count, self._named(cover.picked))
            for count, cover in least
            if cover.picked is not None
        ]
        return tuple(sorted((c for c in found if c.worth > 0), key=lambda c: (-c.worth, c.nodes)))

    @property
    def bound(self) -> float:
        """No set of workloads gains more from this pool a month."""
        return max((self._node_month * count - cover.least for count, cover in self._least), default=0.0)

    @cached_property
    def _least(self) -> tuple[tuple[int, LeastCover], ...]:
        return tuple(self._covered(self._part))

    def _covered(self, cost: FloatArray) -> Iterator[tuple[int, LeastCover]]:
        for count, needed in zip(self._counts, self._needed, strict=True):
            yield count, least_cover(cost, self._freed, needed)

    def _named(self, picked: Iterable[int]) -> tuple[Candidate, ...]:
        return tuple(self._candidates[i] for i in picked)


class ClusterCovers:
    """All pools of one cluster, and what its candidates are worth where pods are billed one by one."""

    def __init__(self, avoidable: Avoidable, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)
        self._cost = np.array([float(c.cloud_run_month + c.effort_month) for c in candidates])
        attributed = np.array([float(c.attributed_month) if avoidable.by_pod else 0.0 for c in candidates])
        self._alone = attributed - self._cost
        self.pools = self._split(avoidable)
        must = np.array([c.id in avoidable.holds for c in candidates], dtype=bool)
        can_go = bool(avoidable.holds) and int(must.sum()) == len(avoidable.holds)
        whole = avoidable.all_month if can_go else None
        self._going = None if whole is None else float(whole) - float(self._cost[must].sum())

    @property
    def paying_alone(self) -> tuple[Candidate, ...]:
        """Those whose own price is above what they cost; only where pods are billed one by one."""
        return tuple(c for c, worth in zip(self.candidates, self._alone, strict=True) if worth > 0)

    @property
    def bound(self) -> float:
        """No set of these candidates is worth more a month, before the free tier."""
        staying = float(np.maximum(self._alone, 0.0).sum()) + sum(max(pool.bound, 0.0) for pool in self.pools)
        return max(staying, 0.0 if self._going is None else self._going)

    def _can_shrink(self, pool: PackedPool) -> bool:
        """Whether it has nodes beyond one a zone, or no pods but the candidates'."""
        return len(pool.node_names) > pool.zones or pool.groups.keys() <= {c.id for c in self.candidates}

    def _split(self, avoidable: Avoidable) -> tuple[PoolCovers, ...]:
        """Each pool with its candidates; what one costs is split over its pools by the part of their nodes it takes."""
        if not self.candidates or not avoidable.pools:
            return ()
        parts = np.array(
            [
                [
                    max(_in_nodes(p, c.id)) * float(p.most_of_a_node_month) if c.id in p.groups and can_shrink else 0.0
                    for c in self.candidates
                ]
                for p, can_shrink in ((p, self._can_shrink(p)) for p in avoidable.pools)
            ]
        )
        whole = parts.sum(axis=0)
        share = np.divide(parts, whole, out=np.zeros_like(parts), where=whole > 0)
        found = []
        for pool, shares in zip(avoidable.pools, share, strict=True):
            here = [n for n, c in enumerate(self.candidates) if c.id in pool.groups]
            found.append(
                PoolCovers(pool, [self.candidates[n] for n in here], self._cost[here], (shares * self._cost)[here])
            )
        return tuple(found)


def cluster_covers(fleet: Fleet) -> tuple[ClusterCovers, ...]:
    """One for each cluster of the fleet, in their order."""
    return tuple(
        ClusterCovers(avoidable, [c for c in fleet.candidates if c.cluster == number])
        for number, avoidable in enumerate(fleet.avoidables)
    )


def upper_bound(fleet: Fleet, clusters: Sequence[ClusterCovers]) -> float:
    """No plan is worth more a month: the clusters' bounds, and all of the free tier that there is to have."""
    return sum(c.bound for c in clusters) + float(fleet.free_tier_of(fleet.candidates).month)


def _in_nodes(pool: PackedPool, workload_id: str) -> tuple[float, float, float]:
    """What a workload's pods take of the pool's nodes: by CPU, by memory, by number of pods."""
    group, room = pool.groups[workload_id], pool.room
    return (
        group.cpu_millicores * group.pods / room.cpu_millicores,
        group.memory_kib * group.pods / room.memory_kib,
        group.pods / room.pods,
    )
