"""The time that a try of a job's task may take: never Cloud Run's silent 600 s."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import yaml

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.rendering import RenderContext, render_workload
from tests.rendering.factory import container, job_of

CONTEXT = RenderContext(project="p", region="us-central1")
WEEK_S = 168 * 3600


def without_deadline(schedule: str = "@daily", running_s: int | None = None) -> WorkloadAssessment:
    """A CronJob of three tasks without a deadline; ``running_s``: measured, a month."""
    made = job_of(container("app"), schedule=schedule)
    assert made.workload.batch is not None
    batch = replace(made.workload.batch, active_deadline_s=None, schedule=schedule)
    zero = Decimal(0)
    timeline = None
    if running_s is not None:
        timeline = InstanceTimeline(zero, zero, zero, zero, zero, Decimal(running_s), zero, zero)
    return replace(made, workload=replace(made.workload, batch=batch), timeline=timeline)


def timeout(subject: WorkloadAssessment) -> int:
    job = yaml.safe_load(render_workload(subject, CONTEXT)["job.yaml"])
    found = job["spec"]["template"]["spec"]["template"]["spec"]["timeoutSeconds"]
    assert isinstance(found, int)
    return found


def test_a_deadline_is_kept() -> None:
    assert timeout(job_of(container("app"))) == 900


def test_without_one_and_without_measurements_it_is_the_longest() -> None:
    assert timeout(without_deadline()) == WEEK_S


def test_what_was_measured_has_room_above_it_in_whole_hours() -> None:
    # 730 h hold 30.4 days: about 91 tasks of three a day, so about 3000 s each.
    assert timeout(without_deadline(running_s=91 * 3000)) == 5 * 3600
    assert timeout(without_deadline(running_s=91 * 10)) == 3600


def test_a_deadline_over_the_longest_is_cut() -> None:
    job = job_of(container("app"))
    assert job.workload.batch is not None
    long = replace(job.workload.batch, active_deadline_s=2 * WEEK_S)
    assert timeout(replace(job, workload=replace(job.workload, batch=long))) == WEEK_S
