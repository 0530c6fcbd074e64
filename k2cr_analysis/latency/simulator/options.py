"""The words of ``k2cr simulate``'s options as numbers."""

from __future__ import annotations

import math
from pathlib import Path

from k2cr_analysis.errors import UsageError
from k2cr_analysis.latency.load.arrivals import ArrivalSource, Mmpp, poisson
from k2cr_analysis.latency.load.arrivals_file import FileArrivals
from k2cr_analysis.model.duration import duration_s

DEFAULT_REQUESTS = 1_000_000
DEFAULT_CPU_S = 0.05
LEAST_TARGET = 0.1


def seconds_of(text: str, option: str) -> float:
    """Seconds of a duration; 0 needs no unit, and inf has none. [s]"""
    word = text.strip().lower()
    if word in ("inf", "infinity"):
        return math.inf
    if word == "0":
        return 0.0
    return float(duration_s(text, option))


def mean_service_s(service_time: str, cpu_time: str | None) -> tuple[float, float]:
    """Mean service time and its CPU part: 50 ms where nothing is said, or all of a shorter service time. [s]"""
    service_s = seconds_of(service_time, "--service-time")
    return service_s, min(DEFAULT_CPU_S, service_s) if cpu_time is None else seconds_of(cpu_time, "--cpu-time")


def target_share(share: float, option: str, most: float) -> float:
    """What the autoscaler aims at; infinite where it does not look at it. Cloud Run takes 10 % and more."""
    if share == 0.0:
        return math.inf
    if not LEAST_TARGET <= share <= most:
        raise UsageError(
            ref="target-out-of-range", found=f"{option} {share:g}", expected=f"{LEAST_TARGET:g} to {most:g}, or 0: off"
        )
    return share


def arrival_source(
    rate_per_s: float | None, path: Path | None, burst: str | None = None, seed: int = 1
) -> ArrivalSource:
    """The arrivals: a Poisson process, with bursts or without, or a file; exactly one of the two."""
    if path is not None and rate_per_s is None and burst is None:
        return FileArrivals(path)
    if rate_per_s is None or path is not None:
        raise UsageError(
            ref="rate-or-arrivals",
            found="no --rate" if path is None else "--arrivals beside --rate or --burst",
            expected="--rate, with --burst or without, or --arrivals",
        )
    if not 0.0 < rate_per_s < math.inf:
        raise UsageError(ref="rate-not-positive", found=f"--rate {rate_per_s:g}", expected="requests a second, above 0")
    return poisson(rate_per_s) if burst is None else _bursts(rate_per_s, burst, seed)


def _bursts(rate_per_s: float, burst: str, seed: int) -> Mmpp:
    parts = [part.strip() for part in burst.split(",")]
    try:
        rate, holds, comes = parts
        times_s = (seconds_of(comes, "--burst"), seconds_of(holds, "--burst"))
        rates = (rate_per_s, float(rate))
    except ValueError:
        rates, times_s = (rate_per_s, math.nan), (math.nan, math.nan)
    if not (0.0 <= rates[1] < math.inf and all(0.0 < time_s < math.inf for time_s in times_s)):
        raise UsageError(
            ref="not-a-burst", found=f'--burst "{burst}"', expected="a rate, how long, how long until: 50,30s,10m"
        )
    return Mmpp(rates, (1.0 / times_s[0], 1.0 / times_s[1]), seed)


def request_limit(requests: str | None, rate_per_s: float | None) -> int | None:
    """How many requests end the run; None: the end of the file does."""
    if requests is None:
        return None if rate_per_s is None else DEFAULT_REQUESTS
    try:
        count = float(requests)
    except ValueError:
        count = math.nan
    if not (1.0 <= count < 2.0**53 and count == int(count)):
        raise UsageError(ref="not-a-count", found=f'--requests "{requests}"', expected="a whole number, 1 or more")
    return int(count)
