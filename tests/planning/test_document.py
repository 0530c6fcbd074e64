"""What a plan says: lines that add up, the end of the cluster, fleets whose clusters have the same ids."""

import json
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.planning import plan
from k2cr_analysis.planning.compose import _of_one_currency
from k2cr_analysis.report.json.documents import assess_document
from k2cr_analysis.report.json.plan_document import plan_document
from tests.planning.fleets import Move, assessment
from tests.planning.test_plan import NODE, edges, full_nodes, ids, sizes, small_fleet
from tests.pricing.clusters import live, workload


@settings(max_examples=30, deadline=None)
@given(st.lists(sizes, min_size=1, max_size=7), st.integers(1, 4), edges)
def test_the_lines_are_the_objective(found, nodes, calls):
    made, portfolio = _of_one_currency(small_fleet(found, nodes, calls), "USD")
    avoided = sum((item.amount for item in made.avoided), Decimal(0))
    assert avoided - made.cloud_run_month - made.hops_month == portfolio.saving_month == made.saving_month
    assert made.saving_over_stay_month + made.labour_month - made.effort_month == made.objective >= 0
    assert sum(w.saving_over_stay_month for w in made.waves) == made.saving_over_stay_month


def test_the_document_names_nodes_with_their_price_and_the_method():
    document = plan_document(plan(assessment(full_nodes("web", "db"), {"web": Move(10), "db": Move(None, "blocked")})))
    (wave,) = document["waves"]
    assert wave["nodes"] == [{"cluster": "cluster", "pool": "main", "node": "gke-a", "month": format(NODE, "f")}]
    assert document["method"] == "every set tried"
    assert document["avoided"][0]["sku"] == "node pool main (e2-standard-4)"
    json.dumps(document)


def test_the_last_pod_takes_the_rest_of_the_cluster_along():
    small = workload("small", "100m", "64Mi")
    made = plan(assessment([*full_nodes("web"), small, *live(small, "a")], {"web": Move(10), "small": Move(1)}))
    (ending,) = made.endings
    # Without small the node stays, and so does all else.
    assert (ending.wave, ending.last_pod_month, ending.kept_by) == (1, NODE + 73, ())


def test_who_keeps_the_cluster_is_named_with_what_hangs_on_it():
    made = plan(assessment(full_nodes("web", "db"), {"web": Move(10), "db": Move(None, "blocked")}))
    (ending,) = made.endings
    assert (ending.wave, ending.last_pod_month, ending.kept_by) == (None, NODE + 73, ids("db"))


def named(name):
    one = assessment(full_nodes("web", "db"), {"web": Move(10), "db": Move(None, "blocked")})
    return replace(one, snapshot={"cluster": name})


def test_clusters_of_a_fleet_with_the_same_ids_are_told_apart():
    document = plan_document(plan([named("osaka"), named("tokyo")]))
    assert [w for wave in document["waves"] for w in zip(wave["clusters"], wave["workloads"], strict=True)] == [
        ("osaka", ids("web")[0]),
        ("tokyo", ids("web")[0]),
    ]
    assert {(x["cluster"], x["id"]) for x in document["left"]} == {(c, ids("db")[0]) for c in ("osaka", "tokyo")}
    assert [n["cluster"] for wave in document["waves"] for n in wave["nodes"]] == ["osaka", "tokyo"]
    assert {item["sku"].partition(":")[0] for item in document["avoided"]} == {"osaka", "tokyo"}
    assert [c["cluster"] for c in document["clusters"]] == ["osaka", "tokyo"]


def test_two_snapshots_of_one_name_are_told_apart():
    assert {w.clusters for w in plan([named("prod"), named("prod")]).waves} == {("prod#1", "prod#2")}


def test_assess_says_which_cluster_a_workload_is_in_where_there_are_several():
    from k2cr_analysis.planning import portfolio

    fleet = [named("osaka"), named("tokyo")]
    rows = assess_document(fleet, portfolio(fleet))["workloads"]
    assert [(w["cluster"], w["id"]) for w in rows] == [(c, i) for c in ("osaka", "tokyo") for i in ids("db", "web")]
    assert "cluster" not in assess_document(fleet[:1], portfolio(fleet[:1]))["workloads"][0]


def test_a_pool_under_commitment_saves_only_when_it_ends():
    one = named("osaka")
    bill = replace(one.bill, committed_month=2 * NODE)
    avoidable = type(one.avoidable)(one.cluster, bill)
    held = plan(replace(one, bill=bill, avoidable=avoidable, workloads=tuple(replace(w) for w in one.workloads)))
    assert held.waves == () and held.left[0].why
