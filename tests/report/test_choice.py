"""The choice on a workload's page: where there is one, and what a faster p99 is said to cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.recommending.steady_instances import running_timeline
from k2cr_analysis.latency.month.summary import MonthFigures
from k2cr_analysis.latency.search.limits import Limits
from k2cr_analysis.latency.search.search import Point, Recommendation
from k2cr_analysis.model.cloud_run import ContainerShape, ServiceShape
from k2cr_analysis.report import figures, tables
from k2cr_analysis.report.display import Html
from k2cr_analysis.report.objective import objective, price_of_p99

SHAPE = ServiceShape("service", {"web": ContainerShape(Decimal(1), 2**29)}, 80, 0, 100, "request", "gen2")


def frontier(*places: tuple[int, float], **more: object) -> Recommendation:
    """A recommendation whose points are (cost a month, p99), one min instance more each."""
    points = tuple(
        Point(
            replace(SHAPE, min_instances=n),
            Decimal(cost),
            MonthFigures(1.0, p99 / 2, p99, 0.0, 0.0, running_timeline(Decimal(1)), "test"),
            1,
        )
        for n, (cost, p99) in enumerate(places)
    )
    second = points[1] if len(points) > 1 else None
    given = {"met": True, "looser": None, "tighter": None, "limits": Limits(p99_ms=500.0, said="the team's"), **more}
    return Recommendation(best=points[0], second=second, frontier=points, points=points, **given)


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (((10, 250.0),), "costs nothing more"),
        (((10, 450.0), (14, 280.0)), "4.00 a month more for a p99 of at most 300 ms than for a p99 of at most 500 ms"),
        (((10, 900.0), (14, 480.0), (19, 290.0)), "5.00 a month more"),
        (((10, 900.0), (14, 700.0)), "4.00 a month more for a p99 of 700 ms, the least in the grid, than for 900 ms"),
        (((10, 900.0),), "No configuration is faster"),
    ],
)
def test_what_a_faster_p99_costs(places, said):
    assert said in price_of_p99(frontier(*places), "USD").text


def test_each_min_instance_has_its_price_and_what_it_buys():
    frame = tables.min_instances(frontier((10, 450.0), (14, 280.0), (20, 280.0)), "USD")
    assert frame["extra_month"].tolist() == [0.0, 4.0, 10.0]
    assert frame["gain_ms"].tolist() == [0.0, 170.0, 170.0]


def test_the_second_best_is_shown_though_it_is_not_on_the_frontier(demo, reference, reference_choice):
    frame = tables.frontier(reference_choice, "USD")
    assert frame["choice"].iloc[0] == "cheapest that meets the objectives"
    assert (frame["choice"] == "second best").sum() == 1
    assert frame["cloud_run_month"].is_monotonic_increasing


@pytest.mark.parametrize(
    "workload",
    ["orders/CronJob/orders-export", "backoffice/Deployment/handbook", "data/StatefulSet/postgres-reporting"],
)
def test_where_there_is_nothing_to_choose_no_grid_is_searched(demo, workload):
    found = find_workload([demo], workload).choice
    assert found is None
    assert isinstance(figures.frontier(found, "USD"), Html)
    assert tables.frontier(found, "USD").empty
    assert tables.min_instances(found, "USD").empty
    assert price_of_p99(found, "USD").html == ""


def test_what_meets_no_objective_is_said(reference_choice):
    missed = replace(reference_choice, met=False)
    assert figures.frontier(missed, "USD").title.startswith("None of ")
    assert "misses the objectives by least" in tables.frontier(missed, "USD")["choice"].tolist()
    assert "misses, by less than any other" in objective(missed, "USD").text


def test_the_objective_stands_beside_its_price():
    found = frontier((10, 450.0), (14, 280.0))
    priced = replace(found, looser=replace(found.best, cost_month=Decimal(7)), tighter=found.points[1])
    said = objective(priced, "USD").text
    assert "p99 of at most 500 ms (the team's)" in said
    assert "25% longer it would cost about $3.00 a month less" in said
    assert "10% shorter it would cost about $4.00 a month more" in said
