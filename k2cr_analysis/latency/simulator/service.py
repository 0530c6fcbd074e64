"""What is simulated: one Cloud Run service, its requests and its autoscaler, in seconds and vCPUs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.errors import UsageError
from k2cr_analysis.model.observed import FloatArray
from k2cr_analysis.platforms.cloud_run.limits import BOOST_AFTER_START_S, DEFAULT_CONCURRENCY
from k2cr_analysis.platforms.cloud_run.scaling import DEFAULT_MAX_INSTANCES, DEFAULT_TARGET, IDLE_S, MIN_PENDING_S

ServiceDistribution = Literal["exponential", "constant", "lognormal", "table"]
StartupDistribution = Literal["constant", "exponential"]
Scaling = Literal["cloud-run", "per-request"]


@dataclass(frozen=True, slots=True, eq=False)
class ServiceConfig:
    """One service.

    Parameters
    ----------
    service_s : mean time of a request alone on an instance with a whole vCPU [s]
    cpu_s : mean of its part that needs a vCPU; that share of every draw, first the CPU part, then the rest [s]
    service_distribution, service_cv : of the time; ``service_cv`` is lognormal's coefficient of variation
    service_table_s : for "table": even strata of a measured distribution, rising; replaces ``service_s``'s shape [s]
    cpu_cores : vCPUs of an instance, shared evenly by the requests in their CPU part, at most one each
    concurrency : requests that one instance holds at a time
    min_instances : ready at time 0, never fewer
    max_instances : instances at a time; "per-request": those that run a request or start
    startup_s, startup_distribution : from the start of an instance to its readiness [s]
    boosted_cpu_cores, boost_s : vCPUs of an instance until so long after its readiness; None: it is not boosted [s]
    idle_s : an instance without a request for so long ends [s]
    life_s : an instance that has been ready for so long gets no more requests, and ends after its last one [s]
    pending_timeout_s : a request that no instance can be given waits so long at most, then it is rejected [s]
    scaling : "cloud-run": starts where no place is free, and to hold the targets below; "per-request": a request that
        finds no free place starts an instance of its own, or is rejected
    target_cpu, target_concurrency : what the autoscaler aims at, as shares of vCPUs and of concurrency
    window_s, tick_s : over which it looks, and how often [s]

    Source of the defaults: Cloud Run, "About instance autoscaling": 60 % over one minute, idle up to 15 min, pending
    10 s.
    """

    service_s: float = 0.2
    cpu_s: float = 0.05
    service_distribution: ServiceDistribution = "exponential"
    service_cv: float = 1.0
    service_table_s: FloatArray | None = None
    cpu_cores: float = 1.0
    concurrency: int = DEFAULT_CONCURRENCY
    min_instances: int = 0
    max_instances: int = DEFAULT_MAX_INSTANCES
    startup_s: float = 2.0
    startup_distribution: StartupDistribution = "constant"
    boosted_cpu_cores: float | None = None
    boost_s: float = float(BOOST_AFTER_START_S)
    idle_s: float = float(IDLE_S)
    life_s: float = math.inf
    pending_timeout_s: float = float(MIN_PENDING_S)
    scaling: Scaling = "cloud-run"
    target_cpu: float = DEFAULT_TARGET
    target_concurrency: float = DEFAULT_TARGET
    window_s: float = 60.0
    tick_s: float = 5.0

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if math.isnan(value) or value < least:
                raise UsageError(
                    ref="parameter-out-of-range", found=f"{name} {value:g}", expected=f"at least {least:g}"
                )
        for name in ("service_s", "cpu_s", "service_cv", "cpu_cores", "startup_s"):
            if math.isinf(getattr(self, name)):
                raise UsageError(ref="parameter-out-of-range", found=f"{name} infinite", expected="a finite number")
        if self.cpu_cores <= 0.0:
            raise UsageError(ref="parameter-out-of-range", found=f"cpu {self.cpu_cores:g}", expected="more than 0 vCPU")
        if self.cpu_s > self.service_s:
            raise UsageError(
                ref="cpu-time-above-service-time",
                found=f"CPU time {self.cpu_s:g} s of a service time of {self.service_s:g} s",
                expected="a part of the service time",
            )
        if math.isinf(self.target_cpu) and math.isinf(self.target_concurrency):
            raise UsageError(
                ref="no-scaling-target", found="both targets off", expected="CPU or concurrency, as Cloud Run has it"
            )
        if self.min_instances > self.max_instances:
            raise UsageError(
                ref="min-instances-above-max",
                found=f"min instances {self.min_instances}, max instances {self.max_instances}",
                expected="min instances not above max instances",
            )


_LEAST = {
    "service_s": 0.0,
    "cpu_s": 0.0,
    "service_cv": 0.0,
    "cpu_cores": 0.0,
    "concurrency": 1,
    "min_instances": 0,
    "max_instances": 1,
    "startup_s": 0.0,
    "boost_s": 0.0,
    "idle_s": 0.0,
    "life_s": 0.0,
    "pending_timeout_s": 0.0,
}
