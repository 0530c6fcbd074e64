"""The four futures: both sides packed by one rule, the best set over staying, and "do not move" as an answer."""

from dataclasses import replace
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.config import PlanSettings, WorkloadSettings
from k2cr_analysis.planning import plan, plan_and_portfolio, portfolio
from k2cr_analysis.planning.compose import _of_one_currency
from k2cr_analysis.planning.futures.answer import objective_over_stay
from k2cr_analysis.planning.futures.baseline import Baseline
from tests.planning.fleets import Move, assessment
from tests.planning.test_plan import NODE, edges, full_nodes, sizes, small_fleet
from tests.pricing.clusters import live, node, workload

PACKED = Decimal("0.15")
EXACT = Decimal("1e-15")  # shares of a node's price have more digits than a Decimal keeps


def futures(found):
    return {(f.future, f.headroom): f for f in found.futures}


def test_there_are_seven_of_them_and_each_is_the_sum_of_its_lines():
    found = portfolio(assessment(full_nodes("web", "db"), {"web": Move(10), "db": Move(None, "blocked")}))
    both = [(f, h) for h in ("today", "packed") for f in ("stay", "move", "leave")]
    assert list(futures(found)) == [("today", "today"), *both]
    for one in found.futures:
        if one.gke_month is not None:
            assert sum(item.amount for item in one.gke_lines) == one.gke_month


def test_what_packing_alone_would_save_is_no_saving_of_the_move():
    """Six nodes for two pods: the bill would lose five nodes with no move at all."""
    spare = [node(n) for n in "abcdef"]
    web, db = workload("web", "1", "2Gi"), workload("db", "1", "2Gi")
    objects = [*spare, web, db, *live(web, "a"), *live(db, "b")]
    found = futures(portfolio(assessment(objects, {"web": Move(80), "db": Move(None, "blocked")})))
    assert found["today", "today"].month == 6 * NODE + 73
    stay = found["stay", "packed"]
    assert stay.month < 2 * NODE + 73
    # 80 a month on Cloud Run less what is free are more than the half of that.
    assert found["move", "packed"].month == stay.month
    made = plan(assessment(objects, {"web": Move(80), "db": Move(None, "blocked")}))
    assert made.waves == ()
    assert made.objective == 0
    assert made.answer.sentence.startswith("Do not move")
    assert made.answer.short_month > 0
    assert {turn.of for turn in made.answer.turns} & {"Cloud Run prices", "GKE prices", "headroom of the nodes"}


def test_the_stay_is_the_cheapest_of_its_ways_that_count():
    objects = [node("spare"), *full_nodes("web", "db")]
    stay = futures(portfolio(assessment(objects, {"web": Move(10), "db": Move(None, "blocked")})))["stay", "packed"]
    months = [o.month for o in stay.options if not o.why_not]
    assert stay.month == min(months)
    names = {o.name for o in stay.options}
    assert {"as it is", "right-sized", "right-sized, Autopilot", "right-sized, 1-year commitment"} <= names
    three_years = [o for o in stay.options if "3-year" in o.name]
    assert three_years
    assert all("36 months" in o.why_not for o in three_years)


def test_a_plan_that_looks_three_years_ahead_counts_their_commitment():
    found = assessment(full_nodes("web", "db"), {"web": Move(10), "db": Move(None, "blocked")})
    far = replace(found, config=replace(found.config, plan=PlanSettings(payback_months=36)))
    assert portfolio(far).stay_and_rightsize_month < portfolio(found).stay_and_rightsize_month


def test_more_headroom_on_both_sides_makes_the_stay_dearer():
    objects = [node("spare"), *full_nodes("web", "api", "db")]
    found = assessment(objects, {"web": Move(10), "api": Move(10), "db": Move(None, "blocked")})
    wide = replace(found, config=replace(found.config, plan=PlanSettings(headroom=Decimal("0.5"))))
    assert portfolio(wide).stay_and_rightsize_month >= portfolio(found).stay_and_rightsize_month


def test_hours_count_where_a_rate_is_given_and_else_their_break_even_is_told():
    moves = {"web": Move(1), "db": Move(None, "blocked")}
    free, paid = (plan(assessment(full_nodes("web", "db"), moves, engineer_hour=rate)) for rate in (None, "500"))
    assert free.waves
    assert free.hours_month < 0  # a second platform
    assert free.labour_month == 0
    (hour,) = (t for t in free.answer.turns if t.of == "engineer's hour")
    rate = Decimal(hour.at.split(":")[0])
    assert rate > 0
    assert paid.waves == ()
    below, above = (
        plan(assessment(full_nodes("web", "db"), moves, engineer_hour=str(r))) for r in (rate - 1, rate + 1)
    )
    assert below.waves and not above.waves


