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
    "fewest_nodes.fewest_nodes: 1 -> 2 in max(least_nodes(room, load_of(groups)), enough, 1)": "pods that fit on one node are put on one in every order",
    "fewest_nodes.fewest_nodes: 1 -> 2 in pods=1": "the search counts pods, not what is said of their number",
    "fewest_nodes._Search.__init__: cpu + pod.cpu_millicores -> cpu - pod.cpu_millicores in (cpu + pod.cpu_millicores, memory + pod.memory_kib, count + 1)": "a weaker bound cuts off less, and finds the same",
    "fewest_nodes._Search.__init__: memory + pod.memory_kib -> memory - pod.memory_kib in (cpu + pod.cpu_millicores, memory + pod.memory_kib, count + 1)": "a weaker bound cuts off less, and finds the same",
    "fewest_nodes._Search.__init__: count + 1 -> count - 1 in (cpu + pod.cpu_millicores, memory + pod.memory_kib, count + 1)": "a weaker bound cuts off less, and finds the same",
    "fewest_nodes._Search._place: 1 -> 2 in self._branches -= 1": "half as many branches are tried, which nobody promises",
    "fewest_nodes._Search._place: self._branches < 0 -> self._branches <= 0 in self._branches < 0 or any((sum((node[n] for node in free)) < needed for n, needed in enumerate(self._rest[number])))": "one branch less is tried",
    "fewest_nodes._Search._place: 0 -> 1 in self._branches < 0": "one branch less is tried",
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
