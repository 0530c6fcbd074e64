"""Money: a cost is always a sum of line items that a person can check by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line of a bill: ``quantity`` x ``rate``, never rounded before it is summed."""

    sku: str  # as the Cloud Billing Catalog writes it
    quantity: Decimal
    unit: str  # vcpu_s, gib_s, request, h, ...
    rate: Decimal  # currency per unit
    currency: str  # ISO 4217

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.rate


def total(items: Iterable[LineItem]) -> Decimal:
    """The exact sum of the amounts; 0 for none."""
    return sum((item.amount for item in items), Decimal(0))


# ISO 4217: the currencies whose smallest unit is the unit itself.
_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)


def decimals_of(currency: str) -> int:
    """Digits after the point that an amount is shown with: none for yen or won."""
    return 0 if currency in _WHOLE else 2


def plain_amount(amount: Decimal, currency: str, *, sign: bool = False, groups: bool = False) -> str:
    """An amount as a table or a sentence has it: ``62.34``, or ``9351`` of yen.

    ``sign``: with a plus too. ``groups``: thousands apart.
    """
    return format(amount, f"{'+' if sign else ''}{',' if groups else ''}.{decimals_of(currency)}f")


def amount_of(amount: Decimal, currency: str) -> str:
    """``62.34 EUR``: as :func:`plain_amount`, with its currency."""
    return f"{plain_amount(amount, currency)} {currency}"


Interval = tuple[Decimal, Decimal]


def sign_may_flip(interval: Interval | None) -> bool:
    """Whether a saving with this 95 % interval may as well be a loss, or a loss a saving."""
    return interval is not None and interval[0] < 0 < interval[1]


def may_flip(interval: Interval | None) -> bool | None:
    """The same as a field of its own: None where there is no interval, since nothing is known of the sign."""
    return None if interval is None else sign_may_flip(interval)


def decimal_text(amount: Decimal) -> str:
    """An amount as a plain decimal string, exact and without an exponent: ``"0.000024"``, ``"7"``."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
