#!/usr/bin/env python3
"""Write ``docs/prices.md`` from the price book: for how many machines and regions it has a price, of which day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from k2cr_analysis.model.prices import LIST_PRICE, Price, PriceBook
from k2cr_analysis.platforms.machines import FAMILIES

PAGE = Path(__file__).parents[1] / "docs" / "prices.md"
HEAD = """\
# Which prices are known

Made by `scripts/write_price_page.py` from `data/prices/`. List prices in USD, before tax. What is not here has no price
in the book: a figure that would need it is null, with the reason; nothing is carried over from another region or
machine. `k2cr prices show --region REGION` prints every row with its source; `k2cr prices refresh` reads the catalogue
of your own billing account.
"""


def page() -> str:
    """The whole page."""
    prices = [p for p in PriceBook.embedded().prices if p.consumption_model == LIST_PRICE]
    return "\n".join([HEAD, *_machines(prices), "", *_managed(prices), "", *_others(prices), ""])


def _machines(prices: Iterable[Price]) -> list[str]:
    by_meter = _by_meter(prices)
    rows, pairs, spots = [], 0, 0
    for family in FAMILIES:
        listed = _priced(by_meter, f"compute.{family}")
        spot = _priced(by_meter, f"compute.{family}.spot")
        pairs, spots = pairs + len(listed), spots + len(spot)
        rows.append(f"| {family} | {len(listed)} | {len(spot)} | {_days(listed + spot)} |")
    whole = [f for f in FAMILIES if _priced(by_meter, f"compute.{f}")]
    return [
        "## Machines of nodes",
        "",
        f"{pairs} pairs of machine family and region have a price of vCPU and memory on demand, {spots} have one for"
        f" Spot: {len(whole)} of {len(FAMILIES)} families.",
        "",
        "| family | regions on demand | regions Spot | read |",
        "|---|---|---|---|",
        *rows,
        "",
        "Sources of machines: " + "; ".join(_sources(prices, "compute.")),
    ]


def _managed(prices: list[Price]) -> list[str]:
    """Regions in which a managed service has all the prices that a way out needs."""
    by_meter = _by_meter(prices)

    def regions(*meters: str) -> str:
        held = [{p.region for p in by_meter.get(meter, ())} for meter in meters]
        return ", ".join(f"`{region}`" for region in sorted(set.intersection(*held))) or "none"

    redis = [f"memorystore.redis.{tier}.m{band}" for tier in ("basic", "standard") for band in range(1, 6)]
    return [
        "## Managed services in place of what Cloud Run does not run",
        "",
        "| service | priced in |",
        "|---|---|",
        f"| Cloud SQL: vCPU and memory | {regions('sql.cpu', 'sql.memory')} |",
        f"| Cloud SQL: its disk too | {regions('sql.cpu', 'sql.memory', 'sql.disk')} |",
        f"| Memorystore for Redis, Basic and Standard, all sizes | {regions(*redis)} |",
        f"| Filestore, Basic HDD | {regions('filestore.basic-hdd')} |",
        "| Managed Service for Apache Kafka, Memorystore for Memcached, Pub/Sub, Firestore, Batch | none |",
        "",
        "Elsewhere a way out has no price, or a lower bound of what is priced, and says so. `k2cr prices refresh` reads"
        " Cloud SQL, Memorystore for Redis and Filestore for every region.",
    ]


def _others(prices: list[Price]) -> list[str]:
    rows = []
    for meter, held in sorted(_by_meter(prices).items()):
        if not meter.startswith("compute.") or meter.startswith(("compute.gpu", "compute.pd", "compute.ipv4")):
            rows.append(f"| `{meter}` | {len({p.region for p in held})} | {_days(held)} |")
    return ["## All other meters", "", "| meter | regions | read |", "|---|---|---|", *rows]


def _by_meter(prices: Iterable[Price]) -> Mapping[str, list[Price]]:
    found: dict[str, list[Price]] = defaultdict(list)
    for price in prices:
        found[price.meter].append(price)
    return found


def _priced(by_meter: Mapping[str, list[Price]], meter: str) -> list[Price]:
    """One price for each region that has one of vCPU and one of memory."""
    memory = {p.region for p in by_meter.get(f"{meter}.memory", ())}
    return [p for p in by_meter.get(f"{meter}.cpu", ()) if p.region in memory]


def _days(prices: Iterable[Price]) -> str:
    days = sorted({p.effective_date for p in prices})
    return "-" if not days else days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _sources(prices: Iterable[Price], prefix: str) -> list[str]:
    """Where the most of them were read."""
    counted: dict[str, int] = defaultdict(int)
    for price in prices:
        if price.meter.startswith(prefix):
            counted[price.source.partition(";")[0]] += 1
    return [f"{source} ({n} rows)" for source, n in sorted(counted.items(), key=lambda s: (-s[1], s[0]))[:3]]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
