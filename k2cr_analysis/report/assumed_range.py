"""Prices at an assumed range of traffic, for workloads whose requests nobody counted: manifests alone give these."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config import AssumedTraffic
from k2cr_analysis.config.settings import Config
from k2cr_analysis.errors import UsageError

LATENCY_MS = 100.0  # of a request, where [traffic.assumed] says no other

Assess = Callable[[Config], list[Assessment]]


@dataclass(frozen=True, slots=True)
class AssumedMonth:
    """What a workload without counted requests would cost a month on Cloud Run, at each of the assumed rates."""

    id: str
    cluster: int
    months: tuple[Decimal | None, ...]
    gke_month: Decimal | None


@dataclass(frozen=True, slots=True)
class AssumedRange:
    """``rates``: requests a second, from the least to the most; ``middle``: the assessment at the one between."""

    rates: tuple[float, ...]
    latency_ms: float
    currency: str
    workloads: tuple[AssumedMonth, ...]
    middle: list[Assessment]


def without_requests(workloads: Sequence[WorkloadAssessment]) -> list[WorkloadAssessment]:
    """The services that have no price on Cloud Run since nobody counted their requests."""
    services = [w for w in workloads if w.fit.moves and w.fit.target == "service" and w.measured.traffic is None]
    return [w for w in services if w.cost is None or w.cost.cloud_run_month is None]


def parse_rates(text: str) -> tuple[float, ...]:
    """``0.1:10`` as (0.1, 1, 10); ``2`` as (2,). UsageError for anything else."""
    try:
        ends = [float(part) for part in text.split(":")]
    except ValueError:
        ends = []
    if not ends or len(ends) > 2 or not all(0 < end < math.inf for end in ends) or ends != sorted(ends):
        raise UsageError(
            ref="not-a-range-of-rates",
            found=f"--assume-rps {text}",
            expected="requests a second, above 0: one number, or the least and the most, such as 0.1:10",
        )
    if len(set(ends)) == 1:
        return (ends[0],)
    return (ends[0], float(f"{math.sqrt(ends[0] * ends[1]):.3g}"), ends[1])


def over_range(assess: Assess, config: Config, rates: Sequence[float]) -> AssumedRange:
    """The assessment at each rate. Measured traffic stays as it is; other keys of ``[traffic.assumed]`` do too."""
    known = config.assumed_traffic or AssumedTraffic(rates[0], LATENCY_MS)
    at_each = [assess(replace(config, assumed_traffic=replace(known, requests_per_s=rate))) for rate in rates]
    middle = at_each[len(rates) // 2]
    found = []
    for number, assessed in enumerate(middle):
        others = [{w.id: w for w in one[number].workloads} for one in at_each]
        for one in assessed.workloads:
            traffic = one.measured.traffic
            if one.fit.moves and one.fit.target == "service" and traffic is not None and traffic.source == "assumed":
                costs = [other[one.id].cost for other in others]
                months = tuple(cost.cloud_run_month if cost else None for cost in costs)
                found.append(AssumedMonth(one.id, number, months, one.cost.gke_attributed_month if one.cost else None))
    return AssumedRange(tuple(rates), known.latency_ms, middle[0].bill.currency, tuple(found), middle)
