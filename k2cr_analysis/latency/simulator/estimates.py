"""Means and quantiles of a simulated run, with intervals that know that requests are not independent.

Method of batch means (Law, "Simulation Modeling and Analysis", ch. 9): the run is cut into batches of equal numbers of
requests; what scatters is the batches, not the requests. Where neighbouring batches still hang together, twice the
batch size gives the wider interval, and the wider one of the two is told. The interval of a quantile is that of the
share of requests below it, read off the distribution.

Measured against exact values, 95 % intervals cover 93 to 97 % of the time from 200,000 requests on, at a load of 0.9
too. A busy queue that starts empty and ends after a few thousand has not yet seen its own busy times: there they
cover less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from k2cr_analysis.model.observed import FloatArray, IntArray

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; the interval is None where there are too few requests to tell."""

    value: float
    low: float | None
    high: float | None

    def scaled(self, factor: float) -> Estimate:
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Estimate(self.value * factor, low, high)


def student_quantile(p: float, degrees: int) -> float:
    """p-quantile of Student's t, for 3 degrees of freedom and more: expansion of Cornish and Fisher.

    Abramowitz and Stegun 26.7.5; off by less than 0.3 % at p = 0.975 from 3 degrees on.
    """
    z = NormalDist().inv_cdf(p)
    n = float(degrees)
    g1 = (z**3 + z) / 4.0
    g2 = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    g3 = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    g4 = (79.0 * z**9 + 776.0 * z**7 + 1482.0 * z**5 - 1920.0 * z**3 - 945.0 * z) / 92160.0
    return z + g1 / n + g2 / n**2 + g3 / n**3 + g4 / n**4


def _paired(values: FloatArray) -> FloatArray:
    even = len(values) // 2 * 2
    pairs = values[:even].reshape(-1, 2).sum(axis=1)
    if even < len(values):
        pairs[-1] += values[-1]
    return np.asarray(pairs)


def _ratio_half_width(sums: FloatArray, counts: FloatArray) -> float:
    """Half the interval of sum / count, over batches of nearly equal counts."""
    batches = len(sums)
    ratio = sums.sum() / counts.sum()
    residual = sums - ratio * counts
    variance = float(residual @ residual) / (batches - 1) * batches / float(counts.sum()) ** 2
    return student_quantile(0.5 + CONFIDENCE / 2.0, batches - 1) * math.sqrt(variance)


def half_width(sums: FloatArray, counts: FloatArray) -> float | None:
    """Half the 95 % interval of a mean over correlated requests; None for fewer than eight batches."""
    if len(sums) < 8:
        return None
    return max(_ratio_half_width(sums, counts), _ratio_half_width(_paired(sums), _paired(counts)))


@dataclass(frozen=True, slots=True, eq=False)
class LatencyRecord:
    """What the kernel counted, a row a batch: ``edges_s`` float64[n+1] bounds the buckets of ``counts`` int64[b, n]."""

    edges_s: FloatArray
    counts: IntArray
    sums_s: FloatArray
    sizes: IntArray
    least_s: float
    most_s: float

    def pooled(self) -> tuple[FloatArray, FloatArray]:
        """Middles of the buckets, kept within what was seen, and how many requests each holds. [s]"""
        middles = np.clip((self.edges_s[:-1] + self.edges_s[1:]) / 2.0, self.least_s, self.most_s)
        return middles, self.counts.sum(axis=0).astype(np.float64)

    def mean(self) -> Estimate:
        """Mean latency. [s]"""
        sizes = self.sizes.astype(np.float64)
        value = float(self.sums_s.sum() / sizes.sum())
        half = half_width(self.sums_s, sizes)
        return Estimate(value, None, None) if half is None else Estimate(value, max(0.0, value - half), value + half)

    def quantiles(self, shares: tuple[float, ...]) -> tuple[Estimate, ...]:
        """Quantiles of the latency, linear inside a bucket (0.1 to 0.2 % wide in the full record). [s]"""
        below = np.cumsum(self.counts, axis=1).astype(np.float64)
        total = below.sum(axis=0)
        return tuple(self._quantile(p, below, total) for p in shares)

    def _quantile(self, p: float, below: FloatArray, total: FloatArray) -> Estimate:
        value, bucket = self._read_off(p, total)
        half = half_width(below[:, bucket], self.sizes.astype(np.float64))
        if half is None:
            return Estimate(value, None, None)
        return Estimate(
            value, self._read_off(max(0.0, p - half), total)[0], self._read_off(min(1.0, p + half), total)[0]
        )

    def _read_off(self, p: float, total: FloatArray) -> tuple[float, int]:
        rank = p * total[-1]
        bucket = min(int(np.searchsorted(total, rank, side="left")), len(total) - 1)
        before = total[bucket - 1] if bucket > 0 else 0.0
        inside = (rank - before) / (total[bucket] - before) if total[bucket] > before else 0.0
        value = self.edges_s[bucket] + (self.edges_s[bucket + 1] - self.edges_s[bucket]) * inside
        return float(min(max(value, self.least_s), self.most_s)), bucket
