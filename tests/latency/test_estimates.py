"""Intervals: they cover, also where requests are not independent."""

from __future__ import annotations

import math

import numpy as np
import pytest

from k2cr_analysis.latency import closed_forms as forms
from k2cr_analysis.latency.load.arrivals import poisson
from k2cr_analysis.latency.simulator.estimates import LatencyRecord, half_width, student_quantile
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.latency.simulator.simulate import simulate


@pytest.mark.parametrize(
    ("degrees", "exact"), [(3, 3.182446), (7, 2.364624), (15, 2.131450), (31, 2.039513), (60, 2.000298)]
)
def test_student_quantile(degrees, exact):
    assert student_quantile(0.975, degrees) == pytest.approx(exact, rel=5e-3)


def test_intervals_of_a_correlated_queue_cover_the_exact_mean():
    service = ServiceConfig(
        service_s=1.0, cpu_s=1.0, concurrency=1000, min_instances=1, max_instances=1, pending_timeout_s=math.inf
    )
    exact = forms.ps_mean_sojourn_ratio(0.7, 1)
    runs = [simulate(poisson(0.7), service, seed=seed, requests=60_000) for seed in range(100)]
    covered = sum(run.mean_s.low <= exact <= run.mean_s.high for run in runs)
    assert covered >= 88  # 95 expected


def test_intervals_of_a_quantile_cover_it():
    service = ServiceConfig(
        service_s=1.0, cpu_s=0.0, concurrency=1000, min_instances=1, max_instances=1, pending_timeout_s=math.inf
    )
    runs = [simulate(poisson(2.0), service, seed=seed, requests=20_000) for seed in range(100)]
    assert sum(run.p95_s.low <= math.log(20) <= run.p95_s.high for run in runs) >= 88
    assert sum(run.p50_s.low <= math.log(2) <= run.p50_s.high for run in runs) >= 88


def test_few_batches_have_no_interval():
    assert half_width(np.ones(7), np.ones(7)) is None
    assert half_width(np.ones(8), np.ones(8)) == pytest.approx(0.0)


def test_a_quantile_lies_between_the_least_and_the_most_that_was_seen():
    record = LatencyRecord(
        edges_s=np.array([1.0, 2.0]), counts=np.array([[5]]), sums_s=np.array([6.0]), sizes=np.array([5]),
        least_s=1.2, most_s=1.2,
    )  # fmt: skip
    assert [estimate.value for estimate in record.quantiles((0.01, 0.5, 0.99))] == [1.2, 1.2, 1.2]
