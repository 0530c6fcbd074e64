"""The price book: what one unit of a meter costs in a region, and where that was read.

The embedded book is ``data/prices/*.csv``. Cloud Run's rows name a price tier (``tier-1``, ``tier-2``) in place of a
region; ``cloud_run_regions.csv`` says which region is in which, and the rows are spread over them when they are read.
``machines.csv`` has a row for each family of machines and region, ``machine_gpus.csv`` for each kind of GPU.
``flexible_discounts.csv`` has the share of the list price that a compute flexible commitment leaves, meter by meter. A
meter that has no row for a committed use discount is not covered by it, and stays at its list price.
A price that nobody could confirm has no row: the lookup then fails, or gives None, with the reason.
``managed.csv`` has what takes the place of a workload where GKE is left.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from k2cr_analysis.config.settings import Cud
from k2cr_analysis.errors import InputError
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.platforms.billing import COMPUTE_ENGINE
from k2cr_analysis.platforms.machines import FAMILIES
from k2cr_analysis.resources import bundled

if TYPE_CHECKING:
    import pyarrow as pa

GLOBAL = "global"
LIST_PRICE: Cud = "none"


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the price book; the columns of ``snapshot.tables.PRICES``."""

    meter: str
    region: str
    unit: str
    currency: str
    tier_start: Decimal
    rate: Decimal
    consumption_model: str
    service_id: str | None
    sku_id: str | None
    sku: str
    effective_date: str
    source: str


