"""The free amounts of a billing account: taken off once for all of it, never once per workload.

Cloud Run's is a discount on spend, valued at Tier 1 list prices, and 2 million requests; it does not grow or shrink
with the region or with a committed use discount (https://cloud.google.com/run/pricing, "applied as a spending based
discount using Tier 1 pricing"; its examples 1, 3, 4 and 6 take off 5.22, at list and at discounted rates alike).
Whether an account gets it once, or once for each billing mode, is not documented clearly: k2cr takes it once, which is
the careful reading. Secrets and schedules have free amounts too, as the tiers of the price book say. All of them are
taken to be unused by what the account has already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.prices import PriceBook, cloud_run_regions, tier
from k2cr_analysis.pricing.cloud_run.beside import UNITS_BESIDE

# A month, at the Tier 1 list price of request-based billing: 4.32 + 0.90 = US$5.22. The same 5.22 is published as
# 240,000 vCPU-s + 450,000 GiB-s for instances and jobs, and 384,204 + 728,744 for worker pools.
FREE_VCPU_S = Decimal(180_000)
FREE_GIB_S = Decimal(360_000)
FREE_REQUESTS = Decimal(2_000_000)

COMPUTE_UNITS = ("vcpu_s", "gib_s")


@dataclass(frozen=True, slots=True)
class FreeTier:
    """What the account does not pay a month, as positive amounts."""

    compute: Decimal
    requests: Decimal
    beside: Decimal = Decimal(0)  # secrets, schedules

    @property
    def month(self) -> Decimal:
        return self.compute + self.requests + self.beside


def free_tier(items: Iterable[LineItem], prices: PriceBook) -> FreeTier:
    """The free part of all lines of one billing account together; never more than they cost."""
    quantities: dict[str, Decimal] = defaultdict(Decimal)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for item in items:
        quantities[item.unit] += item.quantity
        amounts[item.unit] += item.amount

    def free(unit: str, quantity: Decimal) -> Decimal:
        return amounts[unit] * min(quantity / quantities[unit], Decimal(1)) if quantities[unit] else Decimal(0)

    compute = sum((amounts[unit] for unit in COMPUTE_UNITS), Decimal(0))
    beside = (free(unit, prices.free_quantity(unit)) for unit in UNITS_BESIDE)
    return FreeTier(
        compute=min(compute, free_spend_month(prices)),
        requests=free("request", FREE_REQUESTS),
        beside=sum(beside, Decimal(0)),
    )


def free_spend_month(prices: PriceBook) -> Decimal:
    """The most that the free tier takes off a month's CPU and memory, in the price book's currency."""
    for region in cloud_run_regions():
        cpu, memory = prices.price("run.request.cpu.active", region), prices.price("run.request.memory.active", region)
        if tier(region) == 1 and cpu and memory:
            return FREE_VCPU_S * cpu.rate + FREE_GIB_S * memory.rate
    return Decimal(0)
