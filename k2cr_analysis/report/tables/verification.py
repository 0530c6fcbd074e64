"""After the move: what was predicted beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k2cr_analysis.report.tables.frame import frame

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.assessment.verify import Verification


def verification(found: Verification) -> pd.DataFrame:
    """One row a quantity: predicted, where it was expected, measured; ``agrees`` where both are known."""
    rows = [
        {
            "figure": one.quantity,
            "unit": one.unit,
            "expected": one.predicted,
            "low": one.low,
            "high": one.high,
            "measured": one.measured,
            "agrees": one.inside,
        }
        for one in found.comparisons
    ]
    return frame("verification", rows)
