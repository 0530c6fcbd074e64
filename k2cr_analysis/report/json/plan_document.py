"""The JSON that `plan` prints: the names of the contract, and what stands behind them."""

from __future__ import annotations

from typing import Any

from k2cr_analysis.model.money import may_flip
from k2cr_analysis.planning import Plan
from k2cr_analysis.planning.futures.cash_curve import paid_back
from k2cr_analysis.planning.sets.any_set import SetWorth
from k2cr_analysis.report.json.amounts import interval, line_item, money
from k2cr_analysis.report.json.documents import operability_document
from k2cr_analysis.report.json.futures_document import answer_document


def plan_document(plan: Plan) -> dict[str, Any]:
    """What ``plan --format json`` prints."""
    return {
        "currency": plan.currency or None,
        "waves": [
            {
                "wave": wave.wave,
                "workloads": list(wave.workloads),
                "clusters": list(wave.clusters),
                "currency": wave.currency,
                "starts": None if wave.starts is None else wave.starts.isoformat(),
                "ends": None if wave.ends is None else wave.ends.isoformat(),
                "attributed_month": money(wave.attributed_month),
                "realised_month": money(wave.realised_month),
                "cumulative_realised_month": money(wave.cumulative_realised_month),
                "saving_over_stay_month": money(wave.saving_over_stay_month),
                "cumulative_saving_over_stay_month": money(wave.cumulative_saving_over_stay_month),
                "interval": interval(wave.interval),
                "sign_may_flip": may_flip(wave.interval),
                "cumulative_interval": interval(wave.cumulative_interval),
                "cumulative_sign_may_flip": may_flip(wave.cumulative_interval),
                "over_stay_interval": interval(wave.over_stay_interval),
                "over_stay_sign_may_flip": may_flip(wave.over_stay_interval),
                "cumulative_over_stay_interval": interval(wave.cumulative_over_stay_interval),
                "cumulative_over_stay_sign_may_flip": may_flip(wave.cumulative_over_stay_interval),
                "effort_days": wave.effort_days,
                "nodes_removed": wave.nodes_removed,
                "nodes": [
                    {"cluster": n.cluster, "pool": n.pool, "node": n.node, "month": money(n.month)} for n in wave.nodes
                ],
                "cluster_goes": wave.cluster_goes,
                "hops": list(wave.hops),
                "hops_month": money(wave.hops_month),
            }
            for wave in plan.waves
        ],
        "left": [
            {
                "id": x.id,
                "cluster": x.cluster,
                "why": x.why,
                "holds_back_month": money(x.holds_back_month),
                "currency": x.currency,
            }
            for x in plan.left
        ],
        "objective": money(plan.objective),
        "bound": money(plan.bound),
        "gap": plan.gap,
        "method": plan.method,
        "saving_over_stay_month": money(plan.saving_over_stay_month),
        "hours_month": plan.hours_month,
        "labour_month": money(plan.labour_month),
        "margins": {w: money(m) for w, m in sorted(plan.margins.items())},
        "answer": answer_document(plan.answer),
        "without_wishes": None
        if plan.without_wishes is None
        else {
            "kept": list(plan.without_wishes.kept),
            "workloads": list(plan.without_wishes.workloads),
            "objective": money(plan.without_wishes.objective),
            "saving_over_stay_month": money(plan.without_wishes.saving_over_stay_month),
            "sentence": plan.without_wishes.sentence,
        },
        "cash_curve": {
            "months": [
                {
                    "month": m.month,
                    "saving": money(m.saving),
                    "paid_twice": money(m.paid_twice),
                    "effort": money(m.effort),
                    "labour": money(m.labour),
                    "so_far": money(m.so_far),
                }
                for m in plan.cash
            ],
            "paid_back_month": paid_back(plan.cash),
        },
        "avoided": [line_item(item) for item in plan.avoided],
        "cloud_run_month": money(plan.cloud_run_month),
        "hops_month": money(plan.hops_month),
        "effort_month": money(plan.effort_month),
        "held_by_commitment_month": money(plan.held_month),
        "clusters": [
            {
                "cluster": e.cluster,
                "can_be_deleted_after_wave": e.wave,
                "last_pod_month": money(e.last_pod_month),
                "currency": e.currency,
                "kept_by": list(e.kept_by),
            }
            for e in plan.endings
        ],
        "operability": operability_document(plan.work),
        "sensitivity": [
            {
                "of": swing.of,
                "low_at": swing.low_at,
                "low_month": money(swing.low_month),
                "high_at": swing.high_at,
                "high_month": money(swing.high_month),
                "turns": plan.objective is not None and swing.turns(plan.objective),
            }
            for swing in plan.swings
        ],
        "break_even_requests_month": {w: money(n) for w, n in sorted(plan.break_even_requests.items())},
        "requests_month": {w: money(n) for w, n in sorted(plan.requests_month.items())},
        "assumptions": list(plan.assumptions),
    }


def set_document(found: SetWorth) -> dict[str, Any]:
    """What ``plan --with ... --without ... --format json`` prints: one set, not the plan's."""
    return {
        "currency": found.currency,
        "workloads": list(found.workloads),
        "avoided_month": money(found.avoided_month),
        "cloud_run_month": money(found.cloud_run_month),
        "hops": list(found.hops),
        "hops_month": money(found.hops_month),
        "realised_month": money(found.realised_month),
        "saving_over_stay_month": money(found.saving_over_stay_month),
        "nodes_removed": found.nodes_removed,
        "effort_days": found.effort_days,
        "hours_month": found.hours_month,
    }
