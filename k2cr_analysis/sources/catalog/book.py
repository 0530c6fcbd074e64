"""A price book from the catalogue: its list prices, and what the catalogue does not say from the embedded book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from k2cr_analysis.model.prices import GLOBAL, LIST_PRICE, Price, PriceBook
from k2cr_analysis.sources.catalog.meters import Meter, meter_of, normalised

_PLACES: Final = Decimal("1e-18")  # digits of the price table
_SHARE: Final = Decimal("1e-6")
_SOURCE: Final = "Cloud Billing Catalog"
Key = tuple[str, str, str]  # meter, region, consumption model


@dataclass(frozen=True, slots=True)
class Unclassified:
    """A SKU that is no known meter, or that shares its meter and region with another."""

    service_id: str
    sku_id: str
    description: str
    why: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    book: PriceBook
    unclassified: tuple[Unclassified, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One price that is new, gone or another; rates of the first paid tier."""

    meter: str
    region: str
    consumption_model: str
    before: Decimal | None
    after: Decimal | None
    unit: str


def refreshed(skus: Iterable[tuple[str, Any]], currency: str) -> Refreshed:
    """The book of raw ``Sku`` messages, each with its service's id, in one currency.

    The catalogue has no committed use rates of Cloud Run or of flexible commitments: the embedded book's shares of the
    list price are applied to the catalogue's. In the embedded book's currency its other rows stay as they are.
    """
    found, unclassified = _classified(skus, currency)
    embedded = PriceBook.embedded()
    discounted = list(_discounted(found, embedded))
    read = [price for tiers in found.values() for price in tiers]
    replaced = {(p.meter, p.region, p.consumption_model) for p in (*read, *discounted)}
    kept = [p for p in embedded.prices if (p.meter, p.region, p.consumption_model) not in replaced]
    stay = kept if currency == embedded.currency else []
    order = sorted(unclassified, key=lambda u: (u.service_id, u.description, u.sku_id))
    return Refreshed(PriceBook([*stay, *read, *discounted]), tuple(order))


def changes(before: PriceBook, after: PriceBook) -> list[Change]:
    """What differs between two books, by meter, region and consumption model."""
    old, new = _paid(before), _paid(after)
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if (was and was.rate) != (now and now.rate):
            unit = (now or was).unit if (now or was) else ""  # type: ignore[union-attr]
            found.append(Change(*key, was.rate if was else None, now.rate if now else None, unit))
    return found


def _paid(book: PriceBook) -> dict[Key, Price]:
    paid: dict[Key, Price] = {}
    for price in book.prices:
        key = (price.meter, price.region, price.consumption_model)
        if key not in paid or paid[key].rate == 0:
            paid[key] = price
    return paid


def _classified(
    skus: Iterable[tuple[str, Any]], currency: str
) -> tuple[dict[tuple[str, str], list[Price]], list[Unclassified]]:
    """(meter, region) -> the tiers of its one SKU."""
    candidates: dict[tuple[str, str], dict[str, list[Price]]] = defaultdict(dict)
    unclassified = []
    for service_id, sku in skus:
        expression = _newest(sku).pricing_expression if sku.pricing_info else None
        meter = meter_of(service_id, sku.description, expression.usage_unit) if expression else None
        if meter is None or not expression or not expression.tiered_rates:
            why = "no price" if not expression or not expression.tiered_rates else "no known meter"
            unclassified.append(Unclassified(service_id, sku.sku_id, sku.description, why))
            continue
        regions = set(sku.service_regions) or set(sku.geo_taxonomy.regions)
        for region in [GLOBAL] if meter.is_global else sorted(regions):
            tiers = list(_tiers(service_id, sku, meter, region, currency))
            candidates[meter.name, region][sku.sku_id] = tiers
    found = {}
    for (meter_name, region), by_sku in candidates.items():
        if len(by_sku) == 1:
            found[meter_name, region] = next(iter(by_sku.values()))
            continue
        for sku_id, tiers in by_sku.items():
            why = f"one of {len(by_sku)} SKUs for {meter_name} in {region}"
            unclassified.append(Unclassified(tiers[0].service_id or "", sku_id, tiers[0].sku, why))
    return found, unclassified


def _newest(sku: Any) -> Any:
    """The price that holds now: the one that came into effect last."""
    return max(sku.pricing_info, key=lambda info: info.effective_time.seconds)


def _tiers(service_id: str, sku: Any, meter: Meter, region: str, currency: str) -> Iterator[Price]:
    info = _newest(sku)
    for tier in info.pricing_expression.tiered_rates:
        amount = Decimal(tier.unit_price.units) + Decimal(tier.unit_price.nanos).scaleb(-9)
        yield Price(
            meter=meter.name,
            region=region,
            unit=meter.unit,
            currency=tier.unit_price.currency_code or currency,
            tier_start=(Decimal(str(tier.start_usage_amount)) * meter.unit_of_one).quantize(_PLACES).normalize() + 0,
            rate=(amount / meter.unit_of_one).quantize(_PLACES).normalize() + 0,
            consumption_model=LIST_PRICE,
            service_id=service_id,
            sku_id=sku.sku_id,
            sku=normalised(sku.description),
            effective_date=info.effective_time.ToDatetime().date().isoformat(),
            source=_SOURCE,
        )


def _discounted(found: Mapping[tuple[str, str], list[Price]], embedded: PriceBook) -> Iterator[Price]:
    """The catalogue's list prices under each committed use discount that covers the meter."""
    shares = _shares(embedded)
    for (meter, _), tiers in found.items():
        for cud, share in shares.get(meter, {}).items():
            for price in tiers:
                yield replace(
                    price,
                    consumption_model=cud,
                    rate=(price.rate * share).quantize(_PLACES).normalize() + 0,
                    sku_id=None,
                    source=f"{_SOURCE}; list price x {share.normalize()}",
                )


def _shares(book: PriceBook) -> dict[str, dict[str, Decimal]]:
    """Meter -> discount -> share of the list price, the same in all regions."""
    paid = _paid(book)
    shares: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for (meter, region, cud), price in sorted(paid.items()):
        listed = paid.get((meter, region, LIST_PRICE))
        if cud != LIST_PRICE and listed is not None and listed.rate:
            shares[meter].setdefault(cud, (price.rate / listed.rate).quantize(_SHARE))
    return shares
