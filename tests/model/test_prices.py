"""The price book: every row has a source, every lookup an answer or a reason."""

from dataclasses import replace
from decimal import Decimal

import pytest

from k2cr_analysis.errors import InputError
from k2cr_analysis.model.prices import PriceBook, cloud_run_regions, embedded_prices, tier
from k2cr_analysis.snapshot.tables import PRICES

BOOK = PriceBook.embedded()

# Published rates, read from the pricing page by eye: meter, region, discount, rate.
PUBLISHED = [
    ("run.request.cpu.active", "us-central1", "none", "0.000024"),
    ("run.request.memory.active", "asia-northeast1", "none", "0.0000025"),
    ("run.request.cpu.active", "europe-west3", "none", "0.0000336"),
    ("run.request.cpu.idle", "us-west2", "none", "0.0000035"),
    ("run.request.cpu.active", "us-central1", "flex-3y", "0.00001992"),
    ("run.instance.cpu", "us-central1", "none", "0.000018"),
    ("run.instance.cpu", "us-central1", "run-1y", "0.00001494"),
    ("run.instance.cpu", "us-central1", "flex-1y", "0.00001296"),
    ("run.job.cpu", "europe-west1", "flex-3y", "0.00000972"),
    ("run.worker-pool.cpu", "us-central1", "flex-3y", "0.000006072"),
    ("run.worker-pool.memory", "us-central1", "flex-3y", "0.000000667"),
    ("run.request.count", "us-central1", "run-1y", "0.000000332"),
    ("gke.autopilot.general-purpose.cpu", "asia-northeast1", "none", "0.0571"),
    ("compute.n2.cpu", "asia-northeast1", "none", "0.040618"),
    ("gke.cluster.fee.regional", "asia-northeast1", "none", "0.10"),
]


@pytest.mark.parametrize(("meter", "region", "cud", "rate"), PUBLISHED)
def test_a_published_rate_stands_in_the_book(meter, region, cud, rate):
    assert BOOK.require(meter, region, cud).rate == Decimal(rate)


def test_the_embedded_table_has_the_snapshots_schema_and_comes_back_unchanged():
    table = embedded_prices()
    assert table.schema == PRICES.schema
    assert PriceBook.from_table(table).prices == BOOK.prices


def test_every_row_names_its_source_and_its_day():
    assert all(p.source and len(p.effective_date) == 10 for p in BOOK.prices)


def test_every_region_of_cloud_run_has_every_confirmed_meter():
    everywhere = (
        "run.request.cpu.active",
        "run.request.memory.idle",
        "run.instance.cpu",
        "run.job.memory",
        "run.request.count",
    )
    assert all(BOOK.price(meter, region) for meter in everywhere for region in cloud_run_regions())


def test_no_discount_is_above_the_list_price():
    listed = {(p.meter, p.region): p.rate for p in BOOK.prices if p.consumption_model == "none"}
    assert all(p.rate <= listed[p.meter, p.region] for p in BOOK.prices)


def test_a_meter_that_a_discount_does_not_cover_stays_at_list():
    assert BOOK.require("run.worker-pool.cpu", "us-central1", "run-1y").rate == Decimal("0.000011244")


def test_an_unconfirmed_price_is_none_with_a_reason():
    assert BOOK.price("run.disk", "europe-west3") is None
    assert "no confirmed price of run.disk" in BOOK.why_missing("run.disk", "europe-west3")
    with pytest.raises(InputError, match="no-price"):
        BOOK.require("run.disk", "europe-west3")


def test_worker_pools_have_a_price_in_every_region_of_both_tiers():
    dear = [r for r in ("asia-northeast3", "asia-southeast1", "europe-west3", "australia-southeast1") if tier(r) == 2]
    assert len(dear) == 4
    assert {BOOK.require("run.worker-pool.cpu", r).rate for r in dear} == {Decimal("0.000013493")}


def test_tiers_of_regions():
    assert [tier(r) for r in ("asia-northeast1", "europe-west3", "us-east7")] == [1, 2, None]


def test_a_catalogues_free_first_tier_is_not_taken_for_the_price():
    requests = [p for p in BOOK.prices if p.meter == "run.request.count" and p.consumption_model == "none"]
    tiers = [replace(requests[0], rate=Decimal(0)), replace(requests[0], tier_start=Decimal(2_000_000))]
    assert PriceBook(tiers).require("run.request.count", "us-central1").rate == Decimal("0.0000004")


def test_prices_in_two_currencies_are_refused():
    with pytest.raises(InputError, match="price-book-currency"):
        PriceBook([BOOK.prices[0], replace(BOOK.prices[0], currency="JPY")])
