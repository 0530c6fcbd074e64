"""Prediction of one workload: what is measured is told as measured, what is missing is None, the month adds up."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from k2cr_analysis.assessment.recommending.predicting import predict_shape
from k2cr_analysis.latency.load.hops import Network
from k2cr_analysis.latency.predict import Prediction, basis_of
from k2cr_analysis.latency.start_priors import priors
from k2cr_analysis.model.cloud_run import ContainerShape, ServiceShape, StartupOrder
from k2cr_analysis.model.observed import ContainerUsage, TrafficProfile, WorkloadUsage

MONTH_S = 730 * 3600


def shape(concurrency: int = 80, min_instances: int = 0, cpu: str = "1") -> ServiceShape:
    container = ContainerShape(Decimal(cpu), 512 * 2**20)
    return ServiceShape("service", {"web": container}, concurrency, min_instances, 100, "request", "gen2")


def traffic(mean_rate: float, *, days: int = 14, period_s: int = 300, histogram: bool = True) -> TrafficProfile:
    """A day's rhythm; latencies lognormal-like around 60 ms in buckets of the factor 1.4."""
    draw = np.random.default_rng(1)
    n = days * 86400 // period_s
    rate = mean_rate * (1 + 0.9 * np.sin(np.arange(n) * period_s / 86400 * 2 * np.pi))
    requests = draw.poisson(rate * period_s)
    bounds = 1.4 ** np.arange(40)
    counts = np.concatenate(([0], draw.poisson(1e4 * np.exp(-(((np.arange(39) - 12) / 3) ** 2))), [0]))
    return TrafficProfile(
        start=datetime(2026, 1, 5, tzinfo=UTC), period_s=period_s, requests=requests, known=np.ones(n, np.bool_),
        latency_bounds_ms=bounds if histogram else None, latency_counts=counts if histogram else None,
        latency_mean_ms=70.0, error_ratio=0.0, response_bytes=None, source="test",
    )  # fmt: skip


def usage(cores: float) -> WorkloadUsage:
    return WorkloadUsage({"web": ContainerUsage({}, {}, cores, 0, 100)}, 2.0, 2, 14.0)


def predicted(profile: TrafficProfile | None, cores: float | None, **changes: object) -> Prediction:
    one, effort = changes.pop("shape", shape()), changes.pop("effort", "coarse")
    given = {
        "startup": StartupOrder({}, {}, ("web",)), "probes": {}, "images": {"web": "python:3.12"},
        "traffic": profile, "usage": None if cores is None else usage(cores), "network": Network(external=True, calls_back=True), **changes,
    }  # fmt: skip
    return predict_shape(basis_of(**given), one, None if effort == "quick" else 60_000.0)


@pytest.mark.parametrize("effort", ["quick", "coarse"])
@pytest.mark.parametrize(("rate", "cores"), [(0.002, 0.00004), (0.05, 0.001), (2.0, 0.04), (80.0, 1.6)])
@pytest.mark.parametrize("concurrency", [1, 80])
def test_the_month_adds_up(rate, cores, concurrency, effort):
    profile = traffic(rate)
    found = predicted(profile, cores, shape=shape(concurrency), effort=effort)
    month = found.timeline
    assert float(month.requests) == pytest.approx(profile.requests_per_month)
    assert 0 <= month.active_instance_s <= month.running_instance_s
    assert float(month.mean_instances) * MONTH_S <= float(month.running_instance_s) * 1.01 + 60
    assert 0.0 <= found.cold_start_ratio <= 1.0
    # Each request keeps an instance active for its service time, shared by at most `concurrency` of them.
    assert float(month.active_instance_s) >= 0.8 * profile.requests_per_month * 0.07 / concurrency
    assert found.cloud_run.p50_ms <= found.cloud_run.p95_ms <= found.cloud_run.p99_ms


@pytest.mark.parametrize(("rate", "cores"), [(0.002, 0.00004), (2.0, 0.04), (80.0, 1.6)])
def test_the_closed_forms_are_near_the_simulation(rate, cores):
    profile = traffic(rate)
    quick, sampled = (predicted(profile, cores, effort=effort) for effort in ("quick", "coarse"))
    assert sampled.cloud_run.p50_ms == pytest.approx(quick.cloud_run.p50_ms, rel=0.25)
    assert sampled.cold_start_ratio == pytest.approx(quick.cold_start_ratio, rel=0.3, abs=1e-3)


