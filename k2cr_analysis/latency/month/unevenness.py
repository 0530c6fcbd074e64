"""Bursts inside a period, which its count cannot show: between Poisson and as uneven as neighbouring periods are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.latency.month.requests import Load

_MOST_PARTS = 12
_FEWEST_PERIODS = 12


@dataclass(frozen=True, slots=True)
class Unevenness:
    """``parts``: in one of so many even parts of a period all its requests come, at worst; 1: as Poisson has it.

    ``variation``: coefficient of variation of the rate from a period to the next, freed of what chance alone makes.
    """

    period_s: float
    variation: float
    parts: int

    def __str__(self) -> str:
        seen = f"neighbouring periods of {self.period_s:g} s"
        if self.parts == 1:
            return f"{seen} differ by little more than chance, so inside one requests are taken as Poisson"
        share = 1.0 / self.parts
        return (
            f"{seen} differ by {self.variation:.0%} beyond chance; taken as uneven inside, all requests of one come "
            f"within {share:.0%} of it"
        )


def unevenness(load: Load) -> Unevenness:
    """From the finest counts there are. A peak is taken as the mean and two standard deviations of the rate."""
    counts = load.requests.astype(np.float64)
    if len(counts) < _FEWEST_PERIODS:
        return Unevenness(load.period_s, 0.0, 1)
    around = (counts[1:] + counts[:-1]) / 2.0
    # Half the mean square of differences: a rate that moves slowly has none of it; Poisson's is the mean.
    beyond = np.maximum(np.mean((counts[1:] - counts[:-1]) ** 2) / 2.0 - around.mean(), 0.0)
    variation = math.sqrt(beyond) / max(float(around.mean()), 1e-12)
    return Unevenness(load.period_s, variation, min(_MOST_PARTS, max(1, round(1.0 + 2.0 * variation))))


def in_bursts(load: Load, how: Unevenness) -> Load:
    """The same counts, each period's requests in one of its ``parts``, now an early, now a late one."""
    finer = np.zeros((len(load.requests), how.parts), dtype=load.requests.dtype)
    numbers = np.arange(len(load.requests))
    finer[numbers, (numbers * 7) % how.parts] = load.requests
    return Load(finer.reshape(-1), load.period_s / how.parts, load.requests_per_month)
