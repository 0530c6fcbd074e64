"""The billing table, added up by what decides where an amount belongs; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.queries.engine import TableSource, engine, has_table


@dataclass(frozen=True, slots=True)
class BillRow:
    """Rows of one place on the bill. What is paid is ``cost`` + ``credits``, which are negative."""

    cluster: str | None  # goog-k8s-cluster-name
    location: str | None  # goog-k8s-cluster-location
    namespace: str | None  # k8s-namespace, or one of GKE's special values
    name: str | None  # k8s-workload-name
    type: str | None  # k8s-workload-type: apps/v1-Deployment
    cost_type: str | None
    service_id: str | None
    service: str | None
    sku: str | None
    unit: str | None
    model: str | None  # consumption model
    currency: str
    cost: Decimal
    credits: Decimal
    quantity: Decimal | None

    @property
    def net(self) -> Decimal:
        return self.cost + self.credits


@dataclass(frozen=True, slots=True)
class Span:
    """A time that rows of ordinary usage stand for. [microseconds since 1970, UTC]"""

    service_id: str | None
    start_us: int
    end_us: int
    rows: int


@dataclass(frozen=True, slots=True)
class Currency:
    """``per_usd``: units of it for one US$, on the last row in it; None where that row has no rate."""

    code: str
    last_us: int
    per_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """What one invoice has of one cluster. ``invoice_month``: YYYYMM; times in microseconds since 1970, UTC."""

    invoice_month: str | None
    cluster: str | None
    location: str | None
    cost_type: str | None
    currency: str
    cost: Decimal
    credits: Decimal
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class CommitmentRow:
    """Rows of one SKU with one kind of commitment credit; ``credit`` None: the fee itself."""

    service_id: str | None
    sku: str | None
    unit: str | None
    model: str | None
    credit: str | None
    currency: str
    cost: Decimal
    quantity: Decimal | None
    credits: Decimal


@dataclass(frozen=True, slots=True)
class AgainstList:
    """What one service's usage without commitment cost, at the account's price and at list price."""

    service_id: str | None
    currency: str
    at_list: Decimal
    at_account_price: Decimal


@dataclass(frozen=True, slots=True)
class Billing:
    """``rows``: all, each exactly once; the others look at the same rows in other ways."""

    rows: tuple[BillRow, ...]
    spans: tuple[Span, ...]
    currencies: tuple[Currency, ...]
    invoices: tuple[InvoiceRow, ...] = ()
    commitments: tuple[CommitmentRow, ...] = ()
    against_list: tuple[AgainstList, ...] = ()

    @property
    def currency(self) -> Currency:
        """The currency that the bill is in: that of its last row."""
        return max(self.currencies, key=lambda c: (c.last_us, c.code))


def billing(source: TableSource) -> Billing | None:
    """The bill of a snapshot; None where it has no billing table, or an empty one."""
    if not has_table(source, "billing"):
        return None
    with engine(source, "billing") as sql:
        rows = sql.run("bill_by_place").to_pylist()
        spans = sql.run("bill_spans").to_pylist()
        currencies = sql.run("bill_currencies").to_pylist()
        invoices = sql.run("bill_by_invoice").to_pylist()
        commitments = sql.run("bill_commitments").to_pylist()
        against_list = sql.run("bill_against_list").to_pylist()
    if not rows:
        return None
    return Billing(
        rows=tuple(BillRow(**row) for row in rows),
        spans=tuple(Span(row["service_id"], row["start_us"], row["end_us"], row["billed_rows"]) for row in spans),
        currencies=tuple(Currency(row["currency"], row["last_us"], _rate(row["per_usd"])) for row in currencies),
        invoices=tuple(InvoiceRow(**row) for row in invoices),
        commitments=tuple(CommitmentRow(**row) for row in commitments),
        against_list=tuple(AgainstList(**row) for row in against_list),
    )


def _rate(per_usd: float | None) -> Decimal | None:
    return Decimal(repr(per_usd)) if per_usd else None
