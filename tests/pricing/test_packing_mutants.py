"""Every flipped comparison, sign, constant or minimum in the counting of nodes is noticed: see ``packing_mutants.py``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ortools", reason="the extra `planner` is not installed")

TESTS = Path(__file__).parents[1]
CHILD = (
    "import sys, types\n"
    f"package = types.ModuleType('tests'); package.__path__ = [{str(TESTS)!r}]; sys.modules['tests'] = package\n"
    "from tests.pricing.packing_mutants import main; main()"
)
# What changes nothing that is promised, and why.
EQUIVALENT = {
    "repack._merged: 1 -> 2 in pods=1": "a key of what is alike; the number of pods is set after it",
}


def alive(*modules: str) -> set[str]:
    """What is flipped and changes nothing."""
    shown = subprocess.run([sys.executable, "-c", CHILD, *modules], capture_output=True, text=True, check=True)
    first, *rest = shown.stdout.splitlines()
    assert int(first.split()[0]) > 0
    return {line for line in rest if line}


def test_a_flip_in_the_bound_from_below_is_noticed() -> None:
    assert alive("repack.least_nodes") == set()


@pytest.mark.soak
def test_every_flip_in_first_fit_is_noticed() -> None:
    assert alive("repack") <= EQUIVALENT.keys()
