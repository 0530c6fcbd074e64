"""The compiled simulator against a second one in plain Python, request by request, on the same draws."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.latency.kernels.state import CHUNK
from k2cr_analysis.latency.load.arrivals import Arrivals, counted, modulated, poisson
from k2cr_analysis.latency.simulator.engine import Engine
from k2cr_analysis.latency.simulator.service import ServiceConfig
from tests.latency.mixtures import mixture
from tests.latency.reference_simulator import Outcome, ReferenceSimulator, calls_of

FEWER = CHUNK - 12  # so many latencies stand in one chunk, in the order of departure
SHARED = {"concurrency": 8, "cpu_cores": 1.0, "service_s": 0.4, "cpu_s": 0.3, "startup_s": 2.0}
TABLE = np.sort(np.random.default_rng(5).lognormal(-1.5, 0.8, 64))


def compiled(arrivals: Arrivals, service: ServiceConfig, seed: int, requests: int | None) -> Outcome:
    engine = Engine(service, seed, requests, 9, short_cut=False)
    for block in arrivals.blocks:
        engine.feed(block)
    engine.drain(arrivals.ends_at())
    totals = engine.totals()._asdict()
    served = totals.pop("served")
    return Outcome(latencies_s=list(engine._chunk.took_s[:served]), **totals, **calls_of(engine._state.calls))


def assert_the_same(arrivals: Arrivals, service: ServiceConfig, seed: int = 3, requests: int | None = None) -> Outcome:
    found = compiled(arrivals, service, seed, requests)
    expected = ReferenceSimulator(service, seed).run(arrivals, requests)
    assert found.latencies_s == pytest.approx(expected.latencies_s, rel=1e-7, abs=1e-9)
    for name, value in asdict(expected).items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-7, abs=1e-6), name
    return expected


SERVICES = {
    "several instances share CPU": dict(**SHARED, max_instances=6, min_instances=2),
    "they share two vCPUs": dict(SHARED, cpu_cores=2.0, max_instances=6),
    "all of the service time is CPU": dict(SHARED, cpu_s=0.4, max_instances=9, service_distribution="lognormal"),
    "a fleet that grows and shrinks": dict(SHARED, idle_s=15.0, startup_s=1.0, window_s=20.0),
    "one request an instance": dict(SHARED, concurrency=1, max_instances=400, idle_s=3.0, startup_s=0.5),
    "starts take as long as they please": dict(
        SHARED, startup_distribution="exponential", idle_s=5.0, max_instances=40
    ),
    "requests wait and give up": dict(SHARED, concurrency=2, max_instances=3, pending_timeout_s=1.5),
    "requests wait for ever": dict(SHARED, concurrency=2, max_instances=2, pending_timeout_s=math.inf),
    "no request waits": dict(SHARED, concurrency=3, max_instances=3, pending_timeout_s=0.0),
    "boost": dict(SHARED, boosted_cpu_cores=2.0, boost_s=6.0, idle_s=10.0),
    "recycled": dict(SHARED, life_s=12.0, min_instances=2, max_instances=8),
    "recycled while requests wait": dict(SHARED, concurrency=2, life_s=5.0, max_instances=3, pending_timeout_s=20.0),
    "per request": dict(SHARED, concurrency=4, scaling="per-request", max_instances=30, idle_s=20.0),
    "by concurrency alone": dict(SHARED, target_cpu=math.inf, target_concurrency=0.3, max_instances=50),
    "a measured distribution": dict(SHARED, service_distribution="table", service_table_s=TABLE),
    "half a vCPU": dict(SHARED, concurrency=1, cpu_cores=0.5, boosted_cpu_cores=2.0, boost_s=3.0, idle_s=4.0),
}
BURSTS = modulated(np.array([4.0, 30.0, 1.0, 0.0, 60.0, 2.0, 12.0]), 6.0)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("load", ["steady", "bursts", "counts"])
def test_request_by_request_as_in_plain_python(name, load):
    service = ServiceConfig(**SERVICES[name])
    if load == "steady":
        assert_the_same(poisson(14.0), service, requests=FEWER)
    elif load == "bursts":
        assert_the_same(BURSTS, service, requests=FEWER)
    else:
        assert_the_same(counted(np.array([0, 80, 3, 240, 0, 0, 30, 90]), 7.0), service)


@settings(max_examples=60, deadline=None)
@given(
    minimum=st.integers(0, 3),
    more=st.integers(1, 12),
    concurrency=st.sampled_from([1, 2, 5, 40]),
    cores=st.sampled_from([1.0, 2.0, 4.0]),
    cpu_share=st.sampled_from([0.0, 0.3, 1.0]),
    idle_s=st.sampled_from([0.0, 2.0, 30.0]),
    startup_s=st.sampled_from([0.0, 0.7, 8.0]),
    pending_timeout_s=st.sampled_from([0.0, 1.0, math.inf]),
    life_s=st.sampled_from([10.0, math.inf]),
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=8),
    seed=st.integers(0, 2**32),
)
def test_any_service_and_any_load_as_in_plain_python(minimum, more, cpu_share, cores, counts, seed, **rest):
    service = ServiceConfig(
        min_instances=minimum, max_instances=minimum + more, cpu_s=0.5 * cpu_share, service_s=0.5, cpu_cores=cores,
        boosted_cpu_cores=2 * cores, boost_s=4.0, **rest,
    )  # fmt: skip
    assert_the_same(counted(np.array(counts), 5.0), service, seed)


def test_more_instances_than_ages_and_words_are_kept_for():
    """The ages of instances are counted anew, slots are added, and the idle ones fill several words of bits."""
    service = ServiceConfig(
        **dict(SHARED, concurrency=1, max_instances=1000, idle_s=0.2, startup_s=1.0, window_s=2.0, tick_s=1.0)
    )
    found = assert_the_same(counted(np.array([125, 0, 0, 0, 0, 0] * 4), 1.0), service)
    assert found.instance_starts > 256


def test_without_events_as_in_plain_python():
    service = ServiceConfig(
        service_s=1.0, cpu_s=0.2, cpu_cores=0.5, concurrency=1, startup_s=0.5, startup_distribution="exponential",
        idle_s=4.0, max_instances=9, scaling="per-request",
    )  # fmt: skip
    for rate, expected_rejected in ((2.0, 0), (12.0, 50)):
        engine = Engine(service, 8, FEWER, 9, short_cut=True)
        for block in poisson(rate).blocks:
            engine.feed(block)
        engine.drain(0.0)
        expected = ReferenceSimulator(service, 8).run(poisson(rate), FEWER)
        totals = engine.totals()
        assert sorted(engine._chunk.took_s[: totals.served]) == pytest.approx(sorted(expected.latencies_s), rel=1e-9)
        for name in ("requests", "rejected", "cold_starts", "instance_starts", "instance_stops"):
            assert getattr(totals, name) == getattr(expected, name), name
        for name in ("simulated_s", "live_s", "active_s", "in_flight_s", "starting_s", "billed_request_s"):
            assert getattr(totals, name) == pytest.approx(getattr(expected, name), rel=1e-9), name
        assert totals.billed_instance_s == pytest.approx(expected.billed_instance_s, rel=1e-9)
        assert expected.rejected >= expected_rejected


@pytest.mark.parametrize("seed", range(40))
def test_whatever_a_service_is_set_to_as_in_plain_python(seed):
    """Little is left out of a mixture: recycling, boosts, no idle time, few or many instances, either scaling."""
    arrivals, given_, requests = mixture(seed)
    service = ServiceConfig(**given_)
    found, expected = compiled(arrivals, service, 3, requests), ReferenceSimulator(service, 3).run(arrivals, requests)
    # Where all requests are alike some leave at one instant, in any order.
    assert sorted(found.latencies_s) == pytest.approx(sorted(expected.latencies_s), rel=1e-7, abs=1e-9)
    for name, value in asdict(expected).items():
        if name != "latencies_s":
            assert getattr(found, name) == pytest.approx(value, rel=1e-7, abs=1e-6), name


def test_an_instance_that_replaces_a_recycled_one_counts_against_the_most():
    """Per request: at its minimum, which is its most, the service starts another only where one has gone."""
    service = ServiceConfig(
        service_s=3.0, service_distribution="table", service_table_s=np.array([1.0, 2.0, 6.0]), cpu_s=0.0,
        concurrency=2, min_instances=3, max_instances=3, startup_s=2.5, startup_distribution="exponential",
        idle_s=1.5, life_s=5.0, scaling="per-request",
    )  # fmt: skip
    found = assert_the_same(counted(np.array([3, 12, 0, 12, 12, 1, 40, 2]), 2.5), service)
    assert found.rejected > 0


def test_an_instance_that_starts_was_not_used_a_moment_ago():
    """Whoever stood in its place before was idle until it was recycled; the new one has not been used."""
    service = ServiceConfig(
        service_s=0.2, cpu_s=0.0, service_distribution="constant", concurrency=1, min_instances=2, max_instances=4,
        startup_s=4.0, life_s=5.0, window_s=6.0, tick_s=6.0,
    )  # fmt: skip
    assert_the_same(counted(np.array([0, 0, 0, 0, 1, 0, 0, 0]), 1.0), service)


def test_the_last_of_a_run_lives_on_with_and_without_events():
    """With no idle time it would end with the last request: a departure goes first, and the run is over."""
    service = ServiceConfig(service_s=1.0, concurrency=1, startup_s=0.0, idle_s=0.0, scaling="per-request")
    ended = []
    for short_cut in (False, True):
        engine = Engine(service, 8, 50, 9, short_cut=short_cut)
        for block in poisson(2.0).blocks:
            engine.feed(block)
        engine.drain(0.0)
        ended.append((engine.totals().instance_stops, round(engine.totals().billed_instance_s, 6)))
    assert ended[0] == ended[1]
