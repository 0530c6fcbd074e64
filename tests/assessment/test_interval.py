"""How sure a saving is: batch means against what is known of means, and the laws that it keeps."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from k2cr_analysis.assessment.recommending.interval import day_changes, interval_of
from k2cr_analysis.assessment.result import Cost
from k2cr_analysis.model.cloud_run import ContainerShape, InstanceTimeline, ServiceShape
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.queries import Daily

SHAPES = {
    target: ServiceShape(
        target, {"app": ContainerShape(Decimal(1), 2**29)}, 80, 0, 10, "request" if target == "service" else None, "gen2"
    )
    for target in ("service", "job", "worker-pool")
}  # fmt: skip
TIMELINE = InstanceTimeline(*(Decimal(1) for _ in InstanceTimeline.__dataclass_fields__))


def lines(moving, fixed=0):
    return (
        LineItem("Services CPU", Decimal(1), "vcpu_s", Decimal(moving), "USD"),
        LineItem("Services Min Instance CPU", Decimal(1), "vcpu_s", Decimal(fixed), "USD"),
        LineItem("Cloud Scheduler jobs", Decimal(1), "schedule_month", Decimal("0.1"), "USD"),
    )


def cost(moving, fixed=0, gke=100):
    items = lines(moving, fixed)
    return Cost("USD", (), items, Decimal(gke), None, sum(i.amount for i in items), None)


def days(requests=None, cpu=None):
    count = len(requests if requests is not None else cpu)
    as_array = [None if v is None else np.asarray(v, dtype=np.float64) for v in (requests, cpu)]
    return Daily(tuple(date(2026, 3, 2) + timedelta(days=n) for n in range(count)), *as_array)


def draws(requests, moving=50, target="service", **more):
    return day_changes(cost(moving, **more), SHAPES[target], TIMELINE, days(requests))


def width(interval):
    return float(interval[1] - interval[0])


def test_days_that_do_not_hang_together_give_the_interval_of_a_mean():
    """Independent days of variance s2: the mean of n has a deviation of s / sqrt(n), and 95 % are 1.96 of it each way."""
    windows = np.random.default_rng(5).normal(1000, 300, (60, 280))
    found = np.mean([width(interval_of(Decimal(50), [draws(requests)])) for requests in windows])
    assert found == pytest.approx(2 * 1.96 * 50 * 0.3 / np.sqrt(280), rel=0.25)


def test_weeks_that_are_all_alike_leave_no_doubt():
    low, high = interval_of(Decimal(50), [draws([5, 5, 5, 5, 5, 1, 1] * 4)])
    assert high - low < Decimal("0.01")


def test_what_the_requests_do_not_cause_stays():
    requests = np.random.default_rng(6).gamma(2, 500, 28)
    one, other = (interval_of(Decimal(50), [draws(requests, fixed=f)]) for f in (0, 1000))
    assert one == other


def test_the_saving_lies_inside():
    low, high = interval_of(Decimal(50), [draws(np.random.default_rng(7).gamma(2, 500, 30))])
    assert low < 50 < high


def test_workloads_that_are_busy_on_other_days_make_each_other_surer():
    rng = np.random.default_rng(8)
    parts = [draws(rng.gamma(2, 500, 56)) for _ in range(8)]
    alone = sum(width(interval_of(Decimal(50), [part])) for part in parts)
    assert width(interval_of(Decimal(400), parts)) < 0.7 * alone


def test_workloads_that_are_busy_on_the_same_days_do_not():
    requests = np.random.default_rng(9).gamma(2, 500, 56)
    alone = interval_of(Decimal(50), [draws(requests)])
    twice = interval_of(Decimal(100), [draws(requests), draws(2 * requests)])
    assert width(twice) == pytest.approx(2 * width(alone), rel=1e-4)


def test_a_job_follows_the_cpu_that_its_runs_used():
    cpu = np.random.default_rng(10).gamma(2, 1, 28)
    found = day_changes(cost(50), SHAPES["job"], TIMELINE, days(cpu=cpu))
    assert interval_of(Decimal(50), [found]) is not None


NO_INTERVAL = {
    "27 days": (np.ones(27), "service"),
    "28 days of which one is unknown": ([np.nan, *np.ones(27)], "service"),
    "no request at all": (np.zeros(30), "service"),
    "a worker pool runs, whatever comes": (np.ones(30), "worker-pool"),
    "a job without usage": (np.ones(30), "job"),
}


@pytest.mark.parametrize(("requests", "target"), NO_INTERVAL.values(), ids=NO_INTERVAL)
def test_what_cannot_be_told_has_no_interval(requests, target):
    assert draws(requests, target=target) is None
    assert interval_of(Decimal(1), []) is None


def test_days_without_data_are_left_out_and_do_not_count_as_quiet():
    requests = np.random.default_rng(11).gamma(9, 100, 61)
    holed = requests.copy()
    holed[[3, 17]] = np.nan
    whole, part = (width(interval_of(Decimal(50), [draws(r)])) for r in (requests, holed))
    assert part == pytest.approx(whole, rel=0.35)


def test_the_same_days_give_the_same_interval():
    requests = np.random.default_rng(12).gamma(2, 500, 30)
    assert interval_of(Decimal(50), [draws(requests)]) == interval_of(Decimal(50), [draws(requests.copy())])


def test_without_a_saving_there_is_nothing_to_be_sure_of():
    no_bill = Cost("USD", (), lines(5), None, None, Decimal(5), None)
    assert day_changes(no_bill, SHAPES["service"], TIMELINE, days(np.ones(30))) is None
    assert day_changes(cost(5), SHAPES["service"], TIMELINE, None) is None
