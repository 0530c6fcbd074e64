"""A check of a shape against what Cloud Run takes of an instance: the rows of ``openapi.refusals``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from k2cr_analysis.model.cloud_run import ServiceShape
from k2cr_analysis.openapi.refusals.instances import Instance, all_refused, memory_range
from k2cr_analysis.platforms.cloud_run.gpu import GPUS
from k2cr_analysis.platforms.cloud_run.limits import (
    GIB,
    MAX_CONTAINERS,
    MAX_CPU_CORES,
    MAX_MEMORY_BYTES,
    MEMORY_BY_CPU,
    MIB,
)

__all__ = ["least_cores", "legal", "memory_range"]


def least_cores(memory_bytes: int, gpu: str | None = None) -> Decimal | None:
    """The least total CPU that may have this much memory, beside this GPU; None where none may."""
    kind = GPUS.get(gpu or "")
    if kind and kind.max_cores > MAX_CPU_CORES:
        return Decimal(kind.min_cores) if memory_bytes <= kind.max_memory_bytes else None
    return max(Decimal(kind.min_cores if kind else 1), found) if (found := _by_memory(memory_bytes)) else None


def _by_memory(memory_bytes: int) -> Decimal | None:
    return next((cores for cores, _, most in MEMORY_BY_CPU if memory_bytes <= most), None)


def legal(shape: ServiceShape) -> list[str]:
    """What Cloud Run would refuse in a shape, one sentence each; empty where nothing."""
    one = Instance(
        cores={name: c.cpu_cores for name, c in shape.containers.items()},
        memory={name: c.memory_bytes for name, c in shape.containers.items()},
        gpu=shape.gpu,
        environment=shape.execution_environment,
        billing=shape.billing,
        concurrency=shape.concurrency,
    )
    return [*_containers(shape), *all_refused(one), *_scaling(shape)]


def _containers(shape: ServiceShape) -> Iterator[str]:
    if not 1 <= len(shape.containers) <= MAX_CONTAINERS:
        yield f"{len(shape.containers)} containers; an instance has 1 to {MAX_CONTAINERS}"
    memory = sum(container.memory_bytes for container in shape.containers.values())
    if memory > MAX_MEMORY_BYTES and shape.gpu is None:
        yield f"{memory // MIB}Mi in all; an instance has at most {MAX_MEMORY_BYTES // GIB} GiB"
    for name, container in shape.containers.items():
        if container.memory_bytes <= 0 or container.memory_bytes % MIB:
            yield f"{name} has {container.memory_bytes} bytes; whole Mi"


def _scaling(shape: ServiceShape) -> Iterator[str]:
    is_service = shape.target == "service"
    if is_service != (shape.concurrency is not None) or is_service != (shape.billing is not None):
        yield "concurrency and billing belong to services, and each service has both"
    if not 0 <= shape.min_instances <= shape.max_instances or shape.max_instances < 1:
        yield f"{shape.min_instances} to {shape.max_instances} instances"
    if is_service and shape.between_requests != "nothing" and shape.billing == "request":
        yield "request-based billing for containers that work between requests; instance-based"
    if is_service and shape.between_requests == "instance" and shape.min_instances < 1:
        yield "no instance for containers that work between requests; at least 1"
    if not is_service and shape.execution_environment != "gen2":
        yield f"{shape.execution_environment} for a {shape.target}; jobs and worker pools are gen2"
