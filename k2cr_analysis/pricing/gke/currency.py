"""One currency, the bill's: all else is converted by the billing export's own rates, and nothing else is guessed.

The export says ``cost / currency_conversion_rate`` = US$. A bill has rows in two currencies after its account moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.queries.bill import Billing

_WHENCE = "currency_conversion_rate of the billing export's last row"


def in_currency_of_bill(prices: PriceBook, billing: Billing | None) -> PriceBook:
    """The price book in the bill's currency; unchanged where there is no bill, or no rate to convert with."""
    if billing is None or prices.currency != "USD":
        return prices
    of_bill = billing.currency
    if of_bill.code == prices.currency or of_bill.per_usd is None:
        return prices
    return prices.converted(of_bill.code, of_bill.per_usd, _WHENCE)


def no_rate(prices: PriceBook, currency: str) -> str:
    """Why a figure is null where the prices could not be converted."""
    return f"the bill is in {currency}, the price book in {prices.currency}, and the bill has no rate between them"


def to_one_currency(billing: Billing) -> tuple[str, Mapping[str, Decimal], tuple[str, ...]]:
    """(the bill's currency, factor for each currency that can be converted to it, what was done or is missing)."""
    of_bill = billing.currency
    factors, said = {of_bill.code: Decimal(1)}, []
    for other in billing.currencies:
        if other.code == of_bill.code:
            continue
        if other.per_usd is None or of_bill.per_usd is None:
            said.append(f"rows of the bill are in {other.code}, and it has no rate from {other.code} to {of_bill.code}")
        else:
            factors[other.code] = of_bill.per_usd / other.per_usd
            said.append(
                f"rows of the bill in {other.code} are converted to {of_bill.code} by the export's own rates,"
                f" {of_bill.per_usd} / {other.per_usd}"
            )
    return of_bill.code, factors, tuple(said)
