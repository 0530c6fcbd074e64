"""What was measured of a workload is asked of the snapshot once, and every answer rests on the same value."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from k2cr_analysis.assessment import Assessment, recommend
from k2cr_analysis.assessment.measured import Measured
from k2cr_analysis.assessment.recommending.sliders import what_if
from k2cr_analysis.assessment.verify import verify
from k2cr_analysis.config import AssumedTraffic, Config, Objectives
from k2cr_analysis.latency.learning.run_metrics import RunMetrics
from k2cr_analysis.queries import engine
from k2cr_analysis.resources import bundled
from k2cr_analysis.sources import collect
from k2cr_analysis.verdicts import assess
from tests.assessment.test_assess import FRONTEND, WEB


@pytest.fixture(scope="module")
def counted() -> tuple[Assessment, Counter[str]]:
    """The demo, and how often each query ran for it, and for what was asked of it afterwards."""
    ran: Counter[str] = Counter()
    run = engine.DuckDb.run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.DuckDb, "run", lambda self, query: (ran.update([query]), run(self, query))[1])
        found = assess(bundled("data", "demo"), effort="quick")
        recommend(found, FRONTEND)
    return found, ran


def test_each_query_runs_once_however_many_analyses_need_it(counted: tuple[Assessment, Counter[str]]) -> None:
    _, ran = counted
    assert {"traffic_by_service", "pods_by_workload", "bill_by_place"} <= set(ran)
    assert {query: times for query, times in ran.items() if times > 1} == {}


def test_each_workload_carries_what_was_measured_of_it(counted: tuple[Assessment, Counter[str]]) -> None:
    found, _ = counted
    one = next(w for w in found.workloads if w.id == FRONTEND)
    assert one.measured == Measured(found.usage[FRONTEND], found.traffic[FRONTEND], one.measured.daily)
    assert one.measured.daily is not None


def test_what_is_assumed_for_the_assessment_is_assumed_for_every_other_answer(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(WEB)
    collect([tmp_path / "m.yaml"], tmp_path / "snap")
    found = assess(tmp_path / "snap", Config(assumed_traffic=AssumedTraffic(5, 40.0)))
    one = next(w for w in found.workloads if w.id == "default/Deployment/web")
    assert one.choice is not None and one.measured.traffic is not None and one.measured.traffic.source == "assumed"
    assert recommend(found, one.id, Objectives(p95_ms=200.0)).best.month is not None
    assert what_if(found, one.id, traffic=2.0) is not None
    day, requests = datetime(2026, 2, 2, tzinfo=UTC), np.full(24, 36_000)
    had = RunMetrics("web", day, 86_400.0, None, None, requests, 3600, None, None)
    said = {c.quantity: c.predicted for c in verify(found, one.id, had).comparisons}
    without = verify(assess(tmp_path / "snap"), one.id, had)
    assert said["request latency, p50"] == pytest.approx(40.0, rel=0.5), "the work of a request is the assumed one"
    assert {c.predicted for c in without.comparisons if c.quantity.startswith("request latency")} == {None}


def test_measured_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Measured().usage = None  # type: ignore[misc]
