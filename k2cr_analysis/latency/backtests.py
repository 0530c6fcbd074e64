"""Predictions beside what was measured in public on Cloud Run: hits, and misses, which stay.

Only what a source gives both the inputs and the result of is here. Starts: each benchmark against the ranges that the
other ones give. Loads: one instance under an open load; what the model is given is the lightest step, and the part of a
request that needs a vCPU is not told there, so it is taken from none to all that is above the quickest request.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass

from k2cr_analysis.latency.load.arrivals import poisson
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.latency.simulator.simulate import simulate
from k2cr_analysis.latency.start_priors import StartPrior, measured_starts, pooled, priors, unknown
from k2cr_analysis.latency.startup import seen_by_probe_ms
from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.resources import bundled

_Z95 = 1.644854
_LEAST_CPU = 0.01


@dataclass(frozen=True, slots=True)
class BackTest:
    """``low`` to ``high``: predicted; ``high`` infinite: the load cannot be served. In ``unit``."""

    what: str
    given: str
    unit: str
    low: float
    high: float
    measured: float
    source: str

    @property
    def is_hit(self) -> bool:
        return self.low <= self.measured <= self.high


def backtests(requests: int = 100_000, seed: int = 3) -> tuple[BackTest, ...]:
    """All of them; ``requests`` simulated for each load."""
    return (*held_out_starts(), *other_starts(), *loads(requests, seed))


def held_out_starts() -> Iterator[BackTest]:
    """Each measured start against the range that the other sources alone give."""
    rows = measured_starts()
    for row in rows:
        others = pooled([other for other in rows if other.source != row.source])
        prior = others.get(row.runtime, unknown())
        yield BackTest(
            what=f"start, {row.runtime}{', ' + row.framework if row.framework else ''}",
            given="the runtime; the other benchmarks",
            unit="s",
            low=prior.low_ms / 1000.0,
            high=prior.high_ms / 1000.0,
            measured=row.median_s,
            source=row.source,
        )


def other_starts() -> Iterator[BackTest]:
    """Single starts of a benchmark that the ranges do not rest on, through its own start-up probe."""
    for row in _rows("starts.csv"):
        prior: StartPrior = priors().get(row["runtime"], unknown())
        probe = CloudRunProbe("tcp", 1, None, (), None, 0, int(row["probe_period_s"]), 1, 3)
        low, high = (seen_by_probe_ms(ms, probe) / 1000.0 for ms in (prior.low_ms, prior.high_ms))
        yield BackTest(
            what=f"start, {row['runtime']}{', ' + row['framework'] if row['framework'] else ''}",
            given=f"the runtime; a start-up probe every {row['probe_period_s']} s",
            unit="s",
            low=low,
            high=high,
            measured=float(row["measured_s"]),
            source=row["source"],
        )


def loads(requests: int, seed: int) -> Iterator[BackTest]:
    """p95 of one instance under a load, from what the same instance did at 20 requests a second."""
    for row in _rows("loads.csv"):
        mean_s, p95_s, least_s = (float(row[f"at_20_{name}_ms"]) / 1000.0 for name in ("mean", "p95", "least"))
        ends = [
            _p95_ms(row, mean_s, _variation(mean_s, p95_s), cpu_s, requests, seed)
            for cpu_s in (_LEAST_CPU * mean_s, mean_s - least_s)
        ]
        yield BackTest(
            what=f"p95 at {row['rate']} requests/s, {row['runtime']}",
            given=f"mean, p95 and least at 20 requests/s; {row['cpu']} vCPU, {row['concurrency']} places, one instance",
            unit="ms",
            low=min(ends),
            high=max(ends),
            measured=float(row["p95_ms"]),
            source=row["source"],
        )


def _p95_ms(row: dict[str, str], mean_s: float, cv: float, cpu_s: float, requests: int, seed: int) -> float:
    service = ServiceConfig(
        service_s=mean_s,
        cpu_s=cpu_s,
        service_distribution="lognormal",
        service_cv=cv,
        cpu_cores=float(row["cpu"]),
        concurrency=int(row["concurrency"]),
        min_instances=1,
        max_instances=1,
    )
    run = simulate(poisson(float(row["rate"])), service, seed=seed, requests=requests)
    if run.rejected or run.p95_s is None:
        return math.inf
    return run.p95_s.value * 1000.0


def _variation(mean_s: float, p95_s: float) -> float:
    """Coefficient of variation of the lognormal with this mean and p95: the smaller root of its equation."""
    excess = 2.0 * math.log(max(p95_s / mean_s, 1.0))
    sigma = _Z95 - math.sqrt(max(_Z95**2 - excess, 0.0))
    return math.sqrt(math.expm1(sigma**2))


def _rows(name: str) -> list[dict[str, str]]:
    text = bundled("data", "backtests", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
