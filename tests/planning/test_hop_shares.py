"""The shares of hops never cost more than the hops, and the bound made of them is never below the best set."""

from itertools import compress, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.planning.search.covers import bound_by_effort, cluster_covers, upper_bound
from k2cr_analysis.planning.search.hop_shares import HopShares
from tests.planning.test_plan import brute_force, sizes, small_fleet

many_edges = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=24)
hop_prices = st.sampled_from(["0", "0.5", "18.25", "90", "400"])
CENT_OF_A_CENT = 1e-4


@settings(max_examples=40, deadline=None)
@given(st.lists(sizes, min_size=2, max_size=7), many_edges, hop_prices, st.randoms(use_true_random=False))
def test_shares_of_any_round_cost_no_more_than_the_hops_of_any_set(found, calls, price, rng):
    fleet = small_fleet(found, 3, calls, price)
    shares = HopShares.of(fleet.hops, fleet.candidates)
    for turn in range(4):
        for picked in product((False, True), repeat=len(fleet.candidates)):
            moved = [c.key for c in compress(fleet.candidates, picked)]
            borne = float(shares.month @ np.array(picked, dtype=float))
            assert borne <= float(fleet.hops.price(fleet.hops.reached(moved))) + CENT_OF_A_CENT
        shares = shares.after(np.array([rng.random() for _ in fleet.candidates]), turn)


@settings(max_examples=40, deadline=None)
@given(st.lists(sizes, min_size=2, max_size=8), st.integers(1, 5), many_edges, hop_prices)
def test_no_set_is_worth_more_than_the_bound_whatever_calls_what(found, nodes, calls, price):
    fleet = small_fleet(found, nodes, calls, price)
    best = float(brute_force(fleet))
    for even_hops in (False, True):
        assert upper_bound(fleet, cluster_covers(fleet, even_hops=even_hops)) >= best - CENT_OF_A_CENT
        assert bound_by_effort(fleet, even_hops) >= best - CENT_OF_A_CENT


@pytest.mark.parametrize("price", ["18.25", "60"])
def test_hops_to_what_can_move_and_does_not_pay_lower_the_bound(price):
    callers = [("1", "1Gi", 1, 10, "ready", "main")] * 6
    called = [("1", "1Gi", 1, 900, "ready", "main")] * 6
    calls = [(n, n + 6) for n in range(6)]
    without, with_calls = (
        upper_bound(fleet, cluster_covers(fleet))
        for fleet in (small_fleet(callers + called, 4), small_fleet(callers + called, 4, calls, price))
    )
    assert with_calls < without - float(price)
