"""The search: the cheapest that meets the objectives, as trying everything at full length would find it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from k2cr_analysis.config import Objectives
from k2cr_analysis.latency.load.histogram import exponential_sample_ms
from k2cr_analysis.latency.load.service_time import ServiceTime, service_on
from k2cr_analysis.latency.recommend import EFFORTS, cheapest_that_meets, concurrencies_near, grid, recommend
from k2cr_analysis.latency.sampled_month import Load, sampled_month
from k2cr_analysis.model.cloud_run import ContainerShape, InstanceTimeline, ServiceShape
from k2cr_analysis.model.observed import ContainerUsage, TrafficProfile, WorkloadUsage

SERVICE = ServiceTime(exponential_sample_ms(80.0), 10**6, 0.04, ())
STARTUP_S = 2.0


def shape(cpu: str) -> ServiceShape:
    return ServiceShape("service", {"web": ContainerShape(Decimal(cpu), 2**29)}, 80, 0, 100, "request", "gen2")


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


def searched(rate: float, objectives: Objectives):
    shapes = list(grid([shape("1"), shape("2")], (1, 10, 80), (0, 1, 2)))
    return shapes, recommend(shapes, load(rate), SERVICE, startup_s=STARTUP_S, cost=cost, objectives=objectives)


@pytest.mark.parametrize(
    ("rate", "p99_ms"), [(0.005, 600.0), (0.005, 5000.0), (0.05, 420.0), (0.05, 600.0), (8.0, 600.0)]
)
def test_halving_finds_what_trying_everything_finds(rate, p99_ms):
    objectives = Objectives(p99_ms=p99_ms)
    shapes, found = searched(rate, objectives)
    every = []
    for one in shapes:
        month = sampled_month(load(rate), service_on(one, SERVICE, STARTUP_S), 1, effort=EFFORTS[-1])
        if month.quantile_s(0.99) * 1000.0 <= p99_ms:
            every.append(cost(one, month.timeline))
    if not every:
        assert found.best is None
        return
    assert float(found.best.cost_month) == pytest.approx(float(min(every)), rel=0.03)
    assert found.best.meets(objectives)
    assert found.second is None or found.second.cost_month >= found.best.cost_month


@pytest.mark.parametrize(("rate", "p99_ms"), [(0.005, 600.0), (0.05, 420.0), (0.05, 600.0), (8.0, 600.0), (8.0, 1.0)])
def test_the_quick_search_finds_what_trying_everything_finds(rate, p99_ms):
    shapes = list(grid([shape("1"), shape("2")], (80, 40, 10), (0, 1, 2)))
    objectives = Objectives(p99_ms=p99_ms)
    found = cheapest_that_meets(shapes, load(rate), SERVICE, startup_s=STARTUP_S, cost=cost, objectives=objectives)
    every = []
    for one in shapes:
        month = sampled_month(load(rate), service_on(one, SERVICE, STARTUP_S), 1)
        if month.quantile_s(0.99) * 1000.0 <= p99_ms:
            every.append(cost(one, month.timeline))
    assert (found is None) == (not every)
    if found is not None:
        assert found.meets(objectives)
        assert float(found.cost_month) <= float(min(every)) * 1.05


def test_of_configurations_that_cost_alike_the_one_that_stands_first_is_taken():
    shapes = list(grid([shape("1")], (80, 40, 20), (0,), ("request",)))
    found = cheapest_that_meets(shapes, load(0.005), SERVICE, startup_s=STARTUP_S, cost=cost, objectives=Objectives())
    assert found.shape.concurrency == 80


def test_an_objective_on_cold_starts_buys_a_min_instance():
    _, free = searched(0.005, Objectives())
    _, warm = searched(0.005, Objectives(cold_start_ratio=0.001))
    assert free.best.shape.min_instances == 0
    assert warm.best.shape.min_instances >= 1
    assert warm.best.cost_month > free.best.cost_month
    ladder = warm.min_instance_ladder()
    assert [point.shape.min_instances for point in ladder] == [0, 1, 2]
    assert ladder[0].cold_start_ratio > ladder[1].cold_start_ratio


def test_the_frontier_trades_cost_for_p99_and_prices_it():
    _, found = searched(0.005, Objectives())
    costs = [point.cost_month for point in found.frontier]
    tails = [point.p99_ms for point in found.frontier]
    assert costs == sorted(costs)
    assert tails == sorted(tails, reverse=True)
    assert found.price_of_p99(600.0, 5000.0) > 0
    assert found.price_of_p99(1.0, 5000.0) is None


def test_nothing_that_meets_the_objectives_is_said_as_nothing():
    _, found = searched(8.0, Objectives(p99_ms=1.0))
    assert found.best is None
    assert found.min_instance_ladder() == ()
    assert found.points


def test_the_same_twice():
    assert searched(0.05, Objectives(p99_ms=600.0))[1] == searched(0.05, Objectives(p99_ms=600.0))[1]


def test_the_grid_holds_only_what_cloud_run_takes():
    small = list(grid([shape("0.5")], (1, 80), (0, 1)))
    assert {(one.concurrency, one.billing) for one in small} == {(1, "request")}
    few = replace(shape("1"), max_instances=1)
    assert all(one.min_instances <= 1 for one in grid([few], (80,), (0, 1, 5)))


def test_concurrency_is_suggested_from_what_a_pod_carried():
    requests = np.full(100, 6000)
    profile = TrafficProfile(
        datetime(2026, 1, 1, tzinfo=UTC), 60, requests, np.ones(100, np.bool_), None, None, 100.0, 0.0, None, "test"
    )
    usage = WorkloadUsage({"web": ContainerUsage({}, {}, 1.0, 0, 100)}, 2.0, 2, 1.0)
    assert concurrencies_near(profile, usage, 0.1) == (1, 5, 10, 20, 80)  # 100/s x 0.1 s on two pods: 5 at a time
    assert concurrencies_near(profile, None, 0.1) == (1, 10, 40, 80)
