#!/usr/bin/env python3
"""Write ``docs/backtests.md``: what k2cr's models predict of public measurements, beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from k2cr_analysis.latency.backtests import BackTest, backtests

PAGE = Path(__file__).parents[1] / "docs" / "backtests.md"
HEAD = """\
# Predicted and measured

Made by `scripts/write_backtest_page.py` from `data/startups/` and `data/backtests/`; `07_validation.ipynb` shows the
same. A hit: what was measured lies in the predicted range. Misses stay in the table.

What is here is all that we found with both inputs and results: five sources of cold starts, and a load on one instance
of six services. None of the published migrations from GKE that we looked at names its requests, times and instances
before **and** after. Your own is worth more than all of these: `k2cr verify` sets your service's beside its prediction.

What the misses teach:

- A start-up probe every 10 s makes a start of 1.5 s one of 11.4 s (four runtimes, all measured so): the probe's period
  counts, not the runtime's speed. That is why k2cr's own start-up probes ask every second. What opens before the first
  look of all (Go) does not wait for the second one; the model says that it does.
- Under load four of the six services got slower from one run to the next at the same rate (the load makes items and
  lists them); the model takes a request for what it was at the beginning.
"""


def page() -> str:
    """The whole page."""
    found = backtests()
    hits = sum(one.is_hit for one in found)
    parts = [HEAD, f"{hits} of {len(found)} are hits.", ""]
    for unit, title in (("s", "## Starts"), ("ms", "## Latency under load")):
        parts += [title, "", *_table(one for one in found if one.unit == unit), ""]
    return "\n".join(parts)


def _table(found: Iterable[BackTest]) -> list[str]:
    rows = ["| what | given | predicted | measured | | source |", "|---|---|---|---|---|---|"]
    for one in found:
        predicted = f"{_shown(one.low)} to {_shown(one.high)} {one.unit}"
        hit = "hit" if one.is_hit else "**miss**"
        rows.append(
            f"| {one.what} | {one.given} | {predicted} | {_shown(one.measured)} {one.unit} | {hit} | {one.source} |"
        )
    return rows


def _shown(value: float) -> str:
    return "not served" if math.isinf(value) else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
