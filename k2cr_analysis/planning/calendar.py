"""When each wave may begin, and which workloads may not move in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase

from k2cr_analysis.config import Freeze, PlanSettings


@dataclass(frozen=True, slots=True)
class Slot:
    """The days of one wave, both included; without a start in the config they are None, and nothing is frozen."""

    first: date | None
    last: date | None
    freezes: tuple[Freeze, ...] = ()  # of some workloads, on one of these days

    def is_frozen(self, workload_id: str) -> bool:
        return any(fnmatchcase(workload_id, pattern) for freeze in self.freezes for pattern in freeze.workloads)


def slots(settings: PlanSettings) -> Iterator[Slot]:
    """One after the other without end; those that a freeze of everything touches begin on the day after it."""
    first = settings.start
    while True:
        if first is None:
            yield Slot(None, None)
            continue
        last = first + timedelta(days=settings.wave_length_days - 1)
        touching = [f for f in settings.freezes if f.first <= last and f.last >= first]
        of_all = [f.last for f in touching if not f.workloads]
        if of_all:
            first = max(of_all) + timedelta(days=1)
            continue
        yield Slot(first, last, tuple(touching))
        first = last + timedelta(days=1)
