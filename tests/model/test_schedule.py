"""Runs a month of a CronJob's schedule."""

from decimal import Decimal

import pytest

from k2cr_analysis.model.schedule import for_scheduler, runs_per_month

A_DAY = Decimal(730) / 24
A_MONTH = Decimal(48) / 1461 * A_DAY  # one day in each of the 48 months of four years
SCHEDULES = {
    "* * * * *": 60 * 730,
    "*/5 * * * *": 12 * 730,
    "7/15 * * * *": 4 * 730,
    "0 * * * *": 730,
    "@hourly": 730,
    "0 3 * * *": A_DAY,
    "@daily": A_DAY,
    "0 9-17/4 * * MON-FRI": 3 * A_DAY * 5 / 7,
    "30 4 1 * *": A_MONTH,
    "0 0 1,15 * ?": 2 * A_MONTH,
    "0 0 1 jan *": A_MONTH / 12,
    "0 0 29 2 *": Decimal(1) / 1461 * A_DAY,
    "0 0 * * sun": A_DAY * 1 / 7,
    "CRON_TZ=Asia/Tokyo 0 6 * * *": A_DAY,
    "0 0 13 * FRI": A_DAY * Decimal(336 + 1461 - 48) / 10_227,  # either of them; 48 days of 28 years are both
}


@pytest.mark.parametrize(("schedule", "runs"), SCHEDULES.items(), ids=SCHEDULES)
def test_a_schedule_is_so_many_runs_a_month(schedule, runs):
    assert runs_per_month(schedule) == pytest.approx(Decimal(runs))


@pytest.mark.parametrize(
    "text",
    ["", "every day", "* * * *", "61 * * * *", "0 25 * * *", "a-b * * * *", "0 0 * * * *", "*/0 x * * *", "0 0 * * 7"],
)
def test_what_is_no_schedule_is_not_guessed_at(text):
    assert runs_per_month(text) is None


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("@hourly", ("0 * * * *", None)),
        ("@daily", ("0 0 * * *", None)),
        ("@weekly", ("0 0 * * 0", None)),
        ("*/5 * * * *", ("*/5 * * * *", None)),
        ("0 3 ? * MON", ("0 3 * * MON", None)),
        ("CRON_TZ=Asia/Tokyo 0 3 * * *", ("0 3 * * *", "Asia/Tokyo")),
        ("TZ=UTC @daily", ("0 0 * * *", "UTC")),
        ("@every 1h", ("0 * * * *", None)),
        ("@every 15m", ("*/15 * * * *", None)),
        ("@every 6h", ("0 */6 * * *", None)),
        ("@every 90m", ("every 90 minutes", None)),
        ("@every 5h", ("every 5 hours", None)),
        ("@every 1h30m", ("every 90 minutes", None)),
        ("@every 30s", ("* * * * *", None)),
        ("@every 1.5h", ("every 90 minutes", None)),
        ("  0   0 1 1 *", ("0 0 1 1 *", None)),
    ],
)
def test_a_schedule_as_cloud_scheduler_takes_it(written, taken):
    assert for_scheduler(written) == taken


def test_an_interval_has_its_runs_too():
    assert runs_per_month("@every 2h") == 365