def test_the_same_twice():
    profile = traffic(0.5)
    assert predicted(profile, 0.01) == predicted(profile, 0.01)


def test_min_instances_take_cold_starts_away_and_are_kept():
    profile = traffic(0.002)
    without, with_one = (predicted(profile, 0.00004, shape=shape(min_instances=n)) for n in (0, 1))
    assert without.cold_start_ratio > 0.1
    assert with_one.cold_start_ratio == 0.0
    assert without.timeline.idle_min_instance_s == 0
    assert float(with_one.timeline.idle_min_instance_s) == pytest.approx(MONTH_S, rel=0.01)


def test_gke_quantiles_are_those_of_the_histogram():
    few = traffic(1.0)
    counts = np.zeros_like(few.latency_counts)
    counts[10] = 150
    thin = TrafficProfile(
        few.start, few.period_s, few.requests, few.known, few.latency_bounds_ms, counts, None, None, None, "test"
    )
    found = predicted(thin, 0.01)
    assert found.gke.p50_ms == pytest.approx(1.4**9 + (1.4**10 - 1.4**9) * 0.5)
    assert found.gke.p99_ms is None  # 1.5 requests lie beyond
    assert found.cloud_run.p99_ms is None


@pytest.mark.parametrize("effort", ["quick", "coarse"])
def test_what_the_overflow_hides_is_not_predicted(effort):
    profile = traffic(1.0)
    counts = profile.latency_counts.copy()
    counts[-1] = counts.sum() // 9  # a tenth of all requests took longer than the last bound
    hidden = TrafficProfile(
        profile.start, profile.period_s, profile.requests, profile.known, profile.latency_bounds_ms, counts, None, None,
        None, "test",
    )  # fmt: skip
    found = predicted(hidden, 0.01, effort=effort)
    assert found.cloud_run.p50_ms is not None
    assert (found.gke.p95_ms, found.cloud_run.p95_ms, found.cloud_run.p99_ms) == (None, None, None)


def test_without_traffic_there_is_a_start_up_time_and_no_more():
    found = predicted(None, 0.1)
    assert (found.gke, found.cloud_run, found.cold_start_ratio, found.timeline) == (None, None, None, None)
    assert found.startup_ms == priors()["Python"].typical_ms


def test_no_request_in_the_window_is_no_traffic():
    quiet = traffic(0.0)
    assert predicted(quiet, 0.1).timeline is None


def test_a_mean_alone_is_said_to_be_taken_for_exponential():
    found = predicted(traffic(1.0, histogram=False), 0.01)
    assert found.gke is None
    assert any("exponential" in text for text in found.assumptions)
    assert found.cloud_run.p50_ms == pytest.approx(70.0 * np.log(2), rel=0.1)


def test_queueing_on_gke_is_taken_off_where_the_pods_are_known_to_be_busy():
    profile = traffic(20.0)
    busy = predicted(profile, 1.2, gke_pod_cpu_cores=1.0)  # two pods of one vCPU: 60 % in use
    plain = predicted(profile, 1.2)
    assert busy.cloud_run.p50_ms < 0.9 * plain.cloud_run.p50_ms
    assert any("not taken off" in text for text in plain.assumptions)


def test_unknown_cpu_time_is_said():
    assert any("CPU time of a request is not measured" in text for text in predicted(traffic(1.0), None).assumptions)


def test_hops_without_a_published_figure_are_named_and_not_added():
    said = " ".join(predicted(traffic(1.0), 0.01).assumptions)
    assert "internal load balancer: not in the predicted latency (no published figure)" in said
    assert "pod to pod in one region, 0 to 1 ms" in said
    assert "stream" not in said


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Network(), ["round trip for TCP"]),
        (Network(calls_back=True), ["internal load balancer", "a minute or more", "round trip for TCP"]),
        (Network(http2=True), ["round trip for TCP", "each stream counts as one request"]),
    ],
    ids=["reached by URL alone", "calls what stays", "gRPC"],
)
def test_what_is_said_of_the_network_is_what_this_workload_meets(network, words):
    said = predicted(traffic(1.0), 0.01, network=network).assumptions
    of_network = [text for text in said if any(w in text for w in ("load balancer", "minute", "TCP", "stream"))]
    assert len(of_network) == len(words)
    assert all(word in " ".join(of_network) for word in words)


def test_importing_the_prediction_does_not_import_numba():
    code = "import sys, k2cr_analysis.latency.predict; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
