"""The plan: the best set, its bound, its waves, and what it says of those that stay."""

import sys
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.config import PlanSettings
from k2cr_analysis.planning import plan, portfolio
from k2cr_analysis.planning.search.choose import choose
from k2cr_analysis.planning.worth import Fleet
from k2cr_analysis.pricing.packing.avoidable import Avoidable
from tests.planning.fleets import BOOK, Move, assessment, kept
from tests.pricing.clusters import REGION, live, node, workload

NODE = 730 * (4 * Decimal("0.02802642") + 16 * Decimal("0.00373911"))


def ids(*names):
    return tuple(f"shop/Deployment/{name}" for name in names)


def full_nodes(*names, cpu="3"):
    """On each node the one workload that fits."""
    made = [workload(name, cpu, "4Gi") for name in names]
    pods = [pod for name, owner in zip("abcdefgh", made, strict=False) for pod in live(owner, [name])]
    return [*(node(n) for n in "abcdefgh"[: len(names)]), *made, *pods]


def test_what_frees_a_node_moves_and_what_frees_none_stays():
    small = workload("small", "100m", "64Mi")
    objects = [*full_nodes("web", "api", "db"), small, *live(small, ["a"])]
    made = plan(assessment(objects, {"web": Move(10), "api": Move(10), "db": Move(None, "blocked"), "small": Move(10)}))
    assert made.workloads == ids("api", "web")
    # Two lines of 10, less the most that the free tier takes off.
    assert made.saving_month == 2 * NODE - 20 + Decimal("5.22")
    assert {left.id for left in made.left} == set(ids("db", "small"))
    assert made.gap == 0


def test_the_last_pod_lets_the_cluster_go():
    made = plan(assessment(full_nodes("web", "api"), {"web": Move(100), "api": Move(100)}))
    assert made.waves[-1].cluster_goes
    assert made.saving_month == 2 * NODE + 73 - 200 + Decimal("5.22")


def test_one_blocked_workload_holds_the_cluster_and_the_plan_says_for_how_much():
    made = plan(assessment(full_nodes("web", "api"), {"web": Move(10), "api": Move(None, "blocked")}))
    (left,) = made.left
    assert left.why == "blocked by durable-volume"
    # Less the machine that would take its place: 3 vCPU, 4 GiB, and a boot disk of 10 GiB.
    parts = ("compute.e2.cpu", "compute.e2.memory", "compute.pd.balanced")
    cpu, memory, disk = (BOOK.price(m, REGION).rate for m in parts)
    assert left.holds_back_month == NODE + 73 - (3 * cpu + 4 * memory) * 730 - 10 * disk


def test_what_the_config_keeps_holds_the_cluster_and_what_belongs_to_it_does_not():
    objects = [*full_nodes("web", "agent")]
    belongs = assessment(objects, {"web": Move(10)})
    assert plan(belongs).waves[-1].cluster_goes
    assert not plan(kept(belongs, ids("agent")[0])).waves[-1].cluster_goes


def test_not_moving_is_a_priced_answer():
    made = plan(assessment(full_nodes("web", "api"), {"web": Move(900), "api": Move(900)}))
    assert made.waves == ()
    assert made.saving_month == 0
    assert made.left[0].why == f"moving it costs 900.00 a month on Cloud Run, and the bill would lose {NODE:.2f}"


def test_effort_is_weighed_at_the_engineers_rate():
    moves = {"web": Move(10, days=30)}
    objects = full_nodes("web", "api")
    assert plan(assessment(objects, moves)).workloads == ids("web")
    # 30 days x 8 h x 100 / 12 months = 2000 a month for a node of 125.
    assert plan(assessment(objects, moves, engineer_hour="100")).workloads == ()


def test_a_rate_in_another_currency_is_not_mixed_with_the_bills():
    one = assessment(full_nodes("web", "api"), {"web": Move(10, days=30)}, engineer_hour="100")
    rates = replace(one.config.rates, currency="JPY")
    made = plan(replace(one, config=replace(one.config, rates=rates)))
    assert made.workloads == ids("web")
    assert any("engineer_hour is in JPY and the bill in USD" in said for said in made.assumptions)


def test_what_can_move_at_an_unknown_price_is_left_and_says_so():
    made = plan(assessment(full_nodes("web"), {"web": Move(None)}))
    assert made.waves == ()
    assert "not known" in made.left[0].why


def test_the_free_tier_counts_once_over_a_fleet():
    one = assessment(full_nodes("web", "api"), {"web": Move(10)})
    assert portfolio([one]).free_tier_month == portfolio([one, one]).free_tier_month == Decimal("5.22")
    assert portfolio([one, one]).gke_month == 2 * portfolio(one).gke_month
    assert portfolio([one, one]).saving_month == 2 * portfolio(one).saving_month - Decimal("5.22")


def test_bills_in_two_currencies_are_never_added_up():
    one = assessment(full_nodes("web"), {"web": Move(10)})
    yen = replace(one, bill=replace(one.bill, currency="JPY"))
    made, found = plan([one, yen]), portfolio([one, yen])
    assert (made.currency, made.objective, made.saving_month) == ("", None, None)
    assert [(w.currency, w.realised_month) for w in made.waves] == [
        (p.currency, p.waves[0].realised_month) for p in (plan(one), plan(yen))
    ]
    assert {w.cumulative_realised_month for w in made.waves} == {None}
    assert (found.currency, found.gke_month, found.saving_month) == ("", None, None)
    assert "USD, JPY" in found.reasons[0]
    assert found.counts["ready"] == 2


