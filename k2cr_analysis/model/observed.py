"""What was measured of a workload over the snapshot's window, rolled up. Absent data is None, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from k2cr_analysis.platforms.billing import SECONDS_PER_MONTH

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ContainerUsage:
    """One container, over all its pods: what one pod needs. Quantiles are exact over the points of the window.

    ``cpu_quantiles_cores`` and ``memory_quantiles_bytes``: quantile (0.5, 0.95, 0.99, 1.0) -> value of one pod.
    """

    cpu_quantiles_cores: Mapping[float, float]
    memory_quantiles_bytes: Mapping[float, float]
    cpu_mean_cores: float  # of all pods together
    restarts: int | None
    points: int


@dataclass(frozen=True, slots=True)
class WorkloadUsage:
    """``mean_pods``: pods that ran, averaged over the window; None where no series tells.

    ``cores_by_day``: day (since 1970-01-01, UTC) -> mean CPU of all pods together; empty without a CPU series.
    """

    containers: Mapping[str, ContainerUsage]
    mean_pods: float | None
    max_pods: int | None
    days: float
    cores_by_day: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class TrafficProfile:
    """Requests of one workload over the window, in even periods from ``start``; a gap in the data is not ``known``.

    ``requests`` int64[n]: ended in the period. ``latency_bounds_ms`` float64[k], ``latency_counts`` int64[k+1]:
    the merged histogram (underflow first, overflow last) of successful requests. ``source``: metric type, or "assumed".
    """

    start: datetime
    period_s: int
    requests: IntArray
    known: npt.NDArray[np.bool_]
    latency_bounds_ms: FloatArray | None
    latency_counts: IntArray | None
    latency_mean_ms: float | None
    error_ratio: float | None
    response_bytes: int | None
    source: str
    callers: Mapping[str, int] = field(default_factory=dict)  # workload id or name -> requests (service mesh)

    @property
    def requests_per_month(self) -> float:
        """Requests a month of 730 h at the mean rate of the known periods. [request/month]"""
        known_s = int(self.known.sum()) * self.period_s
        return float(self.requests[self.known].sum()) / known_s * float(SECONDS_PER_MONTH) if known_s else 0.0
