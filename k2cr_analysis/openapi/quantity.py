"""Quantities, exactly as Kubernetes reads them.

Grammar (kubernetes/apimachinery, ``pkg/api/resource/quantity.go``)::

    quantity        = signedNumber suffix
    signedNumber    = [ "+" | "-" ] ( digits | digits "." [ digits ] | "." digits )
    suffix          = binarySI | decimalExponent | decimalSI
    binarySI        = "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei"
    decimalSI       = "n" | "u" | "m" | "" | "k" | "M" | "G" | "T" | "P" | "E"
    decimalExponent = ( "e" | "E" ) [ "+" | "-" ] digits

No quantity is finer than 1n or larger than 2^63-1: a finer one is rounded away from zero, a larger one is capped.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Context, Decimal
from typing import Final

from k2cr_analysis.errors import InputError, Location

_GRAMMAR: Final = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]+))?"
)
_FACTOR: Final = {
    **{suffix: Decimal(10) ** power for suffix, power in (("n", -9), ("u", -6), ("m", -3))},
    **{suffix: Decimal(1000**step) for step, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024**step) for step, suffix in enumerate("KMGTPE", start=1)},
}
_LARGEST: Final = Decimal(2**63 - 1)
_FINEST: Final = Decimal("1e-9")
_EXPECTED: Final = "a number with an optional suffix (m, k, M, G, T, Ki, Mi, Gi, Ti), such as 500m, 0.5, 1Gi, 128974848"
# Longer texts are nobody's quantity; the limit keeps the arithmetic exact and cheap.
_MAX_CHARACTERS: Final = 256
_EXACT: Final = Context(prec=_MAX_CHARACTERS + 40)


def parse_quantity(value: str | int | float | Decimal, where: Location | None = None) -> Decimal:
    """The value of a quantity: ``"100m"`` is 0.1, ``"1Gi"`` is 1073741824.

    A number is read by its digits, as the API server does with a JSON number. ``InputError`` with ref
    ``not-a-kubernetes-quantity`` for all else.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _refused(value, where)
    # The API server trims blanks around the text, not inside it.
    text = value.strip() if isinstance(value, str) else str(value)
    match = _GRAMMAR.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
    if match is None:
        raise _refused(value, where)
    number = Decimal(match["number"])
    if match["exponent"] is not None:
        number = _scaled(number, int(match["exponent"]))
    elif match["suffix"] is not None:
        number = _EXACT.multiply(number, _FACTOR[match["suffix"]])
    return _within_range(number)


def is_quantity(value: object) -> bool:
    """Whether the API server takes the value as a quantity."""
    try:
        parse_quantity(value)  # type: ignore[arg-type]
    except InputError:
        return False
    return True


def cores(value: str | int | float | Decimal, where: Location | None = None) -> Decimal:
    """A CPU quantity in cores: ``"100m"`` is 0.1. [cores]"""
    return parse_quantity(value, where)


def bytes_of(value: str | int | float | Decimal, where: Location | None = None) -> int:
    """A memory or storage quantity in whole bytes, rounded up as ``Quantity.Value()`` does: ``"100m"`` is 1."""
    return int(parse_quantity(value, where).to_integral_value(rounding=ROUND_UP))


def _scaled(number: Decimal, exponent: int) -> Decimal:
    # Past these exponents the value is capped or rounded anyway; an exact power would only cost time.
    return number.scaleb(max(-1000, min(1000, exponent)), context=_EXACT)


def _within_range(number: Decimal) -> Decimal:
    if abs(number) >= _LARGEST:
        return _LARGEST.copy_sign(number)
    if number and int(number.as_tuple().exponent) < -9:
        return number.quantize(_FINEST, rounding=ROUND_UP, context=_EXACT)
    return number


def _refused(value: object, where: Location | None) -> InputError:
    return InputError(
        ref="not-a-kubernetes-quantity", where=where, found=_shown(value), expected=_EXPECTED, do=_advice(value)
    )


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


# What people write for bytes, and the two things they may mean: "2 GB", "512mb", "1 GiB", "64KB".
_BYTES_LIKE: Final = re.compile(
    r"\s*(?P<number>[0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(?P<prefix>[kmgt])\s*(?P<binary>i?)\s*(?:b(?:ytes?)?)?\s*",
    re.IGNORECASE,
)


def _advice(value: object) -> str:
    match = _BYTES_LIKE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return "write the quantity as Kubernetes does: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"
    number, letter = match["number"], match["prefix"].upper()
    binary, decimal_suffix = f"{letter}i", "k" if letter == "K" else letter
    in_binary = f'"{number}{binary}" ({_count(number, binary)} bytes)'
    if match["binary"]:
        return f"write {in_binary}"
    return f'write {in_binary} or "{number}{decimal_suffix}" ({_count(number, decimal_suffix)} bytes)'


def _count(number: str, suffix: str) -> str:
    return f"{int((Decimal(number) * _FACTOR[suffix]).to_integral_value(rounding=ROUND_UP)):,}"
