"""What Cloud Run takes as CPU and memory of an instance: the tables of its documentation, and a check against them.

| what | source |
|---|---|
| CPU of a container, total, what a total below 1 forces | docs.cloud.google.com/run/docs/configuring/services/cpu |
| memory by the total CPU | docs.cloud.google.com/run/docs/configuring/services/memory-limits |
| containers, jobs and worker pools are gen2 | docs.cloud.google.com/run/docs/container-contract |
| concurrency | docs.cloud.google.com/run/docs/about-concurrency |
| GPU | docs.cloud.google.com/run/docs/configuring/services/gpu |

The API checks the *total* of the containers ("Total millicpu may not exceed 8000", "For 2.0 CPU, memory must be between
128Mi and 8Gi"); each container's CPU is a fraction or one of the whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from k2cr_analysis.model.cloud_run import (
    MAX_CONCURRENCY,
    MAX_CONTAINERS,
    MAX_CPU_CORES,
    ServiceShape,
    cpu_text,
    memory_text,
)

MIB = 2**20
GIB = 2**30
MIN_FRACTION_CORES = Decimal("0.08")
WHOLE_CORES = (1, 2, 4, 6, 8)
# Total CPU from which the row holds, least and most memory. A total between two rows, 3 or 1.5, counts as the lower.
MEMORY_BY_CPU = (
    (MIN_FRACTION_CORES, 128 * MIB, 512 * MIB),
    (Decimal("0.5"), 128 * MIB, 1 * GIB),
    (Decimal(1), 128 * MIB, 4 * GIB),
    (Decimal(2), 128 * MIB, 8 * GIB),
    (Decimal(4), 2 * GIB, 16 * GIB),
    (Decimal(6), 4 * GIB, 24 * GIB),
    (Decimal(8), 4 * GIB, 32 * GIB),
)
GEN2_MIN_MEMORY_BYTES = 512 * MIB
MIN_MEMORY_BYTES = 128 * MIB
# Accelerator -> least total CPU and memory.
GPU_MINIMUM = {"nvidia-l4": (4, 16 * GIB)}


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
    for name, container in shape.containers.items():
        cores = container.cpu_cores
        if not (MIN_FRACTION_CORES <= cores < 1 or cores in WHOLE_CORES):
            yield f"{name} has {cpu_text(cores)} CPU; 0.08 to below 1, or one of 1, 2, 4, 6, 8"
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
        yield f"{memory_text(shape.memory_bytes)} in all; gen2 has at least 512Mi"


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
    if not is_service and shape.execution_environment != "gen2":
        yield f"{shape.execution_environment} for a {shape.target}; jobs and worker pools are gen2"


def _accelerator(shape: ServiceShape) -> Iterator[str]:
    if shape.gpu is None:
        return
    if shape.gpu not in GPU_MINIMUM:
        yield f"accelerator {shape.gpu}; {', '.join(GPU_MINIMUM)}"
        return
    cores, memory = GPU_MINIMUM[shape.gpu]
    if shape.cpu_cores < cores or shape.memory_bytes < memory:
        yield f"{shape.gpu} needs {cores} CPU and {memory_text(memory)}"
    if shape.execution_environment != "gen2":
        yield f"{shape.gpu} needs gen2"
