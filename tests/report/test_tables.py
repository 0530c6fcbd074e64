"""The public DataFrames: declared columns, exact sums, and a price that can be traced for every line."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from k2cr_analysis.latency.backtests import BackTest
from k2cr_analysis.latency.validation import Comparison
from k2cr_analysis.planning.committing import Floor, Term
from k2cr_analysis.pricing.gke.commitments import Commitment
from k2cr_analysis.report import tables
from k2cr_analysis.report.tables.columns import COLUMNS
from k2cr_analysis.report.tables.frame import frame
from k2cr_analysis.resources import bundled

VERIFICATION = SimpleNamespace(
    comparisons=(
        SimpleNamespace(quantity="p99", unit="ms", predicted=100.0, low=75.0, high=125.0, measured=90.0, inside=True),
    )
)
COMMITTED = SimpleNamespace(
    currency="USD",
    commitments=(("prod", Commitment("Commitment v1: E2 Cpu", "USD", Decimal(10), Decimal(2), 1)),),
    commitment_ends=None,
    floor=Floor(Decimal("0.1"), ("shop/Deployment/web",), (Term("flex-1y", Decimal("0.072"), Decimal("20.44")),)),
)
COMPARISON = Comparison("M/M/1", "mean time in the system", "s", 2.0, 0.0, 2.03, 0.002, 0.01, "Erlang C")


@pytest.fixture(scope="module")
def frames(demo, reference, reference_choice, demo_plan, demo_portfolio, demo_diff):
    return {
        "workloads": tables.workloads(demo),
        "all_findings": tables.all_findings(demo),
        "by_day": tables.by_day(demo, bundled("data", "demo")),
        "bill_by_day": tables.bill_by_day(bundled("data", "demo")),
        "groups": tables.groups(demo),
        "margins": tables.margins(demo_plan),
        "verification": tables.verification(VERIFICATION),
        "findings": tables.findings(reference),
        "rules": tables.rules(demo),
        "containers": tables.containers(reference),
        "line_items": tables.line_items(reference, demo),
        "latency": tables.latency(reference),
        "frontier": tables.frontier(reference_choice, "USD"),
        "min_instances": tables.min_instances(reference_choice, "USD"),
        "toil": tables.toil(reference.operability),
        "dependencies": tables.dependencies(reference),
        "usage": tables.usage(demo.usage[reference.id]),
        "traffic": tables.traffic(demo.traffic[reference.id]),
        "bill": tables.bill(demo_portfolio),
        "waves": tables.waves(demo_plan),
        "left": tables.left(demo_plan),
        "avoided": tables.avoided(demo_plan),
        "changes": tables.changes(demo_diff),
        "changed_workloads": tables.changed_workloads(demo_diff),
        "endings": tables.endings(demo_plan),
        "break_even": tables.break_even(demo_plan),
        "sensitivity": tables.sensitivity(demo_plan),
        "as_billed": tables.as_billed(demo_portfolio),
        "commitments": tables.commitments(COMMITTED),
        "commitment_floor": tables.commitment_floor(COMMITTED),
        "futures": tables.futures(demo_portfolio),
        "future_lines": tables.future_lines(demo_portfolio),
        "ways_to_stay": tables.ways_to_stay(demo_portfolio),
        "ways_out": tables.ways_out(demo_portfolio),
        "cash": tables.cash(demo_plan),
        "neighbours": tables.neighbours(demo_portfolio),
        "showback": tables.showback(demo, demo_plan),
        "validation": tables.validation([COMPARISON]),
        "backtests": tables.backtests([BackTest("start, Go", "the runtime", "s", 0.1, 0.7, 0.3, "somewhere")]),
    }


@pytest.mark.parametrize("name", tables.TABLES)
def test_a_table_has_its_declared_columns_and_rows(frames, name):
    assert tuple(frames[name].columns) == tables.TABLES[name]
    # With today's headroom no node of the demo goes: its plan saves over staying, where both are packed.
    assert len(frames[name]) > 0 or name == "avoided"


def test_every_column_is_declared_and_used():
    used = {column for columns in tables.TABLES.values() for column in columns}
    assert used == set(COLUMNS)


def test_absent_usage_and_traffic_give_empty_tables():
    assert tables.usage(None).empty
    assert tables.traffic(None).empty


def test_line_items_multiply_and_add_up_exactly_for_every_workload(demo):
    for workload in demo.workloads:
        if workload.cost is None:
            continue
        frame = tables.line_items(workload, demo)
        assert all(row.quantity * row.rate == row.amount for row in frame.itertuples())
        sums = {side: sum(group["amount"], Decimal(0)) for side, group in frame.groupby("side")}
        if workload.cost.cloud_run_items:
            assert sums["Cloud Run"] == workload.cost.cloud_run_month
        if workload.cost.gke_items:
            assert sums["GKE today"] == workload.cost.gke_attributed_month


def test_every_cloud_run_line_names_the_day_and_source_of_its_price(demo, reference):
    frame = tables.line_items(reference, demo)
    mine = frame[frame["side"] == "Cloud Run"]
    assert mine["price_date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()
    assert mine["price_source"].str.len().min() > 10


def test_the_price_of_a_line_is_the_one_that_stands_in_the_price_book(demo, reference):
    row = next(r for r in tables.line_items(reference, demo).itertuples() if r.sku == "Requests")
    (price,) = {
        p.rate for p in demo.prices.prices if p.sku == row.sku and p.effective_date == row.price_date and p.rate
    }
    assert row.rate == price


def test_the_bill_adds_up(demo_portfolio):
    assert tables.bill(demo_portfolio)["amount_month"].sum() == pytest.approx(
        float(demo_portfolio.gke_month), abs=0.005
    )


def test_hours_of_traffic_keep_all_requests(demo, reference):
    profile = demo.traffic[reference.id]
    frame = tables.traffic(profile)
    assert len(frame) == 30 * 24
    assert frame["requests_per_s"].sum() * 3600 == pytest.approx(profile.requests.sum())


def test_a_figure_that_is_not_known_is_missing_and_not_zero(demo):
    frame = tables.workloads(demo).set_index("workload_id")
    assert frame.loc["backoffice/Deployment/handbook"].isna()["cloud_run_month"]
    assert frame.loc["portal/Deployment/backend"].isna()["cloud_run_month"]


def test_a_difference_beyond_what_is_allowed_does_not_agree():
    frame = tables.validation([COMPARISON])
    assert frame["allowed"].tolist() == pytest.approx([0.02])
    assert frame["agrees"].tolist() == [False]


def test_what_leaves_the_bill_less_what_comes_is_the_saving(demo_plan):
    gone = sum(tables.avoided(demo_plan)["amount"], Decimal(0))
    comes = (demo_plan.cloud_run_month, demo_plan.hops_month)
    assert gone - sum(comes, Decimal(0)) == pytest.approx(demo_plan.saving_month)


def test_what_was_paid_as_billed_is_the_month_but_for_the_hours(demo_portfolio, frames):
    """The demo's window holds one invoice month but for its first day."""
    paid = frames["as_billed"]["paid"].sum()
    assert demo_portfolio.gke_month == pytest.approx(Decimal(str(paid)) * 730 / 720, rel=Decimal("1e-6"))


