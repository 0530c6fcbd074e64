"""Negotiated prices, from the config or from the export's costs at list and at the account's price; and a rate."""

from __future__ import annotations

from decimal import Decimal

import pytest

from k2cr_analysis.config import Rates
from k2cr_analysis.platforms.billing import CLOUD_RUN
from k2cr_analysis.pricing.gke.currency import in_currency_of_bill
from k2cr_analysis.pricing.negotiated import negotiated
from tests.planning.fleets import BOOK
from tests.pricing.clusters import REGION, allocated, billing, billing_row

METER = "run.request.cpu.active"
MACHINE = billing_row(8.0, allocated("web")) | {"cost_at_list": 10.0, "cost_at_effective_price_default": 8.0}
RUN = billing_row(4.5, sku="Services CPU", service=(CLOUD_RUN, "Cloud Run")) | {"cost_at_list": 5.0}


def rate(book, meter=METER, cud="none"):
    return book.price(meter, REGION, cud).rate


def test_the_config_takes_its_share_off_the_list_price_and_not_off_a_committed_one():
    found = negotiated(BOOK, None, Rates(cloud_run=Decimal("0.2")))
    assert rate(found.prices) == rate(BOOK) * Decimal("0.8")
    assert rate(found.prices, cud="flex-1y") == rate(BOOK, cud="flex-1y")
    assert rate(found.prices, "compute.e2.cpu") == rate(BOOK, "compute.e2.cpu")
    assert "[discounts] cloud_run" in found.prices.price(METER, REGION).source
    assert "20.00%" in found.said[0]


def test_the_bills_own_rows_of_cloud_run_say_what_the_account_pays():
    found = negotiated(BOOK, billing([MACHINE, RUN]), Rates())
    assert rate(found.prices) == rate(BOOK) * Decimal("0.9")
    assert "10.00%" in found.said[0]
    # A person's word goes before the rows.
    assert rate(negotiated(BOOK, billing([MACHINE, RUN]), Rates(cloud_run=Decimal(0))).prices) == rate(BOOK)


def test_a_discount_on_machines_says_nothing_of_cloud_run_and_that_is_told():
    found = negotiated(BOOK, billing([MACHINE]), Rates())
    assert rate(found.prices) == rate(BOOK)
    assert "20.00% below list" in found.said[0]
    assert "[discounts] cloud_run" in found.said[0]


def test_committed_usage_tells_no_negotiated_price():
    """Without the account's default price the cost of a committed row is the commitment's."""
    flexible = {"consumption_model": {"id": "D97B", "description": "Compute Flexible CUDs 1 Year"}}
    committed = RUN | flexible | {"cost": 3.6}
    assert negotiated(BOOK, billing([MACHINE, committed]), Rates()).prices is BOOK


@pytest.mark.parametrize("rows", [[billing_row(1.0, allocated("web"))], []])
def test_a_bill_without_costs_at_list_changes_nothing_and_says_nothing(rows):
    found = negotiated(BOOK, billing(rows) if rows else None, Rates())
    assert (found.prices, found.said) == (BOOK, ())


def test_gkes_discount_counts_where_there_is_no_bill_alone():
    share = Rates(gke=Decimal("0.25"))
    assert rate(negotiated(BOOK, None, share).prices, "compute.e2.cpu") == rate(BOOK, "compute.e2.cpu") * Decimal(
        "0.75"
    )
    with_bill = negotiated(BOOK, billing([MACHINE]), share)
    assert rate(with_bill.prices, "compute.e2.cpu") == rate(BOOK, "compute.e2.cpu")
    assert "not used" in with_bill.said[-1]


def test_a_rate_of_the_config_gives_the_currency_where_there_is_no_bill():
    yen = in_currency_of_bill(BOOK, None, Rates(currency="JPY", per_usd=Decimal(150)))
    assert yen.currency == "JPY"
    assert rate(yen) == rate(BOOK) * 150
    assert "[rates] per_usd" in yen.price(METER, REGION).source


def test_a_bill_without_a_rate_takes_the_configs_of_its_own_currency_alone():
    bill = billing([billing_row(100.0) | {"currency": "JPY"}])
    assert in_currency_of_bill(BOOK, bill, Rates(currency="JPY", per_usd=Decimal(150))).currency == "JPY"
    assert in_currency_of_bill(BOOK, bill, Rates(currency="EUR", per_usd=Decimal("0.9"))) is BOOK
