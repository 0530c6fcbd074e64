"""Two plans side by side: who moves in which wave, who stays and why, what goes with it."""

from __future__ import annotations

import re

from k2cr_analysis.comparison.result import Placement, PlanChange
from k2cr_analysis.planning import Plan

_AMOUNT = re.compile(r"\d+\.\d+")


def plan_change(before: Plan, after: Plan) -> PlanChange:
    old_wave, new_wave = _wave_of(before), _wave_of(after)
    old_why, new_why = ({left.id: left.why for left in plan.left} for plan in (before, after))
    placements = tuple(
        Placement(w, old_wave.get(w), new_wave.get(w), old_why.get(w), new_why.get(w))
        for w in sorted(old_wave.keys() | new_wave.keys() | old_why.keys() | new_why.keys())
        if old_wave.get(w) != new_wave.get(w) or _reason(old_why.get(w)) != _reason(new_why.get(w))
    )
    return PlanChange(
        placements=placements,
        waves=(len(before.waves), len(after.waves)),
        nodes_removed=(_nodes(before), _nodes(after)),
        cluster_goes=(_goes(before), _goes(after)),
        effort_days=(_days(before), _days(after)),
    )


def _wave_of(plan: Plan) -> dict[str, int]:
    return {w: wave.wave for wave in plan.waves for w in wave.workloads}


def _reason(why: str | None) -> str | None:
    """A reason without the amounts in it: another price is not another reason."""
    return None if why is None else _AMOUNT.sub("", why)


def _nodes(plan: Plan) -> int:
    return sum(wave.nodes_removed for wave in plan.waves)


def _goes(plan: Plan) -> bool:
    return any(wave.cluster_goes for wave in plan.waves)


def _days(plan: Plan) -> float:
    return round(sum(wave.effort_days for wave in plan.waves), 6)