def test_callers_move_in_the_wave_of_those_they_call():
    names = [f"w{n}" for n in range(8)]
    objects = [*(node(n) for n in "abcdefgh"), *(workload(name, "3", "4Gi") for name in names)]
    moves = {name: Move(10 + n, days=8, calls=("w7",) if name == "w0" else ()) for n, name in enumerate(names)}
    made = plan(assessment(objects, moves))
    assert set(ids("w0", "w7")) <= set(made.waves[0].workloads)
    assert all(wave.effort_days <= 20 for wave in made.waves)


def test_the_waves_add_up_and_name_each_node_once():
    names = [f"w{n}" for n in range(8)]
    objects = [*(node(n) for n in "abcdefgh"), *(workload(name, "3", "4Gi") for name in names)]
    made = plan(assessment(objects, {name: Move(10, days=8) for name in names}))
    assert sum(wave.realised_month for wave in made.waves) == made.saving_month
    named = [n for wave in made.waves for n in wave.nodes]
    assert len(named) == len(set(named)) == 8


def test_the_portfolio_adds_up_and_its_baseline_is_not_above_the_bill():
    objects = [node("spare"), *full_nodes("web", "api")]
    found = portfolio(assessment(objects, {"web": Move(10), "api": Move(None, "blocked")}))
    assert sum(amount for _, amount in found.gke_lines) == found.gke_month
    assert found.counts == {"ready": 1, "changes": 0, "blocked": 1, "keep": 0}
    # One node is spare, and Autopilot would be cheaper still: without any move.
    assert found.stay_and_rightsize_month < found.gke_month
    assert found.saving_month == NODE - 10 + Decimal("5.22")


def test_without_nodes_or_prices_nothing_is_promised():
    made = plan(replace_bill(assessment([workload("web")], {"web": Move(1)})))
    assert (made.objective, made.bound, made.gap) == (None, None, None)
    assert all(wave.cumulative_realised_month is None for wave in made.waves)


def replace_bill(assessed):
    """The same, where the bill is from an export and no node is known."""
    bill = replace(assessed.bill, basis="billing-export", month=None, lines=())
    return replace(assessed, bill=bill, avoidable=Avoidable(assessed.cluster, bill))


sizes = st.tuples(
    st.sampled_from(["200m", "500m", "1", "2", "3"]),
    st.sampled_from(["256Mi", "1Gi", "4Gi", "8Gi"]),
    st.integers(1, 3),
    st.integers(1, 200),
    st.sampled_from(["ready", "ready", "changes", "blocked", "keep"]),
    st.sampled_from(["main", "other"]),
)


edges = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=6)


def small_fleet(found, nodes, calls=(), hop="18.25"):
    """``calls``: pairs of numbers, who calls whom."""
    objects, moves = [], {}
    for number, (cpu, memory, pods, price, verdict, pool) in enumerate(found):
        selector = {"cloud.google.com/gke-nodepool": pool}
        objects.append(workload(f"w{number}", cpu, memory, replicas=pods, nodeSelector=selector))
        called = tuple(sorted({f"w{b % len(found)}" for a, b in calls if a % len(found) == number}))
        moves[f"w{number}"] = Move(price if verdict in ("ready", "changes") else None, verdict, calls=called)
    places = [(pool, n) for pool in ("main", "other") for n in range(nodes)]
    objects += [node(f"{pool}-{n}", pool=pool, zone="ab"[n % 2]) for pool, n in places]
    made = assessment(objects, moves)
    return Fleet([replace(made, config=replace(made.config, plan=PlanSettings(hop_month=Decimal(hop))))])


def brute_force(fleet):
    every = (c for size in range(len(fleet.candidates) + 1) for c in combinations(fleet.candidates, size))
    return max(fleet.worth(chosen).objective for chosen in every)


@settings(max_examples=25, deadline=None)
@given(st.lists(sizes, min_size=1, max_size=7), st.integers(1, 4), edges)
def test_on_small_clusters_the_plan_equals_brute_force(found, nodes, calls):
    fleet = small_fleet(found, nodes, calls)
    choice = choose(fleet)
    assert choice.objective == brute_force(fleet) == choice.bound


@settings(max_examples=25, deadline=None)
@given(found=st.lists(sizes, min_size=2, max_size=8), nodes=st.integers(1, 5), calls=edges)
def test_the_search_stays_below_its_bound_and_the_bound_above_the_best(found, nodes, calls):
    fleet = small_fleet(found, nodes, calls)
    choice = choose(fleet, exact_up_to=0)
    best = brute_force(fleet)
    assert 0 <= choice.objective <= best <= choice.bound + Decimal("0.000001")
    assert 0 <= choice.gap <= 1


@settings(max_examples=15, deadline=None)
@given(st.lists(sizes, min_size=1, max_size=7), st.randoms())
def test_the_order_of_workloads_does_not_matter(found, shuffled):
    objects = [workload(f"w{n}", f[0], f[1], replicas=f[2]) for n, f in enumerate(found)] + [
        node("a"),
        node("b"),
        node("c"),
    ]
    moves = {f"w{n}": Move(f[3]) for n, f in enumerate(found)}
    other = list(objects)
    shuffled.shuffle(other)
    assert plan(assessment(objects, moves)) == plan(assessment(other, moves))


def test_where_no_move_pays_its_effort_the_free_tier_is_no_gap(monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)  # as where it is not installed
    tiny = [workload(f"w{n}", "10m", "16Mi") for n in range(40)]
    moves = {f"w{n}": Move(1) for n in range(40)}
    made = plan(assessment([node("a"), node("b"), *tiny, workload("db")], moves | {"db": Move(None, "blocked")}, engineer_hour="60"))  # fmt: skip
    assert (made.objective, made.bound, made.gap) == (0, 0, 0)
    assert "OR-Tools" not in made.method
