"""How sure a saving is: a block bootstrap over the days of the window.

Days are drawn with replacement in blocks of a week, since a Monday resembles the Monday before more than the Sunday
before (Politis and Romano 1992, circular block bootstrap). Lines that work causes grow and shrink with the days drawn:
with their requests, or, for a job, with the CPU that its runs used; the others stay. All workloads of a snapshot see
the same days drawn, so the saving of a set has an interval of its own, narrower than the sum of its parts' where not
all of them are busy on the same days. Not in the interval: prices, and whether the future is like the window.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import numpy as np

from k2cr_analysis.assessment.result import Cost
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.queries import Daily

RESAMPLES = 2000
BLOCK_DAYS = 7
MIN_DAYS = 14  # two weeks: with fewer, one draw is much like the next, and the interval would flatter
LEVEL = (2.5, 97.5)
_SEED = 20260101
_FOLLOWS_WORK = ("vcpu_s", "gib_s", "gpu_s", "request", "secret_access")


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """The part of a month that follows the work, and the relative change of the work in each draw, float64[draws]."""

    moving_month: Decimal
    changes: FloatArray


def saving_draws(
    cost: Cost | None, shape: ServiceShape | None, timeline: InstanceTimeline | None, daily: Daily | None
) -> Draws | None:
    """What the days drawn make of a workload's cost; None without work that was seen on at least two weeks of days."""
    if cost is None or shape is None or timeline is None or daily is None or cost.saving_month is None:
        return None
    work = {"service": daily.requests, "job": daily.cpu_mean_cores}.get(shape.target)
    if work is None or int(np.isfinite(work).sum()) < MIN_DAYS or np.nansum(work) == 0:
        return None
    means = np.nanmean(work[_draws(len(work))], axis=1)
    # To a fixed number of digits, so that every machine prints the same.
    return Draws(moving_month(cost, shape, timeline), np.round(means / np.nanmean(work) - 1, 6))


def interval_of(saving_month: Decimal, parts: Iterable[Draws]) -> tuple[Decimal, Decimal] | None:
    """95 % interval of a saving that rests on ``parts``; None where there are none.

    Draws of different snapshots are taken as they come: what is alike in their days is not known.
    """
    found = list(parts)
    if not found:
        return None
    if len(found) == 1:
        low, high = np.percentile(found[0].changes, LEVEL)
        moving = found[0].moving_month
        return saving_month - moving * _decimal(high), saving_month - moving * _decimal(low)
    moved = np.sum([float(part.moving_month) * part.changes for part in found], axis=0)
    low, high = np.percentile(moved, LEVEL)
    return saving_month - _decimal(high), saving_month - _decimal(low)


def _decimal(number: float) -> Decimal:
    return Decimal(f"{number:.6f}")


def moving_month(cost: Cost, shape: ServiceShape, timeline: InstanceTimeline) -> Decimal:
    """The part of Cloud Run's month that follows the work: not what min instances, secrets and schedules cost."""
    lines = (i for i in cost.cloud_run_items if i.unit in _FOLLOWS_WORK and "Min Instance" not in i.sku)
    month = sum((line.amount for line in lines), Decimal(0))
    if shape.billing == "instance":
        if timeline.running_instance_s == 0:
            return Decimal(0)
        kept = min(timeline.idle_min_instance_s / timeline.running_instance_s, Decimal(1))
        return month * (1 - kept)
    return month


@cache
def _draws(days: int) -> IntArray:
    """Indices of the days drawn, int64[RESAMPLES, days]: the same for all workloads of a snapshot."""
    generator = np.random.default_rng(_SEED)
    blocks = -(-days // BLOCK_DAYS)
    starts = generator.integers(0, days, size=(RESAMPLES, blocks, 1))
    drawn: IntArray = (starts + np.arange(BLOCK_DAYS)).reshape(RESAMPLES, -1)[:, :days] % days
    return drawn
