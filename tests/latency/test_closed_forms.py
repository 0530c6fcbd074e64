"""Closed forms against published tables (Erlang) and values computed independently to eight digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from k2cr_analysis.latency import closed_forms as forms

ERLANG = [  # a, c, B, C, mean wait / S, wait p95 / S, wait p99 / S
    (0.5, 1, 0.33333333, 0.50000000, 1.00000000, 4.605170, 7.824046),
    (1, 2, 0.20000000, 0.33333333, 0.33333333, 1.897120, 3.506558),
    (2, 3, 0.21052632, 0.44444444, 0.44444444, 2.184802, 3.794240),
    (5, 8, 0.07004785, 0.16726651, 0.05575550, 0.402522, 0.939001),
    (10, 12, 0.11973919, 0.44938822, 0.22469411, 1.097932, 1.902651),
    (50, 60, 0.02166847, 0.11730206, 0.01173021, 0.085273, 0.246217),
    (80, 100, 0.00399203, 0.01964643, 0.00098232, 0, 0.033766),
    (200, 220, 0.01104162, 0.10938048, 0.00546902, 0.039140, 0.119612),
]


@pytest.mark.parametrize(("a", "c", "b", "waits", "wait", "p95", "p99"), ERLANG)
def test_erlang_formulas_give_the_published_table(a, c, b, waits, wait, p95, p99):
    assert forms.erlang_b(a, c) == pytest.approx(b, abs=6e-9)
    assert forms.erlang_c(a, c) == pytest.approx(waits, abs=6e-9)
    assert forms.mmc_mean_wait_ratio(a, c) == pytest.approx(wait, abs=6e-9)
    assert forms.mmc_wait_quantile_ratio(a, c, 0.95) == pytest.approx(p95, abs=6e-7)
    assert forms.mmc_wait_quantile_ratio(a, c, 0.99) == pytest.approx(p99, abs=6e-7)


def test_erlang_b_of_thousands_of_servers_does_not_overflow():
    assert 0.0 < forms.erlang_b(5000.0, 5000) < 0.02


def test_an_overloaded_queue_waits_for_ever():
    assert forms.erlang_c(3.0, 2) == 1.0
    assert math.isinf(forms.mmc_mean_wait_ratio(3.0, 2))
    assert math.isinf(forms.mmc_wait_quantile_ratio(2.0, 2, 0.5))


@pytest.mark.parametrize(
    ("a", "c", "capacity", "lost", "mean", "sojourn"),
    [
        (0.8, 1, 10, 2.34928576e-02, 2.96631427, 3.79709750),
        (1.6, 2, 20, 2.58857601e-03, 4.23160597, 2.65161765),
        (3.2, 4, 8, 6.07284564e-02, 3.78470117, 1.25918764),
    ],
)
def test_finite_queue(a, c, capacity, lost, mean, sojourn):
    assert forms.mmck(a, c, capacity) == pytest.approx((lost, mean, sojourn), rel=1e-8)


@pytest.mark.parametrize(
    ("rho", "c", "mean"),
    [
        (0.5, 1, 2.0),
        (0.7, 1, 3.33333333),
        (0.9, 1, 10.0),
        (0.6, 2, 1.5625),
        (0.8, 2, 2.77777778),
        (0.6, 4, 1.17940199),
        (0.8, 4, 1.74554059),
        (0.6, 8, 1.04360692),
        (0.8, 8, 1.28602808),
    ],
)
def test_processor_sharing_mean(rho, c, mean):
    assert forms.ps_mean_sojourn_ratio(rho * c, c) == pytest.approx(mean, rel=1e-8)
    assert forms.alone_s(mean, rho, c) == pytest.approx(1.0, rel=1e-8)


@pytest.mark.parametrize(("rho", "std"), [(0.5, 2.581989), (0.7, 4.803845), (0.8, 7.637626), (0.9, 16.236883)])
def test_processor_sharing_standard_deviation(rho, std):
    assert forms.ps_sojourn_std_ratio(rho) == pytest.approx(std, abs=1e-6)


@pytest.mark.parametrize(
    ("rho", "c", "arrival_cv2", "service_cv2", "kingman", "allen_cunneen", "sakasegawa"),
    [
        (0.7, 1, 1, 4, 5.833333, 5.833333, 5.833333),
        (0.8, 1, 4, 1, 10.0, 10.0, 10.0),
        (0.8, 4, 1, 4, None, 1.863851, 1.928873),
        (0.9, 4, 4, 4, None, 7.877533, 7.962686),
        (0.8, 10, 2, 0.5, None, 0.255738, 0.274310),
    ],
)
def test_general_queues(rho, c, arrival_cv2, service_cv2, kingman, allen_cunneen, sakasegawa):
    if kingman is not None:
        assert forms.kingman_wait_ratio(rho, arrival_cv2, service_cv2) == pytest.approx(kingman, abs=1e-6)
    assert forms.allen_cunneen_wait_ratio(rho * c, c, arrival_cv2, service_cv2) == pytest.approx(
        allen_cunneen, abs=1e-6
    )
    assert forms.sakasegawa_wait_ratio(rho, c, arrival_cv2, service_cv2) == pytest.approx(sakasegawa, abs=1e-6)


@pytest.mark.parametrize(
    ("rate", "service_s", "idle_s", "cold"),
    [
        (1 / 3600, 0.2, 900, 7.78757518e-01),
        (1 / 600, 0.2, 900, 2.23055796e-01),
        (1 / 300, 1, 900, 4.96213878e-02),
        (0.01, 2, 300, 4.88012184e-02),
    ],
)
def test_cold_start_probability_at_a_constant_rate(rate, service_s, idle_s, cold):
    assert forms.cold_start_probability(rate, service_s, idle_s) == pytest.approx(cold, rel=1e-8)


@pytest.mark.parametrize(
    ("mean", "swing", "idle_s", "starts"),
    [(0.002, 0.9, 900, 22.18286488), (0.005, 0.9, 900, 12.54043853), (0.01, 0.9, 300, 48.49133693)],
)
def test_cold_starts_of_a_day_with_a_rhythm(mean, swing, idle_s, starts):
    minute = (np.arange(1440) + 0.5) / 1440
    rates = mean * (1 + swing * np.sin(2 * np.pi * minute))
    assert forms.cold_starts_of_varying_rate(rates, 60.0, idle_s).sum() == pytest.approx(starts, rel=1e-4)


@pytest.mark.parametrize(
    ("rate", "warm_s", "cold_s", "idle_s", "rejected", "cold", "idle"),
    [
        (0.5, 1, 3, 4, 0.38850460, 0.08275690, 0.52873850),
        (0.01, 0.2, 3, 300, 0.00338256, 0.04961866, 0.94699878),
        (0.1, 0.5, 2.5, 60, 0.04806850, 0.00235960, 0.94957190),
    ],
)
def test_one_instance_without_a_queue(rate, warm_s, cold_s, idle_s, rejected, cold, idle):
    loss = forms.single_instance_loss(rate, warm_s, cold_s, idle_s)
    assert loss == pytest.approx((rejected, cold, rejected, idle), abs=6e-9)


@pytest.mark.parametrize(("a", "busy"), [(0.02, 0.01980133), (0.2, 0.18126925), (1, 0.63212056), (4, 0.98168436)])
def test_active_time_of_one_instance(a, busy):
    assert forms.busy_probability(a) == pytest.approx(busy, abs=6e-9)
    assert forms.instances_at_work(a, 1, 10**6) == pytest.approx((busy, 1.0 - busy), abs=1e-8)


def test_one_request_an_instance_sets_one_to_work_each():
    assert forms.instances_at_work(7.5, 3, 1) == pytest.approx((7.5, 1.0))


@pytest.mark.parametrize(
    ("a", "kept", "concurrency"), [(0.3, 1, 80), (3.0, 2, 80), (3.0, 2, 2), (40.0, 12, 4), (900.0, 300, 80)]
)
def test_instances_at_work_are_those_of_a_simulated_crowd(a, kept, concurrency):
    draw = np.random.default_rng(5)
    crowd = draw.poisson(a, 400_000)
    at_work = np.maximum(np.minimum(crowd, kept), np.ceil(crowd / concurrency))
    assert forms.instances_at_work(a, kept, concurrency).mean == pytest.approx(at_work.mean(), rel=0.01)


@pytest.mark.parametrize(("mean", "step"), [(0.05, 0.1), (0.4, 0.1), (30.0, 0.1)])
def test_rounding_up_costs_half_a_step_of_long_times_and_more_of_short_ones(mean, step):
    times = np.random.default_rng(6).exponential(mean, 400_000)
    assert forms.rounded_up_s(mean, step) == pytest.approx(float((np.ceil(times / step) * step).mean()), rel=0.01)
    assert forms.rounded_up_s(0.0, step) == step
