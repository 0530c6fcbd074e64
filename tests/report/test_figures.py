"""Pictures: their titles state what was found, a text stands for each, and equal input gives equal bytes."""

from __future__ import annotations

import pytest

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.errors import UsageError
from k2cr_analysis.latency.validation import Comparison
from k2cr_analysis.report import figures
from k2cr_analysis.report.chart import Chart

COMPARISON = Comparison("M/M/1", "mean time in the system", "s", 2.0, 0.0, 2.01, 0.002, 0.01, "Erlang C")


@pytest.fixture(scope="module")
def charts(demo, reference, reference_choice, demo_plan, demo_portfolio):
    return {
        "verdicts": lambda: figures.verdicts(demo),
        "bill": lambda: figures.bill(demo_portfolio),
        "savings": lambda: figures.savings(demo),
        "waves": lambda: figures.waves(demo_plan),
        "sensitivity": lambda: figures.sensitivity(demo_plan),
        "cost": lambda: figures.cost(reference),
        "startup": lambda: figures.startup(reference),
        "rhythm": lambda: figures.rhythm(demo.traffic[reference.id]),
        "latency": lambda: figures.latency(reference),
        "validation": lambda: figures.validation([COMPARISON]),
        "frontier": lambda: figures.frontier(reference_choice, "USD"),
    }


NAMES = (
    "verdicts",
    "bill",
    "savings",
    "waves",
    "sensitivity",
    "cost",
    "startup",
    "rhythm",
    "latency",
    "frontier",
    "validation",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_has_a_finding_a_text_and_nothing_from_outside(charts, name):
    chart = charts[name]()
    assert isinstance(chart, Chart)
    assert any(character.isdigit() for character in chart.title), "the title states no finding"
    assert len(chart.text) > 30
    shown = chart._repr_html_()
    assert 'src="data:image/svg+xml' in shown
    assert "alt=" in shown


@pytest.mark.parametrize("name", ["savings", "rhythm"])
def test_the_same_picture_has_the_same_bytes(charts, name):
    assert charts[name]().svg() == charts[name]().svg()


def test_titles_tell_what_the_analysis_found(charts, reference):
    assert charts["verdicts"]().title == "37 of 60 workloads can move"
    assert charts["startup"]().title.endswith("frontend then proxy")
    assert f"{reference.cost.saving_month:.2f}" in charts["cost"]().title


@pytest.mark.parametrize(
    ("figure", "workload"),
    [
        (figures.cost, "backoffice/Deployment/handbook"),
        (figures.startup, "kube-system/Deployment/kube-dns"),
        (figures.latency, "orders/CronJob/orders-export"),
    ],
)
def test_absent_data_is_said_and_not_drawn(demo, figure, workload):
    shown = figure(find_workload([demo], workload))
    assert not isinstance(shown, Chart)
    assert any(word in shown.text for word in ("not known", "No container", "answers no requests"))


def test_a_picture_is_saved_as_svg_or_png(demo_portfolio, tmp_path):
    chart = figures.bill(demo_portfolio)
    assert chart.save(tmp_path / "bill.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    assert chart.save(tmp_path / "bill.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        chart.save(tmp_path / "bill.jpg")


@pytest.mark.parametrize(
    ("value", "said"),
    [(130.0, "130"), (1300.0, "1,300"), (0.7214, "0.721"), (12.34, "12.3"), (0.0, "0"), (10983123.0, "10,983,123")],
)
def test_numbers_are_never_in_powers_of_ten(value, said):
    assert figures._number(value) == said
