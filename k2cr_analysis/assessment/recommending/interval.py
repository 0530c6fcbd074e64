"""How sure a saving is: batch means over the weeks of the window.

A month's traffic is a mean over days that hang together: weekdays differ, a busy week is followed by a busy one, and
now and then there is a spike. The window is cut into weeks, whose means are nearly independent, and the interval is
Student's for their mean (Schmeiser 1982, method of batch means). It is wider where one week resembles the next, and
on the side of spikes where days are skew. How alike weeks are is told by themselves, of which there are few, and by
how long a busy day lasts: by the correlation of one day and the next, without their weekdays, both without their
bias. Lines that work causes grow and shrink with the days: with their requests, or, for a job, with the CPU that its
runs used; the others stay. All workloads of a snapshot see the same days, so the saving of a set has an interval of
its own, narrower than the sum of its parts' where not all of them are busy on the same days. What is not known of a
service's start is in it too (:mod:`ranges`). Not in the interval: prices, and whether the future is like the window.
How often it holds the truth is measured on made-up series (``tests/assessment/test_coverage.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from k2cr_analysis.assessment.result import Cost, Ranges
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.queries import Daily

WEEK_DAYS = 7
MIN_DAYS = 4 * WEEK_DAYS  # with fewer weeks nobody knows how much weeks differ: then it is a range
MOST_ALIKE_DAYS = 0.95
MOST_CORRELATED = 0.7  # of one week and the next: beyond, a window of weeks tells next to nothing
# Student's 97.5 % quantile by degrees of freedom, from 1; beyond the table by Cornish and Fisher's expansion.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)
_NORMAL = 1.959964
_FOLLOWS_WORK = ("vcpu_s", "gib_s", "gpu_s", "request", "secret_access")


@dataclass(frozen=True, slots=True, eq=False)
class DayChanges:
    """The part of a month that follows the work, and how far the work of each day is from the mean, float64[days].

    NaN where a day is unknown. ``less``, ``more``: by what a start that takes otherwise lowers or raises the saving.
    """

    moving_month: Decimal
    changes: FloatArray
    less: Decimal = Decimal(0)
    more: Decimal = Decimal(0)


def day_changes(
    cost: Cost | None,
    shape: ServiceShape | None,
    timeline: InstanceTimeline | None,
    daily: Daily | None,
    ranges: Ranges | None = None,
) -> DayChanges | None:
    """What the days make of a workload's cost; None without work that was seen on at least ``MIN_DAYS``.

    ``ranges``: what its start may make of the cost.
    """
    work = _work(cost, shape, timeline, daily)
    if work is None or cost is None or shape is None or timeline is None or _known(work) < MIN_DAYS:
        return None
    less, more = Decimal(0), Decimal(0)
    if ranges is not None and cost.cloud_run_month is not None:
        less = max(ranges.cost_month[1] - cost.cloud_run_month, Decimal(0))
        more = max(cost.cloud_run_month - ranges.cost_month[0], Decimal(0))
    return DayChanges(moving_month(cost, shape, timeline), work / np.nanmean(work) - 1, less, more)


def range_of_weeks(daily: Daily | None) -> tuple[float, float] | None:
    """The least and the most that a week's requests were of the mean; None without two whole weeks of them."""
    if daily is None or daily.requests is None or not np.nansum(daily.requests):
        return None
    days = daily.requests[np.isfinite(daily.requests)]
    if len(days) < 2 * WEEK_DAYS:
        return None
    weeks = _weeks(days) / days.mean()
    return float(weeks.min()), float(weeks.max())


def _work(
    cost: Cost | None, shape: ServiceShape | None, timeline: InstanceTimeline | None, daily: Daily | None
) -> FloatArray | None:
    if cost is None or shape is None or timeline is None or daily is None or cost.saving_month is None:
        return None
    work = {"service": daily.requests, "job": daily.cpu_mean_cores}.get(shape.target)
    return None if work is None or not np.nansum(work) else work


def _known(work: FloatArray) -> int:
    return int(np.isfinite(work).sum())


