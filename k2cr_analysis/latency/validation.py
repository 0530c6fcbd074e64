"""The simulator against what is known: closed forms, published runs of SimFaaS, and ciw on a case without a formula.

A comparison agrees where the two differ by no more than a share of what is expected, or by 1.5 times the half-widths of
both 95 % intervals together, whichever is larger. Means and quantiles: 1 %; a share of lost requests: 2 %; published
runs and ciw, which have intervals of their own: nothing beyond the intervals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from k2cr_analysis.latency import closed_forms as forms
from k2cr_analysis.latency.load.arrivals import poisson
from k2cr_analysis.latency.simulator.estimates import Estimate, student_quantile
from k2cr_analysis.latency.simulator.service import ServiceConfig, ServiceDistribution
from k2cr_analysis.latency.simulator.simulate import Run, simulate
from k2cr_analysis.platforms.cloud_run.limits import MAX_CONCURRENCY

WITHIN_INTERVALS = 1.5
OF_MEANS, OF_LOSSES = 0.01, 0.02


@dataclass(frozen=True, slots=True)
class Comparison:
    """``expected_half``, ``simulated_half``: half of each 95 % interval, 0 where the value is exact or has none."""

    model: str
    quantity: str
    unit: str
    expected: float
    expected_half: float
    simulated: float
    simulated_half: float
    share: float  # of ``expected`` by which the two may differ in any case
    source: str

    @property
    def allowed(self) -> float:
        return max(self.share * self.expected, WITHIN_INTERVALS * (self.expected_half + self.simulated_half))

    @property
    def agrees(self) -> bool:
        return abs(self.simulated - self.expected) <= self.allowed


def against_formulas(requests: int = 1_000_000, seed: int = 7) -> tuple[Comparison, ...]:
    """Erlang B and C, shared vCPUs of one and of several instances, one with expiry; ``requests`` arrivals each."""
    return (
        *_erlang_c(requests, seed),
        *_erlang_b(requests, seed),
        *_shared(requests, seed),
        *_shared_by_several(requests, seed),
        *_expiry(requests, seed),
    )


def _one_instance(rate: float, requests: int, seed: int, **service: Any) -> Run:
    alone: dict[str, Any] = {
        "min_instances": 1, "max_instances": 1, "startup_s": 0.0, "service_s": 1.0, "pending_timeout_s": math.inf,
    }  # fmt: skip
    return simulate(poisson(rate), ServiceConfig(**{**alone, **service}), seed=seed, requests=requests)


def _mean(model: str, found: Estimate | None, expected: float, source: str) -> Comparison:
    if found is None:
        raise ValueError(f"{model}: nothing was served")
    return Comparison(model, "mean time in the system", "s", expected, 0.0, found.value, _half(found), OF_MEANS, source)


def _half(found: Estimate) -> float:
    return 0.0 if found.low is None or found.high is None else (found.high - found.low) / 2.0


def _erlang_c(requests: int, seed: int) -> Iterator[Comparison]:
    for rate, places in ((0.5, 1), (1.0, 2), (5.0, 8), (50.0, 60)):
        run = _one_instance(rate, requests, seed, cpu_s=0.0, cpu_cores=8.0, concurrency=places)
        expected = 1.0 + forms.mmc_mean_wait_ratio(rate, places)
        yield _mean(f"M/M/{places}, load {rate:g}", run.mean_s, expected, "Erlang C")


def _erlang_b(requests: int, seed: int) -> Iterator[Comparison]:
    shapes: tuple[ServiceDistribution, ...] = ("exponential", "constant", "lognormal")
    for rate, places in ((2.0, 3), (5.0, 8)):
        for shape in shapes:
            run = _one_instance(
                rate, requests, seed, cpu_s=0.0, concurrency=places, pending_timeout_s=0.0,
                service_distribution=shape, service_cv=2.0,
            )  # fmt: skip
            lost, model = run.rejected / run.requests, f"M/G/{places}/{places}, load {rate:g}, {shape}"
            expected = forms.erlang_b(rate, places)
            yield Comparison(model, "requests lost", "share", expected, 0.0, lost, 0.0, OF_LOSSES, "Erlang B")


def _shared(requests: int, seed: int) -> Iterator[Comparison]:
    shapes: tuple[ServiceDistribution, ...] = ("exponential", "constant")
    for shape in shapes:
        run = _one_instance(0.7, requests, seed, cpu_s=1.0, concurrency=MAX_CONCURRENCY, service_distribution=shape)
        yield _mean(f"M/G/1-PS, load 0.7, {shape}", run.mean_s, forms.ps_mean_sojourn_ratio(0.7, 1), "1 / (1 - rho)")
    for cores, rho in ((2, 0.8), (4, 0.6)):
        run = _one_instance(rho * cores, requests, seed, cpu_s=1.0, cpu_cores=float(cores), concurrency=MAX_CONCURRENCY)
        expected = forms.ps_mean_sojourn_ratio(rho * cores, cores)
        yield _mean(f"M/M/{cores}-PS, load {rho * cores:g}", run.mean_s, expected, "Erlang C, shared vCPUs")


def _shared_by_several(requests: int, seed: int) -> Iterator[Comparison]:
    for instances, cores, rho in ((3, 1, 0.7), (2, 2, 0.6)):
        run = _one_instance(
            rho * cores * instances, requests, seed, cpu_s=1.0, cpu_cores=float(cores), concurrency=MAX_CONCURRENCY,
            min_instances=instances, max_instances=instances,
        )  # fmt: skip
        expected = forms.shared_by_several_mean_sojourn_ratio(rho * cores * instances, instances, cores)
        model = f"{instances} instances of {cores} vCPU shared by all requests, load {rho * cores * instances:g}"
        yield _mean(model, run.mean_s, expected, "balance equations of the least loaded first")


def _expiry(requests: int, seed: int) -> Iterator[Comparison]:
    for rate, service_s, idle_s in ((1 / 300, 1.0, 900.0), (0.01, 2.0, 300.0)):
        service = ServiceConfig(
            service_s=service_s, cpu_s=0.0, concurrency=MAX_CONCURRENCY, startup_s=0.0, idle_s=idle_s
        )
        run = simulate(poisson(rate), service, seed=seed, requests=requests)
        model = f"M/G/inf, a request each {1 / rate:.0f} s, expiry after {idle_s:g} s"
        cold = run.cold_starts / run.requests
        half = 1.96 * math.sqrt(cold * (1.0 - cold) / run.requests)
        expected = forms.cold_start_probability(rate, service_s, idle_s)
        yield Comparison(model, "cold starts", "share", expected, 0.0, cold, half, OF_MEANS, "exp(-lambda (S + T))")
        busy = forms.busy_probability(rate * service_s)
        active = run.mean_active_instances
        yield Comparison(model, "time with a request", "share", busy, 0.0, active, 0.0, OF_LOSSES, "1 - exp(-a)")


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """SimFaaS's parameters, and what it gave: shares of all requests, time averages, each with half its interval."""

    name: str
    rate_per_s: float
    warm_s: float
    cold_s: float
    idle_s: float
    most_instances: int
    cold: tuple[float, float]
    rejected: tuple[float, float]
    servers: tuple[float, float]
    running: tuple[float, float]


