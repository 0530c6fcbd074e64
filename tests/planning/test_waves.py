"""Waves: what one holds, when it begins, what is frozen, and what the paths between the platforms cost."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from k2cr_analysis.config import Freeze, PlanSettings
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.planning import plan
from k2cr_analysis.planning.calendar import slots
from k2cr_analysis.planning.crossing_calls import RULE_METER
from tests.planning.fleets import Move, assessment
from tests.planning.test_plan import NODE, full_nodes, ids
from tests.pricing.clusters import live, node, workload

YEAR_END = Freeze(date(2026, 12, 15), date(2027, 1, 5), "year end")


def planned(objects, moves, **settings):
    assessed = assessment(objects, moves)
    return plan(replace(assessed, config=replace(assessed.config, plan=PlanSettings(**settings))))


def eight(**more):
    names = [f"w{n}" for n in range(8)]
    objects = [*(node(n) for n in "abcdefgh"), *(workload(name, "3", "4Gi") for name in names)]
    return objects, {name: Move(10, days=8, **more) for name in names}


def test_without_a_start_the_waves_have_no_days_and_that_is_said():
    made = planned(*eight(), freezes=(YEAR_END,))
    assert {(w.starts, w.ends) for w in made.waves} == {(None, None)}
    assert any("the freezes do not count" in text for text in made.assumptions)


def test_waves_hold_what_the_config_says():
    made = planned(*eight(), wave_days=100.0, wave_workloads=3)
    assert [len(w.workloads) for w in made.waves] == [3, 3, 2]


def test_a_workload_that_is_larger_than_a_wave_goes_alone():
    made = planned(*eight(), wave_days=5.0)
    assert [len(w.workloads) for w in made.waves] == [1] * 8


def test_waves_follow_each_other_and_wait_for_the_end_of_a_freeze():
    made = planned(*eight(), start=date(2026, 12, 1), freezes=(YEAR_END,))
    assert [(w.starts, w.ends) for w in made.waves[:3]] == [
        (date(2026, 12, 1), date(2026, 12, 14)),
        (date(2027, 1, 6), date(2027, 1, 19)),
        (date(2027, 1, 20), date(2027, 2, 2)),
    ]


def test_a_freeze_of_some_workloads_lets_the_others_move():
    some = replace(YEAR_END, first=date(2026, 12, 1), workloads=("shop/*/w[0-3]",))
    made = planned(*eight(), start=date(2026, 12, 1), freezes=(some,))
    early = {w for wave in made.waves if wave.starts <= some.last for w in wave.workloads}
    assert early == set(ids("w4", "w5", "w6", "w7"))
    assert set(made.workloads) == set(ids(*(f"w{n}" for n in range(8))))


def test_where_all_that_waits_is_frozen_the_next_wave_comes_after():
    everything = replace(YEAR_END, first=date(2026, 12, 1), workloads=("shop/*",))
    made = planned(*eight(), start=date(2026, 12, 1), freezes=(everything,))
    assert made.waves[0].starts > everything.last
    assert made.saving_month == planned(*eight()).saving_month


def test_the_calendar_skips_overlapping_freezes_at_once():
    settings = PlanSettings(start=date(2026, 12, 10), freezes=(YEAR_END, replace(YEAR_END, last=date(2027, 1, 20))))
    assert next(slots(settings)).first == date(2027, 1, 21)


def test_one_pool_after_the_other_where_that_frees_nodes_sooner():
    # By saving for the effort the pools would alternate: neither lost a node before the end.
    objects, moves = [], {}
    for number in range(4):
        pool, name = ("x", "y")[number % 2], f"w{number}"
        objects.append(workload(name, "1500m", "1Gi", nodeSelector={"cloud.google.com/gke-nodepool": pool}))
        moves[name] = Move(10 + number, days=10)
    stays = [workload(f"s{pool}", "3", "4Gi", nodeSelector={"cloud.google.com/gke-nodepool": pool}) for pool in "xy"]
    nodes = [node(f"{pool}{n}", pool=pool) for pool in "xy" for n in "ab"]
    moves |= {f"s{pool}": Move(None, "blocked") for pool in "xy"}
    made = planned([*nodes, *objects, *stays], moves, wave_days=20.0)
    assert [w.nodes_removed for w in made.waves] == [1, 1]
    assert [sorted(w.workloads) for w in made.waves] == [sorted(ids("w0", "w2")), sorted(ids("w1", "w3"))]


def calls(hop, **settings):
    """`web` fills a node and calls `db`, which fills another and stays."""
    objects = full_nodes("web", "db")
    moves = {"web": Move(10, calls=("db",)), "db": Move(None, "blocked")}
    return planned(objects, moves, hop_month=Decimal(hop), **settings)


def test_a_call_to_what_stays_costs_a_hop():
    made = calls("18.25")
    assert made.waves[0].hops == ids("db")
    assert made.saving_month == NODE - 10 + Decimal("5.22") - Decimal("18.25")


def test_a_hop_that_costs_more_than_the_node_keeps_the_caller():
    assert calls("200").waves == ()


def test_a_chatty_pair_moves_together_or_pays_the_hop():
    objects = [
        *full_nodes("web"),
        small := workload("small", "100m", "64Mi"),
        workload("rest", "50m"),
        *live(small, "a"),
    ]
    moves = {"web": Move(10, calls=("small",)), "small": Move(5), "rest": Move(None, "blocked")}
    # Alone, small frees nothing and stays; where web calls it, it comes along for less than the hop costs.
    nodes = [*objects, node("z")]
    assert planned(nodes, moves, hop_month=Decimal(1)).workloads == ids("web")
    assert set(planned(nodes, moves, hop_month=Decimal(20)).workloads) == set(ids("web", "small"))


def test_one_hop_serves_all_callers():
    objects = full_nodes("web", "api", "db")
    moves = {n: Move(10, calls=("db",)) for n in ("web", "api")} | {"db": Move(None, "blocked")}
    assert planned(objects, moves, hop_month=Decimal(30)).saving_month == 2 * NODE - 20 + Decimal("5.22") - 30


def test_a_hop_costs_a_forwarding_rule_where_nobody_says_otherwise():
    objects, moves = full_nodes("web", "db"), {"web": Move(10, calls=("db",)), "db": Move(None, "blocked")}
    made = plan(assessment(objects, moves))
    assert made.waves[0].hops_month == Decimal("0.025") * 730
    assert any("18.25 a month" in text for text in made.assumptions)


def test_without_a_price_of_the_hop_that_is_said():
    assessed = assessment(full_nodes("web", "db"), {"web": Move(10, calls=("db",)), "db": Move(None, "blocked")})
    without = PriceBook(p for p in assessed.prices.prices if p.meter != RULE_METER)
    made = plan(replace(assessed, prices=without))
    assert any("no price of a forwarding rule" in text for text in made.assumptions)
    assert (made.waves[0].hops, made.waves[0].hops_month) == (ids("db"), 0)


def test_with_the_cluster_gone_nothing_is_called_on_it():
    made = planned(full_nodes("web", "agent"), {"web": Move(10, calls=("agent",))}, hop_month=Decimal(50))
    assert made.waves[-1].cluster_goes
    assert (made.waves[-1].hops, made.waves[-1].hops_month) == ((), 0)


@pytest.mark.parametrize("months", [6, 12, 24])
def test_the_effort_is_spread_over_the_months_of_the_config(months):
    assessed = assessment(full_nodes("web", "db"), {"web": Move(1), "db": Move(None, "blocked")}, engineer_hour="6")
    made = plan(replace(assessed, config=replace(assessed.config, plan=PlanSettings(payback_months=months))))
    assert made.saving_over_stay_month + made.labour_month - made.objective == Decimal(8 * 6) / months
