"""Many configurations at once: the same money as hour by hour, and as one shape by itself."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.errors import InputError
from k2cr_analysis.model.cloud_run import ContainerShape, ServiceShape
from k2cr_analysis.model.prices import PriceBook, Tariff
from k2cr_analysis.pricing.cloud_run.lower_bound import HourlyWork, grid_months
from k2cr_analysis.pricing.cloud_run.one_shape import Demand, cost_of_shape

BOOK = PriceBook.embedded()
CUDS = ("none", "run-1y", "flex-3y")
HOURS_OF_MONTH = 730


def shape(cpu, gib, concurrency, least, billing):
    containers = {"app": ContainerShape(Decimal(str(cpu)), int(gib * 2**30))}
    return ServiceShape("service", containers, concurrency, least, 100, billing, "gen2", cpu_boost=False)


shapes = st.builds(
    shape,
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from([0.5, 1, 2, 4]),
    st.sampled_from([1, 2, 10, 80, 250]),
    st.integers(0, 5),
    st.sampled_from(["request", "instance"]),
)
hours = st.lists(st.integers(0, 10**6), min_size=1, max_size=30)
times = st.sampled_from([0.1, 0.4, 3.6, 30.0])


def hour_by_hour(requests, service_s, one, tariff):
    """Brute force, in the words of the rules."""
    rate = {m: float(tariff.price(m).rate) for m in ("run.request.cpu.active", "run.request.memory.active", "run.request.cpu.idle", "run.request.memory.idle", "run.request.count", "run.instance.cpu", "run.instance.memory")}  # fmt: skip
    cores, gib, total = float(one.cpu_cores), one.memory_bytes / 2**30, 0.0
    for x in requests:
        active = x * service_s / one.concurrency
        kept = 3600 * one.min_instances
        if one.billing == "instance":
            total += max(active, kept) * (cores * rate["run.instance.cpu"] + gib * rate["run.instance.memory"])
            continue
        total += active * (cores * rate["run.request.cpu.active"] + gib * rate["run.request.memory.active"])
        total += max(kept - active, 0) * (cores * rate["run.request.cpu.idle"] + gib * rate["run.request.memory.idle"])
        total += x * rate["run.request.count"]
    return total * HOURS_OF_MONTH / len(requests)


@settings(max_examples=150, deadline=None)
@given(hours, times, st.lists(shapes, min_size=1, max_size=6), st.sampled_from(CUDS))
def test_it_is_what_brute_force_gives(requests, service_s, several, cud):
    tariff = Tariff(BOOK, "asia-northeast1", cud)
    work = HourlyWork.of(np.array([requests, requests[::-1]], dtype=float), np.array([service_s, service_s]))
    expected = [hour_by_hour(requests, service_s, one, tariff) for one in several]
    found = grid_months(work, several, tariff)
    np.testing.assert_allclose(found, [expected, expected], rtol=1e-9, atol=1e-9)


@given(st.integers(0, 10**6), st.decimals("0.1", "9.9", places=1), shapes, st.sampled_from(CUDS))
def test_even_traffic_is_one_shape_by_itself(an_hour, service_s, one, cud):
    work = HourlyWork.of(np.full((1, HOURS_OF_MONTH), float(an_hour)), np.array([float(service_s)]))
    demand = Demand(Decimal(an_hour * HOURS_OF_MONTH), service_s, one.concurrency, one.min_instances)
    alone = cost_of_shape(
        tuple(one.containers.values()), demand, "europe-west3", billing=one.billing, cud=cud, with_free_tier=False
    )
    found = grid_months(work, [one], Tariff(BOOK, "europe-west3", cud))[0, 0]
    assert found == pytest.approx(float(alone.gross_month), rel=1e-9, abs=1e-9)


@given(hours, hours, times, shapes)
def test_more_requests_never_cost_less(requests, more, service_s, one):
    several = np.zeros((2, max(len(requests), len(more))))
    several[0, : len(requests)] = requests
    several[1] = several[0]
    several[1, : len(more)] += more
    found = grid_months(HourlyWork.of(several, np.array([service_s] * 2)), [one], Tariff(BOOK, "us-central1"))
    assert found[0, 0] <= found[1, 0] * (1 + 1e-12) + 1e-12


def test_without_a_price_there_is_no_grid():
    work = HourlyWork.of(np.ones((1, 1)), np.ones(1))
    with pytest.raises(InputError, match="no-price"):
        grid_months(work, [shape(1, 1, 1, 0, "request")], Tariff(BOOK, "nowhere"))
