"""What its age brings to an instance: more CPU at first, and an end after its time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from k2cr_analysis.errors import UsageError
from k2cr_analysis.latency.load.arrivals import ArrivalBlock, Arrivals, poisson
from k2cr_analysis.latency.simulator.one_service import simulate as with_options
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.latency.simulator.simulate import simulate

WORK = {"service_s": 4.0, "cpu_s": 4.0, "service_distribution": "constant", "startup_s": 1.0, "max_instances": 1}


def instants(*at: float) -> Arrivals:
    times = np.array(at, dtype=np.float64)
    return Arrivals([ArrivalBlock(times, times, np.ones(len(times), np.int64), np.zeros(len(times)))])


@pytest.mark.parametrize(
    ("boosted", "boost_s", "mean_s"),
    [
        (None, 10.0, 9.0),  # ready at 1; both share one vCPU until 9
        (2.0, 10.0, 5.0),  # a vCPU each
        (2.0, 2.0, 7.0),  # a vCPU each for 2 s, then half of one for the 2 s of work left
    ],
)
def test_requests_share_the_boosted_cpu_for_its_time(boosted, boost_s, mean_s):
    service = ServiceConfig(**WORK, boosted_cpu_cores=boosted, boost_s=boost_s)
    assert simulate(instants(0.0, 0.0), service).mean_s.value == pytest.approx(mean_s)


def test_half_a_vcpu_is_slow_once_the_boost_is_over():
    service = ServiceConfig(**{**WORK, "startup_s": 0.0}, cpu_cores=0.5, concurrency=1, boosted_cpu_cores=2.0)
    run = simulate(instants(0.0, 100.0), service)
    assert run.mean_s.value == pytest.approx((4.0 + 8.0) / 2)


def test_a_recycled_instance_finishes_its_request_and_gets_no_more():
    service = ServiceConfig(
        service_s=4.0, cpu_s=0.0, service_distribution="constant", startup_s=1.0, life_s=3.0, max_instances=2
    )
    run = simulate(instants(0.0, 3.5, 4.5), service)  # retires at 4, ends at 7.5; the other one at 9.5
    assert (run.instance_starts, run.cold_starts, run.instance_stops) == (2, 2, 2)
    assert run.mean_s.value == pytest.approx((5.0 + 4.0 + 5.0) / 3)


def test_a_kept_instance_is_replaced_when_it_is_recycled():
    service = ServiceConfig(min_instances=1, max_instances=1, startup_s=1.0, service_s=0.1, cpu_s=0.0, life_s=100.0)
    run = simulate(poisson(0.5), service, seed=2, requests=10_000)
    assert run.instance_starts == pytest.approx(run.simulated_s / 101.0, rel=0.02)
    assert run.served + run.rejected == 10_000
    assert run.mean_instances == pytest.approx(1.0, abs=0.01)


def test_a_request_that_waits_for_the_one_recycled_instance_is_served_by_the_next():
    service = ServiceConfig(
        service_s=5.0, cpu_s=0.0, service_distribution="constant", concurrency=1, startup_s=1.0, life_s=2.0,
        max_instances=1, pending_timeout_s=math.inf,
    )  # fmt: skip
    run = simulate(instants(0.0, 2.0), service)  # the first leaves at 6; another instance is ready at 7
    assert (run.served, run.instance_starts) == (2, 2)
    assert run.mean_s.value == pytest.approx((6.0 + 10.0) / 2)


@pytest.mark.parametrize("life", ["inf", "5m"])
def test_recycling_costs_starts_and_little_s_law_holds(life):
    run = with_options(20.0, requests=200_000, recycle=life, cpu_boost=True, startup="1s")
    assert run.served == 200_000
    assert run.served / run.simulated_s * run.mean_s.value == pytest.approx(run.mean_in_flight, rel=1e-6)
    assert (run.instance_starts > 50) == (life == "5m")


def test_bursts_have_their_mean_rate_and_make_the_tail_longer():
    calm = with_options(10.0, requests=100_000, max_instances=1)
    bursts = with_options(1.0, burst="91,30s,270s", requests=1_000_000, max_instances=1)
    assert bursts.requests / bursts.simulated_s == pytest.approx(10.0, rel=0.2)
    assert bursts.p99_s.value > 2 * calm.p99_s.value


def test_a_lower_target_holds_more_instances():
    by_target = [
        with_options(40.0, requests=200_000, target_cpu=cpu, target_concurrency=0).mean_instances for cpu in (0.8, 0.4)
    ]
    assert by_target[0] == pytest.approx(40 * 0.05 / 0.8, rel=0.25)
    assert by_target[1] == pytest.approx(40 * 0.05 / 0.4, rel=0.25)


@pytest.mark.parametrize(
    "wrong",
    [
        {"burst": "50,30s"}, {"burst": "x,30s,1m"}, {"burst": "50,0s,1m"}, {"target_cpu": 0.05}, {"target_cpu": 0.93},
        {"target_cpu": 0, "target_concurrency": 0}, {"recycle": "-1s"},
    ],
    ids=str,
)  # fmt: skip
def test_a_word_that_is_not_right_is_named(wrong):
    with pytest.raises(UsageError):
        with_options(10.0, **wrong)
