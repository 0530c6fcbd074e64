"""Latencies of served requests: memory stays, however long the run."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math

import numpy as np

from k2cr_analysis.latency.kernels.compiled import compiled, inlined
from k2cr_analysis.latency.kernels.state import BATCHES, Chunk, Record
from k2cr_analysis.platforms.cloud_run.billing import BILLED_STEP_S

BILLED_STEPS_A_S = float(1 / BILLED_STEP_S)


@inlined
def _bucket(into: Record, latency_s: float) -> int:
    """The bucket of a latency is its first bits: 2^k even buckets in each power of two."""
    bits = np.float64(latency_s).view(np.int64)
    return min(max((bits >> into.now.shift) - into.now.first, 0), into.histogram.shape[1] - 1)


@compiled
def record(into: Record, chunk: Chunk, many: int) -> None:
    """The chunk's first ``many`` latencies."""
    now = into.now
    place = 0
    while place < many:
        end = min(many, place + now.batch_size - now.in_batch)
        batch, sum_s = now.batch, 0.0
        least_s, most_s = now.least_s, now.most_s
        for i in range(place, end):
            sum_s += chunk.took_s[i]
            least_s = min(least_s, chunk.took_s[i])
            most_s = max(most_s, chunk.took_s[i])
            into.histogram[batch, _bucket(into, chunk.took_s[i])] += 1
        into.sums_s[batch] += sum_s
        now.least_s, now.most_s = least_s, most_s
        now.in_batch += end - place
        place = end
        if now.in_batch >= now.batch_size:
            now.batch += 1
            now.in_batch = 0
            if now.batch >= BATCHES:
                _merge(into)


@compiled
def _merge(into: Record) -> None:
    """Two neighbours become one batch, of twice the size."""
    first, last = _bucket(into, into.now.least_s), _bucket(into, into.now.most_s)
    half = BATCHES // 2
    for b in range(half):
        into.sums_s[b] = into.sums_s[2 * b] + into.sums_s[2 * b + 1]
        for k in range(first, last + 1):
            into.histogram[b, k] = into.histogram[2 * b, k] + into.histogram[2 * b + 1, k]
    for b in range(half, BATCHES):
        into.sums_s[b] = 0.0
        for k in range(first, last + 1):
            into.histogram[b, k] = 0
    into.now.batch = half
    into.now.batch_size *= 2


@inlined
def billed_steps(seconds: float) -> float:
    """Steps that Cloud Run bills for so long a time, the last one whole; a millionth is forgiven to rounding."""
    return math.ceil(seconds * BILLED_STEPS_A_S - 1e-6)


@inlined
def billed_s(seconds: float) -> float:
    """Rounded up to whole steps, as Cloud Run bills. [s]"""
    return billed_steps(seconds) / BILLED_STEPS_A_S
