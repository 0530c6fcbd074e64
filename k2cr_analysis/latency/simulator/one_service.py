"""One service under a load, without a snapshot, in the words of ``k2cr simulate``: for the verb and at a notebook."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

from k2cr_analysis.latency.simulator.options import (
    arrival_source,
    mean_service_s,
    request_limit,
    seconds_of,
    target_share,
)
from k2cr_analysis.latency.simulator.service import Scaling, ServiceConfig, StartupDistribution
from k2cr_analysis.latency.simulator.simulate import Run
from k2cr_analysis.latency.simulator.simulate import simulate as replay
from k2cr_analysis.model.cloud_run import boosted_cores
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_CONCURRENCY
from k2cr_analysis.platforms.cloud_run.scaling import (
    DEFAULT_MAX_INSTANCES,
    DEFAULT_TARGET,
    IDLE_S,
    MAX_CONCURRENCY_TARGET,
    MAX_CPU_TARGET,
    MIN_PENDING_S,
)


def simulate(  # noqa: PLR0913 - the options of the verb, by name
    rate: float | None = None,
    arrivals: str | Path | None = None,
    *,
    service_time: str = "200ms",
    service_dist: Literal["exponential", "constant", "lognormal"] = "exponential",
    service_cv: float = 1.0,
    cpu_time: str | None = None,
    cpu: float = 1.0,
    concurrency: int = DEFAULT_CONCURRENCY,
    min_instances: int = 0,
    max_instances: int = DEFAULT_MAX_INSTANCES,
    startup: str = "2s",
    startup_dist: StartupDistribution = "constant",
    idle: str = f"{IDLE_S // 60}m",
    pending_timeout: str = f"{MIN_PENDING_S}s",
    scaling: Scaling = "cloud-run",
    cpu_boost: bool = False,
    recycle: str = "inf",
    target_cpu: float = DEFAULT_TARGET,
    target_concurrency: float = DEFAULT_TARGET,
    burst: str | None = None,
    requests: int | str | None = None,
    seed: int = 1,
) -> Run:
    """Latency, cold starts and instances of one service.

    Parameters
    ----------
    rate, arrivals : requests a second, Poisson; or a CSV file of arrivals: exactly one of them
    service_time, cpu_time, startup, idle, pending_timeout : durations with their unit, ``"200ms"``
    cpu_boost : of an instance with one container
    recycle : an instance ends after so long; ``"inf"``: never
    target_cpu, target_concurrency : what the autoscaler aims at, as shares; 0: it does not look at it
    burst : with ``rate``: another rate, how long it holds and how long until it comes, ``"50,30s,10m"``; both times
        exponential
    requests : how many end the run; None: a million, or the whole file
    seed : equal seeds give equal results

    The rest is :class:`ServiceConfig`'s. Raises UsageError for a word that is not right, InputError for a bad file.
    """
    service_s, cpu_s = mean_service_s(service_time, cpu_time)
    service = ServiceConfig(
        service_s=service_s,
        cpu_s=cpu_s,
        service_distribution=service_dist,
        service_cv=service_cv,
        cpu_cores=cpu,
        concurrency=concurrency,
        min_instances=min_instances,
        max_instances=max_instances,
        startup_s=seconds_of(startup, "--startup"),
        startup_distribution=startup_dist,
        idle_s=seconds_of(idle, "--idle"),
        pending_timeout_s=seconds_of(pending_timeout, "--pending-timeout"),
        scaling=scaling,
        boosted_cpu_cores=float(boosted_cores(Decimal(repr(cpu)))) if cpu_boost else None,
        life_s=seconds_of(recycle, "--recycle"),
        target_cpu=target_share(target_cpu, "--target-cpu", MAX_CPU_TARGET),
        target_concurrency=target_share(target_concurrency, "--target-concurrency", MAX_CONCURRENCY_TARGET),
    )
    source = arrival_source(rate, Path(arrivals) if arrivals is not None else None, burst, seed)
    limit = request_limit(None if requests is None else str(requests), rate)
    return replay(source, service, seed=seed, requests=limit)