class PriceBook:
    """Prices by meter, region and consumption model, all in one currency."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self.prices = tuple(sorted(prices, key=lambda p: (p.meter, p.region, p.consumption_model, p.tier_start)))
        currencies = sorted({p.currency for p in self.prices})
        if len(currencies) != 1:
            raise InputError(
                ref="price-book-currency",
                found=f"prices in {', '.join(currencies) or 'no currency: the price book is empty'}",
                expected="all prices in one currency",
                do="read the price book again in the currency of the bill",
            )
        self.currency = currencies[0]
        self._paid: dict[tuple[str, str, str], Price] = {}
        for price in self.prices:
            # A first tier at 0 is the account's free amount, which is taken off once over the portfolio, not here.
            key = (price.meter, price.region, price.consumption_model)
            if key not in self._paid or self._paid[key].rate == 0:
                self._paid[key] = price
        self._free: dict[str, Decimal] = {}  # unit -> quantity
        for price in self._paid.values():
            self._free[price.unit] = max(self._free.get(price.unit, Decimal(0)), price.tier_start)

    @classmethod
    def embedded(cls) -> PriceBook:
        """The book that travels with the package."""
        return _embedded_book()

    @classmethod
    def from_table(cls, table: pa.Table) -> PriceBook:
        """The book of a snapshot; ``table`` has the schema ``snapshot.tables.PRICES``."""
        names = [field.name for field in fields(Price)]
        columns = [table.column(name).to_pylist() for name in names]
        return cls(Price(*row) for row in zip(*columns, strict=True))

    def to_table(self) -> pa.Table:
        """The book as the snapshot's ``prices`` table (schema ``snapshot.tables.PRICES``)."""
        import pyarrow as pa

        from k2cr_analysis.snapshot.tables import PRICES

        columns = {
            f.name: pa.array([getattr(row, f.name) for row in self.prices], PRICES.schema.field(f.name).type)
            for f in fields(Price)
        }
        return pa.table(columns, schema=PRICES.schema)

    def converted(self, currency: str, per_unit: Decimal, whence: str) -> PriceBook:
        """The same prices in another currency, at ``per_unit`` of it for one of this; ``whence``: the rate's origin."""
        note = f"; x {per_unit} {currency}/{self.currency}, {whence}"
        return PriceBook(
            replace(p, currency=currency, rate=p.rate * per_unit, source=p.source + note) for p in self.prices
        )

    def discounted(self, share: Decimal, meters: tuple[str, ...], whence: str) -> PriceBook:
        """List prices of the meters that begin so, lower by ``share``; rates under a commitment stay as they are."""
        note = f"; x {Decimal(1) - share} ({whence})"
        return PriceBook(
            replace(p, rate=p.rate * (1 - share), source=p.source + note)
            if p.consumption_model == LIST_PRICE and p.meter.startswith(meters)
            else p
            for p in self.prices
        )

    def price(self, meter: str, region: str, cud: Cud = LIST_PRICE) -> Price | None:
        """The first paid tier of a meter; the list price where the discount does not cover it; None where unknown."""
        places = [(region, cud), (GLOBAL, cud), (region, LIST_PRICE), (GLOBAL, LIST_PRICE)]
        return next((self._paid[meter, *place] for place in places if (meter, *place) in self._paid), None)

    def free_quantity(self, unit: str) -> Decimal:
        """How much of a unit a billing account has free a month, as the tiers of the book say; 0 where they do not."""
        return self._free.get(unit, Decimal(0))

    def why_missing(self, meter: str, region: str) -> str:
        """One sentence for a figure that is null because a price is not known."""
        known = sorted({p.region for p in self.prices if p.meter == meter})
        if not known:
            return f"the price book has no confirmed price of {meter}"
        shown = ", ".join(known[:6]) + (", ..." if len(known) > 6 else "")
        return f"the price book has no confirmed price of {meter} in {region} (it has {shown})"

    def require(self, meter: str, region: str, cud: Cud = LIST_PRICE) -> Price:
        """As :meth:`price`; raises InputError where the price is not known."""
        found = self.price(meter, region, cud)
        if found is None:
            raise InputError(
                ref="no-price",
                found=self.why_missing(meter, region),
                expected="a region and a meter of the price book",
                do="see `k2cr prices show --region REGION`, or name another region",
            )
        return found

    def of_region(self, region: str) -> tuple[Price, ...]:
        """All prices that hold in a region, the global ones among them; InputError where it has none of its own."""
        regions = sorted({p.region for p in self.prices if p.region != GLOBAL})
        if region not in regions:
            raise InputError(
                ref="no-price",
                found=f'no price of region "{region}"',
                expected=", ".join(regions),
                do="name one of these regions",
            )
        return tuple(p for p in self.prices if p.region in (region, GLOBAL))


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price book at one place, under one discount."""

    prices: PriceBook
    region: str
    cud: Cud = LIST_PRICE

    def price(self, meter: str) -> Price | None:
        return self.prices.price(meter, self.region, self.cud)

    def why_missing(self, meter: str) -> str:
        return self.prices.why_missing(meter, self.region)

    def line(self, meter: str, quantity: Decimal, what: str = "") -> LineItem:
        """``quantity`` of a meter as a line of the bill; ``what`` follows the SKU where one SKU has several lines."""
        price = self.prices.require(meter, self.region, self.cud)
        sku = f"{price.sku}: {what}" if what else price.sku
        return LineItem(sku, quantity, price.unit, price.rate, price.currency)


def tier(region: str) -> int | None:
    """Cloud Run's price tier of a region, 1 or 2; None for a region that is not in the book."""
    return _cloud_run_tiers().get(region)


def cloud_run_regions() -> tuple[str, ...]:
    """The regions with a Cloud Run price, by name."""
    return tuple(_cloud_run_tiers())


def embedded_prices() -> pa.Table:
    """The embedded book as the snapshot's ``prices`` table (schema ``snapshot.tables.PRICES``)."""
    return _embedded_book().to_table()


@cache
def _embedded_book() -> PriceBook:
    folder = bundled("data", "prices")
    cloud_run = [
        regional for price in _read(folder / "cloud_run.csv") for regional in _spread(price, _cloud_run_tiers())
    ]
    gke, beside = _read(folder / "gke.csv"), [*_read(folder / "beside_cloud_run.csv"), *_read(folder / "managed.csv")]
    named = {(p.meter, p.region) for p in gke}
    machines = [p for p in _machine_prices(folder) if (p.meter, p.region) not in named]
    listed = (*gke, *machines)
    return PriceBook((*cloud_run, *listed, *_flexible(listed, folder / "flexible_discounts.csv"), *beside))


