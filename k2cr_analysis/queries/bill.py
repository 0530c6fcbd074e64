"""The billing table, added up by what decides where an amount belongs; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.queries.engine import TableSource, engine


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
class Billing:
    """All rows, each exactly once."""

    rows: tuple[BillRow, ...]
    spans: tuple[Span, ...]
    currencies: tuple[Currency, ...]

    @property
    def currency(self) -> Currency:
        """The currency that the bill is in: that of its last row."""
        return max(self.currencies, key=lambda c: (c.last_us, c.code))


def billing(source: TableSource) -> Billing | None:
    """The bill of a snapshot; None where it has no billing table, or an empty one."""
    if not source.table_files("billing"):
        return None
    with engine(source, "billing") as sql:
        rows = sql.run("bill_by_place").to_pylist()
        spans = sql.run("bill_spans").to_pylist()
        currencies = sql.run("bill_currencies").to_pylist()
    if not rows:
        return None
    return Billing(
        rows=tuple(BillRow(**row) for row in rows),
        spans=tuple(Span(row["service_id"], row["start_us"], row["end_us"], row["billed_rows"]) for row in spans),
        currencies=tuple(Currency(row["currency"], row["last_us"], _rate(row["per_usd"])) for row in currencies),
    )


def _rate(per_usd: float | None) -> Decimal | None:
    return Decimal(repr(per_usd)) if per_usd else None
