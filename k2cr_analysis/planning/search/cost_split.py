"""How the cost of a workload is split, so that the bound is as low as can be: over its pools, and over its calls.

Any split gives a bound (Lagrangian decomposition). The best is found by subgradients: a pool that would let a workload
leave bears more of its cost in the next round, one that would not bears less (Held, Wolfe and Crowder 1974). The same
rounds move what a workload bears of hops (``hop_shares``), and how a pool's CPU, memory and pods are weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.planning.search.hop_shares import HopShares
from k2cr_analysis.planning.search.pool_problem import PoolProblem

ROUNDS = 60
LEAST_COST = 1e-9  # what frees nodes for nothing still has an order


@dataclass(frozen=True, slots=True, eq=False)
class CostSplit:
    """``cost`` float64[n]: of each workload with what it bears of hops; negative where it spares others more.

    ``problems``: the pools with the weights found. ``parts``: what each pool bears of the cost, at least
    ``LEAST_COST``; over the pools they add up to it. ``leaving`` float64[n]: the part of each workload that leaves
    where parts may, on average over its pools and over the rounds.
    """

    cost: FloatArray
    problems: tuple[PoolProblem, ...]
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
    best, lowest, leaving, rounds = (share, hops, problems), np.inf, np.zeros(len(alone)), 0.0
    for turn in range(ROUNDS):
        cost = alone + hops.month
        relaxed = [problem.relaxed(part) for problem, part in zip(problems, _parts(share, cost, here), strict=True)]
        bound = sum(found.gain for found in relaxed) + float(np.maximum(-cost, 0.0).sum())
        if bound < lowest:
            best, lowest = (share, hops, problems), bound
        wanted = np.zeros_like(share)
        for n, found in enumerate(relaxed):
            wanted[n, here[n]] = found.parts
        wanted[:, cost < 0] = 1.0  # whatever the pools say
        mean = np.where(member, wanted, 0.0).sum(axis=0) / np.maximum(pools_of, 1)
        mean[cost < 0] = 1.0
        leaving, rounds = leaving + mean * (turn + 1), rounds + turn + 1  # later rounds know more
        share = np.where(member, np.maximum(share + (wanted - mean) / (turn + 2), 0.0), 0.0)
        whole = share.sum(axis=0)
        share = np.divide(share, whole, out=np.zeros_like(share), where=whole > 0)
        hops = hops.after(mean, turn)
        problems = [problem.weighed_after(found, turn) for problem, found in zip(problems, relaxed, strict=True)]
    share, hops, problems = best
    cost = alone + hops.month
    return CostSplit(cost, tuple(problems), tuple(_parts(share, cost, here)), leaving / rounds)


def _parts(share: FloatArray, cost: FloatArray, here: Sequence[IntArray]) -> list[FloatArray]:
    return [np.maximum((share[n] * cost)[indices], LEAST_COST) for n, indices in enumerate(here)]
