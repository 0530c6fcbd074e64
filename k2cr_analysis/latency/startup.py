"""Start-up time of an instance: the critical path through its containers.

    start(c) = max over the containers that c waits for of ready(d), 0 where it waits for none
    ready(c) = what c's start-up probe sees of start(c) + open(c)
    instance ready = max over all containers

``open(c)``, the time from a container's start to its open port, is not published by Google for any image; a prior by
runtime (``start_priors.py``) stands in until the user's own ``run.googleapis.com/container/startup_latencies`` is
there. The platform's share of a start comes once: a container that waits for another has it not in its own time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from k2cr_analysis.latency.start_priors import PLATFORM_MS, StartPrior, prior_of_pods, start_prior
from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes, StartupOrder
from k2cr_analysis.model.cluster import SeenStart

_LEAST_OPEN_MS = 1.0


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
    """``critical_path``: the containers whose starts add up to ``ready_ms``, in order. ``spans_ms``: container ->
    (its start, its readiness), from the instance's start on.
    """

    ready_ms: float
    low_ms: float
    high_ms: float
    critical_path: tuple[str, ...]
    priors: Mapping[str, StartPrior]
    spans_ms: Mapping[str, tuple[float, float]]

    @property
    def assumptions(self) -> tuple[str, ...]:
        said = [
            f"start of container {name}: {prior.typical_ms / 1000:g} s "
            f"({prior.low_ms / 1000:g} to {prior.high_ms / 1000:g} s), {prior.runtime}; {prior.source}"
            for name, prior in sorted(self.priors.items())
        ]
        return (*said, "start-up CPU boost: its range holds measurements with and without it")


def _spans_ms(
    startup: StartupOrder,
    probes: Mapping[str, ContainerProbes],
    open_ms: Mapping[str, float],
    factors: Mapping[str, float],
) -> tuple[dict[str, tuple[float, float]], dict[str, tuple[str, ...]]]:
    """Container -> (start, readiness), and the containers whose starts lead to its own."""
    spans: dict[str, tuple[float, float]] = {}
    path: dict[str, tuple[str, ...]] = {}
    for name in startup.order:
        waits_for = [other for other in startup.depends_on.get(name, ()) if other in spans]
        last = max(waits_for, key=lambda other: spans[other][1], default=None)
        probe = probes[name].startup if name in probes else None
        opens_ms = max(open_ms[name] - PLATFORM_MS, _LEAST_OPEN_MS) if last else open_ms[name]
        starts_ms = spans[last][1] if last else 0.0
        spans[name] = starts_ms, starts_ms + seen_by_probe_ms(opens_ms, probe) * factors.get(name, 1.0)
        path[name] = (*(path[last] if last else ()), name)
    return spans, path


def startup_estimate(
    startup: StartupOrder,
    probes: Mapping[str, ContainerProbes],
    images: Mapping[str, str | None],
    factors: Mapping[str, float] | None = None,
    hints: Mapping[str, Sequence[str]] | None = None,
    seen: Sequence[SeenStart] = (),
) -> StartupEstimate:
    """Time from the start of an instance to its first request. [ms]

    Cloud Run's container contract says that all containers must be healthy first, so the slowest one counts.
    ``factors``: container -> what a calibration multiplies its time to readiness by. ``hints``: container -> words
    beside its image that may tell its runtime. ``seen``: starts of its pods on GKE, which tell more than a runtime.
    """
    own = {name: [one for one in seen if one.container == name] for name in startup.order}
    priors = {
        name: prior_of_pods(own[name]) if own[name] else start_prior(images.get(name), (hints or {}).get(name, ()))
        for name in startup.order
    }
    learned = factors or {}

    def ready_ms(open_ms: Mapping[str, float]) -> float:
        spans, _ = _spans_ms(startup, probes, open_ms, learned)
        return max((ready for _, ready in spans.values()), default=0.0)

    spans, path = _spans_ms(startup, probes, {name: prior.typical_ms for name, prior in priors.items()}, learned)
    slowest = max(startup.order, key=lambda name: spans[name][1], default=None)
    return StartupEstimate(
        ready_ms=spans[slowest][1] if slowest else 0.0,
        low_ms=ready_ms({name: prior.low_ms for name, prior in priors.items()}),
        high_ms=ready_ms({name: prior.high_ms for name, prior in priors.items()}),
        critical_path=path[slowest] if slowest else (),
        priors=priors,
        spans_ms=spans,
    )
