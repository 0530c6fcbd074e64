"""What the plan hangs on, and the traffic at which a move breaks even."""

from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.model.cloud_run import ContainerShape, InstanceTimeline, ServiceShape
from k2cr_analysis.model.money import total
from k2cr_analysis.planning import plan
from k2cr_analysis.planning.futures.answer import objective_over_stay
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.sets.sensitivity import break_even_requests, swings
from k2cr_analysis.planning.worth import Fleet
from k2cr_analysis.pricing.cloud_run.charges import price_timeline
from tests.planning.fleets import BOOK, Move, assessment
from tests.pricing.clusters import REGION, live, node, workload

SHAPE = ServiceShape("service", {"app": ContainerShape(Decimal(1), 2**30)}, 80, 0, 10, "request", "gen2", False)
MILLION = Decimal(10**6)


def month(requests):
    """100 ms of an instance for each request; none is kept."""
    zero = Decimal(0)
    return InstanceTimeline(requests, requests / 10, zero, zero, zero, requests / 10, zero, zero)


def priced(requests, engineer_hour=None) -> Assessment:
    """One workload that fills the node it runs on, with as many requests a month."""
    web = workload("web", "3", "4Gi")
    found = assessment([node("a"), node("b"), web, workload("db", "3", "4Gi"), *live(web, "a")],
                       {"web": Move(1.0, days=1), "db": Move(None, "blocked")}, engineer_hour=engineer_hour)  # fmt: skip

    def with_timeline(assessed):
        if assessed.workload.name != "web":
            return assessed
        items = price_timeline(SHAPE, month(requests), BOOK, REGION)
        cost = replace(assessed.cost, cloud_run_items=items, cloud_run_month=total(items))
        return replace(assessed, shape=SHAPE, timeline=month(requests), cost=cost)

    return replace(found, workloads=tuple(with_timeline(w) for w in found.workloads))


def swung(assessments):
    """The swings of the set of all that can move, packed without headroom."""
    fleet = Fleet(assessments)
    baseline = Baseline(fleet, Decimal(0))
    return swings(fleet, fleet.candidates, objective_over_stay(baseline, fleet.candidates), baseline)


def test_at_break_even_traffic_both_sides_cost_the_same():
    (candidate,) = Fleet([priced(MILLION)]).candidates
    requests = break_even_requests(candidate)
    (there,) = Fleet([priced(requests)]).candidates
    assert abs(there.cloud_run_month - there.attributed_month) < Decimal("0.0001")


def test_the_swings_stand_in_the_order_of_what_hangs_on_them():
    found = swung([priced(10 * MILLION, "60")])
    assert {s.of for s in found} == {"engineer rate", "GKE prices", "traffic", "committed use", "Cloud Run prices"}
    assert [s.width for s in found] == sorted((s.width for s in found), reverse=True)


def test_every_swing_holds_the_plans_objective_between_its_ends():
    made = plan(priced(MILLION))
    assert made.swings
    for swing in made.swings:
        low, high = sorted((swing.low_month, swing.high_month))
        assert low <= made.objective <= high


def test_the_swing_of_traffic_by_hand():
    traffic = next(s for s in swung([priced(10 * MILLION)]) if s.of == "traffic")
    # 30 % of 1,000,000 s x (0.000024 + 0.0000025) + 10 million requests x 0.40 / million = 30.5 a month.
    assert traffic.low_month - traffic.high_month == 2 * Decimal("0.3") * Decimal("30.5")


def test_where_nothing_moves_nothing_swings():
    fleet = Fleet([priced(MILLION)])
    assert swings(fleet, (), Decimal(0), Baseline(fleet, None)) == ()
