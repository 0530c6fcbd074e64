"""What is a billing account's counts once over a fleet, whoever hands the assessments over."""

from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.assessment.over_a_fleet import counted_once
from k2cr_analysis.planning import portfolio
from k2cr_analysis.pricing.gke.today import attribute
from tests.planning.fleets import BOOK, Move, assessment
from tests.planning.test_plan import full_nodes
from tests.pricing.clusters import REGION, allocated, billing, billing_row, cluster, workload

NETWORK = billing_row(7.0, sku="Network Internet Egress from Japan")


def of_project(project, rows):
    one = assessment(full_nodes("web"), {"web": Move(1)})
    found = cluster([workload("web")], name="prod")
    bill = attribute(found, billing(rows), {}, BOOK, REGION, 1.0)
    named = replace(one.cluster, project=project)
    return replace(one, cluster=named, bill=bill, avoidable=one.avoidable.with_nodes(bill, one.avoidable.pools))


def test_the_fleet_s_month_has_the_project_s_own_rows_once():
    rows = [billing_row(2.0, allocated("web")), NETWORK]
    alone = of_project("p", rows).bill.month
    twice, apart = [of_project("p", rows), of_project("p", rows)], [of_project("p", rows), of_project("q", rows)]
    shared = Decimal(7) * 730 / 24
    assert abs(portfolio(twice).gke_month - (2 * alone - shared)) < Decimal("1e-6")
    assert portfolio(apart).gke_month == 2 * alone
    today = next(f for f in portfolio(twice).futures if f.future == "today")
    assert today.month == portfolio(twice).gke_month
    once = counted_once(twice)
    assert [a.bill.month for a in counted_once(once)] == [a.bill.month for a in once]


def test_rows_that_name_no_cluster_at_all_are_told_apart_by_nothing():
    found = portfolio([of_project("p", [NETWORK]), of_project("p", [NETWORK])])
    assert any("in the bill of each of its 2 clusters" in reason for reason in found.reasons)


def test_the_future_today_is_the_bill_with_one_credit():
    """Two zonal clusters without a bill: one credit for the account, in the bill and in the futures alike."""
    from tests.pricing.clusters import node

    def zonal():
        found = assessment([node("a"), workload("web")], {})
        made = cluster([node("a"), workload("web")], location="asia-northeast1-a")
        bill = attribute(made, None, {}, BOOK, REGION, 30.0)
        return replace(
            found, cluster=made, bill=bill, avoidable=found.avoidable.with_nodes(bill, found.avoidable.pools)
        )

    whole = portfolio([zonal(), zonal()])
    assert dict(whole.gke_lines)["cluster management fee: free tier credit"] == Decimal("-74.40")
    assert next(f for f in whole.futures if f.future == "today").month == whole.gke_month
