"""The bill and the plan: what leaves, in which wave, what stays, and what it hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k2cr_analysis.model.money import may_flip
from k2cr_analysis.planning.committing import TERM_WORDS
from k2cr_analysis.report.tables.frame import frame, item_row, number

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.planning import Plan, Portfolio


def bill(portfolio: Portfolio) -> pd.DataFrame:
    """Today's bill by line; the amounts add up to ``gke_month``."""
    rows = [
        {"line": line, "amount_month": float(amount), "currency": portfolio.currency}
        for line, amount in portfolio.gke_lines
    ]
    return frame("bill", rows)


def as_billed(portfolio: Portfolio) -> pd.DataFrame:
    """One row a cluster and invoice month: the rows' own amounts, before they are scaled to a month of 730 h."""
    rows = [
        {
            "cluster": cluster,
            "invoice_month": one.month,
            "from_utc": one.first,
            "to_utc": one.last,
            "is_whole": one.whole,
            "cost_amount": number(one.cost),
            "credits_amount": number(one.credits),
            "paid": number(one.paid),
            "not_usage": number(one.not_usage),
            "other_clusters": number(one.other_clusters),
            "currency": one.currency,
        }
        for cluster, one in portfolio.as_billed
    ]
    return frame("as_billed", rows)


def commitments(portfolio: Portfolio) -> pd.DataFrame:
    """One row a commitment on the bill: what stays paid until it ends, and the part of it that nothing uses."""
    rows = [
        {
            "cluster": cluster,
            "commitment": one.name,
            "fee_month": number(one.fee_month),
            "unused_month": number(one.unused_month),
            "years": one.years,
            "ends": portfolio.commitment_ends.isoformat() if portfolio.commitment_ends else None,
            "reason": one.why or None,
            "currency": one.currency,
        }
        for cluster, one in portfolio.commitments
    ]
    return frame("commitments", rows)


def commitment_floor(portfolio: Portfolio) -> pd.DataFrame:
    """One row a commitment that would pay for what the plan runs in every hour: money an hour, and what it saves."""
    rows = [
        {
            "commitment": TERM_WORDS[term.cud],
            "hour_at_list": number(portfolio.floor.hour),
            "hour_committed": number(term.hour),
            "commitment_saving_month": number(term.saving_month),
            "workload_ids": list(portfolio.floor.of),
            "currency": portfolio.currency,
        }
        for term in portfolio.floor.terms
    ]
    return frame("commitment_floor", rows)


def waves(plan: Plan) -> pd.DataFrame:
    """One row a wave of the plan, in order; ids with their cluster where the plan is of several."""
    of_all = {ending.cluster for ending in plan.endings}
    rows = [
        {
            "wave": wave.wave,
            "workloads": len(wave.workloads),
            "clusters": sorted(set(wave.clusters)),
            "workload_ids": wave.ids(several=len(of_all) > 1),
            "attributed_month": number(wave.attributed_month),
            "realised_month": number(wave.realised_month),
            "cumulative_realised_month": number(wave.cumulative_realised_month),
            "realised_low_month": number(wave.cumulative_interval[0]) if wave.cumulative_interval else None,
            "realised_high_month": number(wave.cumulative_interval[1]) if wave.cumulative_interval else None,
            "saving_over_stay_month": number(wave.saving_over_stay_month),
            "cumulative_saving_over_stay_month": number(wave.cumulative_saving_over_stay_month),
            "saving_low_month": number(over[0]) if (over := wave.cumulative_over_stay_interval) else None,
            "saving_high_month": number(over[1]) if over else None,
            "sign_may_flip": may_flip(over),
            "effort_days": wave.effort_days,
            "nodes_removed": wave.nodes_removed,
            "currency": wave.currency,
        }
        for wave in plan.waves
    ]
    return frame("waves", rows)


def left(plan: Plan) -> pd.DataFrame:
    """What the plan leaves on the cluster, and why."""
    rows = [
        {
            "cluster": one.cluster,
            "workload_id": one.id,
            "why": one.why,
            "holds_back_month": number(one.holds_back_month),
            "currency": one.currency or plan.currency,
        }
        for one in plan.left
    ]
    return frame("left", rows)


def avoided(plan: Plan) -> pd.DataFrame:
    """What leaves the bill with the plan, line by line, in exact Decimals."""
    return frame("avoided", (item_row(item) for item in plan.avoided))


def endings(plan: Plan) -> pd.DataFrame:
    """One row a cluster: after which wave it can be deleted, what goes with its last workload, and what keeps it."""
    rows = [
        {
            "cluster": ending.cluster,
            "after_wave": ending.wave,
            "last_pod_month": number(ending.last_pod_month),
            "kept_by": list(ending.kept_by),
            "currency": ending.currency or plan.currency or None,
        }
        for ending in plan.endings
    ]
    return frame("endings", rows)


def break_even(plan: Plan) -> pd.DataFrame:
    """One row a workload: today's requests beside those at which Cloud Run costs what its share of GKE does."""
    rows = []
    for name, even in sorted(plan.break_even_requests.items()):
        today = plan.requests_month.get(name)
        rows.append(
            {
                "workload_id": name,
                "requests_month": number(today),
                "break_even_requests": number(even),
                "share_of_break_even": float(today / even) if today is not None and even else None,
            }
        )
    return frame("break_even", rows)


def sensitivity(plan: Plan) -> pd.DataFrame:
    """One row an assumption that the plan's saving hangs on, the widest first."""
    rows = [
        {
            "assumption": swing.of,
            "low_at": swing.low_at,
            "low_month": number(swing.low_month),
            "high_at": swing.high_at,
            "high_month": number(swing.high_month),
            "turns": plan.objective is not None and swing.turns(plan.objective),
            "currency": plan.currency,
        }
        for swing in plan.swings
    ]
    return frame("sensitivity", rows)


def margins(plan: Plan) -> pd.DataFrame:
    """One row a candidate: whether it is in the plan, and what the saving over staying loses without it or gains."""
    inside = set(plan.workloads)
    rows = [
        {
            "workload_id": name,
            "in_plan": name.rpartition(":")[2] in inside,
            "margin_month": number(month),
            "currency": plan.currency,
        }
        for name, month in sorted(plan.margins.items(), key=lambda pair: (-(pair[1] or 0), pair[0]))
    ]
    return frame("margins", rows)
