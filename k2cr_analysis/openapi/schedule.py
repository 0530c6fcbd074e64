"""Schedules and time zones of CronJobs, as the Kubernetes API server reads them.

Five fields (minute, hour, day of month, month, day of week), each ``*``, ``?``, numbers, ranges, steps and lists, with
months and days by name too; ``@hourly`` and the like; ``@every 90m``; ``TZ=`` in front, which older clusters took.
Source: the validation of k8s.io/kubernetes (pkg/apis/batch), which asks ``ParseStandard`` of github.com/robfig/cron v3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Lowest, highest, and names by number: a Sunday is 0, never 7.
_FIELDS: Final[Sequence[tuple[int, int, Sequence[str]]]] = (
    (0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 6, _DAYS),
)  # fmt: skip
_ZONE = re.compile(r"(?:CRON_)?TZ=(?P<zone>\S+)\s+(?P<rest>.*)")
_PART = re.compile(r"(?P<first>[*?]|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?")
# A duration of Go's time.ParseDuration.
_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_EVERY = re.compile(rf"@every ((?:{_NUMBER}(?:ns|us|µs|μs|ms|s|m|h))+)")
_UNIT_S: Final = {
    "h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("1e-3"), "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"), "μs": Decimal("1e-6"), "ns": Decimal("1e-9"),
}  # fmt: skip


def zone_and_rest(schedule: str) -> tuple[str | None, str]:
    """The time zone that stands in a schedule, and the schedule without it."""
    found = _ZONE.fullmatch(schedule.strip())
    return (found["zone"], found["rest"].strip()) if found else (None, schedule.strip())


def interval_s(rest: str) -> Decimal | None:
    """Seconds of ``@every 1h30m``; None for all else."""
    found = _EVERY.fullmatch(rest)
    if found is None:
        return None
    parts = re.findall(rf"({_NUMBER})([a-zµμ]+)", found[1])
    return sum((Decimal(number) * _UNIT_S[unit] for number, unit in parts), Decimal(0))


def five_fields(rest: str) -> tuple[frozenset[int], ...] | None:
    """The numbers that each of the five fields allows; None where it is no such schedule."""
    fields = NICKNAMES.get(rest, rest).split()
    if len(fields) != len(_FIELDS):
        return None
    found = tuple(_values(text, *of) for text, of in zip(fields, _FIELDS, strict=True))
    return tuple(one for one in found if one) if all(found) else None


def is_schedule(text: str) -> bool:
    """Whether the API server takes this as ``spec.schedule``."""
    zone, rest = zone_and_rest(text)
    return (zone is None or is_time_zone(zone)) and (interval_s(rest) is not None or five_fields(rest) is not None)


@cache
def is_time_zone(name: str) -> bool:
    """Whether the IANA database has a zone of this name; true of every name where there is no database to ask."""
    if _is_zone("UTC"):
        return _is_zone(name)
    return True


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _values(text: str, low: int, high: int, names: Sequence[str]) -> frozenset[int] | None:
    """The numbers that one field allows; None where it is not one."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        is_all = match["first"] in "*?"
        first = low if is_all else _number(match["first"], names)
        last = _number(match["last"], names) if match["last"] and not is_all else None
        # `*` and `5/15` go to the end, a lone number does not.
        end = last if last is not None else high if is_all or (match["step"] and not match["last"]) else first
        step = int(match["step"]) if match["step"] else 1
        if first is None or end is None or not low <= first <= end <= high or step == 0:
            return None
        if match["last"] and not is_all and last is None:
            return None
        found |= set(range(first, end + 1, step))
    return frozenset(found) or None


def _number(text: str, names: Sequence[str]) -> int | None:
    if text and text.lower() in names:
        return names.index(text.lower())
    return int(text) if text.isdecimal() else None
