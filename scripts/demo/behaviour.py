"""What the meters would have seen of one workload: requests, pods, cores, bytes, restarts, period by period."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.rhythm import Array, Clock, load, runs

MIB = 2**20


@dataclass(frozen=True)
class ContainerSeries:
    cpu_sum_cores: Array
    cpu_max_cores: Array
    memory_max_bytes: Array
    restarts: Array


@dataclass(frozen=True)
class Series:
    """One workload over the window. ``present``: a pod ran in the period; elsewhere there is no point, not a zero."""

    id: str
    clock: Clock
    requests_per_s: Array
    pods: npt.NDArray[np.int64]
    present: npt.NDArray[np.bool_]
    pod_hours: Array  # of each period, for the bill
    containers: dict[str, ContainerSeries]


@dataclass(frozen=True)
class Scaling:
    """Replicas: fixed where ``least == most``, else as an autoscaler on CPU keeps them."""

    least: int
    most: int
    cores_at_target: float | None


def generator(seed: int, name: str) -> np.random.Generator:
    """Each series has its own stream, so that one more workload changes no other."""
    return np.random.Generator(
        np.random.PCG64([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")])
    )


def workload_series(
    workload_id: str, spec: dict[str, Any], scaling: Scaling, company: dict[str, Any], clock: Clock
) -> Series:
    random = generator(company["seed"], workload_id)
    if "runs" in spec:
        return _job(workload_id, spec, clock, random)
    rate = float(spec["rate"]) * load(spec["rhythm"], clock, company["sale"], random)
    struggling = _struggle(workload_id, company["incident"], clock)
    cpu = {
        name: (np.asarray(rate) * ms / 1000.0) * np.sqrt(struggling)
        for name, (_, ms, _, _) in spec["containers"].items()
    }
    pods = _pods(cpu, spec, scaling)
    shared = _Shared(workload_id, spec, rate, pods, company["incident"], clock)
    containers = {name: _container(name, cpu[name], shared, random) for name in spec["containers"]}
    hours = pods * (clock.period_s / 3600.0)
    return Series(workload_id, clock, rate, pods, pods > 0, hours, containers)


def _job(workload_id: str, spec: dict[str, Any], clock: Clock, random: np.random.Generator) -> Series:
    share = runs(spec["runs"], clock)
    present = share > 0
    containers = {}
    for name, (cores, _, mib, _) in spec["containers"].items():
        busy = cores * share * random.normal(1.0, 0.06, len(share)).clip(0.8, 1.2)
        memory = mib * MIB * random.normal(1.0, 0.05, len(share)).clip(0.85, 1.2)
        containers[name] = ContainerSeries(busy, busy, memory, np.zeros(len(share)))
    return Series(
        workload_id,
        clock,
        np.zeros(len(share)),
        present.astype(np.int64),
        present,
        share * (clock.period_s / 3600.0),
        containers,
    )


def _struggle(workload_id: str, incident: dict[str, Any], clock: Clock) -> Array:
    return np.where(clock.between(incident), float(incident["slower"].get(workload_id, 1.0)), 1.0)


def _pods(cpu: dict[str, Array], spec: dict[str, Any], scaling: Scaling) -> npt.NDArray[np.int64]:
    total = np.sum(list(cpu.values()), axis=0)
    if scaling.cores_at_target is None or scaling.least == scaling.most:
        return np.full(len(total), scaling.least, dtype=np.int64)
    wished = np.ceil(total / scaling.cores_at_target)
    # An autoscaler looks back before it scales down, so the higher of two neighbouring periods holds.
    held = np.maximum(wished, np.concatenate([wished[:1], wished[:-1]]))
    return np.clip(held, scaling.least, scaling.most).astype(np.int64)


@dataclass(frozen=True)
class _Shared:
    """What the containers of one workload have in common."""

    id: str
    spec: dict[str, Any]
    rate: Array
    pods: npt.NDArray[np.int64]
    incident: dict[str, Any]
    clock: Clock


def _container(name: str, cpu: Array, of: _Shared, random: np.random.Generator) -> ContainerSeries:
    idle_cores, _, base_mib, mib_per_rate = of.spec["containers"][name]
    rate, pods = of.rate, of.pods
    some = np.maximum(pods, 1)
    total = cpu + idle_cores * pods * random.normal(1.0, 0.08, len(pods)).clip(0.7, 1.3)
    uneven = 1.0 + np.where(pods > 1, np.abs(random.normal(0.12, 0.08, len(pods))), 0.0)
    memory = base_mib + mib_per_rate * rate / some * random.normal(1.0, 0.1, len(pods)).clip(0.6, 1.5)
    restarts = np.zeros(len(pods))
    if of.spec.get("leak_container") == name:
        leak, restarts = _leak(float(of.spec["leak_mib_per_day"]), of.clock)
        memory = memory + leak
    if of.incident["restarting"].get(of.id) == name:
        incident = of.clock.between(of.incident)
        restarts = restarts + np.where(incident, random.integers(0, 3, len(pods)), 0)
        memory = memory * np.where(incident, 1.7, 1.0)
    memory = memory * random.normal(1.0, 0.015, len(pods)).clip(0.95, 1.05)
    return ContainerSeries(total, total / some * uneven, memory * MIB, restarts)


def _leak(mib_per_day: float, clock: Clock) -> tuple[Array, Array]:
    """Memory that grows until the kernel ends the container at its limit, every tenth day, on all three pods."""
    day = clock.hours_utc / 24
    since = day % 10
    ended = np.diff(np.floor(day / 10), prepend=0) > 0
    return since * mib_per_day, np.where(ended, 3.0, 0.0)
