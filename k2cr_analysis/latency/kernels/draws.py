"""Random numbers: each draw takes one word of its stream, whatever its kind.

SplitMix64 (Steele, Lea, Flood 2014). Arrivals, service times and start-up times are three streams, so that two
configurations see the same draws (common random numbers). The few draws that one word does not settle go on with words
derived from it, so that the next draw of the stream is the same in any case.

Exponential draws: ziggurat of Marsaglia and Tsang (2000), 256 layers, 53 bits.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math

import numpy as np

from k2cr_analysis.latency.kernels.compiled import compiled, inlined
from k2cr_analysis.latency.kernels.state import WordArray
from k2cr_analysis.model.observed import FloatArray

_R = 7.69711747013104972
_V = 3.949659822581572e-3


def _ziggurat() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    k, w, f = np.zeros(256), np.zeros(256), np.zeros(256)
    scale = 2.0**53
    d = t = _R
    q = _V / math.exp(-d)
    k[0], k[1] = d / q * scale, 0.0
    w[0], w[255] = q / scale, d / scale
    f[0], f[255] = 1.0, math.exp(-d)
    for i in range(254, 0, -1):
        d = -math.log(_V / d + math.exp(-d))
        k[i + 1] = d / t * scale
        t = d
        f[i] = math.exp(-d)
        w[i] = d / scale
    return k, w, f


_ZK, _ZW, _ZF = _ziggurat()
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_LOW8 = np.uint64(255)
_UNIT = 2.0**-53


@inlined
def mixed(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@inlined
def as_word(x: float) -> np.uint64:
    """The bits of a float."""
    return np.float64(x).view(np.uint64)


@inlined
def as_float(word: np.uint64) -> float:
    return np.uint64(word).view(np.float64)


@inlined
def next_word(rng: WordArray, stream: int) -> np.uint64:
    rng[stream] += GOLDEN
    return mixed(rng[stream])


@inlined
def uniform(word: np.uint64) -> float:
    return (np.float64(np.int64(word >> _S11)) + 0.5) * _UNIT


@compiled
def _exponential_edge(word: np.uint64, layer: int, x: float) -> float:
    """The rare rest of the ziggurat: the tail, the edge of a layer, or another draw."""
    z = word
    while True:
        z += GOLDEN
        if layer == 0:
            return _R - math.log(uniform(mixed(z)))
        if _ZF[layer] + uniform(mixed(z)) * (_ZF[layer - 1] - _ZF[layer]) < math.exp(-x):
            return x
        z += GOLDEN
        again = mixed(z)
        layer = int(again & _LOW8)
        j = np.float64(np.int64(again >> _S11))
        x = j * _ZW[layer]
        if j < _ZK[layer]:
            return x


@inlined
def exponential(word: np.uint64) -> float:
    layer = int(word & _LOW8)
    j = np.float64(np.int64(word >> _S11))
    x = j * _ZW[layer]
    return x if j < _ZK[layer] else _exponential_edge(word, layer, x)


@compiled
def normal(word: np.uint64) -> float:
    """Standard normal: polar method of Marsaglia."""
    z = word
    while True:
        z += GOLDEN
        u = 2.0 * uniform(mixed(z)) - 1.0
        z += GOLDEN
        v = 2.0 * uniform(mixed(z)) - 1.0
        q = u * u + v * v
        if 0.0 < q < 1.0:
            return u * math.sqrt(-2.0 * math.log(q) / q)


@compiled
def from_table(word: np.uint64, table: FloatArray) -> float:
    """Even strata of a measured distribution, linear between their middles."""
    place = uniform(word) * len(table) - 0.5
    if place <= 0.0:
        return table[0]
    low = int(place)
    if low >= len(table) - 1:
        return table[len(table) - 1]
    return table[low] + (place - low) * (table[low + 1] - table[low])
