"""What is recommended meets the objectives of the config; where nothing does, it is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from k2cr_analysis.assessment import assess
from k2cr_analysis.assessment.recommend import _sizes
from k2cr_analysis.config import Config, Objectives
from k2cr_analysis.resources import bundled
from k2cr_analysis.sizing import legal

DEMO = Path(str(bundled("data/demo")))


def assessed(effort: str = "coarse", **objectives: float):
    return assess(DEMO, replace(Config(), objectives=Objectives(**objectives)), effort=effort)


@pytest.fixture(scope="module")
def plain():
    return assessed()


def services(found):
    return {w.id: w for w in found.workloads if w.latency is not None and w.latency.cloud_run is not None}


def rules(workload):
    return {f.rule for f in workload.findings}


def test_without_objectives_each_is_as_it_was_sized(plain):
    assert not any({"sized-for-objectives", "objectives-not-met"} & rules(w) for w in plain.workloads)


@pytest.mark.parametrize(
    "objectives", [{"p99_ms": 600.0}, {"cold_start_ratio": 0.00001}, {"p99_ms": 460.0, "cold_start_ratio": 0.0001}]
)
def test_what_is_recommended_meets_the_objectives_or_says_that_nothing_does(plain, objectives):
    found, before = services(assessed(**objectives)), services(plain)
    changed = 0
    for name, workload in found.items():
        p99_ms, cold = workload.latency.cloud_run.p99_ms, workload.latency.cold_start_ratio
        met = (p99_ms is None or p99_ms <= objectives.get("p99_ms", p99_ms)) and cold <= objectives.get(
            "cold_start_ratio", cold
        )
        assert met == ("objectives-not-met" not in rules(workload)), name
        assert legal(workload.shape) == []
        if "sized-for-objectives" in rules(workload):
            changed += 1
            assert met
            assert workload.shape != before[name].shape
    assert changed > 0


def test_quick_prices_the_size_alone(plain):
    quick = services(assessed("quick", cold_start_ratio=0.00001))
    assert {w.latency.method[:12] for w in quick.values()} == {"closed forms"}
    assert not any("sized-for-objectives" in rules(w) for w in quick.values())
    assert set(quick) == set(services(plain))


def test_more_cpu_brings_the_memory_that_it_asks_for(plain):
    shape = services(plain)["shop/Deployment/cart-api"].shape
    sizes = list(_sizes(shape))
    assert [s.cpu_cores for s in sizes] == [1, 2, 4]
    assert sizes[-1].memory_bytes == 2 * 2**30
    assert all(legal(replace(s, concurrency=80)) == [] for s in sizes)