@settings(deadline=None, max_examples=15)
@given(st.lists(sizes, min_size=1, max_size=4), st.integers(1, 4), edges)
def test_no_set_saves_more_than_the_plan_and_with_an_empty_one_to_move_is_to_stay(found, nodes, calls):
    fleet = small_fleet(found, nodes, calls)
    made, total = _of_one_currency(fleet, "USD")
    baseline = Baseline(fleet, PACKED)
    every = [s for n in range(len(fleet.candidates) + 1) for s in combinations(fleet.candidates, n)]
    best = max(objective_over_stay(baseline, s) for s in every)
    assert abs(objective_over_stay(baseline, ())) < EXACT
    assert abs(made.objective - max(best, 0)) < Decimal("0.0001")
    assert made.bound >= made.objective
    named = {(f.future, f.headroom): f for f in total.futures}
    for headroom in ("today", "packed"):
        stay, move = named["stay", headroom], named["move", headroom]
        if not made.waves:
            assert max(abs(move.month - stay.month), abs(move.saving_over_stay_month)) < EXACT
        assert stay.month <= named["today", "today"].month
        assert abs(move.saving_over_stay_month - (stay.month - move.month)) < EXACT
        assert abs(sum(item.amount for item in move.gke_lines) - move.gke_month) < EXACT


def test_the_margins_say_what_the_set_loses_without_each():
    found = assessment(full_nodes("web", "api", "db"), {"web": Move(1), "api": Move(2), "db": Move(None, "blocked")})
    made, whole = plan_and_portfolio(found)
    assert set(made.margins) == {"shop/Deployment/web", "shop/Deployment/api"}
    assert whole.saving_over_stay_month == made.saving_over_stay_month
    assert made.answer.first_mover.id in made.workloads


def leave(moves, *objects):
    return futures(portfolio(assessment(objects, moves)))["leave", "packed"]


