"""Jobs that need not start on the minute: delayed execution is named with its price, and only where it fits."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from k2cr_analysis.model.observed import WorkloadUsage
from k2cr_analysis.verdicts import assess
from tests.rendering.metamorphic import snapshot_of


def cron_job(schedule: str = "@daily", **spec: Any) -> dict[str, Any]:
    limits = {"cpu": "1", "memory": "512Mi"}
    one = {"name": "app", "image": "us-docker.pkg.dev/p/r/app:1", "resources": {"limits": limits}}
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [one]}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "report", "namespace": "shop"},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": job}, **spec},
    }


def said(monkeypatch: pytest.MonkeyPatch, job: dict[str, Any], pods: float | None, config: Config = Config()) -> str:  # noqa: B008
    """What is said of waiting; ``pods``: the mean number that ran over the window."""
    measured = {} if pods is None else {"shop/CronJob/report": WorkloadUsage({}, pods, 1, 30.0)}
    monkeypatch.setattr("k2cr_analysis.assessment.assess.usage", lambda *_: measured)
    (one,) = assess(snapshot_of([job]), config, effort="quick").workloads
    return " ".join(f.message for f in one.findings if f.rule == "job-can-wait")


def test_a_daily_job_is_told_both_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    # 0.02 x 730 h of 1 vCPU and half a GiB: x (0.000018 + 0.000001) and x (0.0000126 + 0.0000007).
    assert "0.70 USD a month in place of 1.00, at list price" in said(monkeypatch, cron_job(), 0.02)


def test_without_its_running_time_the_price_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "its price is not known, since the running time is not" in said(monkeypatch, cron_job("@weekly"), None)


def test_where_the_rate_was_not_read_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Config(project=Project(region="asia-northeast1"))
    text = said(monkeypatch, cron_job(), 0.02, elsewhere)
    assert "null, since" in text
    assert "asia-northeast1" in text


@pytest.mark.parametrize(
    ("job", "pods"),
    [
        (cron_job("@hourly"), 0.02),  # too often
        (cron_job("0 */6 * * *"), 0.02),
        (cron_job(suspend=True), 0.02),
        (cron_job(startingDeadlineSeconds=600), 0.02),  # it may not wait
        (cron_job("@weekly"), 0.2),  # 33 hours a run, of 12 at most
    ],
    ids=["hourly", "four times a day", "suspended", "with a deadline of its start", "longer than 12 h"],
)
def test_what_cannot_wait_is_told_nothing(monkeypatch: pytest.MonkeyPatch, job: dict[str, Any], pods: float) -> None:
    assert said(monkeypatch, job, pods) == ""
