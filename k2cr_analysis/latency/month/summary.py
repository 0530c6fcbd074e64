"""What is told of a simulated month; apart from the simulation, which is slow to import."""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.model.cloud_run import InstanceTimeline


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What is told of a month; ratios are of all requests."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    cold_start_ratio: float
    rejected_ratio: float
    timeline: InstanceTimeline
    method: str
