"""How the cost of a workload is split, so that the bound is as low as can be: over its pools, and over its calls.

Any split gives a bound (Lagrangian decomposition). The best is found by subgradients: a pool that would let a workload
leave bears more of its cost in the next round, one that would not bears less (Held, Wolfe and Crowder 1974). What a
workload bears of hops is moved in the same rounds (``hop_shares``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.plan.hop_shares import HopShares
from k2cr_analysis.plan.pool_problem import PoolProblem

ROUNDS = 60
LEAST_COST = 1e-9  # what frees nodes for nothing still has an order


@dataclass(frozen=True, slots=True, eq=False)
class CostSplit:
    """``cost`` float64[n]: of each workload with what it bears of hops; negative where it spares others more.

    ``parts``: what each pool bears of it, at least ``LEAST_COST``; over the pools they add up to the cost. ``leaving``
    float64[n]: the part of each workload that leaves where parts may, on average over its pools and over the rounds.
    """

    cost: FloatArray
    parts: tuple[FloatArray, ...]
    leaving: FloatArray


def split_cost(
    problems: Sequence[PoolProblem],
    here: Sequence[IntArray],
    alone: FloatArray,
    hops: HopShares,
) -> CostSplit:
    """The split with the lowest bound found.

    ``here``: for each pool the indices of its workloads. ``alone`` float64[n]: what each costs without hops, less what
    its own leaving takes off the bill. Pools that cannot lose a node bear nothing.
    """
    can = np.array([bool(p.counts) for p in problems], dtype=bool)
    member = np.zeros((len(problems), len(alone)), dtype=bool)
    for pool, indices in enumerate(here):
        member[pool, indices] = can[pool]
    pools_of = member.sum(axis=0)
    share = np.where(member, 1.0 / np.maximum(pools_of, 1), 0.0)
    best, lowest, leaving, rounds = (share, hops), np.inf, np.zeros(len(alone)), 0.0
    for turn in range(ROUNDS if (pools_of > 1).any() or len(hops.share) else 1):
        cost = alone + hops.month
        relaxed = [problem.relaxed(part) for problem, part in zip(problems, _parts(share, cost, here), strict=True)]
        bound = sum(gain for gain, _ in relaxed) + float(np.maximum(-cost, 0.0).sum())
        if bound < lowest:
            best, lowest = (share, hops), bound
        wanted = np.zeros_like(share)
        for n, (_, x) in enumerate(relaxed):
            wanted[n, here[n]] = x
        wanted[:, cost < 0] = 1.0  # whatever the pools say
        mean = np.where(member, wanted, 0.0).sum(axis=0) / np.maximum(pools_of, 1)
        mean[cost < 0] = 1.0
        leaving, rounds = leaving + mean * (turn + 1), rounds + turn + 1  # later rounds know more
        share = np.where(member, np.maximum(share + (wanted - mean) / (turn + 2), 0.0), 0.0)
        whole = share.sum(axis=0)
        share = np.divide(share, whole, out=np.zeros_like(share), where=whole > 0)
        hops = hops.after(mean, turn)
    share, hops = best
    cost = alone + hops.month
    return CostSplit(cost, tuple(_parts(share, cost, here)), leaving / rounds)


def _parts(share: FloatArray, cost: FloatArray, here: Sequence[IntArray]) -> list[FloatArray]:
    return [np.maximum((share[n] * cost)[indices], LEAST_COST) for n, indices in enumerate(here)]
