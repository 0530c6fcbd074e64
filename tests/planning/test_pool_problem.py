"""One pool's bound where parts of workloads may leave: the weights found lower it, and never below the best set."""

import random
from itertools import product

import numpy as np
import pytest

from k2cr_analysis.planning.search.pool_problem import PoolProblem
from tests.planning.test_plan import small_fleet

ROUNDS = 60


def mixed_pool(seed):
    """A pool of workloads that ask for much CPU or for much memory, and what each costs to move."""
    rng = random.Random(seed)
    asks = [("2", "1Gi"), ("1500m", "2Gi"), ("250m", "6Gi"), ("500m", "4Gi")]
    found = [(*rng.choice(asks), rng.choice([1, 2]), 1, "ready", "main") for _ in range(11)]
    pool = next(p for p in small_fleet(found, 9).avoidables[0].pools if p.groups)
    return PoolProblem.of(pool, sorted(pool.groups)), np.array([rng.uniform(30, 200) for _ in found])


def best_set(problem, cost):
    """What the best of all sets gains."""
    picks = np.array(list(product((0.0, 1.0), repeat=len(cost))))
    enough = np.all((picks @ problem.freed)[:, None, :] >= problem.needed[None] - 1e-9, axis=2)
    gains = np.where(enough, problem.node_month * np.array(problem.counts)[None], 0.0).max(axis=1)
    return float((gains - picks @ cost).max())


@pytest.mark.parametrize("seed", range(6))
def test_the_weights_found_bound_a_mixed_pool_closer_and_never_below_its_best_set(seed):
    problem, cost = mixed_pool(seed)
    gains = []
    for turn in range(ROUNDS):
        found = problem.relaxed(cost)
        gains.append(found.gain)
        problem = problem.weighed_after(found, turn)
    assert min(gains) < gains[0]
    assert min(gains) >= best_set(problem, cost) - 1e-6
