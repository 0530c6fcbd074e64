"""One configuration, one price and one latency of a workload: on every surface the same."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml

import k2cr_analysis as k
from k2cr_analysis.pricing.cloud_run.charges import price_timeline
from k2cr_analysis.rendering import render
from k2cr_analysis.report import tables
from k2cr_analysis.report.headings import candidate_heading
from k2cr_analysis.report.json.documents import assess_document
from k2cr_analysis.report.json.plan_document import plan_document
from k2cr_analysis.report.objective import objective_words, within_words
from k2cr_analysis.report.wording import milliseconds, money


@pytest.fixture(scope="module")
def services(demo):
    """Every service that was searched."""
    found = [one for one in demo.workloads if one.choice is not None]
    assert len(found) > 10
    return found


@pytest.fixture(scope="module")
def document(demo, demo_portfolio):
    return {one["id"]: one for one in assess_document([demo], demo_portfolio)["workloads"]}


def test_what_is_recommended_is_what_was_found(demo, services):
    for one in services:
        best = one.choice.best
        assert one.shape == best.shape, one.id
        assert one.cost.cloud_run_month == best.cost_month, one.id
        assert one.timeline == best.month.timeline, one.id
        assert one.latency.cold_start_ratio == best.cold_start_ratio
        assert one.latency.cloud_run.p99_ms in (best.p99_ms, None)
        assert k.recommend(demo, one.id).best == best


def test_the_document_says_it(services, document):
    for one in services:
        said, shape = document[one.id], one.shape
        assert said["recommended"]["concurrency"] == shape.concurrency
        assert said["recommended"]["min_instances"] == shape.min_instances
        assert said["recommended"]["max_instances"] == shape.max_instances
        assert said["recommended"]["billing"] == shape.billing
        assert Decimal(said["cost"]["cloud_run_month"]) == one.choice.best.cost_month
        assert sum(Decimal(line["amount"]) for line in said["cost"]["line_items"]) == one.choice.best.cost_month
        assert said["latency"]["cloud_run"]["p99_ms"] == one.latency.cloud_run.p99_ms
        assert said["objective"]["met"] == one.choice.met


def test_the_spec_does_it(demo, services, tmp_path):
    moving = [one for one in services if one.fit.verdict in ("ready", "changes")]
    folders = render(demo, [one.id for one in moving], tmp_path)
    for one in moving:
        text = (folders[one.id] / "service.yaml").read_text(encoding="utf-8")
        service = yaml.safe_load(text)
        revision = service["spec"]["template"]
        notes = revision["metadata"]["annotations"]
        assert revision["spec"]["containerConcurrency"] == one.shape.concurrency, one.id
        kept = service["metadata"]["annotations"].get("run.googleapis.com/minScale", 0)  # of the service, whole
        assert int(kept) == one.shape.min_instances, one.id
        assert int(notes["autoscaling.knative.dev/maxScale"]) == one.shape.max_instances, one.id
        assert notes["run.googleapis.com/cpu-throttling"] == ("false" if one.shape.billing == "instance" else "true")
        cpus = {c["name"]: c["resources"]["limits"]["cpu"] for c in revision["spec"]["containers"]}
        for name, container in one.shape.containers.items():
            said = cpus[name]
            assert (Decimal(said[:-1]) / 1000 if said.endswith("m") else Decimal(said)) == container.cpu_cores, one.id
        header = " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
        assert one.choice.limits.said in header, one.id


def test_pages_and_frames_show_it(demo, services):
    fleet = tables.workloads(demo).set_index("workload_id")
    for one in services:
        best, currency = one.choice.best, one.cost.currency
        assert fleet.loc[one.id, "cloud_run_month"] == pytest.approx(float(best.cost_month))
        heading = candidate_heading(one, demo).text
        assert money(best.cost_month, currency) in heading, one.id
        if one.latency.cloud_run.p99_ms is not None:
            assert milliseconds(best.p99_ms) in heading, one.id
        frame = tables.frontier(one.choice, currency)
        chosen = frame[frame["choice"].isin(["cheapest that meets the objectives", "misses the objectives by least"])]
        assert chosen["cloud_run_month"].tolist() == [pytest.approx(float(best.cost_month))]
        assert chosen["concurrency"].tolist() == [best.shape.concurrency]
        latency = tables.latency(one).set_index("where")
        if one.latency.cloud_run.p99_ms is not None:
            assert latency.loc["Cloud Run", "p99_ms"] == one.latency.cloud_run.p99_ms


def test_the_plan_counts_it(demo, demo_plan, demo_portfolio):
    moved = {name for wave in plan_document(demo_plan)["waves"] for name in wave["workloads"]}
    before_free_tier = sum(one.cost.cloud_run_month for one in demo.workloads if one.id in moved)
    assert demo_portfolio.cloud_run_month + demo_portfolio.free_tier_month == pytest.approx(before_free_tier)


def test_what_the_objective_costs_stands_beside_it(services):
    for one in services:
        said = objective_words(one.choice, one.cost.currency)
        assert "With latencies 25% longer" in said
        assert "latencies 10% shorter" in said
        looser, tighter, best = one.choice.looser, one.choice.tighter, one.choice.best
        if one.choice.met and looser is not None:
            assert looser.cost_month <= best.cost_month * Decimal("1.03"), one.id
        if one.choice.met and tighter is not None:
            assert tighter.cost_month >= best.cost_month * Decimal("0.97"), one.id


def test_the_range_of_the_start_is_in_what_hangs_on_it(services):
    for one in services:
        found = one.latency.ranges
        assert found.startup_ms[0] <= one.latency.startup_ms <= found.startup_ms[1]
        assert found.cost_month[0] <= one.cost.cloud_run_month <= found.cost_month[1]
        assert found.p99_ms[0] <= one.choice.best.p99_ms <= found.p99_ms[1]
        assert found.cold_start_ratio[0] <= one.latency.cold_start_ratio <= found.cold_start_ratio[1]
        assert found.bursts_p99_ms >= one.choice.best.p99_ms
        if one.cost.interval is not None:
            low, high = one.cost.interval
            assert low <= one.cost.gke_attributed_month - found.cost_month[1] + Decimal("0.01"), one.id
            assert high >= one.cost.gke_attributed_month - found.cost_month[0] - Decimal("0.01"), one.id
        assert "A start of" in within_words(one)
        assert "bursts" in within_words(one)


def test_the_lines_are_those_of_the_timeline(demo, services):
    from k2cr_analysis.model.prices import Tariff

    tariff = Tariff(demo.prices, demo.region, demo.config.rates.cud)
    for one in services:
        items = price_timeline(one.shape, one.timeline, tariff.prices, tariff.region, tariff.cud)
        shown = {(line.sku, line.amount) for line in one.cost.cloud_run_items}
        assert {(line.sku, line.amount) for line in items} <= shown, one.id
