"""A shape that somebody asks the price of, what Cloud Run would refuse of it, and the nearest that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from k2cr_analysis.model.cloud_run import BillingMode, ContainerShape, ServiceShape
from k2cr_analysis.model.instance_limits import least_cores, legal, memory_range
from k2cr_analysis.platforms.cloud_run.gpu import GPUS, MAX_GPU_TASK_TIMEOUT_S
from k2cr_analysis.platforms.cloud_run.limits import (
    DEFAULT_CONCURRENCY,
    GEN2_MIN_MEMORY_BYTES,
    MAX_CPU_CORES,
    MAX_TIMEOUT_S,
    MIB,
    MIN_FRACTION_CORES,
    WHOLE_CORES,
)
from k2cr_analysis.platforms.cloud_run.volumes import MIN_DISK_BYTES

Kind = Literal["service", "job", "delayed-job", "worker-pool"]
_JOBS = ("job", "delayed-job")


@dataclass(frozen=True, slots=True)
class Demand:
    """A month of work. ``hours``: running hours of jobs and worker pools, all instances together."""

    requests: Decimal = Decimal(0)
    latency_s: Decimal = Decimal("0.1")
    concurrency: int = DEFAULT_CONCURRENCY
    min_instances: int = 0
    hours: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A shape and its month of work. ``gpu``: kind of the one that each instance has; ``disk_bytes``: ephemeral."""

    containers: tuple[ContainerShape, ...]
    demand: Demand
    kind: Kind = "service"
    billing: BillingMode = "request"
    gpu: str | None = None
    disk_bytes: int = 0

    @property
    def is_service(self) -> bool:
        return self.kind == "service"

    def shape(self) -> ServiceShape:
        return ServiceShape(
            target="job" if self.kind in _JOBS else "service" if self.is_service else "worker-pool",
            containers={f"container-{n}": shape for n, shape in enumerate(self.containers, start=1)},
            concurrency=self.demand.concurrency if self.is_service else None,
            min_instances=self.demand.min_instances,
            max_instances=max(self.demand.min_instances, 1),
            billing=self.billing if self.is_service else None,
            execution_environment=self._generation(),
            cpu_boost=False,
            gpu=self.gpu,
            disk_bytes=self.disk_bytes,
        )

    def _generation(self) -> Literal["gen1", "gen2"]:
        """The second where it serves the shape: it takes no fraction of a vCPU, and no less than 512 MiB."""
        if not self.is_service or self.gpu or self.disk_bytes:
            return "gen2"
        too_small = sum(c.cpu_cores for c in self.containers) < 1
        return "gen1" if too_small or sum(c.memory_bytes for c in self.containers) < GEN2_MIN_MEMORY_BYTES else "gen2"


def refused(asked: Asked) -> tuple[str, ...]:
    """What Cloud Run would not take, a sentence each."""
    found = legal(asked.shape())
    if asked.is_service and asked.demand.latency_s > MAX_TIMEOUT_S:
        found.append(f"requests of {asked.demand.latency_s:f} s; one lasts at most {MAX_TIMEOUT_S} s, an hour")
    if 0 < asked.disk_bytes < MIN_DISK_BYTES:
        found.append(f"an ephemeral disk of {asked.disk_bytes // MIB}Mi; at least {MIN_DISK_BYTES // MIB}Mi")
    if asked.kind == "delayed-job" and asked.gpu:
        found.append("delayed execution with a GPU")
    return tuple(found)


def notices(asked: Asked) -> tuple[str, ...]:
    """What holds of a shape that Cloud Run takes, and that its price alone does not show."""
    found = []
    if asked.gpu and asked.kind in _JOBS:
        found.append(f"a task with a GPU runs {MAX_GPU_TASK_TIMEOUT_S} s at most")
    if asked.gpu:
        found.append("the GPU is priced without zonal redundancy")
    if asked.is_service and asked.billing == "instance" and asked.demand.requests:
        found.append(
            "the least that it costs: an instance is billed from start to end, between requests too, and how often "
            "requests leave one idle is not known here; `k2cr simulate` shows it, and `k2cr assess` prices it"
        )
    if asked.kind == "delayed-job":
        found.append("delayed execution is in Preview: a start may wait 12 hours; its price may change every 30 days")
    if asked.kind != "service" and asked.demand.requests:
        found.append(f"--requests is not used: a {asked.kind} is billed by its running hours")
    return tuple(found)


def near(asked: Asked) -> Iterator[Asked]:
    """Shapes that Cloud Run takes: CPU and memory of the first container raised, one request at a time, what a GPU
    asks for."""
    work = replace(asked.demand, latency_s=min(asked.demand.latency_s, Decimal(MAX_TIMEOUT_S)))
    disk = max(asked.disk_bytes, MIN_DISK_BYTES) if asked.disk_bytes else 0
    kind: Kind = "job" if asked.kind == "delayed-job" and asked.gpu else asked.kind
    base = replace(asked, demand=work, disk_bytes=disk, kind=kind, billing="instance" if asked.gpu else asked.billing)
    for shapes in _sizes(base):
        one = replace(base, containers=shapes)
        yield from (found for found in (one, *_one_at_a_time(one)) if not refused(found))


def _one_at_a_time(one: Asked) -> Iterator[Asked]:
    if one.is_service and sum(c.cpu_cores for c in one.containers) < 1:
        yield replace(one, demand=replace(one.demand, concurrency=1), billing="request")


def _sizes(asked: Asked) -> Iterator[tuple[ContainerShape, ...]]:
    """The containers as they are or raised to what is next, by the least total CPU that takes their memory."""
    large_gpu = bool(asked.gpu in GPUS and GPUS[asked.gpu].max_cores > MAX_CPU_CORES)
    rounded = [
        replace(c, cpu_cores=_next_cpu(c.cpu_cores, large_gpu), memory_bytes=-(-c.memory_bytes // MIB) * MIB)
        for c in asked.containers
    ]
    memory = sum(c.memory_bytes for c in rounded)
    if not asked.is_service or asked.gpu or asked.disk_bytes:
        memory = max(memory, GEN2_MIN_MEMORY_BYTES)
    if asked.is_service and not asked.gpu:  # a fraction of a vCPU may do
        yield tuple(rounded)
    least = least_cores(memory, asked.gpu)
    if least is None:
        return
    for floor in sorted({least, max(least, Decimal(1))}):
        first = rounded[0]
        missing = floor - sum((c.cpu_cores for c in rounded), Decimal(0))
        if missing > 0:
            first = replace(first, cpu_cores=_next_cpu(first.cpu_cores + missing, large_gpu))
        cores = first.cpu_cores + sum((c.cpu_cores for c in rounded[1:]), Decimal(0))
        more = max(0, memory_range(cores, asked.gpu)[0], memory) - sum(c.memory_bytes for c in rounded)
        yield (replace(first, memory_bytes=first.memory_bytes + more), *rounded[1:])


def _next_cpu(cores: Decimal, large_gpu: bool) -> Decimal:
    """The least that a container may have and that is not below: a fraction, or one of the whole numbers."""
    if cores < 1:
        return max(cores, MIN_FRACTION_CORES)
    if large_gpu:
        return cores.to_integral_value(rounding="ROUND_CEILING")
    return Decimal(next((whole for whole in WHOLE_CORES if whole >= cores), MAX_CPU_CORES))
