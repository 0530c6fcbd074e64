"""One currency, the bill's: list prices are converted by the billing export's own rate, and nothing else is guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from k2cr_analysis.model.prices import PriceBook

if TYPE_CHECKING:
    import pyarrow as pa

_WHENCE = "currency_conversion_rate of the billing export's last row"


def in_currency_of_bill(prices: PriceBook, billing: pa.Table | None) -> PriceBook:
    """The price book in the bill's currency; unchanged where there is no bill, or no rate to convert with.

    The export says ``cost / currency_conversion_rate`` = US$, so the rate converts a book in US$ alone.
    """
    if billing is None or not billing.num_rows or prices.currency != "USD":
        return prices
    currency, rate = _last(billing)
    if currency == prices.currency or not rate:
        return prices
    return prices.converted(currency, Decimal(repr(rate)), _WHENCE)


def no_rate(prices: PriceBook, currency: str) -> str:
    """Why a figure is null where the prices could not be converted."""
    return f"the bill is in {currency}, the price book in {prices.currency}, and the bill has no rate between them"


def _last(billing: pa.Table) -> tuple[str, float | None]:
    """(currency, rate) of the row whose usage ended last."""
    import pyarrow.compute as pc

    ends = billing.column("usage_end_time")
    row = pc.index(ends, pc.max(ends)).as_py()
    return billing.column("currency")[row].as_py(), billing.column("currency_conversion_rate")[row].as_py()
