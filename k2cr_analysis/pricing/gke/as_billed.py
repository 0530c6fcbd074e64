"""The bill as the invoices have it: the rows' own amounts, before anything is scaled to a month of 730 h.

An invoice month is Pacific time's; its rows are in the snapshot as far as the window reaches, so that the amount of a
month that lies in it whole ties to the invoice, and that of another one is a part of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from k2cr_analysis.queries.bill import InvoiceRow

_PACIFIC = ZoneInfo("America/Los_Angeles")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AsBilled:
    """What one invoice month has in the rows, in the bill's currency.

    ``cost`` and ``credits`` (negative): of the cluster's rows and of those without a cluster; ``not_usage``: the part
    of both that is tax, adjustments and rounding. ``other_clusters``: net, on the same invoice and not in this bill.
    ``first`` and ``last``: of ordinary usage. ``whole``: the rows reach over all of the invoice month, so that the
    amounts tie to the invoice.
    """

    currency: str
    month: str  # YYYY-MM
    cost: Decimal
    credits: Decimal
    not_usage: Decimal
    other_clusters: Decimal
    first: datetime
    last: datetime
    whole: bool

    @property
    def paid(self) -> Decimal:
        return self.cost + self.credits


def as_billed(
    rows: Iterable[InvoiceRow],
    is_own: Mapping[tuple[str | None, str | None], bool],
    factors: Mapping[str, Decimal],
    currency: str,
) -> tuple[AsBilled, ...]:
    """By invoice month, the first one first. ``is_own``: of (cluster, location); ``factors``: into
    ``currency``."""
    by_month: dict[str, list[InvoiceRow]] = defaultdict(list)
    for row in rows:
        by_month[row.invoice_month or "?"].append(row)
    return tuple(_month(month, found, is_own, factors, currency) for month, found in sorted(by_month.items()))


def _month(
    month: str,
    rows: list[InvoiceRow],
    is_own: Mapping[tuple[str | None, str | None], bool],
    factors: Mapping[str, Decimal],
    currency: str,
) -> AsBilled:
    own = [row for row in rows if is_own[row.cluster, row.location]]
    usage = [row for row in own if row.cost_type in ("regular", None)] or rows
    first, last = _at(min(row.first_us for row in usage)), _at(max(row.last_us for row in usage))

    def sum_of(found: Iterable[InvoiceRow], *names: str) -> Decimal:
        return sum((getattr(row, name) * factors[row.currency] for row in found for name in names), Decimal(0))

    return AsBilled(
        currency=currency,
        month=f"{month[:4]}-{month[4:]}" if len(month) == 6 else month,
        cost=sum_of(own, "cost"),
        credits=sum_of(own, "credits"),
        not_usage=sum_of([r for r in own if r.cost_type not in ("regular", None)], "cost", "credits"),
        other_clusters=sum_of([r for r in rows if not is_own[r.cluster, r.location]], "cost", "credits"),
        first=first,
        last=last,
        whole=_is_whole(month, first, last),
    )


def _at(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def _is_whole(month: str, first: datetime, last: datetime) -> bool:
    """Whether usage reaches from the month's first hour to its last, in Pacific time or in UTC."""
    if len(month) != 6 or not month.isdecimal() or not 1 <= int(month[4:]) <= 12:
        return False
    year, number = int(month[:4]), int(month[4:])
    after = (year + number // 12, number % 12 + 1)
    begins = max(datetime(year, number, 1, tzinfo=zone) for zone in (UTC, _PACIFIC))
    ends = min(datetime(*after, 1, tzinfo=zone) for zone in (UTC, _PACIFIC))
    return first <= begins + _HOUR and last >= ends - _HOUR
