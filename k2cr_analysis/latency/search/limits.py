"""What a configuration must meet, in figures: the team's objectives, else not slower than today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from k2cr_analysis.config import Objectives
from k2cr_analysis.latency.load.service_time import ServiceTime
from k2cr_analysis.model.cloud_run import Quantiles

SLOWER_THAN_TODAY = 0.10
COLD_START_RATIO = 0.01
LOOSER, TIGHTER = 1.25, 0.90  # latency limits whose price is told beside the recommended one
# A latency histogram's bucket is 2 % wide in the quick record: what misses by less is not known to miss.
ALIKE = 0.005


class Figures(Protocol):
    """What a configuration was simulated to do."""

    @property
    def p95_ms(self) -> float: ...
    @property
    def p99_ms(self) -> float: ...
    @property
    def cold_start_ratio(self) -> float: ...
    @property
    def rejected_ratio(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """None: not limited. ``said``: where the limits come from, a sentence."""

    p95_ms: float | None = None
    p99_ms: float | None = None
    cold_start_ratio: float | None = None
    said: str = ""

    def miss(self, found: Figures) -> float:
        """By what share the worst of them is missed; 0 where all are met. Requests turned away outweigh all else."""
        return max(found.rejected_ratio * 1e6, *(over for _, _, over in self.misses(found)), 0.0)

    def meets(self, found: Figures) -> bool:
        return self.miss(found) <= ALIKE

    def misses(self, found: Figures) -> list[tuple[str, float, float]]:
        """(which, limit, share above it; below 0 where there is room) of each limit."""
        pairs = (
            ("p95", self.p95_ms, found.p95_ms),
            ("p99", self.p99_ms, found.p99_ms),
            ("cold starts", self.cold_start_ratio, found.cold_start_ratio),
        )
        return [
            (name, limit, value / limit - 1.0 if limit > 0.0 else float(value > 0.0))
            for name, limit, value in pairs
            if limit is not None
        ] or [("", 0.0, 0.0)]

    def times(self, factor: float) -> Limits:
        """The latencies looser or tighter by a factor, cold starts as they are."""
        return replace(
            self,
            p95_ms=None if self.p95_ms is None else self.p95_ms * factor,
            p99_ms=None if self.p99_ms is None else self.p99_ms * factor,
        )

    def __str__(self) -> str:
        parts = [f"{name} of at most {ms:.0f} ms" for name, ms in (("p95", self.p95_ms), ("p99", self.p99_ms)) if ms]
        if self.cold_start_ratio is not None:
            parts.append(f"cold starts of at most {self.cold_start_ratio:.3%} of the requests")
        return ", ".join(parts)


def limits_of(objectives: Objectives, today: Quantiles | None, service: ServiceTime) -> Limits:
    """The team's figures where it gives any; for the rest, not slower than today by more than ``slower_than_today``.

    ``today``: measured on GKE; where a quantile is not, that of the times which the model takes for today's stands in.
    """
    cold = COLD_START_RATIO if objectives.cold_start_ratio is None else objectives.cold_start_ratio
    given = objectives.p95_ms is not None or objectives.p99_ms is not None
    slower = objectives.slower_than_today
    if given and slower is None:
        return Limits(objectives.p95_ms, objectives.p99_ms, cold, "the team's objectives")
    slower = SLOWER_THAN_TODAY if slower is None else slower
    p95, p95_measured = _today(today.p95_ms if today else None, service, 0.95)
    p99, p99_measured = _today(today.p99_ms if today else None, service, 0.99)
    basis = "today's" if p95_measured and p99_measured else "the model's own for GKE, where today's are not measured"
    whose = "the team's objectives, and " if given or objectives.cold_start_ratio is not None else ""
    return Limits(
        _least(objectives.p95_ms, p95 * (1.0 + slower)),
        _least(objectives.p99_ms, p99 * (1.0 + slower)),
        cold,
        f"{whose}at most {slower:.0%} slower than {basis}",
    )


def _today(measured_ms: float | None, service: ServiceTime, p: float) -> tuple[float, bool]:
    if measured_ms is not None:
        return measured_ms, True
    return float(np.quantile(service.today_ms, p)), False


def _least(given: float | None, other: float) -> float:
    return other if given is None else min(given, other)