def _machine_prices(folder: Path) -> Iterable[Price]:
    """The rows of ``machines.csv`` and ``machine_gpus.csv`` as prices: on demand, and Spot where it is known."""
    with (folder / "machines.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            family = row["family"]
            for spot, prefix in (("", ""), (".spot", "spot_")):
                for part, word, unit in (("cpu", "Core", "vcpu_h"), ("memory", "Ram", "gib_h")):
                    sku = f"{FAMILIES[family].sku} {word} running in {row['region']}"
                    meter = f"compute.{family}{spot}.{part}"
                    yield from _machine_price(meter, row["region"], unit, row[prefix + unit], sku, family)
    with (folder / "machine_gpus.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            for spot, prefix in (("", ""), (".spot", "spot_")):
                sku = f"{row['kind']} GPU running in {row['region']}"
                meter = f"compute.gpu.{row['kind']}{spot}"
                yield from _machine_price(meter, row["region"], "gpu_h", row[f"{prefix}gpu_h"], sku, row["kind"])


# All machine types of a family have 4 GiB a vCPU, so that a list by machine type does not tell the two rates apart.
_ONE_RATIO = ("c2", "t2a", "t2d", "g2")
_MACHINES_READ = "2026-07-30"
_MACHINES_SOURCE = (
    "Cloud Billing Catalog by machine type, as Cyclenerd/google-cloud-pricing-cost-calculator read it on"
    f" {_MACHINES_READ} (pricing.yml, fd66b26); solved for vCPU and memory, exact for every type of the family"
)


def _machine_price(meter: str, region: str, unit: str, rate: str, sku: str, of: str) -> Iterable[Price]:
    if not rate:
        return ()
    spot = ".spot" in meter
    source = f"{_MACHINES_SOURCE}; vCPU and memory are split as N2's" if of in _ONE_RATIO else _MACHINES_SOURCE
    return (
        Price(
            meter=meter,
            region=region,
            unit=unit,
            currency="USD",
            tier_start=Decimal(0),
            rate=Decimal(rate),
            consumption_model=LIST_PRICE,
            service_id=COMPUTE_ENGINE,
            sku_id=None,
            sku=f"Spot Preemptible {sku}" if spot else sku,
            effective_date=_MACHINES_READ,
            source=f"{source}; Spot prices move monthly" if spot else source,
        ),
    )


def _flexible(listed: Iterable[Price], discounts: Path) -> Iterable[Price]:
    """The rows under a compute flexible commitment, of each list price that it covers."""
    with discounts.open(encoding="utf-8", newline="") as rows:
        shares = list(csv.DictReader(rows))
    for price in listed:
        for row in shares:
            if row["meter"] == price.meter:
                share = Decimal(row["share_of_list"])
                yield replace(
                    price,
                    rate=price.rate * share,
                    consumption_model=row["consumption_model"],
                    sku_id=None,
                    source=f"{row['source']}; list price x {share}",
                )


@cache
def _cloud_run_tiers() -> Mapping[str, int]:
    with (bundled("data", "prices") / "cloud_run_regions.csv").open(encoding="utf-8", newline="") as rows:
        return {row["region"]: int(row["tier"]) for row in csv.DictReader(rows)}


def _spread(price: Price, tiers: Mapping[str, int]) -> Iterable[Price]:
    """One row of a price tier as a row for each of its regions."""
    if not price.region.startswith("tier-"):
        return (price,)
    regions = (region for region, number in tiers.items() if price.region == f"tier-{number}")
    return (replace(price, region=region, sku=price.sku.format(region=region)) for region in regions)


def _read(path: Path) -> list[Price]:
    with path.open(encoding="utf-8", newline="") as rows:
        return [_price(row) for row in csv.DictReader(rows)]


def _price(row: Mapping[str, str]) -> Price:
    return Price(
        meter=row["meter"],
        region=row["region"],
        unit=row["unit"],
        currency=row["currency"],
        tier_start=Decimal(row["tier_start"]),
        rate=Decimal(row["rate"]),
        consumption_model=row["consumption_model"],
        service_id=row["service_id"] or None,
        sku_id=row["sku_id"] or None,
        sku=row["sku"],
        effective_date=row["effective_date"],
        source=row["source"],
    )
