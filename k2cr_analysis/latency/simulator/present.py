"""A simulated run as text."""

from __future__ import annotations

from typing import Any

from k2cr_analysis.latency.simulator.simulate import Run


def run_as_text(run: Run) -> str:
    """One line a figure, under the names of the JSON form."""
    return "".join(f"{name:<22} {_shown(value)}\n" for name, value in run.as_contract().items())


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " to ".join(_shown(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(part)}" for name, part in value.items())
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
