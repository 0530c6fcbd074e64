"""A simulated month: its latencies with their weights, and what it adds up to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from k2cr_analysis.latency.month.summary import MonthFigures
from k2cr_analysis.latency.simulator.engine import Section
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.observed import FloatArray

RECORD_BITS = 6  # of the latencies in a month


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """``latency_s`` rising, with the share of requests ``weight`` of each (sums to 1); ratios are of all requests."""

    latency_s: FloatArray
    weight: FloatArray
    cold_start_ratio: float
    rejected_ratio: float
    timeline: InstanceTimeline
    method: str

    def quantile_s(self, p: float) -> float:
        reached = np.cumsum(self.weight)
        return float(self.latency_s[min(int(np.searchsorted(reached, p)), len(reached) - 1)])

    @property
    def figures(self) -> MonthFigures:
        p50, p95, p99 = (self.quantile_s(p) * 1000.0 for p in (0.5, 0.95, 0.99))
        return MonthFigures(p50, p95, p99, self.cold_start_ratio, self.rejected_ratio, self.timeline, self.method)


def pooled(sections: list[tuple[Section, float]]) -> tuple[FloatArray, FloatArray]:
    """Latencies of several sections, rising, with the weight of each: that of its section a request. Sums to 1."""
    counts = sum(section.counts * weight for section, weight in sections)
    seen = np.flatnonzero(counts)
    if len(seen) == 0:
        return np.zeros(1), np.ones(1)
    middles = sections[0][0].middles_s
    least = min(section.least_s for section, _ in sections)
    most = max(section.most_s for section, _ in sections)
    weights = np.asarray(counts)[seen]
    return np.clip(middles[seen], least, most), weights / weights.sum()
