"""Rows about an instance: CPU, memory, GPU, generation, concurrency, billing. ``sizing`` asks the same functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.openapi.quantity import bytes_of, parse_quantity
from k2cr_analysis.openapi.refusals.containers import each
from k2cr_analysis.openapi.refusals.table import GPU, Place, Spec, refuses
from k2cr_analysis.platforms.cloud_run.annotations import ACCELERATOR, CPU_THROTTLING, EXECUTION_ENVIRONMENT
from k2cr_analysis.platforms.cloud_run.gpu import GPU_RESOURCE, GPUS
from k2cr_analysis.platforms.cloud_run.limits import (
    DEFAULT_CPU_CORES,
    DEFAULT_MEMORY_BYTES,
    GEN2_MIN_MEMORY_BYTES,
    GIB,
    MAX_CONCURRENCY,
    MAX_CPU_CORES,
    MEMORY_BY_CPU,
    MIB,
    MIN_FRACTION_CORES,
    WHOLE_CORES,
)
from k2cr_analysis.platforms.cloud_run.volumes import BUCKET_DRIVER, MEDIUM_DISK
from k2cr_analysis.platforms.source import Source

_RUN = "https://docs.cloud.google.com/run/docs/"
_CPU = Source(f"{_RUN}configuring/services/cpu", "2026-11-30")
_MEMORY = Source(f"{_RUN}configuring/services/memory-limits", "2026-11-30")
_CONCURRENCY = Source(f"{_RUN}about-concurrency", "2026-11-30")
_GENERATIONS = Source(f"{_RUN}about-execution-environments", "2026-11-30")
# The API takes memory in units of 1024 alone ("2048M" was refused, 2026-07).
_CPU_TEXT, _MEMORY_TEXT = re.compile(r"\d+(\.\d+)?|\d+m"), re.compile(r"\d+(Ki|Mi|Gi)?")


@dataclass(frozen=True, slots=True)
class Instance:
    """``cores`` [vCPU] and ``memory`` [byte] by container. ``billing`` and ``concurrency`` are None for what is no
    service; ``environment`` None: Cloud Run's choice. ``needs_gen2``: what in it needs the second generation.
    """

    cores: Mapping[str, Decimal]
    memory: Mapping[str, int]
    gpu: str | None = None
    environment: str | None = None
    billing: str | None = None
    concurrency: int | None = None
    needs_gen2: tuple[str, ...] = ()

    @property
    def total_cores(self) -> Decimal:
        return sum(self.cores.values(), Decimal(0))

    @property
    def total_memory(self) -> int:
        return sum(self.memory.values())


def memory_range(total_cores: Decimal, gpu: str | None = None) -> tuple[int, int]:
    """(least, most) memory of an instance with this total CPU, and this GPU. [byte]"""
    kind = GPUS.get(gpu or "")
    if kind and kind.max_cores > MAX_CPU_CORES:
        return kind.min_memory_bytes, kind.max_memory_bytes
    rows = [(least, most) for cores, least, most in MEMORY_BY_CPU if cores <= total_cores]
    least, most = rows[-1] if rows else (0, 0)
    return max(least, kind.min_memory_bytes if kind else 0), most


def cpu_refused(one: Instance) -> Iterator[str]:
    kind = GPUS.get(one.gpu or "")
    most = kind.max_cores if kind else MAX_CPU_CORES
    for name, cores in one.cores.items():
        is_whole = cores in WHOLE_CORES or (most > MAX_CPU_CORES and cores == int(cores) and 1 <= cores <= most)
        if not (MIN_FRACTION_CORES <= cores < 1 or is_whole):
            yield f"{name} has {cores:f} CPU, which is neither {MIN_FRACTION_CORES} to below 1 nor {_WHOLE}"
    if one.total_cores > most:
        yield f"{one.total_cores:f} CPU in all, of at most {most}"


def memory_refused(one: Instance) -> Iterator[str]:
    least, most = memory_range(one.total_cores, one.gpu)
    if least > most or not most:  # the CPU is refused by itself, or too little of it for the GPU
        return
    if not least <= one.total_memory <= most:
        yield f"{_mib(one.total_memory)} in all with {one.total_cores:f} CPU, of {_mib(least)} to {_mib(most)}"
    if one.environment == "gen2" and one.total_memory < GEN2_MIN_MEMORY_BYTES:
        yield f"{_mib(one.total_memory)} in all, of at least {_mib(GEN2_MIN_MEMORY_BYTES)} for gen2"


def below_one_refused(one: Instance) -> Iterator[str]:
    several = one.concurrency not in (1, None)
    if one.total_cores < 1:
        if several:
            yield f"concurrency {one.concurrency} with {one.total_cores:f} CPU"
        if one.environment == "gen2":
            yield f"gen2 with {one.total_cores:f} CPU"
        if one.billing == "instance":
            yield f"instance-based billing with {one.total_cores:f} CPU"
    elif several and all(cores < 1 for cores in one.cores.values()):
        yield f"concurrency {one.concurrency} and no container with 1 CPU or more"


def concurrency_refused(one: Instance) -> Iterator[str]:
    if one.concurrency is not None and not 1 <= one.concurrency <= MAX_CONCURRENCY:
        yield f"concurrency {one.concurrency}; 1 to {MAX_CONCURRENCY} at a time"


def generation_refused(one: Instance) -> Iterator[str]:
    if one.environment == "gen1":
        yield from (f"gen1 with {what}" for what in one.needs_gen2)


def gpu_refused(one: Instance) -> Iterator[str]:
    if one.gpu is None:
        return
    kind = GPUS.get(one.gpu)
    if kind is None:
        yield f"a GPU of the kind {one.gpu}"
        return
    if one.total_cores < kind.min_cores or one.total_memory < kind.min_memory_bytes:
        yield (
            f"{one.gpu} with {one.total_cores:f} CPU and {_mib(one.total_memory)}, of at least {kind.min_cores} and "
            f"{_mib(kind.min_memory_bytes)}"
        )
    if one.environment == "gen1":
        yield f"{one.gpu} with gen1"
    if one.billing == "request":
        yield f"{one.gpu} with request-based billing"


def all_refused(one: Instance) -> list[str]:
    """Everything about an instance that the API refuses, in words."""
    found = (cpu_refused, memory_refused, below_one_refused, concurrency_refused, generation_refused, gpu_refused)
    return [said for find in found for said in find(one)]


@refuses("quantity", "CPU is a number or millicores, memory in Ki, Mi or Gi", _MEMORY)
def _quantities(spec: Spec) -> Iterator[Place]:
    for path, container in each(spec):
        for name, text in _limits(container).items():
            pattern = {"cpu": _CPU_TEXT, "memory": _MEMORY_TEXT, GPU_RESOURCE: re.compile("1")}.get(name)
            if pattern is None or not pattern.fullmatch(text):
                yield f"{path}.resources.limits.{name}", repr(text)
    for i, volume in enumerate(spec.volumes):
        size = str((volume.get("emptyDir") or {}).get("sizeLimit", "1Mi"))
        if not _MEMORY_TEXT.fullmatch(size):
            yield f"volumes[{i}].emptyDir.sizeLimit", repr(size)


def _memory_by_cpu() -> str:
    """Rows of the table in words: below the next row for a fraction, at the number for the others."""
    said: list[str] = []
    for place, (cores, least, most) in enumerate(MEMORY_BY_CPU):
        at = f"at {cores}" if cores >= 1 else f"below {MEMORY_BY_CPU[place + 1][0]}"
        from_least = f"{_size(least)} to " if least >= GIB else "to " if not said else ""
        said.append(f"{from_least}{_size(most)} {at}")
    return ", ".join(said)


def _size(size_bytes: int) -> str:
    return f"{size_bytes // GIB}Gi" if size_bytes % GIB == 0 else f"{size_bytes // MIB}Mi"


_WHOLE = f"{', '.join(map(str, WHOLE_CORES[:-1]))} or {WHOLE_CORES[-1]}"


@refuses(
    "cpu",
    f"a container has {MIN_FRACTION_CORES} to below 1 CPU, or {_WHOLE}; "
    f"{MAX_CPU_CORES} in all (more beside a large GPU)",
    _CPU,
)
def _cpu(spec: Spec) -> Iterator[Place]:
    yield from _of_instance(spec, cpu_refused)


@refuses(
    "memory-by-cpu",
    f"memory in all by the CPU in all: {_memory_by_cpu()}",
    _MEMORY,
)
def _memory(spec: Spec) -> Iterator[Place]:
    yield from _of_instance(spec, memory_refused)


@refuses("below-one-cpu", "below 1 CPU: concurrency 1, gen1 and request-based billing", _CPU)
def _below_one(spec: Spec) -> Iterator[Place]:
    yield from _of_instance(spec, below_one_refused)


@refuses("concurrency", f"concurrency is 1 to {MAX_CONCURRENCY}", _CONCURRENCY)
def _concurrency(spec: Spec) -> Iterator[Place]:
    yield from _of_instance(spec, concurrency_refused)


@refuses("generation", "disks, buckets and NFS need gen2", _GENERATIONS)
def _generation(spec: Spec) -> Iterator[Place]:
    yield from _of_instance(spec, generation_refused)


@refuses("gpu", "a GPU has a kind that is offered, its least CPU and memory, gen2, and instance-based billing", GPU)
def _gpu(spec: Spec) -> Iterator[Place]:
    yield from _of_instance(spec, gpu_refused)
    with_gpu = [path for path, c in each(spec) if GPU_RESOURCE in _limits(c)]
    has_kind = bool((spec.fields.get("nodeSelector") or {}).get(ACCELERATOR))
    if len(with_gpu) > 1:
        yield "containers", f"{len(with_gpu)} containers with a GPU"
    if bool(with_gpu) != has_kind:
        yield "nodeSelector", "a GPU without its kind" if with_gpu else "a kind of GPU, and no container with one"


def _of_instance(spec: Spec, find: Callable[[Instance], Iterator[str]]) -> Iterator[Place]:
    one = instance_of(spec)
    if one is not None:
        yield from (("resources", said) for said in find(one))


def instance_of(spec: Spec) -> Instance | None:
    """The instance that a spec asks for, with Cloud Run's defaults; None where a quantity cannot be read."""
    limits = {str(c.get("name", i)): _limits(c) for i, c in enumerate(spec.containers)}
    if any(
        not _CPU_TEXT.fullmatch(found.get("cpu", "1")) or not _MEMORY_TEXT.fullmatch(found.get("memory", "1Mi"))
        for found in limits.values()
    ):
        return None
    throttling = spec.annotations.get(CPU_THROTTLING, "true").lower()
    return Instance(
        cores={n: parse_quantity(found["cpu"]) if "cpu" in found else DEFAULT_CPU_CORES for n, found in limits.items()},
        memory={
            n: bytes_of(found["memory"]) if "memory" in found else DEFAULT_MEMORY_BYTES for n, found in limits.items()
        },
        gpu=(spec.fields.get("nodeSelector") or {}).get(ACCELERATOR),
        environment=spec.annotations.get(EXECUTION_ENVIRONMENT) if spec.is_service else "gen2",
        billing=("instance" if throttling == "false" else "request") if spec.is_service else None,
        concurrency=(spec.fields.get("containerConcurrency") or None) if spec.is_service else None,
        needs_gen2=tuple(_needs_gen2(spec)),
    )


def _needs_gen2(spec: Spec) -> Iterator[str]:
    for volume in spec.volumes:
        if "nfs" in volume:
            yield "an NFS volume"
        elif (volume.get("csi") or {}).get("driver") == BUCKET_DRIVER:
            yield "a bucket"
        elif (volume.get("emptyDir") or {}).get("medium") == MEDIUM_DISK:
            yield "a scratch disk"


def _limits(container: Mapping[str, object]) -> Mapping[str, str]:
    resources = container.get("resources")
    found = resources.get("limits") if isinstance(resources, Mapping) else None
    return found or {}


def _mib(size_bytes: int) -> str:
    return f"{size_bytes // 2**20}Mi"