def database(name, image, **more):
    made = workload(name, "1", "4Gi", **more)
    made["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return made


def test_to_leave_each_blocked_workload_has_a_way_out_by_name():
    objects = [node("a"), database("db", "postgres:16"), database("cache", "redis:7"), database("bus", "bitnami/kafka")]
    blocked = {name: Move(None, "blocked") for name in ("db", "cache", "bus")}
    found = leave(blocked, *objects)
    ways = {w.id.rpartition("/")[2]: w for w in found.ways_out}
    assert ways["db"].to == "Cloud SQL for PostgreSQL"
    assert ways["cache"].to.startswith("Memorystore")
    assert ways["bus"].to == "Managed Service for Apache Kafka"
    # No price of Memorystore in Tokyo, none of Kafka anywhere: null with the reason, and a lower bound.
    assert (found.managed_month, found.month, found.saving_over_stay_month) == (None, None, None)
    assert "memorystore.redis.basic.m1 in asia-northeast1" in ways["cache"].reason
    assert "compute unit" in ways["bus"].reason
    assert found.at_least_month >= ways["db"].at_least_month
    assert found.effort_days == 15.0


def test_a_database_has_the_price_of_the_smallest_instance_that_holds_it():
    from k2cr_analysis.model.prices import PriceBook, Tariff
    from k2cr_analysis.planning.futures.way_prices import sql_size
    from k2cr_analysis.pricing.gke.pod_demand import PodDemand

    def size(cores, gib):
        zero = Decimal(0)
        return sql_size(PodDemand(Decimal(1), "", Decimal(cores), Decimal(gib) * 2**30, zero, zero, ()))

    assert size("0.2", "1") == (1, Decimal("3.75"))
    assert size("2.5", "8") == (4, 8)
    assert size("1", "20") == (4, 20)  # at most 6.5 GiB a vCPU, and vCPUs are even beyond one
    iowa, rome = Tariff(PriceBook.embedded(), "us-central1"), Tariff(PriceBook.embedded(), "europe-west8")
    assert iowa.price("sql.cpu").rate == Decimal("0.0413")
    assert rome.price("sql.cpu") is None


@pytest.mark.parametrize(
    ("to", "pods", "gib", "month", "missing"),
    [
        ("Memorystore for Redis or Valkey", 1, "0.4", "35.77", 0),  # the least is 1 GiB, Basic M1
        ("Memorystore for Redis or Valkey", 1, "4.2", "98.55", 0),  # 5 GiB: M2
        ("Memorystore for Redis or Valkey", 2, "1", "46.72", 0),  # Standard: its replica is in the price
        ("Memorystore for Redis or Valkey", 6, "1", "46.72", 1),
        ("Cloud SQL for SQL Server", 1, "3.75", "51.01", 1),  # its licence: 0.0413 + 3.75 x 0.007 an hour, 10 GiB
    ],
)
def test_a_way_out_is_priced_by_size_and_says_what_is_not_in_it(to, pods, gib, month, missing):
    from k2cr_analysis.model.prices import PriceBook, Tariff
    from k2cr_analysis.planning.futures.way_prices import month_of
    from k2cr_analysis.pricing.gke.pod_demand import PodDemand

    zero = Decimal(0)
    demand = PodDemand(Decimal(pods), "", Decimal("0.5"), Decimal(gib) * 2**30, zero, zero, ())
    lines, reasons = month_of(to, demand, [], Tariff(PriceBook.embedded(), "us-central1"))
    assert round(sum(i.quantity * i.rate for i in lines), 2) == Decimal(month)
    assert len(reasons) == missing


def test_without_anything_blocked_leaving_has_a_whole_month():
    found = leave({"web": Move(10), "api": Move(10)}, *full_nodes("web", "api"))
    assert found.month == found.gke_month + found.cloud_run_month
    assert found.ways_out == ()


def test_with_a_rate_the_objective_is_its_parts_added_up_by_hand():
    """Months from the lines of the two futures, hours from their tiles, days from what the test says of the moves."""
    moves = {"web": Move(1, days=2.0), "api": Move(2, days=0.5), "db": Move(None, "blocked")}
    objects, rate = full_nodes("web", "api", "db"), Decimal(5)
    made, whole = plan_and_portfolio(assessment(objects, moves, engineer_hour="5"))
    assert made.waves
    stay, move = (futures(whole)[name, "packed"] for name in ("stay", "move"))
    month = [sum(i.quantity * i.rate for i in (*f.gke_lines, *f.cloud_run_lines)) for f in (stay, move)]
    days = sum(Decimal(str(moves[w.rpartition("/")[2]].days)) for w in made.workloads)
    hours = Decimal(str(round(stay.hours_month - move.hours_month, 2)))
    by_hand = month[0] - month[1] + hours * rate - days * 8 * rate / 12
    assert abs(made.objective - by_hand) < Decimal("0.05")
    assert move.effort_days >= float(days)


def test_the_days_of_a_move_hold_the_right_sizing_that_its_month_assumes():
    """What stays is right-sized on both sides; what moves is sized as it moves."""
    objects = [node("spare"), *full_nodes("web", "db")]
    found = assessment(objects, {"web": Move(1, days=1.5), "db": Move(None, "blocked")})
    used = {w.id: None for w in found.cluster.workloads}
    rates = found.config.rates.effort
    both = futures(portfolio(replace(found, usage=used)))
    # Each of the two has measured use: both are right-sized to stay, and one of them where the other moves.
    assert both["stay", "packed"].effort_days >= 2 * rates.rightsize
    expected = both["stay", "packed"].effort_days - rates.rightsize + 1.5
    assert both["move", "packed"].variant == both["stay", "packed"].variant
    assert abs(both["move", "packed"].effort_days - expected) < 1e-9


def test_what_the_plan_would_be_without_a_wish_is_one_line():
    objects = full_nodes("web", "db")
    free = assessment(objects, {"web": Move(1), "db": Move(None, "blocked")})
    wished = assessment(objects, {"web": Move(None, "keep"), "db": Move(None, "blocked")})
    settings = {"shop/Deployment/web": WorkloadSettings(keep=True)}
    wished = replace(wished, config=replace(wished.config, workloads=settings), without_wishes=free)
    made = plan(wished)
    assert made.waves == ()
    assert made.without_wishes.workloads == ("shop/Deployment/web",)
    assert made.without_wishes.saving_over_stay_month == plan(free).saving_over_stay_month
    assert "shop/Deployment/web" in made.without_wishes.sentence
    (web,) = (left for left in made.left if left.id == "shop/Deployment/web")
    assert "keep = true" in web.why
    assert plan(free).without_wishes is None


def test_what_stays_holds_back_no_more_than_what_would_come_in_its_place_leaves():
    """web costs more on Cloud Run than its node: nothing is held back; the database's way out costs money too."""
    objects = [*full_nodes("web"), node("b"), database("db", "postgres:16"), node("c")]
    dear = plan(assessment(objects, {"web": Move(5000), "db": Move(None, "blocked")}))
    held = {left.id.rpartition("/")[2]: left.holds_back_month for left in dear.left}
    assert held["web"] == 0
    cheap = plan(assessment(objects, {"web": Move(5000), "db": Move(None, "blocked")}))
    whole = sum(left.holds_back_month for left in cheap.left)
    assert whole < cheap_bill(objects)


def cheap_bill(objects):
    return portfolio(assessment(objects, {})).gke_month
