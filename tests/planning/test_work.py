"""The work of the plan's set: shared toil counts once, and leaves with the last workload."""

from dataclasses import replace

from k2cr_analysis.model.toil import Operability, ToilItem
from k2cr_analysis.planning import plan
from tests.planning.fleets import Move, assessment
from tests.planning.test_plan import full_nodes, ids

OWN = ToilItem("tuning of the autoscaler", 0.5, "HorizontalPodAutoscaler/web")
UPGRADES = ToilItem("cluster upgrades", 4.0, "one cluster (2 nodes)", shared=True)
TWO = ToilItem("two platforms beside each other", 4.0, "2 workloads", shared=True)


def with_work(moves):
    """Every workload has work of its own and the cluster's in its list, as ``assess`` makes them."""
    found = assessment(full_nodes(*moves), moves)
    work = Operability((OWN, UPGRADES), (TWO,))
    return replace(found, workloads=tuple(replace(w, operability=work) for w in found.workloads))


def hours(items):
    return {item.item: item.hours_month for item in items}


def test_shared_work_leaves_once_with_the_last_workload():
    made = plan(with_work({"web": Move(10), "api": Move(10)}))
    assert made.waves[-1].cluster_goes
    assert hours(made.work.leaves)[OWN.item] == 1.0
    assert hours(made.work.leaves)[UPGRADES.item] in (4.0, 1.0)  # of nodes, or of Autopilot where that is cheapest
    assert made.work.comes == ()


def test_while_one_stays_the_shared_work_stays_but_for_the_nodes_that_go():
    made = plan(with_work({"web": Move(10), "db": Move(None, "blocked")}))
    assert hours(made.work.leaves)[OWN.item] == 0.5
    assert UPGRADES.item not in hours(made.work.leaves)
    assert hours(made.work.comes) == {TWO.item: 4.0}


def test_two_platforms_are_one_more_however_many_workloads_and_clusters():
    one = with_work({"web": Move(10), "db": Move(None, "blocked")})
    assert hours(plan([one, one]).work.comes) == {TWO.item: 4.0}


def test_only_calls_to_what_stays_are_paths_between_the_platforms():
    moves = {"web": Move(10, calls=("api", "db")), "api": Move(10), "db": Move(None, "blocked")}
    (path,) = (i for i in plan(with_work(moves)).work.comes if i.item.startswith("path"))
    assert path.hours_month == 0.5
    assert ids("db")[0] in path.evidence


def test_where_nothing_moves_no_work_leaves_or_comes():
    assert plan(with_work({"web": Move(900), "db": Move(None, "blocked")})).work == Operability((), ())
