"""The simulator against closed forms and published runs: within 1 %, or 1.5 half-widths of its own interval."""

from __future__ import annotations

import math

import pytest

from k2cr_analysis.latency import closed_forms as forms
from k2cr_analysis.latency.load.arrivals import poisson
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.latency.simulator.simulate import Run, simulate
from k2cr_analysis.latency.validation import SIMFAAS, against_ciw, against_formulas, repeated

ONE = {"min_instances": 1, "max_instances": 1, "startup_s": 0.0, "service_s": 1.0, "pending_timeout_s": math.inf}


def one_instance(rate: float, requests: int = 1_000_000, **service: object) -> Run:
    return simulate(poisson(rate), ServiceConfig(**{**ONE, **service}), seed=7, requests=requests)


def assert_near(estimate, exact, *, at_most=0.03):
    half = (estimate.high - estimate.low) / 2
    assert half <= at_most * exact
    assert abs(estimate.value - exact) <= max(0.01 * exact, 1.5 * half)


@pytest.mark.parametrize(("rate", "places"), [(0.5, 1), (1.0, 2), (5.0, 8), (10.0, 12), (50.0, 60)])
def test_places_without_cpu_are_erlang_c(rate, places):
    run = one_instance(rate, cpu_s=0.0, cpu_cores=8.0, concurrency=places)
    assert_near(run.mean_s, 1.0 + forms.mmc_mean_wait_ratio(rate, places))
    assert run.rejected == 0


@pytest.mark.parametrize("instances", [2, 8])
def test_instances_of_one_place_are_erlang_c_too(instances):
    run = one_instance(0.7 * instances, cpu_s=0.0, concurrency=1, min_instances=instances, max_instances=instances)
    assert_near(run.mean_s, 1.0 + forms.mmc_mean_wait_ratio(0.7 * instances, instances))


@pytest.mark.parametrize("distribution", ["exponential", "constant", "lognormal"])
@pytest.mark.parametrize(("rate", "places"), [(2.0, 3), (5.0, 8)])
def test_without_waiting_they_are_erlang_b_whatever_the_service_time(rate, places, distribution):
    run = one_instance(
        rate, cpu_s=0.0, concurrency=places, pending_timeout_s=0.0, service_distribution=distribution, service_cv=2.0
    )
    assert run.rejected / run.requests == pytest.approx(forms.erlang_b(rate, places), rel=0.02)


@pytest.mark.parametrize("distribution", ["exponential", "constant"])
def test_one_vcpu_is_shared_whatever_the_work(distribution):
    run = one_instance(0.7, cpu_s=1.0, concurrency=1000, service_distribution=distribution)
    assert_near(run.mean_s, forms.ps_mean_sojourn_ratio(0.7, 1))


@pytest.mark.parametrize(("cores", "rho"), [(2, 0.6), (2, 0.8), (4, 0.6), (8, 0.8)])
def test_several_vcpus_are_shared(cores, rho):
    run = one_instance(rho * cores, cpu_s=1.0, cpu_cores=float(cores), concurrency=1000)
    assert_near(run.mean_s, forms.ps_mean_sojourn_ratio(rho * cores, cores))


# Quantiles in units of the mean work, from independent runs of 8 seeds x 2.4e6 jobs, with their own intervals.
@pytest.mark.parametrize(
    ("cores", "rho", "places", "p50", "p95", "p99"),
    [
        (1, 0.5, 1000, (1.1328, 0.0016), (6.870, 0.013), (12.448, 0.050)),
        (1, 0.7, 1000, (1.6821, 0.0032), (12.117, 0.051), (23.21, 0.14)),
        (2, 0.6, 1000, (0.9540, 0.0012), (5.102, 0.005), (8.987, 0.016)),
        (4, 0.6, 1000, (0.7863, 0.0006), (3.631, 0.004), (5.856, 0.007)),
        (1, 0.8, 4, (3.009, 0.010), (16.46, 0.09), (25.30, 0.24)),
        (1, 0.8, 1, (3.470, 0.012), (14.98, 0.10), (23.08, 0.25)),
    ],
)
def test_quantiles_of_shared_vcpus(cores, rho, places, p50, p95, p99):
    run = one_instance(rho * cores, 3_000_000, cpu_s=1.0, cpu_cores=float(cores), concurrency=places)
    for estimate, (value, half) in zip((run.p50_s, run.p95_s, run.p99_s), (p50, p95, p99), strict=True):
        own = (estimate.high - estimate.low) / 2
        assert abs(estimate.value - value) <= 1.5 * (own + half) + 0.003 * value


def test_what_needs_no_cpu_is_not_slowed_down():
    run = one_instance(5.0, service_s=1.0, cpu_s=0.1, concurrency=1000, service_distribution="constant")
    sharing = 0.1 * forms.ps_mean_sojourn_ratio(0.5, 1)
    assert_near(run.mean_s, 0.9 + sharing)


@pytest.mark.parametrize(
    ("rate", "service_s", "idle_s"), [(1 / 300, 1.0, 900.0), (0.01, 2.0, 300.0), (0.05, 5.0, 20.0)]
)
@pytest.mark.parametrize("distribution", ["exponential", "constant"])
def test_one_instance_for_all_is_cold_after_an_idle_time(rate, service_s, idle_s, distribution):
    service = ServiceConfig(
        service_s=service_s,
        cpu_s=0.0,
        concurrency=1000,
        startup_s=0.0,
        idle_s=idle_s,
        service_distribution=distribution,
    )
    run = simulate(poisson(rate), service, seed=3, requests=400_000)
    exact = forms.cold_start_probability(rate, service_s, idle_s)
    assert run.cold_starts / run.requests == pytest.approx(exact, abs=4 * math.sqrt(exact / run.requests))
    assert run.cold_starts == run.instance_starts
    assert run.mean_active_instances == pytest.approx(forms.busy_probability(rate * service_s), rel=0.03)


@pytest.mark.parametrize("case", SIMFAAS, ids=lambda case: case.name)
def test_published_runs_of_simfaas(case):
    assert [c for c in repeated(case, 32_000_000, 11) if not c.agrees] == []


def test_a_queue_without_a_formula_is_as_ciw_has_it():
    pytest.importorskip("ciw", reason="ciw comes with the extra `bench`")
    found = against_ciw(customers=12_000)
    assert len(found) == 3
    assert [c for c in found if not c.agrees] == []
    assert all(0 < c.expected_half < 0.2 * c.expected for c in found)


def test_what_the_notebook_shows_agrees_and_is_no_tautology():
    found = against_formulas(200_000, 3)
    assert [c for c in found if not c.agrees] == []
    assert all(c.simulated != c.expected for c in found)
    assert all(c.allowed < 0.2 * c.expected for c in found)
