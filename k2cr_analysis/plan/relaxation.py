"""The plan in arrays: a fast estimate of a set's worth for the search, and a bound that no set goes above.

For a pool of n nodes at price P that its pods would fill to ``needed`` nodes, the nodes that stay are at least
h * (l * cpu_rest / cpu_node + (1 - l) * memory_rest / memory_node) with the headroom h = n / needed, for any l in
[0, 1]. So what the pool saves is at most a sum over the workloads that leave, and the best set of such a sum is the
set of its positive terms. The least of these sums over l is the bound: a Lagrangian dual, one multiplier for each pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.cost.avoidable import Avoidable, PackedPool
from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.plan.worth import Candidate, Fleet

_SHARES = np.linspace(0.0, 1.0, 21)
_ROUNDS = 3


@dataclass(frozen=True)
class PoolTerms:
    """One pool: ``cpu`` and ``memory`` float64[candidates]: how many nodes' worth each takes here."""

    node_month: float
    nodes: int
    headroom: float
    cpu: FloatArray
    memory: FloatArray
    cpu_all: float
    memory_all: float

    def at(self, share: float) -> tuple[FloatArray, float]:
        """(value of each candidate, constant) of the bound with the weight ``share`` on CPU."""
        per_node = self.node_month * self.headroom
        rest = share * self.cpu_all + (1 - share) * self.memory_all
        return per_node * (share * self.cpu + (1 - share) * self.memory), self.node_month * self.nodes - per_node * rest


class ClusterTerms:
    """One cluster's candidates as arrays; ``cost`` float64[candidates]: Cloud Run and effort a month."""

    def __init__(self, avoidable: Avoidable, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)
        self.cost: FloatArray = np.array([float(c.cloud_run_month + c.effort_month) for c in candidates])
        self.pools = tuple(_terms(pool, candidates) for pool in avoidable.pools)
        alone = [float(c.attributed_month) if avoidable.by_pod else 0.0 for c in candidates]
        self.value, self.constant = self._tightest(np.array(alone))
        self._must = np.array([c.id in avoidable.holds for c in candidates], dtype=bool)
        can_go = bool(avoidable.holds) and int(self._must.sum()) == len(avoidable.holds)
        self._all_month = float(avoidable.all_month) if can_go and avoidable.all_month is not None else None

    @property
    def bound(self) -> float:
        """No set of these candidates is worth more a month, before the free tier."""
        staying = float(np.maximum(self.value - self.cost, 0.0).sum()) + self.constant
        going = 0.0 if self._all_month is None else self._all_month - float(self.cost[self._must].sum())
        return max(staying, going, 0.0)

    def _tightest(self, alone: FloatArray) -> tuple[FloatArray, float]:
        """(value, constant) with the share of each pool that makes the bound least, found pool by pool."""
        terms = [pool.at(0.5) for pool in self.pools]
        for _ in range(_ROUNDS):
            for number, pool in enumerate(self.pools):
                others = alone - self.cost
                for n, (value, _) in enumerate(terms):
                    if n != number:
                        others = others + value
                options = [pool.at(float(share)) for share in _SHARES]
                sums = [float(np.maximum(others + value, 0.0).sum()) + constant for value, constant in options]
                terms[number] = options[int(np.argmin(sums))]
        value = alone
        for more, _ in terms:
            value = value + more
        return value, sum(constant for _, constant in terms)


def upper_bound(fleet: Fleet, clusters: Sequence[ClusterTerms]) -> float:
    """No plan is worth more a month: the clusters' bounds, and all of the free tier that there is to have."""
    return sum(c.bound for c in clusters) + float(fleet.free_tier_of(fleet.candidates).month)


def cluster_terms(fleet: Fleet) -> tuple[ClusterTerms, ...]:
    """The terms of each cluster of the fleet, in their order."""
    return tuple(
        ClusterTerms(avoidable, [c for c in fleet.candidates if c.cluster == number])
        for number, avoidable in enumerate(fleet.avoidables)
    )


def _terms(pool: PackedPool, candidates: Sequence[Candidate]) -> PoolTerms:
    nodes, room = len(pool.node_names), pool.room
    groups = [pool.groups.get(c.id) for c in candidates]
    return PoolTerms(
        node_month=float(pool.most_of_a_node_month),
        nodes=nodes,
        headroom=nodes / pool.needed_now if pool.needed_now else 0.0,
        cpu=np.array([g.cpu_millicores * g.pods / room.cpu_millicores if g else 0.0 for g in groups]),
        memory=np.array([g.memory_kib * g.pods / room.memory_kib if g else 0.0 for g in groups]),
        cpu_all=sum(g.cpu_millicores * g.pods for g in pool.groups.values()) / room.cpu_millicores,
        memory_all=sum(g.memory_kib * g.pods for g in pool.groups.values()) / room.memory_kib,
    )
