"""How sure a saving is: a block bootstrap over the days of the window.

Days are drawn with replacement in blocks of a week, since a Monday resembles the Monday before more than the Sunday
before (Politis and Romano 1992, circular block bootstrap). Lines that requests cause grow and shrink with the requests
of the days drawn; the others stay. Not in the interval: prices, and whether the future is like the window.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import numpy as np

from k2cr_analysis.assessment.result import Cost
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.observed import IntArray
from k2cr_analysis.queries import Daily

RESAMPLES = 2000
BLOCK_DAYS = 7
MIN_DAYS = 14  # two weeks: with fewer, one draw is much like the next, and the interval would flatter
LEVEL = (2.5, 97.5)
_SEED = 20260101


def saving_interval(
    cost: Cost, shape: ServiceShape, timeline: InstanceTimeline, daily: Daily | None
) -> tuple[Decimal, Decimal] | None:
    """95 % interval of ``saving_month``; None without requests on at least two weeks of days."""
    if cost.saving_month is None or cost.cloud_run_month is None or daily is None or daily.requests is None:
        return None
    requests = daily.requests[~np.isnan(daily.requests)]
    if len(requests) < MIN_DAYS or requests.sum() == 0:
        return None
    factors = requests[_draws(len(requests))].mean(axis=1) / requests.mean()
    low, high = np.percentile(factors, LEVEL)
    moving = moving_month(cost, shape, timeline)
    return cost.saving_month - moving * _change(high), cost.saving_month - moving * _change(low)


def _change(factor: float) -> Decimal:
    """The relative change of traffic, to a fixed number of digits so that every machine prints the same."""
    return Decimal(f"{factor - 1:.6f}")


def moving_month(cost: Cost, shape: ServiceShape, timeline: InstanceTimeline) -> Decimal:
    """The part of Cloud Run's month that follows the requests."""
    if shape.billing == "instance":
        if timeline.running_instance_s == 0:
            return Decimal(0)
        kept = min(timeline.idle_min_instance_s / timeline.running_instance_s, Decimal(1))
        return (cost.cloud_run_month or Decimal(0)) * (1 - kept)
    return sum((item.amount for item in cost.cloud_run_items if "Min Instance" not in item.sku), Decimal(0))


@cache
def _draws(days: int) -> IntArray:
    """Indices of the days drawn, int64[RESAMPLES, days]: the same for every workload, so that sums stay comparable."""
    generator = np.random.default_rng(_SEED)
    blocks = -(-days // BLOCK_DAYS)
    starts = generator.integers(0, days, size=(RESAMPLES, blocks, 1))
    drawn: IntArray = (starts + np.arange(BLOCK_DAYS)).reshape(RESAMPLES, -1)[:, :days] % days
    return drawn
