"""On public manifests: no start-up probe kills sooner than Kubernetes does, unless the 240 s of a chain make it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from k2cr_analysis.fit import Fit
from k2cr_analysis.fit.evidence.starting.budget import ENOUGH_S
from k2cr_analysis.model.workload import Container, Probe
from k2cr_analysis.platforms.cloud_run.probes import MAX_STARTUP_S
from k2cr_analysis.snapshot.redaction.redact import redact
from tests.fit.cluster import SHARED, cluster_of, fits_of
from tests.fit.test_golden import MANIFESTS, documents_of

# The whole takes half a minute; these two are quick and have chains.
FEW = ("GoogleCloudPlatform__bank-of-anthos", "GoogleCloudPlatform__microservices-demo")
ALL = sorted(p.name for p in MANIFESTS.iterdir() if p.is_dir()) if MANIFESTS.is_dir() else []

pytestmark = pytest.mark.skipif(not MANIFESTS.is_dir(), reason="the public manifests are not beside the repository")


def kills_after_s(container: Container) -> float:
    """By hand, from Kubernetes' page on probes: when the kubelet ends a start; inf: never."""

    def patience(probe: Probe) -> int:
        return (probe.initial_delay_s or 0) + (probe.period_s or 10) * (probe.failure_threshold or 3)

    if container.startup_probe:
        return patience(container.startup_probe)
    return patience(container.liveness_probe) if container.liveness_probe else float("inf")


@cache
def starts(repository: str) -> tuple[tuple[str, Container, Fit], ...]:
    """Each container with a start-up probe on Cloud Run, file by file as a user would collect it."""
    return tuple(_starts(repository))


def _starts(repository: str) -> Iterator[tuple[str, Container, Fit]]:
    for file in sorted((MANIFESTS / repository).rglob("*")):
        if file.suffix not in (".yaml", ".yml", ".json"):
            continue
        documents = [redact(d)[0] for d in documents_of(file)]
        fits = fits_of(documents)
        for workload in cluster_of(documents).workloads:
            fit = fits[workload.id]
            for name, probes in fit.probes.items():
                container = workload.container(name)
                if probes.startup and container:
                    yield f"{file.relative_to(SHARED)} {workload.id}", container, fit


def check(repository: str) -> Counter[str]:
    seen: Counter[str] = Counter()
    for where, container, fit in starts(repository):
        probe = fit.probes[container.name].startup
        allowed = probe.initial_delay_s + probe.period_s * probe.failure_threshold
        assert 1 <= allowed <= MAX_STARTUP_S, where
        wanted = min(kills_after_s(container), MAX_STARTUP_S)
        seen["all"] += 1
        if allowed >= wanted:
            continue
        seen["cut"] += 1
        in_chain = container.name in fit.startup.depends_on or any(
            container.name in o for o in fit.startup.depends_on.values()
        )
        assert in_chain, f"{where} {container.name}: {allowed} s, and {wanted} s on Kubernetes"
        told = {f.rule for f in fit.findings}
        if container.startup_probe:
            assert "startup-budget-exceeded" in told, where
        elif container.liveness_probe:
            assert "startup-time-shortened" in told, where
        else:
            assert allowed >= ENOUGH_S or "startup-budget-exceeded" in told, where
    return seen


@pytest.mark.parametrize("repository", FEW)
def test_no_start_is_ended_sooner_than_on_kubernetes(repository: str) -> None:
    assert check(repository)["all"] > 0


@pytest.mark.soak
@pytest.mark.parametrize("repository", ALL)
def test_no_start_of_any_repository_is_ended_sooner_than_on_kubernetes(repository: str) -> None:
    check(repository)
