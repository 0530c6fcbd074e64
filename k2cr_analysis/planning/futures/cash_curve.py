"""Money month by month from the first wave on: what is saved, what is paid twice, what the work costs.

While a wave moves, its services on Cloud Run are paid beside their pods on GKE; from its end on it saves. A wave takes
``[plan] wave_length_days``, one after the other; with freezes the waves' own days count. A month has 365/12 days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.config import PlanSettings
from k2cr_analysis.planning.effort.labour import HOURS_PER_DAY
from k2cr_analysis.planning.result import CashMonth, Wave

_DAYS, _MONTHS = Decimal(365) / 12, 36
_ZERO, _CENT = Decimal(0), Decimal("0.01")


@dataclass(frozen=True, slots=True)
class _Span:
    """A wave in days from the first one's begin."""

    first: Decimal
    last: Decimal
    saving: Decimal
    cloud_run: Decimal
    effort_days: Decimal


def cash_curve(
    waves: Sequence[Wave], cloud_run: Sequence[Decimal], settings: PlanSettings, rate: Decimal, labour: Decimal
) -> tuple[CashMonth, ...]:
    """Up to the month after the last wave, at least until it has paid back, and three years at most.

    ``cloud_run``: of each wave, a month. ``rate``: of an engineer's hour, 0 where none was given. ``labour``: a month
    of the hours that go less those that come, once all is done. None where a wave's saving is not known.
    """
    if not waves or any(w.saving_over_stay_month is None for w in waves):
        return ()
    spans = list(_spans(waves, cloud_run, settings))
    done = max(span.last for span in spans)
    found: list[CashMonth] = []
    so_far = _ZERO
    for number in range(1, _MONTHS + 1):
        first, last = (number - 1) * _DAYS, number * _DAYS
        saving = sum((s.saving * _share(s.last, last, first, last) for s in spans), _ZERO)
        twice = sum((s.cloud_run * _share(s.first, s.last, first, last) for s in spans), _ZERO)
        effort = sum((_effort(s, first, last) for s in spans), _ZERO) * HOURS_PER_DAY * rate
        work = labour * _share(done, last, first, last)
        so_far += saving - twice - effort + work
        amounts = (amount.quantize(_CENT) for amount in (saving, twice, effort, work, so_far))
        found.append(CashMonth(number, *amounts))
        if first > done and so_far >= 0:
            break
    return tuple(found)


def paid_back(months: Sequence[CashMonth]) -> int | None:
    """The first month from which on the sum stays at 0 or above; None within the months shown."""
    below = [m.month for m in months if m.so_far < 0]
    if not months or (below and below[-1] == months[-1].month):
        return None
    return below[-1] + 1 if below else 1


def _spans(waves: Sequence[Wave], cloud_run: Sequence[Decimal], settings: PlanSettings) -> Iterator[_Span]:
    begin = waves[0].starts
    for number, (wave, month) in enumerate(zip(waves, cloud_run, strict=True)):
        first = Decimal(number * settings.wave_length_days)
        last = first + settings.wave_length_days
        if begin is not None and wave.starts is not None and wave.ends is not None:
            first, last = Decimal((wave.starts - begin).days), Decimal((wave.ends - begin).days + 1)
        yield _Span(first, last, wave.saving_over_stay_month or _ZERO, month, Decimal(repr(wave.effort_days)))


def _share(begins: Decimal, ends: Decimal, first: Decimal, last: Decimal) -> Decimal:
    """The part of a month from ``first`` to ``last`` that lies between ``begins`` and ``ends``."""
    return max(min(ends, last) - max(begins, first), _ZERO) / _DAYS


def _effort(span: _Span, first: Decimal, last: Decimal) -> Decimal:
    """The days of effort of a wave that fall into a month, spread evenly over the wave."""
    return span.effort_days * max(min(span.last, last) - max(span.first, first), _ZERO) / (span.last - span.first)