def joined(parts: Iterable[DayChanges]) -> DayChanges | None:
    """The days of a set as those of one workload; None of none.

    Days of different snapshots are taken as they come: what is alike in them is not known.
    """
    found = list(parts)
    if not found:
        return None
    longest = max(len(part.changes) for part in found)
    moved, seen = np.zeros(longest), np.zeros(longest, dtype=bool)
    for part in found:
        days = len(part.changes)
        moved[:days] += float(part.moving_month) * np.nan_to_num(part.changes)
        seen[:days] |= np.isfinite(part.changes)
    moved[~seen] = np.nan
    # Starts are off together, since they come from the same measurements; from the days they are independent.
    less, more = (sum(ends, Decimal(0)) for ends in ((p.less for p in found), (p.more for p in found)))
    return DayChanges(Decimal(1), moved, less, more)


def interval_of(saving_month: Decimal, parts: Iterable[DayChanges]) -> tuple[Decimal, Decimal] | None:
    """95 % interval of a saving that rests on ``parts``; None where there are none."""
    whole = joined(parts)
    if whole is None:
        return None
    cheaper, dearer = _half_widths(whole.changes[np.isfinite(whole.changes)])
    dearer, cheaper = math.hypot(dearer, float(whole.less)), math.hypot(cheaper, float(whole.more))
    return saving_month - _decimal(dearer), saving_month + _decimal(cheaper)


def _half_widths(days: FloatArray) -> tuple[float, float]:
    """How far the mean may be below and above that of these days."""
    weeks = _weeks(days)
    count, apart = len(weeks), weeks - weeks.mean()
    squares = float((apart * apart).sum())
    if squares <= 0:
        return 0.0, 0.0
    by_weeks = max(float((apart[1:] * apart[:-1]).sum()) / squares + 1 / count, 0.0)
    correlated = min((by_weeks + 2 * _of_weeks(_of_days(days))) / 3, MOST_CORRELATED)
    deviation = (squares / (count - 1) / count * (1 + correlated) / (1 - correlated)) ** 0.5
    width = _student(count - 1) * deviation
    skew = min(max(_skewness(days), -3.0), 3.0) * 2 / count
    return width * (1 + max(-skew, 0.0)), width * (1 + max(skew, 0.0))


def _of_days(days: FloatArray) -> float:
    """Correlation of a day and the next one, without their weekdays; spikes count as far as usual days reach."""
    rest = _without_weekdays(days)
    usual = 1.4826 * float(np.median(np.abs(rest)))
    if usual > 0:
        rest = np.clip(rest, -4 * usual, 4 * usual)
    rest = rest - rest.mean()
    squares = float((rest * rest).sum())
    if squares <= 0:
        return 0.0
    found = float((rest[1:] * rest[:-1]).sum()) / squares
    return min(max(found + (1 + 4 * found) / len(days), 0.0), MOST_ALIKE_DAYS)


def _of_weeks(of_days: float) -> float:
    """Correlation of the mean of a week and of the next, where that of days falls by this factor a day."""
    both = of_days * ((1 - of_days**WEEK_DAYS) / (1 - of_days)) ** 2
    return both / (WEEK_DAYS + 2 * sum((WEEK_DAYS - lag) * of_days**lag for lag in range(1, WEEK_DAYS)))


def _student(freedom: int) -> float:
    if freedom <= len(_STUDENT):
        return _STUDENT[freedom - 1]
    z = _NORMAL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _weeks(days: FloatArray) -> FloatArray:
    """Means of the window's whole weeks, its last days first: float64[weeks]."""
    count = len(days) // WEEK_DAYS
    found: FloatArray = days[-count * WEEK_DAYS :].reshape(count, WEEK_DAYS).mean(axis=1)
    return found


def _skewness(days: FloatArray) -> float:
    """Of the days without their weekday's usual height."""
    rest = _without_weekdays(days)
    rest = rest - rest.mean()
    variance = float((rest * rest).mean())
    return float((rest**3).mean()) / variance**1.5 if variance > 0 else 0.0


def _without_weekdays(days: FloatArray) -> FloatArray:
    weekday = np.arange(len(days)) % WEEK_DAYS
    usual = np.array([np.median(days[weekday == n]) for n in range(WEEK_DAYS)])
    rest: FloatArray = days - usual[weekday]
    return rest


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
