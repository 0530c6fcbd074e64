"""How money is written in JSON: decimal strings, exact and in plain notation."""

from __future__ import annotations

from decimal import Decimal

from k2cr_analysis.model.money import Interval, LineItem


def money(amount: Decimal | None) -> str | None:
    """A decimal string in plain notation; null where the figure is not known."""
    return None if amount is None else format(amount, "f")


def line_item(item: LineItem) -> dict[str, str]:
    return {
        "sku": item.sku,
        "quantity": format(item.quantity, "f"),
        "unit": item.unit,
        "rate": format(item.rate, "f"),
        "amount": format(item.amount, "f"),
        "currency": item.currency,
    }


def interval(found: Interval | None) -> list[str] | None:
    return None if found is None else [format(bound, "f") for bound in found]
