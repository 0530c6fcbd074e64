"""How many requests at once one instance should get."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.model.cloud_run import ContainerShape
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_CONCURRENCY, MAX_CONCURRENCY

# Cloud Run's default, "Maximum concurrent requests per instance".
_QUANTILE = 0.95
# k2cr's own: below these a pod's CPU is mostly its idle turning, and says nothing of a request.
_BUSY_CORES = 0.05
_BUSY_REQUESTS_PER_S = 0.1
_IDLE_CORES = 0.005
# k2cr's own: a full instance may slow a request to twice its latency, before another instance takes the next one.
_STRETCH = 2


@dataclass(frozen=True, slots=True)
class Concurrency:
    limit: int
    basis: str


def concurrency(
    containers: Mapping[str, ContainerShape],
    traffic: TrafficProfile | None,
    usage: WorkloadUsage | None,
    pods: float,
) -> Concurrency:
    """The greater of what a pod was seen to carry and what the CPU can work on.

    seen = rate x latency / pods (Little's law [1]_), at the 95 % quantile of the rate.
    by CPU = 2 x CPU of a container x latency / CPU of one request in it, the least over the containers: with half as
    many requests the CPU is full, with so many each takes twice as long. CPU of one request = 95 % quantile of CPU over
    that of the rate.
    The default of 80 where the snapshot supports neither.

    Parameters
    ----------
    containers : what each container gets on Cloud Run
    pods : pods that shared the requests, mean over the window

    References
    ----------
    .. [1] J. D. C. Little, "A Proof for the Queuing Formula: L = lambda W", Operations Research 9(3), 1961.
    """
    latency_s = _latency_s(traffic)
    if traffic is None or traffic.source == "assumed" or latency_s is None or not traffic.known.any() or pods <= 0:
        return Concurrency(DEFAULT_CONCURRENCY, "Cloud Run's default: no requests and latencies were measured")
    rates = traffic.requests[traffic.known] / traffic.period_s
    pod_rate = float(np.quantile(rates, _QUANTILE, method="inverted_cdf")) / pods
    seen = pod_rate * latency_s
    by_cpu = _by_cpu(containers, usage, pod_rate, latency_s)
    if by_cpu is None:
        limit = max(DEFAULT_CONCURRENCY, math.ceil(seen))
        return Concurrency(min(limit, MAX_CONCURRENCY), "Cloud Run's default: too few requests to tell their CPU")
    limit = max(1, math.ceil(seen), math.floor(by_cpu + 1e-9))  # 40 is 40 in floats too
    return Concurrency(min(limit, MAX_CONCURRENCY), "CPU of a request, and what one pod was seen to carry")


def _by_cpu(
    containers: Mapping[str, ContainerShape], usage: WorkloadUsage | None, pod_rate: float, latency_s: float
) -> float | None:
    if usage is None or pod_rate < _BUSY_REQUESTS_PER_S:
        return None
    cores = {
        n: usage.containers[n].cpu_quantiles_cores.get(_QUANTILE, 0.0) for n in containers if n in usage.containers
    }
    if sum(cores.values()) < _BUSY_CORES:
        return None
    return min(
        _STRETCH * float(containers[name].cpu_cores) * latency_s / (used / pod_rate)
        for name, used in cores.items()
        if used >= _IDLE_CORES
    )


def _latency_s(traffic: TrafficProfile | None) -> float | None:
    return None if traffic is None or not traffic.latency_mean_ms else traffic.latency_mean_ms / 1000
