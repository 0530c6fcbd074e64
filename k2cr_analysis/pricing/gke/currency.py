"""One currency, the bill's: all else is converted by the billing export's own rates, and nothing else is guessed.

The export says ``cost / currency_conversion_rate`` = US$. A bill has rows in two currencies after its account moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from k2cr_analysis.config.settings import Rates
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.queries.bill import Billing

_OF_CONFIG = "[rates] per_usd"
_WHENCE = "currency_conversion_rate of the billing export's last row"


def in_currency_of_bill(prices: PriceBook, billing: Billing | None, rates: Rates | None = None) -> PriceBook:
    """The price book in the bill's currency, or in the config's where there is no bill.

    Unchanged where there is no rate to convert with: the bill's own counts, else ``[rates] per_usd``.
    """
    if prices.currency != "USD":
        return prices
    of_config = (rates.currency, rates.per_usd) if rates else (None, None)
    if billing is not None and billing.currency.per_usd is not None:
        wanted, per_usd, whence = billing.currency.code, billing.currency.per_usd, _WHENCE
    elif of_config[0] is not None and of_config[1] is not None:
        wanted, per_usd, whence = of_config[0], of_config[1], _OF_CONFIG
        if billing is not None and billing.currency.code != wanted:
            return prices
    else:
        return prices
    return prices if wanted == prices.currency else prices.converted(wanted, per_usd, whence)


def no_rate(prices: PriceBook, currency: str) -> str:
    """Why a figure is null where the prices could not be converted."""
    return (
        f"the bill is in {currency}, the price book in {prices.currency}, and the bill has no rate between them"
        " ([rates] currency and per_usd say one)"
    )


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
