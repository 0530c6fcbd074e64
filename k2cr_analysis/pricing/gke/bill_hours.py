"""How many hours a bill stands for: what its rows cover, holes and stray rows told.

Rows of machines and of GKE come hour by hour, so that an hour without one was not exported, and not free: hours are
counted, not the time from the first row to the last. A few rows that stand apart, a late correction of another month,
add no hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from k2cr_analysis.platforms.billing import COMPUTE_ENGINE, HOURS_PER_MONTH, KUBERNETES_ENGINE
from k2cr_analysis.queries.bill import Span

_HOUR_US = 3_600_000_000
_PAUSE_US = 48 * _HOUR_US  # rows that are further apart than this stand apart
_FEW = Decimal("0.05")  # of all rows
_THIN = Decimal("0.5")  # of the usual number of rows an hour
_FEE_TOLERANCE = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class BilledHours:
    """``hours`` that rows cover; ``missing`` ones between the first and the last; ``strays``: days apart from them."""

    hours: Decimal
    missing: Decimal
    strays: tuple[datetime, ...]

    def told(self, fee_hours: Decimal | None) -> Iterator[str]:
        """What a reader of the figures has to know; ``fee_hours``: how long the management fee was paid for."""
        if self.missing:
            yield (
                f"{self.missing.normalize():f} h between the bill's first and last row have no row: they were not"
                f" exported, and the month is made of the {self.hours.normalize():f} h that are there"
            )
        for day in self.strays:
            yield f"a few rows of {day:%Y-%m-%d} stand apart from all others: their hours are not counted"
        if fee_hours and abs(fee_hours - self.hours) > _FEE_TOLERANCE * self.hours:
            yield (
                f"the management fee was paid for {fee_hours.normalize():f} h, and rows cover"
                f" {self.hours.normalize():f} h: the bill may lack rows, or hold more than this cluster"
            )


def billed_hours(spans: Iterable[Span], window_days: float) -> BilledHours:
    """Hours that the rows of machines and of GKE cover (of all services, where there are none of these)."""
    found = list(spans)
    groups = list(_groups([s for s in found if s.service_id in (COMPUTE_ENGINE, KUBERNETES_ENGINE)] or found))
    counted = [g for g in groups if not _is_stray(g, groups)]
    if not counted:
        return BilledHours(Decimal(repr(window_days)) * 24 or HOURS_PER_MONTH, Decimal(0), ())
    covered_us = sum(g.covered_us for g in counted)
    between_us = counted[-1].end_us - counted[0].start_us
    strays = tuple(datetime.fromtimestamp(g.start_us / 1e6, UTC) for g in groups if g not in counted)
    hours = Decimal(covered_us) / _HOUR_US
    if not hours:
        return BilledHours(Decimal(repr(window_days)) * 24 or HOURS_PER_MONTH, Decimal(0), strays)
    return BilledHours(hours, Decimal(between_us - covered_us) / _HOUR_US, strays)


@dataclass(frozen=True, slots=True)
class _Group:
    """Spans with no more than a pause between them."""

    start_us: int
    end_us: int
    covered_us: int
    rows: int


def _groups(spans: Iterable[Span]) -> Iterator[_Group]:
    group: _Group | None = None
    for span in sorted(spans, key=lambda s: (s.start_us, s.end_us)):
        if group is None or span.start_us > group.end_us + _PAUSE_US:
            if group is not None:
                yield group
            group = _Group(span.start_us, span.start_us, 0, 0)
        end_us = max(group.end_us, span.end_us)
        group = replace(
            group,
            end_us=end_us,
            covered_us=group.covered_us + end_us - max(group.end_us, min(span.start_us, end_us)),
            rows=group.rows + span.rows,
        )
    if group is not None:
        yield group


def _is_stray(group: _Group, groups: list[_Group]) -> bool:
    """Few rows, and fewer an hour than elsewhere: a day between two holes has as many an hour as any other."""
    rows, covered_us = sum(g.rows for g in groups), sum(g.covered_us for g in groups)
    is_thin = group.rows * covered_us < _THIN * rows * group.covered_us
    return group.rows < _FEW * rows and is_thin
