"""How often a CronJob runs: its schedule as a number of runs a month.

Five fields (minute, hour, day of month, month, day of week), each ``*``, ``?``, numbers, ranges, steps and lists, with
months and days by name too; ``@hourly`` and the like; a day counts where day of month *or* day of week says so, when
both are restricted. Source: Kubernetes, "CronJob", schedule syntax (github.com/robfig/cron).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from k2cr_analysis.platforms.billing import HOURS_PER_MONTH

_NICKNAMES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?P<first>[*?]|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?")
_CYCLE_START, _CYCLE_DAYS = date(2024, 1, 1), 10_227  # 28 years, after which every date has its weekday again


_EVERY = re.compile(r"@every\s+(?=\d)(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?", re.IGNORECASE)
_ZONE = re.compile(r"(?:CRON_)?TZ=(?P<zone>\S+)\s+(?P<rest>.*)", re.IGNORECASE)


@cache
def runs_per_month(schedule: str) -> Decimal | None:
    """Runs in a month of 730 h, averaged over 28 years; None for what is no such schedule."""
    every = _EVERY.fullmatch(schedule.strip())
    if every:
        return HOURS_PER_MONTH * 60 / _minutes(every)
    fields = _NICKNAMES.get(schedule.strip().lower(), schedule).split()
    if fields and fields[0].upper().startswith(("TZ=", "CRON_TZ=")):
        fields = fields[1:]
    if len(fields) != len(_RANGES):
        return None
    found = [_values(text, low, high) for text, (low, high) in zip(fields, _RANGES, strict=True)]
    minutes, hours, days, months, weekdays = found
    if minutes is None or hours is None or days is None or months is None or weekdays is None:
        return None
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
    found = _ZONE.fullmatch(schedule.strip())
    zone, text = (found["zone"], found["rest"].strip()) if found else (None, schedule.strip())
    every = _EVERY.fullmatch(text)
    if every:
        return _every(_minutes(every)), zone
    fields = _NICKNAMES.get(text.lower(), text).split()
    return " ".join("*" + f[1:] if f.startswith("?") else f for f in fields), zone


def _minutes(every: re.Match[str]) -> int:
    """Whole minutes of ``@every``, the finest that Cloud Scheduler has."""
    return max(1, int(every["h"] or 0) * 60 + int(every["m"] or 0) + (int(every["s"] or 0) + 59) // 60)


def _every(minutes: int) -> str:
    if minutes < 60 and 60 % minutes == 0:
        return f"*/{minutes} * * * *" if minutes > 1 else "* * * * *"
    if minutes % 60 == 0 and 24 % (minutes // 60) == 0:
        hours = minutes // 60
        return "0 * * * *" if hours == 1 else "0 0 * * *" if hours == 24 else f"0 */{hours} * * *"
    return f"every {minutes // 60} hours" if minutes % 60 == 0 else f"every {minutes} minutes"


def _values(text: str, low: int, high: int) -> frozenset[int] | None:
    """The numbers that one field allows; None where it is not one."""
    names: Sequence[str] = {12: _MONTHS, 6: _DAYS}.get(high, ())
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        is_all = match["first"] in "*?"
        first = low if is_all else _number(match["first"], names, low, high)
        last = _number(match["last"], names, low, high) if match["last"] else None
        if first is None or (match["last"] and last is None):
            return None
        # `*` and `5/15` go to the end, a lone number does not.
        end = last if last is not None else high if is_all or match["step"] else first
        found |= {
            number % 7 if high == _RANGES[4][1] else number
            for number in range(first, end + 1, int(match["step"] or 1) or 1)
        }
    return frozenset(found) if found else None


def _number(text: str, names: Sequence[str], low: int, high: int) -> int | None:
    if text.lower() in names:
        return names.index(text.lower()) + low
    number = int(text) if text.isdecimal() else -1
    highest = 7 if high == _RANGES[4][1] else high  # Sunday is 0 or 7
    return number if low <= number <= highest else None
