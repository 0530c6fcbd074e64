"""How often a CronJob runs: its schedule as a number of runs a month, and as Cloud Scheduler takes it.

A day counts where day of month *or* day of week says so, when both are restricted. Source: Kubernetes, "CronJob",
schedule syntax (github.com/robfig/cron).
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from k2cr_analysis.openapi.schedule import NICKNAMES, five_fields, interval_s, zone_and_rest
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH

_CYCLE_START, _CYCLE_DAYS = date(2024, 1, 1), 10_227  # 28 years, after which every date has its weekday again


@cache
def runs_per_month(schedule: str) -> Decimal | None:
    """Runs in a month of 730 h, averaged over 28 years; None for what is no such schedule."""
    rest = zone_and_rest(schedule)[1]
    interval = interval_s(rest)
    if interval is not None:
        return HOURS_PER_MONTH * 60 / _minutes(interval)
    found = five_fields(rest)
    if found is None:
        return None
    minutes, hours, days, months, weekdays = found
    fields = NICKNAMES.get(rest, rest).split()
    is_free = [fields[n][0] in "*?" for n in (2, 4)]
    matching = 0
    for offset in range(_CYCLE_DAYS):
        day = _CYCLE_START + timedelta(days=offset)
        by = (day.day in days, day.isoweekday() % 7 in weekdays)
        matching += day.month in months and (all(by) if any(is_free) else any(by))
    a_day = len(minutes) * len(hours)
    return Decimal(matching * a_day) / _CYCLE_DAYS * HOURS_PER_MONTH / 24


def for_scheduler(schedule: str) -> tuple[str, str | None]:
    """(the schedule as Cloud Scheduler takes it, the time zone that stands in it).

    Five fields, without ``@`` names and ``?``; what five fields cannot say (``@every 90m``) in Scheduler's own English.
    Source: Cloud Scheduler, "Cron job format and time zone".
    """
    zone, text = zone_and_rest(schedule)
    interval = interval_s(text)
    if interval is not None:
        return _every(_minutes(interval)), zone
    fields = NICKNAMES.get(text, text).split()
    return " ".join("*" + f[1:] if f.startswith("?") else f for f in fields), zone


def _minutes(interval: Decimal) -> int:
    """Whole minutes of ``@every``, the finest that Cloud Scheduler has."""
    return max(1, int(-(-interval // 60)))


def _every(minutes: int) -> str:
    if minutes < 60 and 60 % minutes == 0:
        return f"*/{minutes} * * * *" if minutes > 1 else "* * * * *"
    if minutes % 60 == 0 and 24 % (minutes // 60) == 0:
        hours = minutes // 60
        return "0 * * * *" if hours == 1 else "0 0 * * *" if hours == 24 else f"0 */{hours} * * *"
    return f"every {minutes // 60} hours" if minutes % 60 == 0 else f"every {minutes} minutes"
