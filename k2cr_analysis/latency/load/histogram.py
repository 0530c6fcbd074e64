"""Latency histograms as Cloud Monitoring gives them: percentiles, and a sample to compute with.

Bucket 0 is the underflow, the last one the overflow; bucket i lies in [bounds[i-1], bounds[i]).
"""

from __future__ import annotations

import numpy as np

from k2cr_analysis.model.cloud_run import Quantiles
from k2cr_analysis.model.observed import FloatArray, IntArray

MIN_SAMPLES_BEYOND = 10  # a quantile needs this many samples above it, else its rank is noise
_STRATA = 2048


def supported(samples: int, p: float) -> bool:
    """Whether the p-quantile of so many samples may be stated: n (1 - p) >= 10."""
    return samples * (1.0 - p) >= MIN_SAMPLES_BEYOND - 1e-9


def percentile_ms(bounds_ms: FloatArray, counts: IntArray, p: float) -> float | None:
    """As Google computes it: linear inside the bucket. None in the overflow, which has no upper end. [ms]

    Source: docs.cloud.google.com/monitoring/api/v3/distribution-metrics. One sample in [128, 256): p50 is 192.
    """
    total = int(counts.sum())
    if total == 0:
        return None
    below = np.concatenate(([0], np.cumsum(counts))) / total
    bucket = min(int(np.searchsorted(below[1:], p, side="left")), len(counts) - 1)
    if bucket >= len(bounds_ms):
        return None
    low = float(bounds_ms[bucket - 1]) if bucket > 0 else 0.0
    up = float(bounds_ms[bucket])
    return low + (up - low) * (p - float(below[bucket])) / float(below[bucket + 1] - below[bucket])


def quantiles_ms(bounds_ms: FloatArray, counts: IntArray) -> Quantiles:
    """p50, p95 and p99; None where the samples or the overflow do not allow one."""
    samples = int(counts.sum())
    values = [percentile_ms(bounds_ms, counts, p) if supported(samples, p) else None for p in (0.5, 0.95, 0.99)]
    return Quantiles(*values)


def sample_ms(bounds_ms: FloatArray, counts: IntArray, mean_ms: float | None) -> FloatArray:
    """Evenly weighted latencies float64[2048], rising, one per stratum of probability, scaled to the exact mean. [ms]

    Inside a bucket the spread is log-uniform, which is nearer to latencies than linear. The underflow is taken as
    [bound / 2, bound), the overflow as one bucket more of the last ratio: the histogram hides what lies beyond.
    """
    total = counts.sum()
    below = np.concatenate(([0.0], np.cumsum(counts) / total))
    edges = np.concatenate(([max(float(bounds_ms[0]) / 2.0, 1e-3)], np.maximum(bounds_ms, 2e-3)))
    ratio = edges[-1] / edges[-2] if len(edges) > 2 else 2.0
    edges = np.concatenate((edges, [edges[-1] * ratio]))
    p = (np.arange(_STRATA) + 0.5) / _STRATA
    bucket = np.clip(np.searchsorted(below[1:], p, side="right"), 0, len(counts) - 1)
    share = (p - below[bucket]) / (below[bucket + 1] - below[bucket])
    sample = edges[bucket] * (edges[bucket + 1] / edges[bucket]) ** share
    if mean_ms is not None and mean_ms > 0.0:
        sample = sample * (mean_ms / float(sample.mean()))
    return np.asarray(sample, dtype=np.float64)


def exponential_sample_ms(mean_ms: float) -> FloatArray:
    """The same strata of an exponential distribution, where only a mean is known. [ms]"""
    sample = -np.log1p(-(np.arange(_STRATA) + 0.5) / _STRATA)
    return np.asarray(sample * (mean_ms / float(sample.mean())), dtype=np.float64)
