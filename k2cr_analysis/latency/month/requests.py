"""The requests of the window, as the simulator is given them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.latency.load.arrivals import POISSON, ArrivalBlock
from k2cr_analysis.model.observed import FloatArray, IntArray, TrafficProfile

DAY_S = 86400


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """``requests`` int64[n]: of the known periods in a row, at least one request among them."""

    requests: IntArray
    period_s: float
    requests_per_month: float

    @property
    def window_s(self) -> float:
        return len(self.requests) * self.period_s

    @property
    def rates_per_s(self) -> FloatArray:
        return np.asarray(self.requests / self.period_s)

    def days(self, most_requests: float) -> Load | None:
        """The whole window, or days of it that stand for all within so many requests; None where too few do.

        Days are taken evenly from all days in the order of their requests (systematic sampling), and stay in the order
        of time. A week of them at least, since a Sunday is no Monday.
        """
        if self.requests.sum() <= most_requests:
            return self
        length = round(DAY_S / self.period_s)
        whole = len(self.requests) // length if length else 0
        if whole <= _LEAST_DAYS:
            return None
        by_day = self.requests[: whole * length].reshape(whole, length)
        totals = by_day.sum(axis=1)
        wanted = math.floor(most_requests / max(float(totals.mean()), 1.0))
        if wanted < _LEAST_DAYS:
            return None
        wanted = min(wanted, whole)
        rising = np.argsort(totals, kind="stable")
        taken = np.sort(rising[((np.arange(wanted) + 0.5) * whole / wanted).astype(np.int64)])
        return Load(by_day[taken].reshape(-1), self.period_s, self.requests_per_month)

    def coarser(self, least_s: float) -> Load:
        """Periods put together until they are so long at least; what is left over at the end stays out."""
        together = math.ceil(least_s / self.period_s)
        whole = len(self.requests) // together
        if together <= 1 or whole == 0:
            return self
        summed = self.requests[: whole * together].reshape(whole, together).sum(axis=1)
        return Load(summed, self.period_s * together, self.requests_per_month)


_LEAST_DAYS = 7


def load_of(traffic: TrafficProfile) -> Load:
    """The known periods of what was measured."""
    return Load(traffic.requests[traffic.known], float(traffic.period_s), traffic.requests_per_month)


def counts_from(counts: IntArray, period_s: float, start_s: float) -> ArrivalBlock:
    """Requests of periods in a row that begin at ``start_s``."""
    start = start_s + np.arange(len(counts), dtype=np.float64) * period_s
    return ArrivalBlock(start, start + period_s, counts.astype(np.int64), np.zeros(len(counts)))


def rates_from(rates_per_s: FloatArray, period_s: float, start_s: float) -> ArrivalBlock:
    """Poisson processes in a row, each ``period_s`` long, from ``start_s`` on."""
    start = start_s + np.arange(len(rates_per_s), dtype=np.float64) * period_s
    kind = np.where(rates_per_s > 0.0, POISSON, 0).astype(np.int64)
    return ArrivalBlock(start, start + period_s, kind, np.asarray(rates_per_s, dtype=np.float64))
