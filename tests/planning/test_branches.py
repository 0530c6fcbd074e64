"""Without OR-Tools: what the search finds on clusters of middling size is the best of all sets, or says that it is not."""

import random
import sys
from decimal import Decimal
from itertools import compress, product

import pytest

from k2cr_analysis.planning.search import branches
from k2cr_analysis.planning.search.choose import choose
from k2cr_analysis.planning.worth import Fleet
from tests.planning.fleets import Move, assessment
from tests.pricing.clusters import node, workload

CENT = Decimal("0.01")


def fleet_of(seed, candidates):
    """Workloads of all sizes over one to three pools, some called by others, and up to three that are blocked."""
    rng = random.Random(seed)
    pools, objects, moves, load = rng.choice([1, 1, 2, 3]), [], {}, {}
    for number in range(candidates + rng.randrange(4)):
        cpu, pods, pool = (
            rng.choice([50, 200, 500, 1000, 2000, 3000]),
            rng.choice([1, 1, 2, 3]),
            f"p{rng.randrange(pools)}",
        )
        selector, memory = {"cloud.google.com/gke-nodepool": pool}, rng.choice(["256Mi", "2Gi", "6Gi"])
        objects.append(workload(f"w{number}", f"{cpu}m", memory, replicas=pods, nodeSelector=selector))
        load[pool] = load.get(pool, 0) + cpu * pods
        price = round(cpu * pods * rng.uniform(0.005, 0.04) + rng.uniform(0, 3), 2)
        calls = tuple(f"w{rng.randrange(candidates)}" for _ in range(rng.choice([0, 0, 0, 1])))
        moves[f"w{number}"] = Move(price, calls=calls) if number < candidates else Move(None, "blocked")
    for pool, cpu in load.items():
        zones, fill = rng.choice([1, 3]), rng.choice([0.5, 0.75])
        objects += [node(f"{pool}-{n}", pool=pool, zone="abc"[n % zones]) for n in range(int(cpu / 3920 / fill) + 1)]
    return Fleet([assessment(objects, moves)])


def best_of(fleet):
    sets = (
        tuple(compress(fleet.candidates, picked)) for picked in product((False, True), repeat=len(fleet.candidates))
    )
    return max(fleet.worth(chosen).objective for chosen in sets)


def judged(seed, candidates, monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)  # as where it is not installed
    fleet = fleet_of(seed, candidates)
    made, best = choose(fleet, exact_up_to=0), best_of(fleet)
    assert made.bound >= best - CENT
    assert made.objective >= best * Decimal("0.98") - CENT


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_within_two_hundredths_of_the_best_set(seed, monkeypatch):
    judged(seed, 7, monkeypatch)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
def test_within_two_hundredths_of_the_best_of_twelve(seed, monkeypatch):
    judged(seed, 12, monkeypatch)


def test_where_the_trials_run_out_nothing_is_proved(monkeypatch):
    monkeypatch.setattr(branches, "TRIALS", 5)
    fleet = fleet_of(4, 8)
    found = branches.branched(fleet, fleet.candidates[:1])
    assert not found.proved
    assert fleet.worth(found.chosen).objective >= fleet.worth(fleet.candidates[:1]).objective
