"""A month within few requests is what the replay of every request gives."""

from __future__ import annotations

import numpy as np
import pytest

from k2cr_analysis.latency.month.month import month_of
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.simulator.service import ServiceConfig


def day_and_night(rate: float, period_s: float, swing: float = 0.7, days: int = 7) -> Load:
    at = np.arange(round(days * 86400 / period_s)) * period_s / 86400
    expected = rate * period_s * (1 + swing * np.sin(2 * np.pi * at))
    return Load(np.random.default_rng(7).poisson(expected), period_s, rate * 730 * 3600)


@pytest.mark.parametrize(
    ("rate", "period_s", "service"),
    [
        (6.0, 60.0, {"service_s": 0.17, "cpu_s": 0.11, "concurrency": 5, "startup_s": 0.3}),
        (4.0, 3600.0, {"service_s": 0.3, "cpu_s": 0.05, "concurrency": 80, "startup_s": 4.0}),
        (5.0, 300.0, {"service_s": 0.1, "cpu_s": 0.05, "concurrency": 1, "startup_s": 1.0}),
    ],
)
def test_levels_give_what_every_request_gives(rate, period_s, service):
    config = ServiceConfig(service_distribution="lognormal", service_cv=1.2, max_instances=1000, **service)
    load = day_and_night(rate, period_s)
    whole, levels = month_of(load, config, 9, requests=1e9), month_of(load, config, 1, requests=1.2e6)
    assert "every request" in whole.method
    assert "levels" in levels.method
    assert float(levels.timeline.active_instance_s) == pytest.approx(float(whole.timeline.active_instance_s), rel=0.03)
    assert levels.quantile_s(0.99) == pytest.approx(whole.quantile_s(0.99), rel=0.1)
    assert levels.quantile_s(0.5) == pytest.approx(whole.quantile_s(0.5), rel=0.03)
    assert float(levels.timeline.mean_instances) == pytest.approx(float(whole.timeline.mean_instances), rel=0.08)
    assert levels.weight.sum() == pytest.approx(1.0)


def test_a_quiet_service_is_replayed_until_its_cold_starts_are_known():
    load = Load(np.random.default_rng(1).poisson(0.005 * 900, 2880), 900.0, 0.005 * 730 * 3600)
    config = ServiceConfig(service_s=0.1, cpu_s=0.02, startup_s=9.0)
    ratios = [month_of(load, config, seed, requests=200_000).cold_start_ratio for seed in (1, 2, 3)]
    assert max(ratios) / min(ratios) < 1.1
    assert ratios[0] == pytest.approx(np.exp(-0.005 * 900), rel=0.15)


def test_days_stand_for_the_window_where_the_budget_covers_a_week_of_them():
    load = day_and_night(1.0, 900.0, days=30)
    days = load.days(load.requests.sum() / 3)
    assert len(days.requests) == 10 * 96
    assert days.rates_per_s.mean() == pytest.approx(load.rates_per_s.mean(), rel=0.01)
    assert load.days(1e9) is load
    assert load.days(86400) is None


def test_what_is_turned_away_is_known():
    load = Load(np.full(24 * 7, 200 * 3600), 3600.0, 200.0 * 730 * 3600)
    config = ServiceConfig(service_s=0.05, cpu_s=0.05, max_instances=4)
    month = month_of(load, config, 1, requests=300_000)
    assert month.rejected_ratio == pytest.approx(0.6, abs=0.05)
