"""Month by month: both platforms are paid while a wave moves, it saves from its end on, and some month has paid back."""

from datetime import date
from decimal import Decimal

from k2cr_analysis.config import PlanSettings
from k2cr_analysis.planning.futures.cash_curve import cash_curve, paid_back
from k2cr_analysis.planning.result import Wave

MONTH = 365 / 12


def wave(number, saving, days=2.0):
    return Wave(number, ("w",), ("c",), "USD", Decimal(0), None, None, days, (), False,
                saving_over_stay_month=None if saving is None else Decimal(saving))  # fmt: skip


def test_the_first_month_by_hand():
    found = cash_curve([wave(1, 100)], [Decimal(30)], PlanSettings(), Decimal(50), Decimal(-20))
    first = found[0]
    assert float(first.saving) == round(100 * (MONTH - 14) / MONTH, 2)
    assert float(first.paid_twice) == round(30 * 14 / MONTH, 2)
    assert first.effort == 2 * 8 * 50
    assert float(first.labour) == round(-20 * (MONTH - 14) / MONTH, 2)
    assert abs(first.so_far - (first.saving - first.paid_twice - first.effort + first.labour)) <= Decimal("0.02")
    # 800 of effort at 80 a month less: eleven months.
    assert paid_back(found) == len(found) == 11


def test_what_does_not_pay_back_in_three_years_says_so():
    found = cash_curve([wave(1, 1, days=50.0)], [Decimal(1)], PlanSettings(), Decimal(100), Decimal(0))
    assert (len(found), paid_back(found)) == (36, None)


def test_waves_follow_each_other_and_their_own_days_count():
    two = [wave(1, 10), wave(2, 10)]
    plain = cash_curve(two, [Decimal(0)] * 2, PlanSettings(), Decimal(0), Decimal(0))
    assert float(plain[0].saving) == round(10 * (2 * MONTH - 14 - 28) / MONTH, 2)
    from dataclasses import replace

    late = [replace(two[0], starts=date(2026, 12, 1), ends=date(2026, 12, 14)),
            replace(two[1], starts=date(2027, 2, 1), ends=date(2027, 2, 14))]  # fmt: skip
    frozen = cash_curve(late, [Decimal(0)] * 2, PlanSettings(), Decimal(0), Decimal(0))
    assert float(frozen[0].saving) == round(10 * (MONTH - 14) / MONTH, 2)
    assert frozen[-1].saving == 20


def test_without_waves_or_with_an_unknown_saving_there_is_none():
    assert cash_curve([], [], PlanSettings(), Decimal(0), Decimal(0)) == ()
    assert cash_curve([wave(1, None)], [Decimal(1)], PlanSettings(), Decimal(0), Decimal(0)) == ()
    assert paid_back(()) is None
