"""Laws that hold for every run: conservation, Little, repeatability; and the order of events at one instant."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.latency.load.arrivals import ArrivalBlock, Arrivals, Mmpp, counted, modulated, poisson
from k2cr_analysis.latency.load.arrivals_file import FileArrivals
from k2cr_analysis.latency.simulator.engine import Engine
from k2cr_analysis.latency.simulator.one_service import simulate as one_service
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.latency.simulator.simulate import Run, simulate, summary_of

TRACES = sorted((Path(__file__).parents[3] / "shared/data/traces").glob("*.csv"))


def instants(*at: float) -> Arrivals:
    times = np.array(at, dtype=np.float64)
    return Arrivals([ArrivalBlock(times, times, np.ones(len(times), np.int64), np.zeros(len(times)))])


def assert_conserved(run: Run, service: ServiceConfig) -> None:
    assert run.requests == run.served + run.rejected
    assert run.cold_starts <= run.served
    assert run.mean_active_instances <= run.mean_instances * (1 + 1e-9) + 1e-12
    assert run.mean_instances <= service.max_instances * (1 + 1e-9)
    if service.scaling == "cloud-run":
        assert run.mean_instances >= service.min_instances * (1 - 1e-9)
    assert run.billable_request_s >= run.mean_active_instances * run.simulated_s * (1 - 1e-6) - 1e-6
    assert run.billable_instance_s >= run.mean_instances * run.simulated_s * (1 - 1e-6) - 1e-6
    if run.served:
        assert run.served / run.simulated_s * run.mean_s.value == pytest.approx(run.mean_in_flight, rel=1e-6)


SERVICES = st.builds(
    lambda minimum, more, **rest: ServiceConfig(min_instances=minimum, max_instances=minimum + more, **rest),
    minimum=st.integers(0, 3),
    more=st.integers(1, 90),
    service_s=st.floats(0.1, 3.0),
    cpu_s=st.floats(0.0, 0.1),
    service_distribution=st.sampled_from(["exponential", "constant", "lognormal"]),
    service_cv=st.floats(0.0, 3.0),
    cpu_cores=st.sampled_from([0.5, 1.0, 2.0, 4.0]),
    concurrency=st.sampled_from([1, 2, 7, 80]),
    startup_s=st.sampled_from([0.0, 0.5, 20.0]),
    startup_distribution=st.sampled_from(["constant", "exponential"]),
    idle_s=st.sampled_from([0.0, 1.0, 60.0, 900.0]),
    pending_timeout_s=st.sampled_from([0.0, 0.3, 10.0, math.inf]),
    scaling=st.sampled_from(["cloud-run", "per-request"]),
)
COUNTS = st.lists(st.integers(0, 400), min_size=1, max_size=30).map(lambda counts: np.array(counts, dtype=np.int64))


@settings(max_examples=150, deadline=None)
@given(service=SERVICES, counts=COUNTS, period_s=st.sampled_from([1.0, 60.0]), seed=st.integers(0, 2**32))
def test_nothing_is_lost_and_little_s_law_holds(service, counts, period_s, seed):
    run = simulate(counted(counts, period_s), service, seed=seed)
    assert run.requests == counts.sum()
    assert run.simulated_s >= len(counts) * period_s * (1 - 1e-12)
    assert_conserved(run, service)


@pytest.mark.parametrize("concurrency", [1, 80])
@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
@pytest.mark.skipif(not TRACES, reason="the real traces are not beside this checkout")
def test_real_traces_are_conserved(trace, concurrency, tmp_path):
    part = tmp_path / trace.name
    part.write_text("".join(trace.read_text().splitlines(keepends=True)[:400]))
    service = ServiceConfig(
        service_s=0.12, cpu_s=0.02, service_distribution="lognormal", service_cv=1.5, concurrency=concurrency,
        startup_s=3.0, max_instances=1000,
    )  # fmt: skip
    assert_conserved(simulate(FileArrivals(part), service, seed=2), service)


@pytest.mark.skipif(not TRACES, reason="the real traces are not beside this checkout")
def test_another_seed_stays_within_the_interval():
    trace = next(path for path in TRACES if path.stem.startswith("nasa"))
    runs = [simulate(FileArrivals(trace), ServiceConfig(), seed=seed) for seed in range(1, 7)]
    middle = float(np.mean([run.mean_s.value for run in runs]))
    inside = sum(run.mean_s.low <= middle <= run.mean_s.high for run in runs)
    assert inside >= 5


def test_equal_seeds_give_equal_runs_and_others_do_not():
    service = ServiceConfig(service_distribution="lognormal")
    first, again, other = (simulate(poisson(20.0), service, seed=seed, requests=20_000) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@settings(max_examples=25, deadline=None)
@given(counts=COUNTS, cut=st.integers(1, 29))
def test_how_arrivals_are_cut_into_blocks_is_no_matter(counts, cut):
    whole = counted(counts, 60.0)
    block = whole.blocks[0]
    cut = min(cut, len(counts))
    parts = [
        ArrivalBlock(block.start_s[part], block.end_s[part], block.count[part], block.rate_per_s[part])
        for part in (slice(0, cut), slice(cut, None))
    ]
    service = ServiceConfig(concurrency=3, cpu_cores=2.0)
    assert simulate(whole, service) == simulate(Arrivals(parts, whole.end_s), service)


@pytest.mark.parametrize(("rate", "most"), [(0.9, 1000), (5.0, 8), (0.5, 1), (150.0, 1000)])
def test_the_short_cut_gives_what_the_events_give(rate, most):
    service = ServiceConfig(
        service_s=1.0, cpu_s=0.0, concurrency=1, startup_s=0.5, startup_distribution="exponential", idle_s=20.0,
        max_instances=most, scaling="per-request",
    )  # fmt: skip
    short = simulate(poisson(rate), service, seed=9, requests=30_000)
    engine = Engine(service, 9, 30_000, 9, short_cut=False)
    for block in poisson(rate).blocks:
        engine.feed(block)
    engine.drain(0.0)
    long = summary_of(engine)
    for name in ("requests", "served", "rejected", "cold_starts", "instance_starts"):
        assert getattr(short, name) == getattr(long, name)
    for name in ("simulated_s", "mean_instances", "mean_active_instances", "mean_in_flight", "billable_request_s"):
        assert getattr(short, name) == pytest.approx(getattr(long, name), rel=1e-9)
    assert short.p99_s.value == pytest.approx(long.p99_s.value, rel=1e-9)


CONSTANT = {"service_s": 1.0, "cpu_s": 0.0, "service_distribution": "constant", "concurrency": 1, "startup_s": 0.0}


def test_a_departure_goes_before_an_arrival_at_one_instant():
    service = ServiceConfig(**CONSTANT, min_instances=1, max_instances=1, pending_timeout_s=0.0)
    assert simulate(instants(0.0, 1.0, 2.0, 3.0), service).rejected == 0
    tenths = ServiceConfig(**{**CONSTANT, "service_s": 0.1}, min_instances=1, max_instances=1, pending_timeout_s=0.0)
    assert simulate(instants(0.1, 0.2, 0.3, 0.4), tenths).rejected == 0  # 0.1 + 0.2 is a little more than 0.3
    assert simulate(instants(0.0, 0.999), service).rejected == 1


def test_min_instances_are_ready_at_time_0():
    run = simulate(instants(0.0, 0.0), ServiceConfig(**{**CONSTANT, "startup_s": 5.0}, min_instances=2))
    assert (run.cold_starts, run.instance_starts) == (0, 0)
    assert run.mean_s.value == 1.0


def test_a_request_bound_to_a_starting_instance_does_not_count_as_waiting():
    service = ServiceConfig(**{**CONSTANT, "concurrency": 2, "startup_s": 5.0}, max_instances=1, pending_timeout_s=0.0)
    run = simulate(instants(0.0, 1.0, 2.0), service)
    assert (run.served, run.rejected, run.cold_starts, run.instance_starts) == (2, 1, 2, 1)
    assert run.mean_s.value == pytest.approx((6.0 + 5.0) / 2)


@pytest.mark.parametrize(("timeout_s", "served"), [(0.0, 1), (0.05, 1), (0.4, 2), (0.5, 2), (math.inf, 3)])
def test_pending_requests_wait_at_most_the_timeout(timeout_s, served):
    service = ServiceConfig(**CONSTANT, min_instances=1, max_instances=1, pending_timeout_s=timeout_s)
    run = simulate(instants(0.0, 0.5, 0.9), service)  # the second may start at 1.0, the third at 2.0
    assert (run.served, run.rejected) == (served, 3 - served)


def test_per_request_starts_one_instance_for_each_request_without_a_place():
    service = ServiceConfig(**{**CONSTANT, "startup_s": 2.0}, max_instances=2, scaling="per-request")
    run = simulate(instants(0.0, 0.5, 0.6), service)
    assert (run.instance_starts, run.rejected, run.cold_starts) == (2, 1, 2)
    assert run.mean_s.value == pytest.approx(3.0)


def test_the_newest_idle_instance_is_used_first():
    # Two instances by 0.5; from then on one request at a time. The older one is never used again and expires.
    at = [0.0, 0.5, *np.arange(3.0, 40.0, 2.0)]
    service = ServiceConfig(**CONSTANT, idle_s=10.0, scaling="per-request")
    run = simulate(instants(*at), service)
    assert (run.instance_starts, run.instance_stops) == (2, 1)
    assert run.mean_instances * run.simulated_s == pytest.approx((1.0 + 10.0) + (run.simulated_s - 0.5))


def test_an_instance_goes_after_its_idle_time_and_the_minimum_stays():
    arrivals = Arrivals([ArrivalBlock(np.array([0.0]), np.array([100.0]), np.array([0]), np.zeros(1))], 100.0)
    kept = simulate(arrivals, ServiceConfig(min_instances=1, idle_s=10.0))
    assert kept.mean_instances == 1.0
    assert kept.idle_min_s == 100.0
    assert (kept.requests, kept.mean_s, kept.simulated_s) == (0, None, 100.0)


def test_billed_time_is_rounded_up_to_a_tenth_of_a_second_and_a_minute():
    service = ServiceConfig(**{**CONSTANT, "service_s": 0.25, "startup_s": 1.0}, idle_s=5.0)
    run = simulate(instants(0.0, 20.0), service)
    assert run.billable_request_s == pytest.approx(2 * 1.3)
    assert run.billable_instance_s == pytest.approx(60.0 + 1.25)  # the first one ended; the second lives on


def test_every_kind_of_arrivals_has_its_rate():
    rates = np.array([0.0, 20.0, 5.0])
    run = simulate(modulated(rates, 1000.0), ServiceConfig(), seed=4)
    assert run.requests == pytest.approx(25_000, abs=4 * math.sqrt(25_000))
    bursts = simulate(Mmpp((50.0, 5.0), (1 / 20, 1 / 100), 3), ServiceConfig(), seed=4, requests=200_000)
    assert bursts.requests / bursts.simulated_s == pytest.approx(12.5, rel=0.15)


def test_memory_follows_the_load_not_the_requests():
    service = ServiceConfig(concurrency=1, service_s=1.0, max_instances=500)
    engine = Engine(service, 1, 200_000, 6, short_cut=False)
    for block in poisson(150.0).blocks:
        engine.feed(block)
    engine.drain(0.0)
    assert engine.totals().requests == 200_000
    assert len(engine._state.requests) <= 4096
    assert len(engine._state.slots) <= 500


def test_a_long_queue_keeps_its_order_while_it_grows():
    service = ServiceConfig(**CONSTANT, min_instances=1, max_instances=1, pending_timeout_s=math.inf)
    run = simulate(instants(*([0.0] * 5000)), service)
    assert run.served == 5000
    assert run.mean_s.value == pytest.approx(2500.5)


def test_a_rate_alone_is_enough_to_simulate():
    run = one_service(10.0)
    assert (run.requests, run.rejected) == (1_000_000, 0)
    assert run.requests / run.simulated_s == pytest.approx(10.0, rel=0.01)
    assert 0.2 < run.mean_s.value < 2.0
    assert run == one_service(rate=10.0, requests=1_000_000)
