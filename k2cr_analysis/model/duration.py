"""Durations as people write them: ``400ms``, ``3.6s``, ``15m``, ``730h``."""

from __future__ import annotations

import re
from decimal import Decimal

from k2cr_analysis.errors import UsageError

_UNIT_S = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
_GRAMMAR = re.compile(r"(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>ms|s|m|h)")


def duration_s(text: str, option: str) -> Decimal:
    """Seconds of a duration with its unit; ``option`` names the place in the error."""
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            ref="not-a-duration",
            found=f'{option} "{text}"',
            expected="a number with a unit: ms, s, m or h",
            do=f"write for example {option} 400ms",
        )
    return Decimal(match["number"]) * _UNIT_S[match["unit"]]
