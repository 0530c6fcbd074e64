"""Every flipped comparison, sign, constant or minimum in the kernels changes a simulation: see ``mutants.py``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# `tests` is no package: a name for it, so that the child reads this one.
CHILD = (
    "import sys, types\n"
    f"package = types.ModuleType('tests'); package.__path__ = [{str(TESTS)!r}]; sys.modules['tests'] = package\n"
    "from tests.latency.mutants import main; main()"
)


def alive(*kernels: str) -> set[str]:
    """What is flipped and changes nothing."""
    command = [sys.executable, "-c", CHILD, *kernels]
    shown = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}
    )
    first, *rest = shown.stdout.splitlines()
    assert int(first.split()[0]) > 0
    return {line for line in rest if line}


# What changes nothing that a simulation could show, and why.
EQUIVALENT = {
    "events.run: 0 -> 1 in digest > 0": "a digest is a large number",
    "events._needs: 1 -> 2 in s.now.chunk_end = 1": "the run ends before a second place of the last chunk is looked at",
    "events._needs: source.now.requests_left > 0 -> source.now.requests_left <= 0 in not final and source.now.requests_left > 0": "feed stops by itself",
    "events._needs: 0 -> 1 in source.now.requests_left > 0": "feed stops by itself",
    "events._needs: 0 -> 1 in s.now.free_requests == 0": "room is made one request earlier or later",
    "events._next_completion: 1 -> 2 in -1": "any negative number says that nobody leaves",
    "draws._exponential_edge: _ZF[layer] + uniform(mixed(z)) * (_ZF[layer - 1] - _ZF[layer]) < math.exp(-x) -> _ZF[layer] + uniform(mixed(z)) * (_ZF[layer - 1] - _ZF[layer]) <= math.exp(-x) in if _ZF[layer] + uniform(mixed(z)) * (_ZF[layer - 1] - _ZF[layer]) < math.exp(-x):": "no draw falls on the edge itself",
    "draws._exponential_edge: j < _ZK[layer] -> j <= _ZK[layer] in if j < _ZK[layer]:": "no whole number is at the edge of a layer but 0, where both ways give 0",
    "draws.exponential: j < _ZK[layer] -> j <= _ZK[layer] in x if j < _ZK[layer] else _exponential_edge(word, layer, x)": "as above",
    "draws.normal: 0.0 < q < 1.0 -> 0.0 <= q < 1.0 in if 0.0 < q < 1.0:": "no draw is at the middle of the circle: a uniform is an odd multiple of half a unit",
    "serving.arrive: 1 -> 2 in -1": "any negative number says that it is bound to none",
    "serving._bill_once: t > since_s -> t >= since_s in if t > since_s:": "no time is billed as none",
    "draws.from_table: place <= 0.0 -> place < 0.0 in if place <= 0.0:": "at the place 0 both give the first value",
}  # fmt: skip


def test_a_flip_in_the_order_of_events_changes_a_simulation() -> None:
    assert alive("events._other_event") <= EQUIVALENT.keys()


def test_a_flip_in_who_gives_up_or_what_is_billed_changes_a_simulation() -> None:
    assert alive("--boundaries", "requests.serving.give_up", "requests.recording.billed_s") <= EQUIVALENT.keys()


@pytest.mark.soak
def test_a_flip_in_the_end_of_an_instance_or_a_measured_draw_changes_a_simulation() -> None:
    assert alive("--boundaries", "instances.life.ended", "draws.from_table") <= EQUIVALENT.keys()


@pytest.mark.soak
def test_every_flip_in_the_events_changes_a_simulation() -> None:
    assert alive("events") <= EQUIVALENT.keys()


@pytest.mark.soak
@pytest.mark.parametrize("kernel", ["draws", "requests.recording", "requests.serving"])
def test_every_flip_and_moved_boundary_of_a_kernel_is_noticed(kernel: str) -> None:
    assert alive("--boundaries", kernel) <= EQUIVALENT.keys()


def test_a_flip_in_the_chance_that_an_instance_lives_is_noticed() -> None:
    """A digest is a large number; the short cut for what is used all the time changes nothing that is seen."""
    found = alive("holding")
    assert {f for f in found if "digest" not in f and "20.0" not in f and "0.999" not in f} <= {
        "holding.hold: 1.0 -> 2.5 in middle < 1.0",  # at 1 nothing starts
        "holding.hold: 1.0 -> 2.5 in 1.0 if in_idle < 1e-09 else in_idle / math.expm1(min(in_idle, _MOST))",  # not used, it does not live
        "holding.hold: 0 -> 1 in return 0",  # nobody asks
    }  # fmt: skip
