"""The JSON that `plan` prints: the names of the contract, and what stands behind them."""

from __future__ import annotations

from typing import Any

from k2cr_analysis.plan import Plan
from k2cr_analysis.report.documents import money


def plan_document(plan: Plan) -> dict[str, Any]:
    """What ``plan --format json`` prints."""
    return {
        "currency": plan.currency,
        "waves": [
            {
                "wave": wave.wave,
                "workloads": list(wave.workloads),
                "attributed_month": money(wave.attributed_month),
                "realised_month": money(wave.realised_month),
                "cumulative_realised_month": money(wave.cumulative_realised_month),
                "effort_days": wave.effort_days,
                "nodes_removed": wave.nodes_removed,
                "nodes": [{"pool": pool, "node": node} for pool, node in wave.nodes],
                "cluster_goes": wave.cluster_goes,
            }
            for wave in plan.waves
        ],
        "left": [{"id": x.id, "why": x.why, "holds_back_month": money(x.holds_back_month)} for x in plan.left],
        "objective": money(plan.objective),
        "bound": money(plan.bound),
        "gap": plan.gap,
        "sensitivity": [
            {
                "of": swing.of,
                "low_at": swing.low_at,
                "low_month": money(swing.low_month),
                "high_at": swing.high_at,
                "high_month": money(swing.high_month),
            }
            for swing in plan.swings
        ],
        "break_even_requests_month": {w: money(n) for w, n in sorted(plan.break_even_requests.items())},
        "assumptions": list(plan.assumptions),
    }
