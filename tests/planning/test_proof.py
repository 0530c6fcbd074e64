"""OR-Tools against brute force, and against the search without it. Skipped where the extra is not installed."""

import random
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.planning.search.choose import choose
from k2cr_analysis.planning.search.proof import prove
from k2cr_analysis.planning.worth import Fleet
from tests.planning.fleets import Move, assessment
from tests.planning.test_plan import brute_force, edges, sizes, small_fleet
from tests.pricing.clusters import node, workload

pytest.importorskip("ortools", reason="needs the extra `planner`")
CENT = Decimal("0.01")


@settings(max_examples=30, deadline=None)
@given(st.lists(sizes, min_size=1, max_size=8), st.integers(1, 5), edges)
def test_what_is_proved_is_what_trying_every_set_finds(found, nodes, calls):
    fleet = small_fleet(found, nodes, calls)
    proof, best = prove(fleet), brute_force(fleet)
    assert abs(fleet.worth(proof.chosen).objective - best) < CENT
    assert best <= proof.bound + CENT
    assert proof.bound - best < CENT


def middling(seed, count=60):
    """Workloads of all sizes over three pools, one in four blocked."""
    rng = random.Random(seed)
    objects, moves, load = [], {}, {}
    for number in range(count):
        cpu, pods, pool = rng.choice([50, 200, 500, 1000, 2000]), rng.choice([1, 2, 3]), f"p{rng.randrange(3)}"
        selector = {"cloud.google.com/gke-nodepool": pool}
        objects.append(workload(f"w{number}", f"{cpu}m", "512Mi", replicas=pods, nodeSelector=selector))
        load[pool] = load.get(pool, 0) + cpu * pods
        price = round(cpu * pods * rng.uniform(0.005, 0.03) + rng.uniform(0, 3), 2)
        moves[f"w{number}"] = Move(price) if rng.random() > 0.25 else Move(None, "blocked")
    for pool, cpu in load.items():
        objects += [node(f"{pool}-{n}", pool=pool, zone="abc"[n % 3]) for n in range(int(cpu / 3920 / 0.75) + 1)]
    return Fleet([assessment(objects, moves)])


@pytest.mark.parametrize("seed", range(3))
def test_the_gap_is_closed_and_the_plan_says_by_what(seed, monkeypatch):
    fleet = middling(seed)
    proved = choose(fleet)
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)  # as where it is not installed
    searched = choose(fleet)
    assert proved.gap < 1e-6
    assert searched.objective <= proved.objective <= searched.bound
    assert ("CP-SAT" in proved.method) == (searched.gap > 0)


def test_the_same_fleet_is_planned_the_same_way_twice():
    assert choose(middling(1)) == choose(middling(1))
