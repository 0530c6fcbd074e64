"""Start-up time of an instance: the critical path through its containers.

    start(c) = max over the containers that c waits for of ready(d), 0 where it waits for none
    ready(c) = what c's start-up probe sees of start(c) + open(c)
    instance ready = max over all containers

``open(c)``, the time from a container's start to its open port, is not published by Google for any image; a prior by
runtime stands in until the user's own ``run.googleapis.com/container/startup_latencies`` is there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes, StartupOrder
from k2cr_analysis.platforms.images import parse_image


@dataclass(frozen=True, slots=True)
class StartPrior:
    """From start to open port, image fetch in it. ``known``: somebody measured it."""

    runtime: str
    low_ms: float
    typical_ms: float
    high_ms: float
    source: str
    known: bool = True


_KNMTS = "knmts.com/350, 2024-03: 1 vCPU, 512Mi, no boost, a call every 30 min for one week"
_SPRING = (
    "Spring Boot hello world 9 s, Google Cloud community blog, 2023-12; low: start-up CPU boost, up to 50 % shorter"
)
_ASSUMED = "assumed; the range spans the measured runtimes, Go to JVM"
GO = StartPrior("Go", 50.0, 125.0, 250.0, _KNMTS)
COMPILED = StartPrior("C++ or Rust", 50.0, 100.0, 300.0, _KNMTS)
PYTHON = StartPrior("Python", 1000.0, 1750.0, 3000.0, _KNMTS)
NODE = StartPrior("Node.js", 2000.0, 3000.0, 7000.0, _KNMTS)
JVM = StartPrior("JVM", 4500.0, 9000.0, 9000.0, _SPRING)
UNKNOWN = StartPrior("unknown runtime", 50.0, 2000.0, 9000.0, _ASSUMED, known=False)


def _words(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(^|[^a-z])({alternatives})([^a-z]|$)")


# Words of an image's name that tell its runtime; the first that matches holds. Images are named by people, so an
# application called "checkout" tells nothing: it gets the default prior, and the prediction says so.
_RUNTIMES: tuple[tuple[re.Pattern[str], StartPrior], ...] = (
    (_words("envoy|nginx|httpd|haproxy|istio|proxyv2|esp|linkerd|redis|memcached|rust"), COMPILED),
    (_words("golang|go|caddy|traefik|oauth2-proxy|cloud-sql-proxy|gce-proxy|otelcol|otel-collector"), GO),
    (_words("opentelemetry-collector|prometheus|grpc-gateway"), GO),
    (_words("python|django|flask|fastapi|gunicorn|uvicorn|celery"), PYTHON),
    (_words("node|nodejs|nextjs|npm|express"), NODE),
    (_words("java|jdk|jre|openjdk|temurin|spring|tomcat|jetty|keycloak|kotlin|scala"), JVM),
)


def start_prior(image: str | None) -> StartPrior:
    """The prior for an image, by the words of its path; the registry's host and the digest are no evidence."""
    if not image:
        return UNKNOWN
    reference = parse_image(image)
    words = f"{reference.repository}:{reference.tag or ''}".lower()
    for pattern, prior in _RUNTIMES:
        if pattern.search(words):
            return prior
    return UNKNOWN


def seen_by_probe_ms(open_ms: float, probe: CloudRunProbe | None) -> float:
    """When a start-up probe sees a port that opens ``open_ms`` after the container's start. [ms]

    Checks come at initialDelay + k x period. Cloud Run's default (TCP, one attempt of 240 s) waits until the port
    opens and adds nothing, as does no probe.
    """
    if probe is None:
        return open_ms
    delay_ms, period_ms = probe.initial_delay_s * 1000.0, probe.period_s * 1000.0
    if open_ms <= delay_ms:
        return delay_ms
    if probe.failure_threshold == 1 and probe.kind == "tcp" and probe.timeout_s >= probe.period_s:
        return open_ms
    # A billionth is taken off so that a port opening exactly at a check is seen by it, whatever the rounding.
    return delay_ms + math.ceil((open_ms - delay_ms) / period_ms - 1e-9) * period_ms


@dataclass(frozen=True, slots=True)
class StartupEstimate:
    """``critical_path``: the containers whose starts add up to ``ready_ms``, in order."""

    ready_ms: float
    low_ms: float
    high_ms: float
    critical_path: tuple[str, ...]
    priors: Mapping[str, StartPrior]

    @property
    def assumptions(self) -> tuple[str, ...]:
        said = [
            f"start of container {name}: {prior.typical_ms / 1000:g} s "
            f"({prior.low_ms / 1000:g} to {prior.high_ms / 1000:g} s), {prior.runtime}; {prior.source}"
            for name, prior in sorted(self.priors.items())
        ]
        return (*said, "start-up CPU boost is not credited: published gains are upper bounds")


def _ready_ms(
    startup: StartupOrder,
    probes: Mapping[str, ContainerProbes],
    open_ms: Mapping[str, float],
    factors: Mapping[str, float],
) -> tuple[float, tuple[str, ...]]:
    ready: dict[str, float] = {}
    path: dict[str, tuple[str, ...]] = {}
    for name in startup.order:
        waits_for = [other for other in startup.depends_on.get(name, ()) if other in ready]
        last = max(waits_for, key=lambda other: ready[other], default=None)
        probe = probes[name].startup if name in probes else None
        own = seen_by_probe_ms(open_ms[name], probe) * factors.get(name, 1.0)
        ready[name] = (ready[last] if last else 0.0) + own
        path[name] = (*(path[last] if last else ()), name)
    slowest = max(startup.order, key=lambda name: ready[name], default=None)
    return (ready[slowest], path[slowest]) if slowest else (0.0, ())


def startup_estimate(
    startup: StartupOrder,
    probes: Mapping[str, ContainerProbes],
    images: Mapping[str, str | None],
    factors: Mapping[str, float] | None = None,
) -> StartupEstimate:
    """Time from the start of an instance to its first request. [ms]

    Cloud Run's container contract says that all containers must be healthy first, so the slowest one counts.
    ``factors``: container -> what a calibration multiplies its time to readiness by.
    """
    priors = {name: start_prior(images.get(name)) for name in startup.order}
    learned = factors or {}
    typical, path = _ready_ms(startup, probes, {name: prior.typical_ms for name, prior in priors.items()}, learned)
    low, _ = _ready_ms(startup, probes, {name: prior.low_ms for name, prior in priors.items()}, learned)
    high, _ = _ready_ms(startup, probes, {name: prior.high_ms for name, prior in priors.items()}, learned)
    return StartupEstimate(typical, low, high, path, priors)
