"""How the cost of a workload with pods in several pools is split over them, so that the bound is as low as can be.

Any split gives a bound (Lagrangian decomposition). The best is found by subgradients: a pool that would let a workload
leave bears more of its cost in the next round, one that would not bears less (Held, Wolfe and Crowder 1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.plan.pool_problem import PoolProblem

ROUNDS = 60
LEAST_COST = 1e-6  # what frees nodes for nothing still has an order


@dataclass(frozen=True, slots=True, eq=False)
class CostSplit:
    """``parts``: what each pool bears of the cost of its workloads; over the pools they add up to the cost.

    ``leaving`` float64[n]: the part of each workload that leaves where parts may, on average over its pools and over
    the rounds.
    """

    parts: tuple[FloatArray, ...]
    leaving: FloatArray


def split_cost(problems: Sequence[PoolProblem], here: Sequence[IntArray], cost: FloatArray) -> CostSplit:
    """The split of ``cost`` float64[n] with the lowest bound found.

    ``here``: for each pool the indices of its workloads. Pools that cannot lose a node bear nothing.
    """
    can = np.array([bool(p.counts) for p in problems])
    member = np.zeros((len(problems), len(cost)), dtype=bool)
    for pool, indices in enumerate(here):
        member[pool, indices] = can[pool]
    pools_of = member.sum(axis=0)
    share = np.where(member, 1.0 / np.maximum(pools_of, 1), 0.0)
    best, lowest, leaving, rounds = share, np.inf, np.zeros(len(cost)), 0.0
    for turn in range(ROUNDS if (pools_of > 1).any() else 1):
        borne = [np.maximum((share[n] * cost)[here[n]], LEAST_COST) for n in range(len(problems))]
        relaxed = [problem.relaxed(part) for problem, part in zip(problems, borne, strict=True)]
        bound = sum(gain for gain, _ in relaxed)
        if bound < lowest:
            best, lowest = share.copy(), bound
        wanted = np.zeros_like(share)
        for n, (_, x) in enumerate(relaxed):
            wanted[n, here[n]] = x
        mean = np.where(member, wanted, 0.0).sum(axis=0) / np.maximum(pools_of, 1)
        leaving, rounds = leaving + mean * (turn + 1), rounds + turn + 1  # later rounds know more
        share = np.where(member, np.maximum(share + (wanted - mean) / (turn + 2), 0.0), 0.0)
        whole = share.sum(axis=0)
        share = np.divide(share, whole, out=np.zeros_like(share), where=whole > 0)
    parts = tuple(np.maximum((best[n] * cost)[here[n]], LEAST_COST) for n in range(len(problems)))
    return CostSplit(parts, leaving / rounds)
