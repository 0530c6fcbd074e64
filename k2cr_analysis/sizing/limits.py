"""A check of CPU and memory of an instance against what Cloud Run takes: the tables of ``platforms/``.

The API checks the *total* of the containers ("Total millicpu may not exceed 8000", "For 2.0 CPU, memory must be between
128Mi and 8Gi"); each container's CPU is a fraction or one of the whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from k2cr_analysis.model.cloud_run import ServiceShape, cpu_text, memory_text
from k2cr_analysis.platforms.cloud_run import (
    GEN2_MIN_MEMORY_BYTES,
    MAX_CONCURRENCY,
    MAX_CONTAINERS,
    MAX_CPU_CORES,
    MEMORY_BY_CPU,
    MIB,
    MIN_FRACTION_CORES,
    WHOLE_CORES,
)
from k2cr_analysis.platforms.gpu import GPUS


def memory_range(total_cores: Decimal) -> tuple[int, int]:
    """(least, most) memory of an instance with this total CPU. [byte]"""
    rows = [(least, most) for cores, least, most in MEMORY_BY_CPU if cores <= total_cores]
    return rows[-1] if rows else (0, 0)


def least_cores(memory_bytes: int) -> Decimal | None:
    """The least total CPU that may have this much memory; None where none may."""
    return next((cores for cores, _, most in MEMORY_BY_CPU if memory_bytes <= most), None)


def legal(shape: ServiceShape) -> list[str]:
    """What Cloud Run would refuse in a shape, one sentence each; empty where nothing."""
    return [*_containers(shape), *_memory(shape), *_below_one(shape), *_scaling(shape), *_accelerator(shape)]


def _containers(shape: ServiceShape) -> Iterator[str]:
    if not 1 <= len(shape.containers) <= MAX_CONTAINERS:
        yield f"{len(shape.containers)} containers; an instance has 1 to {MAX_CONTAINERS}"
    whole = ", ".join(str(cores) for cores in WHOLE_CORES)
    for name, container in shape.containers.items():
        cores = container.cpu_cores
        if not (MIN_FRACTION_CORES <= cores < 1 or cores in WHOLE_CORES):
            yield f"{name} has {cpu_text(cores)} CPU; {MIN_FRACTION_CORES} to below 1, or one of {whole}"
        if container.memory_bytes <= 0 or container.memory_bytes % MIB:
            yield f"{name} has {container.memory_bytes} bytes; whole Mi"
    if shape.cpu_cores > MAX_CPU_CORES:
        yield f"{cpu_text(shape.cpu_cores)} CPU in all; at most {MAX_CPU_CORES}"


def _memory(shape: ServiceShape) -> Iterator[str]:
    least, most = memory_range(shape.cpu_cores)
    if not least <= shape.memory_bytes <= most:
        allowed = f"{memory_text(least)} to {memory_text(most)}"
        yield f"{memory_text(shape.memory_bytes)} in all with {cpu_text(shape.cpu_cores)} CPU; {allowed}"
    if shape.execution_environment == "gen2" and shape.memory_bytes < GEN2_MIN_MEMORY_BYTES:
        yield f"{memory_text(shape.memory_bytes)} in all; gen2 has at least {memory_text(GEN2_MIN_MEMORY_BYTES)}"


def _below_one(shape: ServiceShape) -> Iterator[str]:
    if shape.cpu_cores < 1:
        if shape.concurrency not in (1, None):
            yield f"concurrency {shape.concurrency} with less than 1 CPU; 1"
        if shape.execution_environment == "gen2":
            yield "gen2 with less than 1 CPU; gen1"
        if shape.billing == "instance":
            yield "instance-based billing with less than 1 CPU; request-based"
    elif shape.concurrency not in (1, None) and all(c.cpu_cores < 1 for c in shape.containers.values()):
        # Fractions that make a whole only together are not documented either way, so they count as refused.
        yield "concurrency above 1 and no container with 1 CPU or more"


def _scaling(shape: ServiceShape) -> Iterator[str]:
    is_service = shape.target == "service"
    if is_service != (shape.concurrency is not None) or is_service != (shape.billing is not None):
        yield "concurrency and billing belong to services, and each service has both"
    if shape.concurrency is not None and not 1 <= shape.concurrency <= MAX_CONCURRENCY:
        yield f"concurrency {shape.concurrency}; 1 to {MAX_CONCURRENCY}"
    if not 0 <= shape.min_instances <= shape.max_instances or shape.max_instances < 1:
        yield f"{shape.min_instances} to {shape.max_instances} instances"
    if is_service and shape.between_requests != "nothing" and shape.billing == "request":
        yield "request-based billing for containers that work between requests; instance-based"
    if is_service and shape.between_requests == "instance" and shape.min_instances < 1:
        yield "no instance for containers that work between requests; at least 1"
    if not is_service and shape.execution_environment != "gen2":
        yield f"{shape.execution_environment} for a {shape.target}; jobs and worker pools are gen2"


def _accelerator(shape: ServiceShape) -> Iterator[str]:
    if shape.gpu is None:
        return
    if shape.gpu not in GPUS:
        yield f"accelerator {shape.gpu}; {', '.join(GPUS)}"
        return
    kind = GPUS[shape.gpu]
    if shape.cpu_cores < kind.min_cores or shape.memory_bytes < kind.min_memory_bytes:
        yield f"{shape.gpu} needs {kind.min_cores} CPU and {memory_text(kind.min_memory_bytes)}"
    if shape.execution_environment != "gen2":
        yield f"{shape.gpu} needs gen2"
