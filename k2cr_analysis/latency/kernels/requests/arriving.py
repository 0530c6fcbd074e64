"""Requests to come, a chunk at a time: when they arrive, and how long each takes alone on an instance."""

from __future__ import annotations

import math

import numpy as np

from k2cr_analysis.latency.kernels.compiled import compiled, inlined
from k2cr_analysis.latency.kernels.draws import (
    GOLDEN,
    as_float,
    as_word,
    exponential,
    from_table,
    mixed,
    next_word,
    normal,
)
from k2cr_analysis.latency.kernels.state import CHUNK, CONSTANT, EXPONENTIAL, LOGNORMAL, Chunk, Source

_ARRIVALS, _WORK = 0, 1  # streams of Source.rng


@compiled
def fill(source: Source, chunk: Chunk) -> int:
    """The next requests of the periods that are known, at most a chunk; how many they are."""
    many = _arrivals(source, chunk)
    _work(source, chunk, many)
    return many


@compiled
def _arrivals(source: Source, chunk: Chunk) -> int:
    """Arrivals of any kind: a period holds a count (uniform), a rate (Poisson), or is one instant."""
    now = source.now
    wanted = min(CHUNK, now.requests_left)
    many = 0
    while many < wanted:
        if now.left > 0:
            many = _of_count(source, chunk, many, wanted)
        elif now.left < 0:
            many = _of_rate(source, chunk, many, wanted)
        elif now.period + 1 < len(source.periods):
            now.period += 1
            now.clock_s = source.periods[now.period, 0]
            now.left = int(source.periods[now.period, 2])
        else:
            break
    now.requests_left -= many
    return many


@inlined
def _of_count(source: Source, chunk: Chunk, many: int, wanted: int) -> int:
    """The least of ``left`` uniform instants in what remains of the period, again and again."""
    now = source.now
    end_s, clock_s, left = source.periods[now.period, 1], now.clock_s, now.left
    while left > 0 and many < wanted:
        if clock_s < end_s:
            x = exponential(next_word(source.rng, _ARRIVALS)) / left
            clock_s += (end_s - clock_s) * (-math.expm1(-x) if x > 1e-3 else x * (1.0 - x * (0.5 - x / 6.0)))
        chunk.arrive_s[many] = clock_s
        many += 1
        left -= 1
    now.clock_s, now.left = clock_s, left
    return many


@inlined
def _of_rate(source: Source, chunk: Chunk, many: int, wanted: int) -> int:
    now = source.now
    end_s, mean_s = source.periods[now.period, 1], 1.0 / source.periods[now.period, 3]
    clock_s, word = now.clock_s, source.rng[_ARRIVALS]
    while many < wanted:
        word += GOLDEN
        clock_s += exponential(mixed(word)) * mean_s
        if clock_s >= end_s:
            now.left = 0
            break
        chunk.arrive_s[many] = clock_s
        many += 1
    now.clock_s = clock_s
    source.rng[_ARRIVALS] = word
    return many


@inlined
def _work(source: Source, chunk: Chunk, many: int) -> None:
    """Service times. Words first: that loop is done eight at a time."""
    kind, mean_s = source.now.service_kind, source.now.service_mean_s
    first = source.rng[_WORK]
    for i in range(many):
        chunk.work_s[i] = as_float(mixed(first + np.uint64(i + 1) * GOLDEN))
    source.rng[_WORK] = first + np.uint64(many) * GOLDEN
    if kind == EXPONENTIAL:
        for i in range(many):
            chunk.work_s[i] = mean_s * exponential(as_word(chunk.work_s[i]))
    elif kind == CONSTANT:
        for i in range(many):
            chunk.work_s[i] = mean_s
    elif kind == LOGNORMAL:
        for i in range(many):
            z = normal(as_word(chunk.work_s[i]))
            chunk.work_s[i] = math.exp(source.now.service_mu + source.now.service_sigma * z)
    else:
        for i in range(many):
            chunk.work_s[i] = from_table(as_word(chunk.work_s[i]), source.table)
