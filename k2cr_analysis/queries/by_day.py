"""The window day by day, for intervals that resample whole days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from k2cr_analysis.model.observed import FloatArray, TrafficProfile, WorkloadUsage

_DAY_S = 86400
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """One value for each day (UTC) of the window; NaN where the day is unknown. float64[days] each.

    ``requests``: of a whole day, at the mean rate of what is known of it; None without traffic data.
    ``cpu_mean_cores``: of all pods of the workload together; None without usage data.
    """

    days: tuple[date, ...]
    requests: FloatArray | None
    cpu_mean_cores: FloatArray | None


def daily(usage: Mapping[str, WorkloadUsage], traffic: Mapping[str, TrafficProfile]) -> dict[str, Daily]:
    """Workload id -> its days, for every workload with usage or traffic. All have the same days.

    ``usage`` and ``traffic`` are what the functions of these names give for one snapshot.
    """
    cores = {name: used.cores_by_day for name, used in usage.items() if used.cores_by_day}
    requests = {name: _requests(profile) for name, profile in traffic.items()}
    known = [day for by_day in (*cores.values(), *requests.values()) for day in by_day]
    if not known:
        return {}
    days = range(min(known), max(known) + 1)
    return {
        name: Daily(
            days=tuple(_EPOCH + timedelta(days=day) for day in days),
            requests=_vector(requests.get(name), days),
            cpu_mean_cores=_vector(cores.get(name), days),
        )
        for name in sorted(cores.keys() | requests.keys())
    }


def _vector(by_day: Mapping[int, float] | None, days: range) -> FloatArray | None:
    return None if by_day is None else np.array([by_day.get(day, np.nan) for day in days], dtype=np.float64)


def _requests(profile: TrafficProfile) -> dict[int, float]:
    """Day -> requests of the whole day. A period belongs to the day on which it began."""
    start_s = int((profile.start - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    day = (start_s + np.arange(len(profile.requests), dtype=np.int64) * profile.period_s) // _DAY_S
    found: dict[int, float] = {}
    for number in np.unique(day):
        here = (day == number) & profile.known
        if here.any():
            found[int(number)] = float(profile.requests[here].sum()) / (int(here.sum()) * profile.period_s) * _DAY_S
    return found
