"""Negotiated prices: what a contract takes off the list, as the config says it or as the bill's own rows show it.

The export has each row's cost at list price and at the account's price without commitments, service by service. Rows
of Cloud Run tell Cloud Run's discount. A discount on GKE's machines says nothing of Cloud Run's. GKE's own needs no
word where there is a bill, since its rows are at the account's prices. Rates under a commitment stay as listed.
(docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage)
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.config.settings import Rates
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.platforms.billing import CLOUD_RUN, COMPUTE_ENGINE
from k2cr_analysis.queries.bill import Billing

_RUN, _GKE = ("run.",), ("compute.", "gke.autopilot.")
_LEAST = Decimal("0.001")  # below it the two costs differ by rounding
_WHOLE = Decimal(1)
_FROM_ROWS = "what the billing export's own rows of Cloud Run are below their cost at list price"


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The price book at the account's prices, and what is said of it."""

    prices: PriceBook
    said: tuple[str, ...]


def negotiated(prices: PriceBook, billing: Billing | None, rates: Rates) -> Negotiated:
    """The book with the discounts of ``[discounts]``, else with Cloud Run's as the bill shows it."""
    said: list[str] = []
    share = rates.cloud_run
    if share is not None:
        prices = prices.discounted(share, _RUN, "[discounts] cloud_run")
        said.append(f"Cloud Run is priced {share:.2%} below list: [discounts] cloud_run; committed rates as listed")
    elif (of_rows := _below_list(billing, CLOUD_RUN)) is not None and of_rows >= _LEAST:
        prices = prices.discounted(of_rows, _RUN, _FROM_ROWS)
        said.append(f"Cloud Run is priced {of_rows:.2%} below list: {_FROM_ROWS}; committed rates as listed")
    elif of_rows is None and (of_machines := _below_list(billing, COMPUTE_ENGINE) or Decimal(0)) >= _LEAST:
        said.append(
            f"the bill's machines are {of_machines:.2%} below list, and it has no rows of Cloud Run: Cloud Run is at"
            " list price, which a contract may be below; [discounts] cloud_run says it"
        )
    if rates.gke is not None:
        if billing is None:
            prices = prices.discounted(rates.gke, _GKE, "[discounts] gke")
            said.append(f"machines and Autopilot pods are priced {rates.gke:.2%} below list: [discounts] gke")
        else:
            said.append("[discounts] gke is not used: the bill's rows are at the account's own prices")
    return Negotiated(prices, tuple(said))


def _below_list(billing: Billing | None, service_id: str) -> Decimal | None:
    """The share that a service's rows are below list; None where the bill has none with both costs."""
    rows = [row for row in (billing.against_list if billing else ()) if row.service_id == service_id]
    at_list = sum((row.at_list for row in rows), Decimal(0))
    if not at_list or len({row.currency for row in rows}) > 1:
        return None
    paid = sum((row.at_account_price for row in rows), Decimal(0))
    return max(_WHOLE - paid / at_list, Decimal(0)).quantize(Decimal("0.0001"))
