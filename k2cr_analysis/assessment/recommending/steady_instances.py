"""Instances of what has no requests: worker pools run all the time, jobs as long as they were seen to run.

An instance of a job is billed for a minute at least (https://cloud.google.com/run/pricing), so the runs that the
schedule asks for take so many minutes a month, however short they are.
"""

from __future__ import annotations

from decimal import Decimal

from k2cr_analysis.config import AssumedTraffic
from k2cr_analysis.config.ranges import WEEKDAYS
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.schedule import runs_per_month
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.billing import SECONDS_PER_MONTH
from k2cr_analysis.platforms.cloud_run.billing import LEAST_BILLED_S

_ZERO = Decimal(0)


def running_timeline(instances: Decimal) -> InstanceTimeline:
    """A month in which ``instances`` (a mean) run all the time, or jobs that add up to as much."""
    return InstanceTimeline(
        requests=_ZERO,
        active_instance_s=_ZERO,
        starting_instance_s=_ZERO,
        stopping_instance_s=_ZERO,
        idle_min_instance_s=_ZERO,
        running_instance_s=instances * SECONDS_PER_MONTH,
        instance_starts=_ZERO,
        mean_instances=instances,
    )


def mean_instances(workload: Workload, usage: WorkloadUsage | None) -> Decimal | None:
    """Instances that run on average: as measured; for a worker pool else as the manifest asks; None where unknown."""
    if usage is not None and usage.mean_pods is not None:
        return max(Decimal(repr(round(usage.mean_pods, 6))), _least_of_job(workload))
    if workload.batch is not None:
        return None
    # How many an autoscaler runs is up to the work that waits, which only usage shows.
    if workload.autoscaler is not None:
        return None
    return Decimal(1 if workload.replicas is None else workload.replicas)  # one, where no number is written


def _least_of_job(workload: Workload) -> Decimal:
    """Mean instances of a CronJob whose tasks all end within the minute that each of them is billed for."""
    batch = workload.batch
    if batch is None or batch.schedule is None or batch.suspend:
        return _ZERO
    runs = runs_per_month(batch.schedule) or _ZERO
    tasks = batch.completions or batch.parallelism or 1
    return runs * tasks * LEAST_BILLED_S / SECONDS_PER_MONTH


def assumed_profile(assumed: AssumedTraffic) -> TrafficProfile:
    """``[traffic.assumed]`` as a week, even over the hours that it names; its source says "assumed"."""
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    import numpy as np

    hours = 168
    first, _, last = (assumed.days or "Mon-Sun").partition("-")
    days = range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)
    opens, closes = (int(clock[:2]) for clock in (assumed.hours or "00:00-24:00").split("-"))
    start, zone = datetime(2026, 1, 5, tzinfo=UTC), ZoneInfo(assumed.timezone or "UTC")
    local = [(start + timedelta(hours=hour)).astimezone(zone) for hour in range(hours)]
    comes = np.array([at.weekday() in days and opens <= at.hour < closes for at in local])
    return TrafficProfile(
        start=start,  # a Monday; the date says nothing beyond the weekday
        period_s=3600,
        requests=np.where(comes, round(assumed.requests_per_s * 3600), 0).astype(np.int64),
        known=np.ones(hours, dtype=np.bool_),
        latency_bounds_ms=None,
        latency_counts=None,
        latency_mean_ms=assumed.latency_ms,
        error_ratio=None,
        response_bytes=None,
        source="assumed",
    )
