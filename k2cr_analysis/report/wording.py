"""Numbers as a report words them: money, sizes, times, shares."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from k2cr_analysis.model.money import Interval, decimals_of, sign_may_flip

_SYMBOL = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
UNKNOWN = "not known"


def money(amount: Decimal | float | None, currency: str, *, cents: bool = True, sign: bool = False) -> str:
    """``$1,234.50``; a minus before the symbol; ``not known`` for None."""
    if amount is None:
        return UNKNOWN
    exact = Decimal(str(amount)).quantize(
        Decimal(1).scaleb(-decimals_of(currency)) if cents else Decimal(1), ROUND_HALF_EVEN
    )
    mark = "\u2212" if exact < 0 else "+" if sign and exact > 0 else ""
    symbol = _SYMBOL.get(currency)
    return f"{mark}{symbol}{abs(exact):,}" if symbol else f"{mark}{abs(exact):,} {currency}"


def between(interval: Interval | None, currency: str) -> str:
    """How sure a saving is, as what follows it: `` (95 %: $12 to $30)``; that its sign may be the other, where so."""
    if interval is None:
        return ""
    low, high = (money(bound, currency, cents=False) for bound in interval)
    return f" (95 %: {low} to {high}{': the sign may flip' if sign_may_flip(interval) else ''})"


def money_form(currency: str) -> dict[str, str | int]:
    """How :func:`money` writes an amount: what stands before it and after it, and how many places it has."""
    symbol = _SYMBOL.get(currency)
    return {"before": symbol or "", "after": "" if symbol else f" {currency}", "places": decimals_of(currency)}


def milliseconds(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if value >= 10_000:
        return f"{value / 1000:.0f} s"
    if value >= 1000:
        return f"{value / 1000:.2g} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def share(value: float | None) -> str:
    """``3.2 %``; small shares are not rounded to nothing, nor nearly all to all."""
    if value is None:
        return UNKNOWN
    if 0 < value < 0.0001:
        return "< 0.01 %"
    if 0.995 <= value < 1:
        return f"{min(round(value * 100, 1), 99.9)} %"
    return (
        f"{value:.2%}".replace("%", " %")
        if value < 0.01
        else f"{value:.1%}".replace("%", " %")
        if value < 0.1
        else f"{value:.0%}".replace("%", " %")
    )


def count(n: int, one: str, many: str | None = None) -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
