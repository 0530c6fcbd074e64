"""The month that prices are told for."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_CALCULATOR = Source("https://docs.cloud.google.com/products/calculator", None)

# Google's calculator and price lists multiply hourly rates so.
HOURS_PER_MONTH: Annotated[Decimal, _CALCULATOR] = Decimal(730)
SECONDS_PER_HOUR = 60 * 60
SECONDS_PER_MONTH: Decimal = HOURS_PER_MONTH * SECONDS_PER_HOUR
