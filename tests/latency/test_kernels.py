"""Draws have their distribution and take one word each; the cache of compiled kernels knows all their files."""

from __future__ import annotations

import math

import numpy as np
import pytest

from k2cr_analysis.latency.kernels import compiled, draws
from k2cr_analysis.latency.kernels.events import run
from k2cr_analysis.latency.kernels.loss import run_loss

WORDS = np.random.default_rng(8).integers(0, 2**64, 200_000, dtype=np.uint64)
TAIL = np.random.default_rng(9).integers(0, 2**56, 20_000, dtype=np.uint64) << np.uint64(8)  # layer 0: low bits are 0


@compiled.compiled
def exponentials(words, into):
    for i in range(len(words)):
        into[i] = draws.exponential(words[i])


@compiled.compiled
def normals(words, into):
    for i in range(len(words)):
        into[i] = draws.normal(words[i])


def drawn(kernel, words):
    into = np.zeros(len(words))
    kernel(words, into)
    return into


@pytest.mark.parametrize("beyond", [0.1, 1.0, 3.0, 7.0])
def test_exponential_draws_have_their_tail(beyond):
    share = float((drawn(exponentials, WORDS) > beyond).mean())
    exact = math.exp(-beyond)
    assert share == pytest.approx(exact, abs=4 * math.sqrt(exact / len(WORDS)))


def test_the_last_layer_goes_on_beyond_its_edge():
    found = drawn(exponentials, TAIL)
    beyond = found[found > 7.69711747013104972]
    assert len(beyond) > 100
    assert (beyond - 7.69711747013104972).mean() == pytest.approx(1.0, abs=4 / math.sqrt(len(beyond)))


def test_normal_draws_have_their_moments():
    found = drawn(normals, WORDS)
    assert (found.mean(), found.std()) == pytest.approx((0.0, 1.0), abs=0.01)
    assert float((found > 1.959964).mean()) == pytest.approx(0.025, abs=0.0015)


def test_equal_words_are_equal_draws_whatever_came_before():
    assert (drawn(exponentials, WORDS[::-1])[::-1] == drawn(exponentials, WORDS)).all()


@pytest.mark.parametrize("kernel", [run, run_loss], ids=["events", "loss"])
def test_what_is_kept_on_disk_is_kept_under_the_content_of_every_file(kernel):
    (cell,) = kernel.py_func.__closure__
    assert cell.cell_contents == compiled._digest()
