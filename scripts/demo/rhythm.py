"""How busy a made-up company is: hours of the day and days of the week in Tokyo, noise, bursts, an incident, a sale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
TOKYO_OFFSET_H = 9
_SATURDAY, _SUNDAY = 5, 6

# Load by hour of the day in Tokyo, 0 to 23; each is scaled to a mean of 1 over the window.
_BY_HOUR: dict[str, tuple[float, ...]] = {
    "consumer": (42, 24, 14, 9, 8, 12, 28, 58, 74, 70, 72, 80, 118, 98, 78, 76, 80, 92, 108, 128, 150, 168, 146, 92),
    "office": (1, 1, 1, 1, 1, 2, 4, 14, 70, 142, 160, 138, 92, 150, 158, 146, 138, 110, 58, 26, 12, 6, 3, 2),
    "steady": (
        92,
        90,
        88,
        88,
        90,
        92,
        96,
        100,
        104,
        108,
        110,
        110,
        108,
        110,
        110,
        108,
        106,
        104,
        102,
        102,
        100,
        98,
        96,
        94,
    ),
}
_WEEKEND: dict[str, tuple[float, float]] = {"consumer": (1.25, 1.35), "office": (0.06, 0.03), "steady": (0.95, 0.93)}


@dataclass(frozen=True)
class Clock:
    """Even periods of the window: ``start_s`` are seconds since the epoch, one per period."""

    start: datetime
    end: datetime
    period_s: int

    @classmethod
    def of(cls, window: dict[str, Any], period_s: int | None = None) -> Clock:
        return cls(_time(window["start"]), _time(window["end"]), period_s or int(window["period_s"]))

    @property
    def start_s(self) -> npt.NDArray[np.int64]:
        return np.arange(int(self.start.timestamp()), int(self.end.timestamp()), self.period_s, dtype=np.int64)

    @property
    def end_us(self) -> npt.NDArray[np.int64]:
        return (self.start_s + self.period_s) * 1_000_000

    @property
    def day(self) -> npt.NDArray[np.int64]:
        """Days since the window's start."""
        return (self.start_s - self.start_s[0]) // 86400

    @property
    def hours_utc(self) -> Array:
        """Hours since the window's start; the window starts at midnight UTC."""
        return (self.start_s - self.start_s[0]) / 3600.0

    def between(self, span: dict[str, Any]) -> npt.NDArray[np.bool_]:
        first, last = (_time(span[key]).timestamp() for key in ("start", "end"))
        return (self.start_s >= first) & (self.start_s < last)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def load(rhythm: str, clock: Clock, sale: dict[str, Any], random: np.random.Generator) -> Array:
    """Relative load of each period, mean 1 over the window before bursts and the sale.

    Hours are joined by straight lines, since nobody's visitors come in steps. Noise is an AR(1) in the logarithm;
    bursts are rare, last a few periods and up to treble the load.
    """
    tokyo_h = clock.start_s / 3600.0 + TOKYO_OFFSET_H
    hour = np.interp(tokyo_h % 24, np.arange(25), (*_BY_HOUR[rhythm], _BY_HOUR[rhythm][0]))
    weekday = (tokyo_h // 24 + 3).astype(np.int64) % 7  # 1970-01-01 was a Thursday
    saturday, sunday = _WEEKEND[rhythm]
    shape = hour * np.where(weekday == _SATURDAY, saturday, np.where(weekday == _SUNDAY, sunday, 1.0))
    shape = shape / shape.mean()
    shape = shape * np.exp(_correlated(len(shape), random) * 0.12)
    for first in np.flatnonzero(random.random(len(shape)) < 0.004):
        length = int(random.integers(1, 5))
        shape[first : first + length] *= random.uniform(1.4, 3.0)
    if rhythm == "consumer":
        shape = np.where(clock.between(sale), shape * float(sale["factor"]), shape)
    return shape


def runs(spec: dict[str, Any], clock: Clock) -> Array:
    """Share of each period in which a job runs that starts every ``every_h`` hours from ``at_h`` (UTC)."""
    length_h, every_h = float(spec["minutes"]) / 60, float(spec["every_h"])
    period_h = clock.period_s / 3600
    share = np.zeros(len(clock.hours_utc))
    for start_h in np.arange(float(spec["at_h"]), clock.hours_utc[-1] + period_h, every_h):
        overlap = np.minimum(clock.hours_utc + period_h, start_h + length_h) - np.maximum(clock.hours_utc, start_h)
        share += np.clip(overlap, 0, None) / period_h
    return np.clip(share, 0, 1)


def _correlated(n: int, random: np.random.Generator, memory: float = 0.85) -> Array:
    shocks = random.standard_normal(n) * np.sqrt(1 - memory**2)
    out = np.empty(n)
    level = 0.0
    for i, shock in enumerate(shocks):
        level = memory * level + shock
        out[i] = level
    return out


def quantised(values: Array, digits: int = 3) -> Array:
    """Rounded to significant digits: what a meter's reader needs, and what compresses."""
    safe = np.where(values > 0, values, 1.0)
    step = 10.0 ** (np.floor(np.log10(safe)) - digits + 1)
    return np.where(values > 0, np.round(np.round(values / step) * step, 9), 0.0)
