"""How long jobs and worker pools run."""

from decimal import Decimal

import pytest

from k2cr_analysis.assessment.recommending.steady_instances import mean_instances
from k2cr_analysis.model.observed import WorkloadUsage
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
from tests.pricing.clusters import cluster, workload


def cron_job(schedule, **more):
    spec = {"schedule": schedule, "jobTemplate": {"spec": workload("x")["spec"] | more}}
    thing = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "j", "namespace": "shop"}, "spec": spec}
    (found,) = cluster([thing]).workloads
    return found


def seen(pods):
    return WorkloadUsage({}, pods, 1, 30.0)


MINUTES = {
    "runs of ten seconds are billed for a minute each": (cron_job("*/5 * * * *"), 1 / 30, 60 * 12),
    "each task of a run is": (cron_job("0 * * * *", completions=4), 0.0001, 60 * 4),
    "long runs as they were": (cron_job("0 * * * *"), 0.5, 1800),
    "what has no schedule as it was": (workload, 0.25, 900),
}


@pytest.mark.parametrize(("job", "pods", "seconds_an_hour"), MINUTES.values(), ids=MINUTES)
def test_a_run_is_billed_for_a_minute_at_least(job, pods, seconds_an_hour):
    if callable(job):
        (job,) = cluster([workload("web")]).workloads
    hours = mean_instances(job, seen(pods)) * HOURS_PER_MONTH
    assert float(hours * 3600 / HOURS_PER_MONTH) == pytest.approx(seconds_an_hour)


def test_without_usage_nobody_knows_how_long_a_job_runs():
    assert mean_instances(cron_job("0 * * * *"), None) is None
    (pool,) = cluster([workload("web", replicas=3)]).workloads
    assert mean_instances(pool, None) == Decimal(3)