# Runs of SimFaaS 0.2.2, 30 seeds each. S1 is the example of its README; S3's losses are Erlang B(5, 8).
SIMFAAS = (
    PublishedRun("S1", 0.9, 1.991, 2.244, 600, 1000, (0.001355, 2.4e-5), (0, 0), (7.697, 0.014), (1.7920, 0.0017)),
    PublishedRun("S2", 0.1, 0.5, 2.5, 60, 1000, (0.039235, 1.5e-4), (0, 0), (1.2542, 0.0011), (0.05783, 7e-5)),
    PublishedRun("S3", 5, 1, 1, 30, 8, (5.5e-5, 5.5e-5), (0.07002, 4.1e-4), (7.99935, 5e-4), (4.6511, 0.0045)),
    PublishedRun("S4", 0.01, 0.2, 3, 300, 1000, (0.05292, 3.1e-4), (0, 0), (0.96042, 3.4e-4), (0.003486, 1.1e-5)),
    PublishedRun("S5", 0.5, 1, 3, 4, 1, (0.08274, 2.6e-4), (0.38855, 5.7e-4), (0.91710, 2.9e-4), (0.38867, 4.1e-4)),
)


def against_simfaas(requests: int = 32_000_000, seed: int = 11) -> tuple[Comparison, ...]:
    """The published runs of SimFaaS, repeated with ``requests`` each."""
    return tuple(comparison for case in SIMFAAS for comparison in repeated(case, requests, seed))