def test_the_lines_of_each_future_add_up_to_its_parts(demo_portfolio, frames):
    lines = frames["future_lines"]
    for one in demo_portfolio.futures:
        mine = lines[(lines["future"] == one.future) & (lines["headroom"] == one.headroom)]
        sums = {side: sum(group["amount"], Decimal(0)) for side, group in mine.groupby("side")}
        parts = {"GKE": one.gke_month, "Cloud Run": one.cloud_run_month, "managed": one.managed_month}
        for side, month in parts.items():
            if month is not None:
                assert abs(sums.get(side, Decimal(0)) - month) < Decimal("1e-12")


def test_showback_adds_up_to_the_whole_bill_whatever_the_grouping(demo, demo_plan, demo_portfolio):
    for by in ("namespace", "team", "label:app", "node_pool"):
        found = tables.showback(demo, demo_plan, by=by)
        assert found["gke_attributed_month"].sum() == pytest.approx(float(demo_portfolio.gke_month), abs=0.005)
        assert found["workloads"].sum() == len(demo.workloads)
        assert found["moving"].fillna(0).sum() == len(demo_plan.workloads)


def test_the_cash_of_each_month_adds_up_from_the_first_one_on(frames):
    so_far = 0.0
    for row in frames["cash"].itertuples():
        so_far += row.saving - row.paid_twice - row.effort_amount + row.labour_amount
        assert row.so_far == pytest.approx(so_far, abs=0.02 * row.month_number)


def test_the_objective_is_what_its_parts_say_added_up_by_hand(demo, demo_plan, demo_portfolio):
    """Saving over staying from the two months' own lines, hours and days at the rate, nothing of the plan's sums."""
    both = {f.future: f for f in demo_portfolio.futures if f.headroom == "packed"}
    stay, move = both["stay"], both["move"]
    month = {
        name: sum((i.quantity * i.rate for i in (*f.gke_lines, *f.cloud_run_lines)), Decimal(0))
        for name, f in both.items()
    }
    rate, plan = demo.config.rates.engineer_hour or Decimal(0), demo.config.plan
    days = sum((Decimal(str(demo[w].effort_days)) for w in demo_plan.workloads), Decimal(0))
    hours = Decimal(str(round(stay.hours_month - move.hours_month, 2)))
    by_hand = month["stay"] - month["move"] + hours * rate - days * 8 * rate / plan.payback_months
    assert demo_plan.objective == pytest.approx(by_hand, abs=Decimal("0.01") * (1 + rate))


@pytest.mark.parametrize("name", tables.TABLES)
def test_a_table_has_the_same_types_when_it_is_empty(frames, name):
    assert frame(name, []).dtypes.to_dict() == frames[name].dtypes.to_dict()


def test_days_add_up_to_what_the_window_counted(demo, reference, frames):
    mine = frames["by_day"].query("workload_id == @reference.id")
    assert len(mine) == 30
    assert mine["requests_day"].sum() == pytest.approx(float(reference.measured.traffic.requests.sum()), rel=0.01)
    assert mine["memory_peak_mib"].max() == pytest.approx(
        sum(c.memory_quantiles_bytes[1.0] for c in demo.usage[reference.id].containers.values()) / 2**20, rel=0.2
    )
    assert mine["latency_mean_ms"].between(1, 60_000).all()


def test_groups_hold_every_workload_once_and_all_of_their_cost(demo, frames):
    assert frames["groups"]["workloads"].sum() == len(demo.workloads)
    costs = [w.cost.gke_attributed_month for w in demo.workloads if w.cost and w.cost.gke_attributed_month is not None]
    assert frames["groups"]["gke_attributed_month"].sum() == pytest.approx(float(sum(costs)))
    assert set(tables.groups(demo, "label:team")["group"]) > {"shop", "orders"}
    assert tables.groups(demo, "node_pool")["workloads"].sum() == len(demo.workloads)
