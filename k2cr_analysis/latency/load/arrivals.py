"""When requests come: blocks of periods, whatever their source, so that the kernel knows one kind.

A period holds a count of requests, spread uniformly at random (the order statistics of a Poisson process), or a rate
(a Poisson process), or is one instant with one request. Blocks are made as they are needed: a long trace is never in
memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from k2cr_analysis.model.observed import FloatArray, IntArray

POISSON = -1  # in place of a count: the period has a rate


@dataclass(frozen=True, slots=True, eq=False)
class ArrivalBlock:
    """n periods in order, not overlapping. ``count`` POISSON: ``rate_per_s`` holds. An instant has end == start. [s]"""

    start_s: FloatArray
    end_s: FloatArray
    count: IntArray
    rate_per_s: FloatArray


class ArrivalSource(Protocol):
    """Blocks in order, and when the window ends at the earliest, of what was taken so far. [s]"""

    @property
    def blocks(self) -> Iterable[ArrivalBlock]: ...

    def ends_at(self) -> float: ...


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Blocks that are made, not read; ``end_s`` 0: the window ends with the last departure. [s]"""

    blocks: Iterable[ArrivalBlock]
    end_s: float = 0.0

    def ends_at(self) -> float:
        return self.end_s


def poisson(rate_per_s: float) -> Arrivals:
    """A Poisson process without end; the number of requests ends it."""
    block = ArrivalBlock(np.zeros(1), np.array([np.inf]), np.array([POISSON]), np.array([float(rate_per_s)]))
    return Arrivals([block])


def counted(counts: IntArray, period_s: float) -> Arrivals:
    """Requests of periods in a row, from time 0: the replay of per-minute counts."""
    start = np.arange(len(counts), dtype=np.float64) * np.float64(period_s)
    block = ArrivalBlock(start, start + period_s, counts.astype(np.int64), np.zeros(len(counts)))
    return Arrivals([block], len(counts) * period_s)


def modulated(rates_per_s: FloatArray, period_s: float) -> Arrivals:
    """A Poisson process whose rate changes from period to period: the hour-of-week model."""
    start = np.arange(len(rates_per_s), dtype=np.float64) * np.float64(period_s)
    block = ArrivalBlock(start, start + period_s, np.where(rates_per_s > 0.0, POISSON, 0).astype(np.int64), rates_per_s)
    return Arrivals([block], len(rates_per_s) * period_s)


@dataclass(frozen=True, slots=True)
class Mmpp:
    """Bursts: a Poisson process whose rate jumps between two values after exponential times (MMPP(2)), without end.

    ``rates_per_s`` in the two states, ``leaving_per_s`` how soon each is left; it starts in the first.
    """

    rates_per_s: tuple[float, float]
    leaving_per_s: tuple[float, float]
    seed: int

    @property
    def blocks(self) -> Iterator[ArrivalBlock]:
        draw = np.random.default_rng(self.seed)
        stays = 512
        rate = np.tile(np.array(self.rates_per_s, dtype=np.float64), stays)
        kind = np.where(rate > 0.0, POISSON, 0).astype(np.int64)
        start = 0.0
        while True:
            lengths = draw.exponential(1.0, 2 * stays) / np.tile(np.array(self.leaving_per_s), stays)
            ends = start + np.cumsum(lengths)
            yield ArrivalBlock(np.concatenate(([start], ends[:-1])), ends, kind, rate)
            start = float(ends[-1])

    def ends_at(self) -> float:
        return 0.0
