"""What changed between two snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k2cr_analysis.model.money import decimals_of, plain_amount
from k2cr_analysis.report.tables.frame import frame, number

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.comparison.result import Diff, FigureChange


def changes(found: Diff) -> pd.DataFrame:
    """One row a figure of the portfolio and the plan that differs between two snapshots, and what each cause adds."""
    rows = [
        {
            "figure": figure.figure,
            "before_month": number(figure.before),
            "after_month": number(figure.after),
            "change_month": number(figure.change),
            "causes": _causes(figure, found.currency),
            "currency": found.currency,
        }
        for figure in found.figures
        if figure.changed
    ]
    return frame("changes", rows)


def changed_workloads(found: Diff) -> pd.DataFrame:
    """One row a workload of both snapshots of which something else is said: its verdict, its saving, and why."""
    rows = []
    for one in found.workloads:
        saving = next((f for f in one.figures if f.figure == "saving_month" and f.changed), None)
        rows.append(
            {
                "workload_id": one.id,
                "verdict_before": one.verdict and one.verdict.before,
                "verdict_after": one.verdict and one.verdict.after,
                "change_month": number(saving and saving.change),
                "causes": _causes(saving, found.currency) if saving else [],
                "fields": [change.path for change in one.why],
                "currency": found.currency,
            }
        )
    return frame("changed_workloads", rows)


def _causes(figure: FigureChange, currency: str | None) -> list[str]:
    of = currency or ""
    return [
        f"{p.cause} {plain_amount(p.month, of, sign=True)}" for p in figure.parts if round(p.month, decimals_of(of))
    ]
