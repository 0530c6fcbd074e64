"""What each container needs: by what it was seen to use, else what its manifest asks for, else Cloud Run's defaults.

| what | rule |
|---|---|
| CPU, measured | 95 % quantile of the busiest pod, with the headroom |
| memory, measured | the most ever seen, with the headroom: an instance above its limit is killed whole |
| headroom | ``[objectives] headroom``, share that stays free: need = seen / (1 - headroom) |
| CPU, not measured | the request, and half a vCPU of a limit above it (a ceiling on Cloud Run); else the limit |
| memory, not measured | the limit, which the container has lived under; else the request |
| the pod states its own | what its containers leave of it: in equal parts to the silent ones, else to the first |
| neither | 1 vCPU and 512 MiB, Cloud Run's defaults for each container; less CPU for one beside the application |
| restarts at the brink of the memory limit | half as much again as the limit: it looks like OOM kills |
| scratch in memory (``model/pod/scratch.py``) | its size in full, for the first container that mounts it |
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from k2cr_analysis.model.cloud_run import cpu_text, memory_text
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.observed import ContainerUsage, WorkloadUsage
from k2cr_analysis.model.pod.scratch import scratch_volumes
from k2cr_analysis.model.workload import Container, Pod, Resources, Workload
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_CPU_CORES, DEFAULT_MEMORY_BYTES, GIB
from k2cr_analysis.platforms.images import parse_image
from k2cr_analysis.sizing import notices
from k2cr_analysis.sizing.allocation import Need

CPU_QUANTILE = 0.95
MEMORY_QUANTILE = 1.0
# Cloud Run, "Container runtime contract": resources of a container that says nothing.
DEFAULT_BYTES = DEFAULT_MEMORY_BYTES
# k2cr's own rules of thumb for CPU that nobody measured: how much of a limit above the request; of a container that
# says nothing beside others that do; of one whose name shows that it helps the application.
OF_A_LIMIT_CORES = Decimal("0.5")
HALF_CORES = Decimal("0.5")
HELPER_CORES = Decimal("0.25")
_HELPER = re.compile(r"proxy|sidecar|envoy|istio|linkerd|agent|exporter|collector|otel|fluent|vector|promtail|statsd")
# k2cr's own rules of thumb: how much more memory after an OOM kill, and how near the limit a restart counts as one.
OOM_FACTOR = Decimal("1.5")
NEAR_LIMIT = 0.9
MEASURED, ASKED, DEFAULT = "usage", "requests and limits", "Cloud Run defaults"
_MOST_BYTES = 32 * GIB


@dataclass(frozen=True, slots=True)
class Needs:
    """``basis`` says, for each container, where its CPU and its memory come from."""

    containers: Mapping[str, Need]
    basis: Mapping[str, tuple[str, str]]
    findings: tuple[Finding, ...]


def needs_of(
    workload: Workload, names: tuple[str, ...], usage: WorkloadUsage | None, headroom: float, ingress: str | None = None
) -> Needs:
    """The needs of the containers that go along, in the order of ``names``."""
    free = 1 - Decimal(repr(headroom))
    containers = {name: known for name in names if (known := workload.container(name)) is not None}
    scratch, too_large = _scratch_bytes(workload, containers)
    found: dict[str, Need] = {}
    basis: dict[str, tuple[str, str]] = {}
    findings: list[Finding] = [*too_large]
    of_pod = _shares_of_pod(workload.pod, containers)
    for name, container in containers.items():
        measured = usage.containers.get(name) if usage else None
        more = of_pod.get(name, Resources())
        silent = _silent_cores(container, [c for c in containers.values() if c is not container], name == ingress)
        cpu, cpu_from = _cpu(container, measured, free, more, silent)
        memory, memory_from = _memory(container, measured, free, more)
        oom = _oom(container, measured)
        if oom is not None:
            memory = max(memory, oom[0])
            path = f"{container.path}.resources.limits.memory"
            findings.append(notices.memory_raised_after_oom(path, name, oom[1], oom[0]))
        if cpu_from != MEASURED and (wanted := _more_than_given(container, cpu)):
            findings.append(notices.cpu_is_a_ceiling(f"{container.path}.resources", name, wanted, cpu_text(cpu)))
        found[name] = Need(cpu, memory + scratch.get(name, 0))
        basis[name] = (cpu_from, memory_from)
    return Needs(found, basis, tuple(findings))


def _shares_of_pod(pod: Pod, containers: Mapping[str, Container]) -> dict[str, Resources]:
    """Container -> its part of what the pod asks for beyond its containers; nothing where the pod asks for nothing."""
    asked_cpu = {n: _asked_cpu(c) for n, c in containers.items()}
    asked_memory = {n: asked_bytes(c) for n, c in containers.items()}
    cpu = _split(pod.pod_requests.cpu_cores or pod.pod_limits.cpu_cores, asked_cpu)
    memory = _split(pod.pod_limits.memory_bytes or pod.pod_requests.memory_bytes, asked_memory)
    return {n: Resources(cpu.get(n), None if n not in memory else _up(memory[n])) for n in {*cpu, *memory}}


def shared_amounts(pod: Pod, containers: Mapping[str, Container]) -> Mapping[tuple[str, str], Sequence[str]]:
    """("requests" or "limits", "cpu" or "memory") of the pod's own amounts -> the containers sized by a part of
    what is left of it, where nobody measured them.
    """
    cpu = ("requests" if pod.pod_requests.cpu_cores else "limits", "cpu")
    memory = ("limits" if pod.pod_limits.memory_bytes else "requests", "memory")
    shares = _shares_of_pod(pod, containers)
    return {
        cpu: [name for name in containers if name in shares and shares[name].cpu_cores],
        memory: [name for name in containers if name in shares and shares[name].memory_bytes],
    }


def _split(whole: Decimal | int | None, asked: Mapping[str, Decimal | int | None]) -> dict[str, Decimal]:
    """What is left of the whole, by container: in equal parts to the silent ones, else all to the first."""
    left = Decimal(whole or 0) - sum((Decimal(a) for a in asked.values() if a), Decimal(0))
    if left <= 0 or not asked:
        return {}
    silent = [name for name, own in asked.items() if not own] or [next(iter(asked))]
    return {name: left / len(silent) for name in silent}


def _asked_cpu(container: Container) -> Decimal | None:
    return container.requests.cpu_cores or container.limits.cpu_cores


def asked_bytes(container: Container) -> int | None:
    """The memory by which a container that nobody measured is sized."""
    asked = container.limits.memory_bytes or container.requests.memory_bytes
    if asked and asked > _MOST_BYTES:  # a limit that Cloud Run cannot give says less than the request
        asked = container.requests.memory_bytes or asked
    return asked


def _silent_cores(container: Container, others: Sequence[Container], is_ingress: bool) -> Decimal:
    """CPU of a container that says nothing: less where its name, or what the others say, shows it a helper."""
    name = f"{container.name} {parse_image(container.image).repository if container.image else ''}"
    if others and _HELPER.search(name.lower()):
        return HELPER_CORES
    spoken = any(_asked_cpu(other) for other in others)
    return HALF_CORES if spoken and not is_ingress else DEFAULT_CPU_CORES


def _evident_cpu(container: Container) -> Decimal | None:
    """What a manifest shows of the CPU that a container uses: its request, and part of a limit above it."""
    asked, limit = _asked_cpu(container), container.limits.cpu_cores
    return asked if not asked or not limit else max(asked, min(limit, OF_A_LIMIT_CORES))


def limit_decides_cpu(container: Container, given_cores: Decimal) -> bool:
    """Whether another CPU limit could give a container that nobody measured another size: a part of it, up to half a
    vCPU, counts above a request; who gets whole vCPUs gets one anyway.
    """
    asked = container.requests.cpu_cores
    return bool(container.limits.cpu_cores) and (not asked or (asked < OF_A_LIMIT_CORES and given_cores < 1))


def _more_than_given(container: Container, given: Decimal) -> str:
    """What the pod may use on GKE beyond the fraction of a vCPU that it gets; empty where nothing is."""
    limit = container.limits.cpu_cores
    if given >= 1 or not _asked_cpu(container) or (limit is not None and limit <= given):
        return ""
    return "no limit" if limit is None else f"a limit of {cpu_text(limit)}"


def _cpu(
    container: Container, measured: ContainerUsage | None, free: Decimal, of_pod: Resources, silent: Decimal
) -> tuple[Decimal, str]:
    if measured and CPU_QUANTILE in measured.cpu_quantiles_cores:
        return Decimal(repr(float(measured.cpu_quantiles_cores[CPU_QUANTILE]))) / free, MEASURED
    asked = (_evident_cpu(container) or Decimal(0)) + (of_pod.cpu_cores or Decimal(0))
    return (asked, ASKED) if asked else (silent, DEFAULT)


def _memory(container: Container, measured: ContainerUsage | None, free: Decimal, of_pod: Resources) -> tuple[int, str]:
    if measured and MEMORY_QUANTILE in measured.memory_quantiles_bytes:
        return _up(Decimal(repr(float(measured.memory_quantiles_bytes[MEMORY_QUANTILE]))) / free), MEASURED
    asked = (asked_bytes(container) or 0) + (of_pod.memory_bytes or 0)
    return (asked, ASKED) if asked else (DEFAULT_BYTES, DEFAULT)


def _up(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))


def _oom(container: Container, measured: ContainerUsage | None) -> tuple[int, str] | None:
    """(memory after the raise, evidence) where restarts at the brink of the limit look like OOM kills."""
    limit = container.limits.memory_bytes
    if not limit or not measured or not measured.restarts:
        return None
    most = measured.memory_quantiles_bytes.get(MEMORY_QUANTILE, 0)
    if most < NEAR_LIMIT * limit:
        return None
    evidence = f"{measured.restarts} restarts, and memory came to {most / limit:.0%} of the limit"
    return _up(limit * OOM_FACTOR), evidence


def _scratch_bytes(workload: Workload, containers: Mapping[str, Container]) -> tuple[dict[str, int], list[Finding]]:
    """Container -> bytes of scratch in memory that it is the first to mount; and notes on what is too large."""
    found: dict[str, int] = {}
    too_large: list[Finding] = []
    for name, scratch in scratch_volumes(workload.pod, containers).items():
        size_bytes = scratch.stated_bytes if scratch.medium == "memory" else None
        if not size_bytes:
            continue
        owner = next(n for n, c in containers.items() if name in {m.volume for m in c.volume_mounts})
        if size_bytes > _MOST_BYTES:
            too_large.append(notices.scratch_larger_than_memory(scratch.at, name, memory_text(size_bytes)))
        else:
            found[owner] = found.get(owner, 0) + size_bytes
    return found, too_large