def repeated(case: PublishedRun, requests: int, seed: int) -> Iterator[Comparison]:
    """One of them: an arrival takes the newest idle instance, or starts one, whose first request takes longer."""
    service = ServiceConfig(
        service_s=case.warm_s,
        cpu_s=0.0,
        concurrency=1,
        startup_s=case.cold_s - case.warm_s,
        startup_distribution="exponential",
        idle_s=case.idle_s,
        max_instances=case.most_instances,
        scaling="per-request",
    )
    run = simulate(poisson(case.rate_per_s), service, seed=seed, requests=requests)
    found = (
        ("cold starts", "share", case.cold, run.cold_starts / run.requests),
        ("requests lost", "share", case.rejected, run.rejected / run.requests),
        ("instances", "mean", case.servers, run.mean_instances),
        ("instances with a request", "mean", case.running, run.mean_active_instances),
    )
    for quantity, unit, (value, half), simulated in found:
        model = f"SimFaaS {case.name}: {case.rate_per_s:g}/s, expiry after {case.idle_s:g} s"
        yield Comparison(model, quantity, unit, value, half, simulated, 0.0, 0.0, "SimFaaS 0.2.2, 30 seeds")


CIW_RATE, CIW_SERVERS, CIW_CV = 2.1, 3, 1.5
CIW_WARM_UP_S = 200.0


def against_ciw(customers: int = 30_000, seeds: int = 8, requests: int = 1_000_000) -> tuple[Comparison, ...]:
    """M/G/3 with lognormal service, for which no formula is known; nothing where ciw is not installed.

    ciw's interval is that of its seeds, Student's t.
    """
    if find_spec("ciw") is None:
        return ()
    times = [_ciw_times_s(seed, customers) for seed in range(1, seeds + 1)]
    run = _one_instance(
        CIW_RATE, requests, 7, cpu_s=0.0, concurrency=CIW_SERVERS, service_distribution="lognormal", service_cv=CIW_CV
    )
    model = f"M/G/{CIW_SERVERS}, load {CIW_RATE:g}, lognormal"
    wanted = (
        ("mean time in the system", [float(np.mean(t)) for t in times], run.mean_s),
        ("p50 of the time in the system", [float(np.quantile(t, 0.5)) for t in times], run.p50_s),
        ("p95 of the time in the system", [float(np.quantile(t, 0.95)) for t in times], run.p95_s),
    )
    found = []
    for quantity, by_seed, estimate in wanted:
        if estimate is not None:
            half = student_quantile(0.975, seeds - 1) * float(np.std(by_seed, ddof=1)) / math.sqrt(seeds)
            value = float(np.mean(by_seed))
            source = f"ciw, {seeds} seeds of {customers}"
            found.append(Comparison(model, quantity, "s", value, half, estimate.value, _half(estimate), 0.0, source))
    return tuple(found)


def _ciw_times_s(seed: int, customers: int) -> list[float]:
    """Times in the system of the customers of one run, its first minutes left out. [s]"""
    ciw: Any = import_module("ciw")  # a package of the benchmarks alone, without types
    sigma2 = math.log(1.0 + CIW_CV**2)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(CIW_RATE)],
        service_distributions=[ciw.dists.Lognormal(-sigma2 / 2.0, math.sqrt(sigma2))],
        number_of_servers=[CIW_SERVERS],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(CIW_WARM_UP_S + customers / CIW_RATE)
    records = simulation.get_all_records()
    return [r.exit_date - r.arrival_date for r in records if r.arrival_date >= CIW_WARM_UP_S]
