"""How the cost of each hop is split over its callers, so that the worth of a set is a sum over its workloads.

A hop costs its price once where any of its callers leaves and the called workload stays. That is never less than

    sum over callers of share * (caller leaves - called leaves)

with shares that are not negative and add up to no more than the price: the callers bear them, and the called one is
spared them. So any shares give a bound; the best are found by subgradients, beside the split over pools
(``cost_split``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.planning.crossing_calls import Hops
from k2cr_analysis.planning.worth import Candidate

_STEP = 3.0  # of the first round, in prices of a hop


@dataclass(frozen=True, slots=True, eq=False)
class HopShares:
    """Who calls whom among the candidates of one cluster, one entry for each pair.

    ``caller``, ``called``: indices of candidates; ``called`` is ``size`` where it cannot move. ``hop``: number of the
    workload that is called. ``price`` float64[pairs]: of its hop, a month; ``share``: what of it the caller bears.
    ``fixed``: whether the shares stay as they are.
    """

    size: int
    caller: IntArray
    called: IntArray
    hop: IntArray
    price: FloatArray
    share: FloatArray
    fixed: bool = False

    @classmethod
    def of(cls, hops: Hops, candidates: Sequence[Candidate], fixed: bool = False) -> HopShares:
        """Even shares for the callers, and for the called one too where it can move.

        ``fixed``: only what cannot move counts as called, and the shares stay even.
        """
        number = {c.key: n for n, c in enumerate(candidates)}
        pairs = [
            (c.key, key)
            for c in candidates
            for key in sorted(hops.calls.get(c.key, ()))
            if hops.price([key]) and not (fixed and key in number)
        ]
        hop = {key: n for n, key in enumerate(sorted({called for _, called in pairs}))}
        caller = np.array([number[key] for key, _ in pairs], dtype=np.int64)
        called = np.array([number.get(key, len(candidates)) for _, key in pairs], dtype=np.int64)
        of_hop = np.array([hop[key] for _, key in pairs], dtype=np.int64)
        price = np.array([float(hops.price([key])) for _, key in pairs])
        bearing = np.bincount(of_hop, minlength=len(hop))[of_hop] + (called < len(candidates))
        return cls(len(candidates), caller, called, of_hop, price, price / bearing, fixed)

    @property
    def month(self) -> FloatArray:
        """What each candidate bears more, less where negative, float64[n]."""
        borne: FloatArray = np.bincount(self.caller, self.share, self.size + 1).astype(np.float64)
        spared: FloatArray = np.bincount(self.called, self.share, self.size + 1).astype(np.float64)
        return borne[: self.size] - spared[: self.size]

    def after(self, leaving: FloatArray, turn: int) -> HopShares:
        """The shares of the next round: more where the caller leaves and the called one does not.

        ``leaving`` float64[n]: the part of each candidate that leaves at these shares; ``turn``: of the round, from 0.
        """
        if self.fixed or not len(self.share):
            return self
        leaves = np.append(leaving, 0.0)
        step = _STEP / (turn + 2) * self.price
        share = np.maximum(self.share + step * (leaves[self.caller] - leaves[self.called]), 0.0)
        whole = np.bincount(self.hop, share)[self.hop]
        over = np.divide(self.price, whole, out=np.ones_like(share), where=whole > self.price)
        return replace(self, share=share * over)
