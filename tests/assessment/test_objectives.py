"""What is recommended is the cheapest that meets the objectives, once and everywhere; where nothing does, it is said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from k2cr_analysis.assessment import recommend
from k2cr_analysis.assessment.recommending.predicting import basis_of_workload
from k2cr_analysis.assessment.recommending.question import Question
from k2cr_analysis.assessment.recommending.recommend import _sizes, cost_of, findings_of, search
from k2cr_analysis.assessment.recommending.sliders import what_if
from k2cr_analysis.config import Config, Objectives, Policy
from k2cr_analysis.errors import UsageError
from k2cr_analysis.latency.learning.calibration import Corrections
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.pricing.cloud_run.charges import price_both
from k2cr_analysis.resources import bundled
from k2cr_analysis.sizing import legal
from k2cr_analysis.verdicts import assess

NO_POLICY = Policy()
DEMO = Path(str(bundled("data/demo")))


def assessed(effort: str = "coarse", policy: Policy = NO_POLICY, **objectives: float):
    return assess(DEMO, replace(Config(), objectives=Objectives(**objectives), policy=policy), effort=effort)


@pytest.fixture(scope="module")
def plain():
    return assessed()


def services(found):
    return {w.id: w for w in found.workloads if w.latency is not None and w.latency.cloud_run is not None}


def searched(found):
    return {name: w for name, w in services(found).items() if w.choice is not None}


def rules(workload):
    return {f.rule for f in workload.findings}


def test_without_objectives_nothing_is_a_tenth_slower_than_today_or_it_is_said(plain):
    for name, one in searched(plain).items():
        gke, after, choice = one.latency.gke, one.latency.cloud_run, one.choice
        if "objectives-not-met" in rules(one):
            continue
        for before_ms, after_ms in ((gke.p95_ms, after.p95_ms), (gke.p99_ms, after.p99_ms)):
            assert before_ms is None or after_ms is None or after_ms <= 1.11 * before_ms, name
        assert one.latency.cold_start_ratio <= 0.0101, name
        assert "slower than" in choice.limits.said


def test_every_surface_has_the_configuration_and_the_price_of_the_choice(plain):
    for name, one in searched(plain).items():
        best = one.choice.best
        assert one.shape == best.shape
        assert one.cost.cloud_run_month == best.cost_month, name
        assert one.timeline == best.month.timeline
        assert recommend(plain, name) is one.choice
        priced = price_both(one.shape, one.timeline, plain.prices, plain.region)
        assert one.shape.billing in priced
        assert legal(one.shape) == []


@pytest.mark.parametrize("objectives", [{"p99_ms": 600.0}, {"cold_start_ratio": 0.0000001, "p99_ms": 460.0}])
def test_what_is_recommended_meets_the_objectives_or_says_that_nothing_does(plain, objectives):
    found, before = services(assessed(**objectives)), services(plain)
    for name, workload in found.items():
        if workload.choice is None:  # no price is known
            continue
        p99_ms, cold = workload.choice.best.p99_ms, workload.choice.best.cold_start_ratio
        met = p99_ms <= objectives["p99_ms"] * 1.006 and cold <= objectives.get("cold_start_ratio", 0.01) * 1.006
        assert met == ("objectives-not-met" not in rules(workload)), name
    assert any(found[name].shape != before[name].shape for name in found)


def test_a_cap_below_the_demand_is_a_change_and_never_ready(plain):
    capped = services(assessed(policy=Policy(max_instances=1)))
    short = [w for w in capped.values() if w.choice and w.choice.best.rejected_ratio > 0.0]
    assert short
    for workload in short:
        (said,) = (f for f in workload.findings if f.rule == "overloaded")
        assert said.severity == "change"
        assert "%" in said.message
        assert workload.fit.verdict != "ready"
    assert all(w.choice.best.rejected_ratio == 0.0 for w in services(plain).values() if w.choice)


def test_quick_prices_the_size_alone(plain):
    quick = services(assessed("quick", cold_start_ratio=0.00001))
    assert {w.latency.method[:12] for w in quick.values()} == {"closed forms"}
    assert all(w.choice is None for w in quick.values())
    assert set(quick) == set(services(plain))


def test_more_cpu_brings_the_memory_that_it_asks_for(plain):
    shape = services(plain)["shop/Deployment/cart-api"].shape
    sizes = list(_sizes(shape))
    assert [s.cpu_cores for s in sizes] == [1, 2, 4]
    assert sizes[-1].memory_bytes == 2 * 2**30
    assert all(legal(replace(s, concurrency=80)) == [] for s in sizes)


def test_what_if_moves_as_the_slider_does(plain):
    one = "shop/Deployment/reviews-api"
    same, more, kept = (what_if(plain, one, **asked) for asked in ({}, {"traffic": 2.0}, {"min_instances": 3}))
    assert same.before is services(plain)[one].choice.best
    assert abs(same.change_month) <= same.before.cost_month * Decimal("0.1")
    assert more.change_month > same.change_month
    assert kept.after.shape.min_instances == 3
    assert kept.change_month > 0
    assert what_if(plain, one, p99_ms=1.0).met is False
    with pytest.raises(UsageError):
        what_if(plain, one, traffic=0.0)


def test_cold_starts_that_are_allowed_are_told_with_the_price_of_a_minimum(plain):
    one = next(iter(searched(plain).values()))
    basis = basis_of_workload(one.workload, one.fit, one.measured, Corrections())
    traffic = basis.traffic
    every = round(2400 / traffic.period_s)  # a request every 40 minutes
    requests = np.zeros_like(traffic.requests)
    requests[::every] = 1
    quiet = replace(basis, traffic=replace(traffic, requests=requests, known=np.ones_like(traffic.known)))
    tariff = Tariff(plain.prices, plain.region, None)
    question = Question(one.workload, quiet, cost_of(one.workload, tariff), Config(), Objectives(cold_start_ratio=1.0))
    found = search(one.shape, replace(question, objectives=Objectives(60_000.0, 60_000.0, 1.0)), "coarse")
    assert found.best.cold_start_ratio > 0.5
    (said,) = (f.message for f in findings_of(found, question, "USD") if f.rule == "cold-starts")
    assert "with min instances 1 0.0% would" in said
    assert "USD a month more" in said
    for other in searched(plain).values():
        if other.latency.cold_start_ratio <= 0.01:
            assert "cold-starts" not in rules(other)
