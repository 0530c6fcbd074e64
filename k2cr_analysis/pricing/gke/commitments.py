"""Committed use by its name: what of it is paid a month whatever becomes of the nodes, and how much lies idle.

Three forms are on bills. Resources (``Commitment v1: E2 Cpu in Japan for 1 Year``): the fee's quantity is what is
committed, and credits COMMITTED_USAGE_DISCOUNT stand on the usage that it pays for, whose share of the row's cost is
the share of its quantity. Spend, before 2026 (``Commitment - dollar based v1``): credits of type
COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE, in money of the price list, so that the used part of the fee is not in the rows.
Spend, now: usage stands at the discounted rate under its consumption model, and a credit FEE_UTILIZATION_OFFSET on the
fee's row takes off what was used. (docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.queries.bill import CommitmentRow

_RESOURCE = re.compile(
    r"^Commitment v1: (?P<family>.+?) (?P<part>Cpu|Ram)\b(?: in (?P<place>.+?))?(?: for (?P<term>.+))?$"
)
_TERM = re.compile(r"for (\d+) year", re.IGNORECASE)
_PART = {"Cpu": "core", "Ram": "ram"}
_OFFSET, _ON_RESOURCES = "FEE_UTILIZATION_OFFSET", "COMMITTED_USAGE_DISCOUNT"
_ZERO, _NANO = Decimal(0), Decimal("1e-9")  # the export's own precision
_IN_LIST_MONEY = "its credits are in money of the price list: the used part is not in the rows"
_NO_AMOUNT = "the fee's rows do not say how much is committed"


@dataclass(frozen=True, slots=True)
class Commitment:
    """``fee_month``: a month of 730 h, paid until it ends. ``unused_month``: the part of it that nothing uses, as the
    rows of this bill show it; None where they do not, and ``why`` says so. ``years``: its term, where its name says."""

    name: str
    currency: str
    fee_month: Decimal
    unused_month: Decimal | None
    years: int | None
    why: str = ""


def commitments(
    rows: Iterable[CommitmentRow], factors: Mapping[str, Decimal], to_month: Decimal, currency: str
) -> tuple[Commitment, ...]:
    """By name. ``to_month``: from what the rows cover to a month; ``factors``: into ``currency``, the bill's."""
    found = list(rows)
    fees: dict[str, list[CommitmentRow]] = {}
    for row in found:
        if (row.sku or "").startswith("Commitment"):
            fees.setdefault(row.sku or "", []).append(row)
    return tuple(
        replace(_commitment(name, own, found, factors, to_month), currency=currency)
        for name, own in sorted(fees.items())
    )


def _commitment(
    name: str,
    own: list[CommitmentRow],
    rows: list[CommitmentRow],
    factors: Mapping[str, Decimal],
    to_month: Decimal,
) -> Commitment:
    fee = sum((row.cost * factors[row.currency] for row in own if row.credit is None), _ZERO)
    term = _TERM.search(name)
    years = int(term[1]) if term else None
    offset = sum((row.credits * factors[row.currency] for row in own if row.credit == _OFFSET), _ZERO)
    resource = _RESOURCE.match(name)
    committed = sum((row.quantity or _ZERO for row in own if row.credit is None), _ZERO)
    month = (fee * to_month).quantize(_NANO)
    if offset:
        unused = max(fee + offset, _ZERO)
    elif resource is None or not committed:
        return Commitment(name, "", month, None, years, _NO_AMOUNT if resource else _IN_LIST_MONEY)
    else:
        unused = fee * (1 - min(_covered(resource, rows) / committed, Decimal(1)))
    return Commitment(name, "", month, (unused * to_month).quantize(_NANO), years)


def _covered(resource: re.Match[str], rows: list[CommitmentRow]) -> Decimal:
    """Of the usage that the commitment is for, the quantity whose cost its credits took off."""
    family, part, place = (resource[group] or "" for group in ("family", "part", "place"))
    return sum(
        (
            (row.quantity or _ZERO) * min(-row.credits / row.cost, Decimal(1))
            for row in rows
            if row.credit == _ON_RESOURCES and row.cost > 0 and _is_for(row.sku or "", family, _PART[part], place)
        ),
        _ZERO,
    )


def _is_for(sku: str, family: str, part: str, place: str) -> bool:
    """``E2 Instance Core running in Japan`` is the usage of ``E2 Cpu in Japan``."""
    said = sku.lower()
    return said.startswith(family.lower() + " ") and f" {part} " in f"{said} " and said.endswith(place.lower())
