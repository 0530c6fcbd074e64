"""What the decision is made of: the futures line by line, the ways to stay and to leave, the cash month by month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from k2cr_analysis.model.money import may_flip
from k2cr_analysis.report.tables.frame import frame, item_row, number

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.planning import Plan, Portfolio
    from k2cr_analysis.planning.futures.futures import Future

GKE, CLOUD_RUN, MANAGED = "GKE", "Cloud Run", "managed"


def futures(portfolio: Portfolio) -> pd.DataFrame:
    """One row a future and headroom: the month and its three parts, the work, the saving over staying."""
    rows = [
        {
            "future": one.future,
            "headroom": one.headroom,
            "variant": one.variant,
            "gke_month": number(one.gke_month),
            "cloud_run_month": number(one.cloud_run_month),
            "managed_month": number(one.managed_month),
            "month": number(one.month),
            "at_least_month": number(one.at_least_month),
            "saving_over_stay_month": number(one.saving_over_stay_month),
            "saving_low_month": number(one.interval[0]) if one.interval else None,
            "saving_high_month": number(one.interval[1]) if one.interval else None,
            "sign_may_flip": may_flip(one.interval),
            "hours_month": one.hours_month,
            "effort_days": one.effort_days,
            "missing": list(one.missing),
            "currency": portfolio.currency,
        }
        for one in portfolio.futures
    ]
    return frame("futures", rows)


def future_lines(portfolio: Portfolio, *, headroom: str | None = None) -> pd.DataFrame:
    """One row a line of a future's month; the amounts of a part add up to it. ``headroom``: only that of the futures.

    Where a part is not known, what is known of it stands here all the same.
    """
    rows: list[dict[str, Any]] = []
    for one in portfolio.futures:
        if headroom in (None, one.headroom) or one.future == "today":
            rows += _lines(one)
    return frame("future_lines", rows)


def _lines(one: Future) -> Iterator[dict[str, Any]]:
    for side, items in ((GKE, one.gke_lines), (CLOUD_RUN, one.cloud_run_lines), (MANAGED, one.managed_lines)):
        for item in items:
            yield {"future": one.future, "headroom": one.headroom, "side": side, **item_row(item)}


def ways_to_stay(portfolio: Portfolio) -> pd.DataFrame:
    """One row a way to stay, packed: its month, how, and why it does not count, where it does not."""
    rows = [
        {
            "cluster": option.cluster,
            "variant": option.name,
            "month": number(option.month),
            "how": option.how,
            "why_not": option.why_not or None,
            "currency": portfolio.currency,
        }
        for one in portfolio.futures
        if (one.future, one.headroom) == ("stay", "packed")
        for option in one.options
    ]
    return frame("ways_to_stay", rows)


def ways_out(portfolio: Portfolio) -> pd.DataFrame:
    """One row a workload that Cloud Run does not take: where it would go without a cluster, and for how much."""
    rows = [
        {
            "cluster": way.cluster,
            "workload_id": way.id,
            "to": way.to,
            "size": way.size or None,
            "month": number(way.month),
            "at_least_month": number(way.at_least_month),
            "at_most_month": number(way.high_month),
            "reason": way.reason or None,
            "currency": portfolio.currency,
        }
        for one in portfolio.futures
        if (one.future, one.headroom) == ("leave", "packed")
        for way in one.ways_out
    ]
    return frame("ways_out", rows)


def neighbours(portfolio: Portfolio) -> pd.DataFrame:
    """One row a charge beside pods and instances: what comes, goes or stays with the plan, and what shows it."""
    rows = [
        {
            "charge": one.item,
            "change": one.change,
            "month": number(one.month),
            "low_amount": number(one.low),
            "high_amount": number(one.high),
            "counted": one.counted,
            "evidence": one.evidence,
            "why_range": one.why or None,
            "currency": portfolio.currency,
        }
        for one in portfolio.neighbours
    ]
    return frame("neighbours", rows)


def cash(plan: Plan) -> pd.DataFrame:
    """One row a month from the first wave on; ``so_far`` is the sum of saving, labour, less paid twice and effort."""
    rows = [
        {
            "month_number": one.month,
            "saving": number(one.saving),
            "paid_twice": number(one.paid_twice),
            "effort_amount": number(one.effort),
            "labour_amount": number(one.labour),
            "so_far": number(one.so_far),
            "currency": plan.currency,
        }
        for one in plan.cash
    ]
    return frame("cash", rows)
