"""The search: the cheapest that meets the limits, as trying everything at full length would find it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from k2cr_analysis.config import Objectives
from k2cr_analysis.latency.load.histogram import exponential_sample_ms
from k2cr_analysis.latency.load.service_time import ServiceTime, service_on
from k2cr_analysis.latency.month.month import month_of
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.month.store import MonthStore
from k2cr_analysis.latency.search.bounds import instances_with_room, least_timeline
from k2cr_analysis.latency.search.grid import concurrencies_for, grid
from k2cr_analysis.latency.search.limits import Limits, limits_of
from k2cr_analysis.latency.search.search import QUICKER, Demand, recommend
from k2cr_analysis.model.cloud_run import ContainerShape, InstanceTimeline, Quantiles, ServiceShape

SAMPLE = exponential_sample_ms(80.0)
SERVICE = ServiceTime(SAMPLE, SAMPLE, 10**6, 0.04, ())
STARTUP_S = 2.0


def shape(cpu: str) -> ServiceShape:
    return ServiceShape("service", {"web": ContainerShape(Decimal(cpu), 2**29)}, 80, 0, 1, "request", "gen2")


def load(rate: float, days: int = 7) -> Load:
    draw = np.random.default_rng(3)
    hours = np.arange(days * 24)
    requests = draw.poisson(rate * 3600 * (1 + 0.8 * np.sin(hours / 24 * 2 * np.pi)))
    return Load(requests, 3600.0, rate * 730 * 3600)


def cost(shape: ServiceShape, timeline: InstanceTimeline) -> Decimal:
    """A price list made up for this test: what matters is that each kind of time has a price."""
    if shape.billing == "instance":
        return shape.cpu_cores * timeline.running_instance_s * Decimal("0.000018")
    active = timeline.active_instance_s + timeline.starting_instance_s
    idle = timeline.idle_min_instance_s * Decimal("0.0000025")
    return shape.cpu_cores * (active * Decimal("0.000024") + idle) + timeline.requests * Decimal("0.0000004")


def shapes_for(rate: float) -> list[ServiceShape]:
    return list(grid([shape("1"), shape("2")], (1, 3, 10, 80), (0, 1, 2), load(rate), SERVICE))


def searched(rate: float, limits: Limits, **more):
    return recommend(
        shapes_for(rate), Demand(load(rate), SERVICE, STARTUP_S), cost=cost, limits=limits, depth=QUICKER, **more
    )


@pytest.mark.parametrize(
    ("rate", "p99_ms"), [(0.005, 600.0), (0.005, 5000.0), (0.05, 420.0), (0.05, 600.0), (8.0, 440.0), (8.0, 600.0)]
)
def test_the_search_finds_what_trying_everything_finds(rate, p99_ms):
    limits = Limits(p99_ms=p99_ms)
    found = searched(rate, limits)
    every = []
    for one in shapes_for(rate):
        month = month_of(load(rate), service_on(one, SERVICE, STARTUP_S), 1, requests=QUICKER.told).figures
        if limits.meets(month):
            every.append(min(cost(replace(one, billing=mode), month.timeline) for mode in one.billing_modes))
    assert found.met == bool(every)
    if every:
        assert float(found.best.cost_month) == pytest.approx(float(min(every)), rel=0.03)
        assert found.second is None or found.second.cost_month >= found.best.cost_month


def test_nothing_costs_less_than_its_bound():
    for rate in (0.005, 0.5, 8.0):
        for one in searched(rate, Limits()).points:
            least = cost(one.shape, least_timeline(load(rate), SERVICE, one.shape))
            assert one.cost_month >= least * Decimal("0.97"), one.shape


def test_a_limit_on_cold_starts_buys_a_min_instance():
    free, warm = searched(0.005, Limits()), searched(0.005, Limits(cold_start_ratio=0.001))
    assert free.best.shape.min_instances == 0
    assert warm.best.shape.min_instances >= 1
    assert warm.best.cost_month > free.best.cost_month
    ladder = warm.min_instance_ladder()
    assert [point.shape.min_instances for point in ladder][:2] == [0, 1]
    assert ladder[0].cold_start_ratio > ladder[1].cold_start_ratio


def test_where_nothing_meets_the_limits_the_nearest_is_taken():
    found = searched(8.0, Limits(p99_ms=1.0))
    assert not found.met
    told = [p for p in found.points if p.requests >= QUICKER.told]
    assert found.best.p99_ms <= min(p.p99_ms for p in told) * 1.02


def test_the_frontier_trades_cost_for_p99_and_prices_it():
    found = searched(0.005, Limits(p99_ms=600.0))
    costs = [point.cost_month for point in found.frontier]
    tails = [point.p99_ms for point in found.frontier]
    assert costs == sorted(costs)
    assert tails == sorted(tails, reverse=True)
    assert found.price_of_p99(600.0, 5000.0) > 0
    assert found.price_of_p99(1.0, 5000.0) is None


def test_the_same_twice_and_from_the_store(tmp_path):
    limits, store = Limits(p99_ms=600.0), MonthStore(tmp_path)
    first = searched(0.05, limits, store=store)
    (file,) = tmp_path.glob("*.json")
    kept = file.read_bytes()
    assert searched(0.05, limits, store=store) == first == searched(0.05, limits)
    assert file.read_bytes() == kept
    file.write_text("[]")
    assert searched(0.05, limits, store=store) == first


def test_the_grid_holds_only_what_cloud_run_takes_with_room_for_the_demand():
    small = list(grid([shape("0.5")], (1, 80), (0, 1), load(1.0), SERVICE))
    assert {one.concurrency for one in small} == {1}
    busy = list(grid([shape("1")], (1, 80), (0,), load(200.0), SERVICE))
    peak = float(load(200.0).rates_per_s.max())
    assert all(one.max_instances * 0.6 >= peak * SERVICE.cpu_s for one in busy)
    assert busy[0].max_instances >= peak * SERVICE.mean_s
    capped = list(grid([shape("1")], (80,), (0, 1, 5), load(200.0), SERVICE, 3))
    assert {(one.min_instances, one.max_instances) for one in capped} == {(0, 3), (1, 3)}
    assert instances_with_room(load(0.001), SERVICE, shape("1")) >= 1


def test_concurrencies_end_where_more_makes_no_difference():
    quiet = concurrencies_for(80, load(0.01), SERVICE, 1.0)
    assert quiet == (1, 2, 3, 80)
    assert 48 in concurrencies_for(40, load(500.0), replace(SERVICE, cpu_s=0.005), 1.0)


TODAY = Quantiles(50.0, 200.0, 400.0)


def test_without_objectives_it_is_not_slower_than_today():
    limits = limits_of(Objectives(), TODAY, SERVICE)
    assert (limits.p95_ms, limits.p99_ms, limits.cold_start_ratio) == (pytest.approx(220), pytest.approx(440), 0.01)
    assert "10%" in limits.said
    assert "model's own" not in limits.said


def test_where_today_is_not_measured_the_model_stands_in_and_it_is_said():
    limits = limits_of(Objectives(), Quantiles(50.0, 200.0, None), SERVICE)
    assert limits.p95_ms == pytest.approx(220)
    assert limits.p99_ms == pytest.approx(float(np.quantile(SAMPLE, 0.99)) * 1.1)
    assert "model's own for GKE" in limits.said


def test_the_team_s_objectives_hold_alone_unless_it_asks_for_both():
    assert limits_of(Objectives(p99_ms=900.0), TODAY, SERVICE).p95_ms is None
    assert limits_of(Objectives(p99_ms=900.0), TODAY, SERVICE).cold_start_ratio == 0.01
    both = limits_of(Objectives(p99_ms=900.0, slower_than_today=0.2), TODAY, SERVICE)
    assert (both.p95_ms, both.p99_ms) == (pytest.approx(240), pytest.approx(480))
    assert limits_of(Objectives(cold_start_ratio=0.2), TODAY, SERVICE).p99_ms == pytest.approx(440)
