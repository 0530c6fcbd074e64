"""What a workload becomes on Cloud Run: values that the analyses hand to each other through the assessment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from k2cr_analysis.model.findings.finding import Target
from k2cr_analysis.platforms.cloud_run.limits import BOOSTED_CORES

BillingMode = Literal["request", "instance"]
ExecutionEnvironment = Literal["gen1", "gen2"]


@dataclass(frozen=True, slots=True)
class StartupOrder:
    """Which container waits for which: ``depends_on["proxy"] == ("frontend",)``, with the evidence for each edge.

    ``order`` lists the containers so that each stands after those it waits for.
    """

    depends_on: Mapping[str, tuple[str, ...]]
    evidence: Mapping[tuple[str, str], str]
    order: tuple[str, ...]


def cpu_text(cores: Decimal) -> str:
    """Cores as Cloud Run's files and flags write them: ``1`` where whole, else millicores, ``500m``."""
    if cores == cores.to_integral_value():
        return str(int(cores))
    return f"{int((cores * 1000).to_integral_value(rounding=ROUND_CEILING))}m"


def boosted_cores(cores: Decimal) -> Decimal:
    """vCPU of a container during the start with CPU boost: up to 1 -> 2, up to 2 -> 4, above -> 8."""
    return next((boosted for limit, boosted in BOOSTED_CORES if cores <= limit), cores)


def memory_text(size_bytes: int) -> str:
    """Bytes in the largest unit that is exact: ``2Gi``, ``640Mi``; rounded up to whole Ki below that."""
    for unit, factor in (("Gi", 2**30), ("Mi", 2**20)):
        if size_bytes and size_bytes % factor == 0:
            return f"{size_bytes // factor}{unit}"
    return f"{-(-size_bytes // 2**10)}Ki"


@dataclass(frozen=True, slots=True)
class ContainerShape:
    """CPU and memory of one container: limits, which are what Cloud Run allocates and bills."""

    cpu_cores: Decimal
    memory_bytes: int


# What a service must have while no request runs: CPU wherever an instance is (instance-based billing), or, for what
# works by itself, an instance too.
BetweenRequests = Literal["nothing", "cpu", "instance"]


@dataclass(frozen=True, slots=True)
class ServiceShape:
    """A recommended configuration. ``concurrency`` and ``billing`` are None for jobs and worker pools."""

    target: Target
    containers: Mapping[str, ContainerShape]
    concurrency: int | None
    min_instances: int
    max_instances: int
    billing: BillingMode | None
    execution_environment: ExecutionEnvironment
    cpu_boost: bool = True
    gpu: str | None = None  # accelerator type, "nvidia-l4", one for each instance
    between_requests: BetweenRequests = "nothing"
    disk_bytes: int = 0  # ephemeral disks of an instance, together

    @property
    def cpu_cores(self) -> Decimal:
        return sum((c.cpu_cores for c in self.containers.values()), Decimal(0))

    @property
    def billing_modes(self) -> tuple[BillingMode, ...]:
        """What a service may be billed by: Cloud Run takes no other for a GPU, nor for less than one vCPU in all."""
        if self.gpu is not None or self.between_requests != "nothing":
            return ("instance",)
        return ("request",) if self.cpu_cores < 1 else ("request", "instance")

    @property
    def memory_bytes(self) -> int:
        return sum(c.memory_bytes for c in self.containers.values())


@dataclass(frozen=True, slots=True)
class InstanceTimeline:
    """What a month of instances adds up to: latency's model gives it, cost prices it. Seconds and counts a month.

    ``active_instance_s``: an instance works on at least one request. ``starting_instance_s``: from the start of an
    instance to its readiness. ``stopping_instance_s``: shut-down. ``idle_min_instance_s``: kept by min instances,
    without a request. ``running_instance_s``: the whole lifetime of all instances (instance-based billing, jobs,
    worker pools).
    """

    requests: Decimal
    active_instance_s: Decimal
    starting_instance_s: Decimal
    stopping_instance_s: Decimal
    idle_min_instance_s: Decimal
    running_instance_s: Decimal
    instance_starts: Decimal
    mean_instances: Decimal


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Latency quantiles; None where the data cannot support one."""

    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class CloudRunProbe:
    """A probe as Cloud Run takes it: every number set, the port a number. ``kind`` "exec" does not exist there."""

    kind: Literal["http", "tcp", "grpc"]
    port: int
    http_path: str | None
    headers: tuple[tuple[str, str], ...]
    grpc_service: str | None
    initial_delay_s: int
    period_s: int
    timeout_s: int
    failure_threshold: int
    success_threshold: int | None = None  # of a readiness probe; the others pass at the first success


@dataclass(frozen=True, slots=True)
class ContainerProbes:
    """What a container gets on Cloud Run.

    ``startup_made_from``: the field that says what the start-up probe asks: "startupProbe", "readinessProbe",
    "livenessProbe", "port". ``startup_allowed_by``: what gave its time: "startupProbe", "livenessProbe", "k2cr".
    """

    startup: CloudRunProbe | None
    liveness: CloudRunProbe | None
    startup_made_from: str | None = None
    readiness: CloudRunProbe | None = None
    startup_allowed_by: str | None = None
