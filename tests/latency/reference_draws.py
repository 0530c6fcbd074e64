"""The draws of the kernels in plain Python, one word of a stream each: arrivals, service times, start-up times."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from k2cr_analysis.latency.load.arrivals import POISSON, Arrivals
from k2cr_analysis.latency.simulator.service import ServiceConfig

_ALL = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_R, _V = 7.69711747013104972, 3.949659822581572e-3  # edge and area of the 256 layers (Marsaglia and Tsang, 2000)


def mixed(word: int) -> int:
    """SplitMix64's finaliser."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _ALL
    return word ^ (word >> 31)


def words(seed: int) -> Iterator[int]:
    while True:
        seed = (seed + _GOLDEN) & _ALL
        yield mixed(seed)


def uniform(word: int) -> float:
    return ((word >> 11) + 0.5) * 2.0**-53


def _layers() -> tuple[list[float], list[float]]:
    """Right edge of each layer, the widest first, and the density there; layer 0 holds the tail."""
    edges = [_R]
    for _ in range(254):
        edges.append(-math.log(_V / edges[-1] + math.exp(-edges[-1])))
    edges = [_V * math.exp(_R), *edges]
    return edges, [math.exp(-edge) for edge in edges]


_EDGES, _DENSITY = _layers()


def is_settled(word: int) -> bool:
    """Whether the word alone gives an exponential draw."""
    layer, place = word & 255, (word >> 11) * 2.0**-53
    row = 0 if layer == 0 else 256 - layer
    return place * _EDGES[row] < (_EDGES[row + 1] if row < 255 else 0.0)


def exponential(word: int) -> float:
    """Mean 1. Layers are numbered by the low eight bits: 0 the tail, 255 the widest, 1 the narrowest."""
    state = word
    while True:
        layer, place = word & 255, (word >> 11) * 2.0**-53
        row = 0 if layer == 0 else 256 - layer
        inner = _EDGES[row + 1] if row < 255 else 0.0
        x = place * _EDGES[row]
        if x < inner:
            return x
        state = (state + _GOLDEN) & _ALL
        if layer == 0:
            return _R - math.log(uniform(mixed(state)))
        top = math.exp(-inner)
        low = math.exp(-_EDGES[row])
        if low + uniform(mixed(state)) * (top - low) < math.exp(-x):
            return x
        state = (state + _GOLDEN) & _ALL
        word = mixed(state)


def normal(word: int) -> float:
    state = word
    while True:
        state = (state + _GOLDEN) & _ALL
        u = 2.0 * uniform(mixed(state)) - 1.0
        state = (state + _GOLDEN) & _ALL
        v = 2.0 * uniform(mixed(state)) - 1.0
        q = u * u + v * v
        if 0.0 < q < 1.0:
            return u * math.sqrt(-2.0 * math.log(q) / q)


def from_table(word: int, table: np.ndarray) -> float:
    middles = (np.arange(len(table)) + 0.5) / len(table)
    return float(np.interp(uniform(word), middles, table))


def arrivals_of(source: Arrivals, seed: int) -> Iterator[float]:
    stream = words(seed)
    for block in source.blocks:
        for start, end, count, rate in zip(block.start_s, block.end_s, block.count, block.rate_per_s, strict=True):
            clock = float(start)
            if count == POISSON:
                while (clock := clock + exponential(next(stream)) / rate) < end:
                    yield clock
                continue
            for left in range(int(count), 0, -1):
                if start < end:
                    clock += (end - clock) * -math.expm1(-exponential(next(stream)) / left)
                yield clock


def service_times_of(service: ServiceConfig, seed: int) -> Iterator[float]:
    sigma2 = math.log1p(service.service_cv**2)
    for word in words(seed):
        if service.service_distribution == "exponential":
            yield service.service_s * exponential(word)
        elif service.service_distribution == "constant":
            yield service.service_s
        elif service.service_distribution == "lognormal":
            yield service.service_s * math.exp(math.sqrt(sigma2) * normal(word) - sigma2 / 2.0)
        else:
            yield from_table(word, service.service_table_s)


def startup_times_of(service: ServiceConfig, seed: int) -> Iterator[float]:
    for word in words(seed):
        yield service.startup_s * (exponential(word) if service.startup_distribution == "exponential" else 1.0)
