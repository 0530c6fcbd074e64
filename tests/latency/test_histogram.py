"""Percentiles of a histogram as Google computes them, and a sample that has the histogram's shape."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from k2cr_analysis.latency.load.histogram import percentile_ms, quantiles_ms, sample_ms


def lognormal_buckets(growth: float, samples: int = 10**7) -> tuple[np.ndarray, np.ndarray]:
    """Median 80 ms, sigma 0.8, in exponential buckets of scale 1 ms."""
    bounds = growth ** np.arange(0, math.ceil(math.log(1e5) / math.log(growth)) + 1)
    cdf = np.array([NormalDist(math.log(80.0), 0.8).cdf(math.log(b)) for b in bounds])
    shares = np.diff(np.concatenate(([0.0], cdf, [1.0])))
    return bounds, np.round(shares * samples).astype(np.int64)


@pytest.mark.parametrize(("p", "expected"), [(0.5, 192.0), (0.95, 249.6), (0.99, 254.72)])
def test_one_sample_as_in_the_documentation(p, expected):
    bounds = 2.0 ** np.arange(12)
    counts = np.zeros(13, np.int64)
    counts[8] = 1
    assert percentile_ms(bounds, counts, p) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("growth", "p", "expected"),
    [(1.4, 0.5, 80.136), (1.4, 0.95, 300.733), (1.4, 0.99, 541.265), (2.0, 0.5, 85.213), (2.0, 0.99, None)],
)
def test_linear_percentiles_of_a_lognormal(growth, p, expected):
    bounds, counts = lognormal_buckets(growth)
    if expected is not None:
        assert percentile_ms(bounds, counts, p) == pytest.approx(expected, abs=2e-2)


def test_the_sample_is_nearer_than_linear_and_has_the_exact_mean():
    bounds, counts = lognormal_buckets(2.0)
    sample = sample_ms(bounds, counts, 110.1702)
    assert sample.mean() == pytest.approx(110.1702)
    unscaled = sample_ms(bounds, counts, None)
    assert np.quantile(unscaled, 0.5) == pytest.approx(80.53, abs=0.2)
    assert np.quantile(unscaled, 0.95) == pytest.approx(329.9, rel=0.01)


def test_too_few_requests_beyond_a_quantile_give_none():
    bounds = np.array([100.0, 200.0])
    found = quantiles_ms(bounds, np.array([0, 999, 0]))
    assert found.p50_ms is not None
    assert found.p95_ms is not None
    assert found.p99_ms is None


def test_the_overflow_has_no_percentile():
    assert percentile_ms(np.array([100.0, 200.0]), np.array([0, 10, 90]), 0.95) is None


def test_no_requests_no_percentile():
    assert percentile_ms(np.array([100.0]), np.array([0, 0]), 0.5) is None
