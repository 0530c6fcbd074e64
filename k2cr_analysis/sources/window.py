"""The window of a snapshot: its end, and its length before that."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from k2cr_analysis.errors import UsageError

# Bills arrive late: what is newer than this may still change.
BILLING_DELAY_DAYS: Final = 3
_LENGTH: Final = re.compile(r"([0-9]{1,4})([dhw])")
_UNIT: Final = {"d": timedelta(days=1), "h": timedelta(hours=1), "w": timedelta(weeks=1)}


def window(length: str, end: str | None, now: datetime | None = None) -> tuple[datetime, datetime]:
    """Start and end in UTC. ``length`` is ``30d``, ``12h``, ``4w``; ``end`` is ISO 8601, without a zone in UTC.

    Without an end: the start of the day three days before ``now``. ``UsageError`` for what is neither.
    """
    match = _LENGTH.fullmatch(length)
    if match is None or int(match[1]) == 0:
        raise UsageError(
            ref="not-a-window",
            found=f'--window "{length}"',
            expected="a number with d, h or w",
            do="write 30d, 12h or 4w",
        )
    last = _moment(end) if end is not None else _default_end(now or datetime.now(UTC))
    return last - int(match[1]) * _UNIT[match[2]], last


def _default_end(now: datetime) -> datetime:
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=BILLING_DELAY_DAYS)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            ref="not-a-time",
            found=f'--end "{text}"',
            expected="ISO 8601, such as 2026-03-01 or 2026-03-01T00:00:00Z",
            do="write the time so",
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
