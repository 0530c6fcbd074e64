"""Start-up: probe checks fall on a grid, and instances are ready when the slowest chain of containers is."""

from __future__ import annotations

import pytest

from k2cr_analysis.latency.start_priors import (
    OTHER_CPU,
    PLATFORM_MS,
    measured_starts,
    pooled,
    priors,
    start_prior,
    unknown,
)
from k2cr_analysis.latency.startup import seen_by_probe_ms, startup_estimate
from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes, StartupOrder
from k2cr_analysis.model.cluster import SeenStart


def http(delay_s: int, period_s: int) -> CloudRunProbe:
    return CloudRunProbe("http", 8080, "/", (), None, delay_s, period_s, 1, 3)


DEFAULT = CloudRunProbe("tcp", 8080, None, (), None, 0, 240, 240, 1)


@pytest.mark.parametrize(
    ("opens_s", "delay_s", "period_s", "ready_s"),
    [(0.15, 0, 10, 10), (0.15, 0, 1, 1), (2.0, 0, 10, 10), (2.0, 0, 1, 2), (4.2, 5, 10, 5), (6, 5, 10, 15)],
)
def test_readiness_is_seen_at_the_next_check(opens_s, delay_s, period_s, ready_s):
    assert seen_by_probe_ms(opens_s * 1000.0, http(delay_s, period_s)) == pytest.approx(ready_s * 1000.0)


@pytest.mark.parametrize("probe", [None, DEFAULT], ids=["no probe", "Cloud Run's default"])
def test_without_a_period_nothing_is_lost(probe):
    assert seen_by_probe_ms(2345.0, probe) == 2345.0


def _chain(probes):
    order = StartupOrder({"proxy": ("frontend",)}, {}, ("frontend", "proxy"))
    return startup_estimate(order, probes, {"frontend": "golang", "proxy": "golang"})


@pytest.mark.parametrize(("period_s", "ready_ms"), [(10, 10_000.0), (1, 1_000.0)], ids=["period 10 s", "period 1 s"])
def test_a_sidecar_waits_for_what_the_probe_has_seen(period_s, ready_ms):
    probes = {"frontend": ContainerProbes(DEFAULT, None), "proxy": ContainerProbes(http(0, period_s), None)}
    estimate = _chain(probes)
    frontend_ms = priors()["Go"].typical_ms  # until frontend is open, then proxy's first check that passes
    assert estimate.ready_ms == pytest.approx(frontend_ms + ready_ms)
    assert estimate.spans_ms["proxy"][0] == frontend_ms
    assert estimate.critical_path == ("frontend", "proxy")


def test_containers_without_an_edge_start_together():
    order = StartupOrder({}, {}, ("slow", "fast"))
    estimate = startup_estimate(order, {}, {"slow": "node:22", "fast": "golang"})
    assert estimate.ready_ms == priors()["Node.js"].typical_ms
    assert estimate.critical_path == ("slow",)


def test_no_container_takes_no_time():
    assert startup_estimate(StartupOrder({}, {}, ()), {}, {}).ready_ms == 0.0


@pytest.mark.parametrize(
    ("image", "runtime"),
    [
        ("python:3.12-slim", "Python"),
        ("europe-docker.pkg.dev/p/r/orders-nodejs@sha256:aa", "Node.js"),
        ("envoyproxy/envoy:v1.30", "C++ or Rust"),
        ("quay.io/prometheus/node-exporter:v1.8", "Go"),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", ".NET"),
        ("library/ruby:3.3", "Ruby"),
        ("php:8-fpm", "PHP"),
        ("gcr.io/google-containers/pause", "unknown runtime"),
        ("python.example.com/p/checkout:1", "unknown runtime"),  # a registry's host is no evidence
        (None, "unknown runtime"),
    ],
)
def test_runtime_by_the_image_name(image, runtime):
    assert start_prior(image).runtime == runtime


@pytest.mark.parametrize(
    ("hints", "runtime"),
    [
        (("java -jar app.jar", ""), "JVM"),
        (("", "PORT NODE_ENV"), "Node.js"),
        (("gunicorn app:app",), "Python"),
        (("", "", "/actuator/health"), "JVM"),
        (("/app/server", "PORT LOG_LEVEL", "/healthz"), "unknown runtime"),
    ],
)
def test_runtime_by_what_stands_beside_the_image(hints, runtime):
    assert start_prior("acme/checkout:1", hints).runtime == runtime
    assert start_prior("python:3.12", hints).runtime == "Python", "the image goes first"


def test_measurements_that_were_held_out_lie_inside_the_ranges():
    """Each benchmark against the ranges that the others alone give; what they do not know has the unknown's range."""
    rows = measured_starts()
    inside = tried = 0
    for source in {row.source for row in rows}:
        others = pooled([row for row in rows if row.source != source])
        for row in rows:
            if row.source == source:
                prior = others.get(row.runtime, unknown())
                tried += 1
                inside += prior.low_ms <= row.median_s * 1000.0 <= prior.high_ms
    assert tried == len(rows) >= 28
    assert inside / tried >= 0.8, (inside, tried)


def test_each_measurement_has_its_source_and_the_platform_s_share_is_below_all_of_go():
    assert all(row.source and row.runtime for row in measured_starts())
    assert 1000 * max(row.median_s for row in measured_starts() if row.runtime == "Go") > PLATFORM_MS


def test_what_is_assumed_is_said():
    said = " ".join(startup_estimate(StartupOrder({}, {}, ("web",)), {}, {"web": None}).assumptions)
    assert "web" in said
    assert "assumed" in said
    assert "boost" in said


def test_its_own_pods_tell_more_than_its_runtime():
    order = StartupOrder({}, {}, ("app", "proxy"))
    seen = [
        SeenStart("app", after_s, 10.0, before_s) for after_s, before_s in ((31.0, 9.0), (38.0, 12.0), (45.0, None))
    ]
    found = startup_estimate(order, {}, {"app": "eclipse-temurin:21", "proxy": "envoy:v1"}, seen=seen)
    assert found.ready_ms == pytest.approx(33_000 + PLATFORM_MS, rel=0.01)
    assert found.low_ms == pytest.approx(21_000 / OTHER_CPU + PLATFORM_MS, rel=0.01)
    assert found.high_ms == pytest.approx(45_000 * OTHER_CPU + PLATFORM_MS, rel=0.01)
    assert "3 pods" in found.priors["app"].source and "the 10.5 s between a place" in found.priors["app"].source
    assert found.priors["proxy"].runtime == "C++ or Rust"
