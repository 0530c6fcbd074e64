from __future__ import annotations

from decimal import Decimal

import pytest

from k2cr_analysis.model.money import plain_amount
from k2cr_analysis.report.display import breaking
from k2cr_analysis.report.tables.frame_html import exact
from k2cr_analysis.report.wording import count, milliseconds, money, share


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (money(Decimal("1234.565"), "USD"), "$1,234.56"),
        (money(Decimal("-3.2"), "USD"), "\u2212$3.20"),
        (money(Decimal("3.2"), "USD", sign=True), "+$3.20"),
        (money(1234.5, "JPY"), "¥1,234"),
        (money(7, "CHF"), "7.00 CHF"),
        (money(1234.5, "EUR", cents=False), "€1,234"),
        (money(None, "USD"), "not known"),
        (money(Decimal("-0.001"), "USD"), "$0.00"),
        (milliseconds(4.25), "4.2 ms"),
        (milliseconds(692.4), "692 ms"),
        (milliseconds(4000), "4 s"),
        (milliseconds(64000), "64 s"),
        (milliseconds(None), "not known"),
        (share(0.00003), "< 0.01 %"),
        (share(0.0), "0.00 %"),
        (share(0.0981), "9.8 %"),
        (share(0.42), "42 %"),
        (share(12274 / 12287), "99.9 %"),
        (share(0.99999), "99.9 %"),
        (share(1.0), "100 %"),
        (breaking("portal/Deployment/web-2.shop"), "portal/<wbr>Deployment/<wbr>web-<wbr>2.<wbr>shop"),
        (breaking("12.6 days, from 2026-10-05"), "12.6 days, from 2026-10-05"),
        (count(1, "page"), "1 page"),
        (count(31, "page"), "31 pages"),
        (exact(Decimal("1897336.916666666")), "1,897,336.916666666"),
        (exact(Decimal("0.0000025")), "0.0000025"),
        (exact(Decimal("511.000000")), "511"),
        (exact(Decimal("0")), "0"),
    ],
)
def test_numbers_are_worded(said, expected):
    assert said == expected


def test_yen_and_won_have_no_decimals_in_tables_and_sentences_and_the_others_have_two():
    assert plain_amount(Decimal("9351.49"), "JPY") == "9351"
    assert plain_amount(Decimal("9351.49"), "KRW") == "9351"
    assert plain_amount(Decimal("62.335"), "USD") in ("62.33", "62.34")
    assert money(Decimal("9351.49"), "KRW") == "9,351 KRW"
