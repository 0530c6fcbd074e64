"""How Cloud Run counts the time that it bills."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_PRICING = Source("https://cloud.google.com/run/pricing", "2026-12-01", "its opening")
_WHOLE_PRICING = Source("https://cloud.google.com/run/pricing", "2026-11-23", "full copy of 2025-08-19")

# Request-based: each time at work is rounded up to a whole number of steps of 100 ms.
BILLED_STEP_S: Annotated[Decimal, _PRICING] = Decimal("0.1")
# Instance-based, jobs and worker pools: an instance is billed for a minute at least.
LEAST_BILLED_S: Annotated[int, _WHOLE_PRICING] = 60
