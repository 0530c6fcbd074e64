"""The least legal CPU and memory that give each container what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from k2cr_analysis.model.cloud_run import ContainerShape
from k2cr_analysis.model.instance_limits import least_cores, memory_range
from k2cr_analysis.platforms.cloud_run.gpu import GPUS
from k2cr_analysis.platforms.cloud_run.limits import (
    GEN2_MIN_MEMORY_BYTES,
    MAX_CPU_CORES,
    MIB,
    MIN_FRACTION_CORES,
    MIN_MEMORY_BYTES,
    WHOLE_CORES,
)

# CPU is counted in hundredths, the coarser of the two steps that the documentation names for fractions.
_STEP = Decimal("0.01")
_WHOLE = tuple(cores * 100 for cores in WHOLE_CORES)
_SHORT_FRACTIONS = (25, 50)  # for one of many sidecars that would each like a whole vCPU
# Memory is given in steps of 64 MiB, so that figures stay readable; the smallest documented amount is 128 MiB.
_MEMORY_STEP_BYTES = 64 * MIB


@dataclass(frozen=True, slots=True)
class Need:
    """What one container needs, before it is rounded to what Cloud Run has."""

    cpu_cores: Decimal
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """``short``: containers that get less CPU than they need, since 8 vCPU in all are not enough."""

    containers: Mapping[str, ContainerShape]
    short: tuple[str, ...]


def allocate(needs: Mapping[str, Need], main: str, gpu: str | None = None) -> Allocation | None:
    """Legal CPU and memory for an instance of gen2; None where its memory does not fit into one.

    Parameters
    ----------
    needs : in the order in which the containers stand. ``main`` is one of them and gets a whole number of vCPUs, so
        that concurrency, gen2 and both billing modes stay open.
    gpu : a kind that Cloud Run has; the whole instance then has its least, and may have its most.
    """
    kind = GPUS.get(gpu or "")
    memory = {name: _memory_step(need.memory_bytes) for name, need in needs.items()}
    floor = kind.min_memory_bytes if kind else GEN2_MIN_MEMORY_BYTES
    memory[main] += max(0, floor - sum(memory.values()))
    least = least_cores(sum(memory.values()), gpu)
    if least is None:
        return None
    wanted = {name: need.cpu_cores for name, need in needs.items()}
    cores = _cores(wanted, main, least, kind.max_cores if kind else MAX_CPU_CORES)
    if cores is None:
        return None
    memory[main] += max(0, memory_range(sum(cores.values(), Decimal(0)), gpu)[0] - sum(memory.values()))
    short = tuple(name for name, need in needs.items() if cores[name] < need.cpu_cores)
    return Allocation({name: ContainerShape(cores[name], memory[name]) for name in needs}, short)


def _memory_step(need_bytes: int) -> int:
    return max(MIN_MEMORY_BYTES, -(-need_bytes // _MEMORY_STEP_BYTES) * _MEMORY_STEP_BYTES)


def _cores(needs: Mapping[str, Decimal], main: str, least: Decimal, most: int) -> dict[str, Decimal] | None:
    """CPU of each container: nobody short if possible, else the worst off as little as possible; then the least CPU.

    Every reachable total keeps the best way to reach it, container by container, so the search is exact.
    """
    names = [main, *(name for name in needs if name != main)]
    ways: dict[int, tuple[Decimal, tuple[int, ...]]] = {0: (Decimal(1), ())}
    for name in names:
        reached: dict[int, tuple[Decimal, tuple[int, ...]]] = {}
        for total, (shortage, given) in ways.items():
            for choice in _choices(needs[name], most, is_main=name == main):
                if total + choice > most * 100:
                    continue
                way = (max(shortage, needs[name] * 100 / choice), (*given, choice))
                if total + choice not in reached or _rank(way) < _rank(reached[total + choice]):
                    reached[total + choice] = way
        ways = reached
    enough = {total: way for total, way in ways.items() if total >= least * 100}
    if not enough:
        return None
    best = min(enough, key=lambda total: (enough[total][0], total))
    return {name: given * _STEP for name, given in zip(names, enough[best][1], strict=True)}


def _rank(way: tuple[Decimal, tuple[int, ...]]) -> tuple[Decimal, tuple[int, ...]]:
    """Least shortage first; of equals, the one that gives the main container more, then the next."""
    shortage, given = way
    return shortage, tuple(-choice for choice in given)


def _choices(need: Decimal, most: int, *, is_main: bool) -> tuple[int, ...]:
    """CPU that a container may get, in hundredths: a whole number; a fraction where it is enough, or 8 vCPU are not."""
    if is_main:
        return _WHOLE if most <= MAX_CPU_CORES else tuple(range(100, most * 100 + 1, 100))
    fraction = int((max(need, MIN_FRACTION_CORES) / _STEP).to_integral_value(rounding=ROUND_CEILING))
    return (*_SHORT_FRACTIONS, *_WHOLE) if fraction >= _WHOLE[0] else (fraction, *_WHOLE)
