"""Showback: whose today's bill is, and whose the bill would be after the plan, in sums that add up to the whole.

What no workload bears (idle, overhead, fee, what the rows do not split) is a group of its own: nothing is spread by a
key that nobody chose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.planning import cluster_names
from k2cr_analysis.pricing.gke.bill import WORKLOADS_LINE
from k2cr_analysis.report.tables.frame import frame, number, several
from k2cr_analysis.report.tables.series import group_of

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.planning import Plan

NAMESPACE, TEAM = "namespace", "team"
SHARED = "(no workload's: idle, overhead, fee and the rest)"
_TEAM_LABELS = ("team", "owner", "cost-center", "cost-centre", "department")
_ZERO = Decimal(0)

Key = tuple[str, str, str]  # cluster, currency, group


def showback(assessed: Assessment | Sequence[Assessment], plan: Plan, by: str = NAMESPACE) -> pd.DataFrame:
    """One row a group of a cluster: today's share of the bill, what moves, what that costs on Cloud Run.

    ``by``: ``namespace``, ``label:NAME``, ``team`` (the first of the labels team, owner, cost-center, department that
    any workload has) or ``node_pool``. The shares of all groups add up to ``gke_month`` where the bill is known.
    """
    found = several(assessed)
    return frame("showback", _rows(found, plan, group_of(team_label(found) if by == TEAM else by)))


def team_label(assessed: Sequence[Assessment]) -> str:
    """``label:NAME`` of the label that says whose a workload is; ``label:team`` where none has any."""
    held = {key for a in assessed for w in a.workloads for key in (*w.workload.labels, *w.workload.pod.labels)}
    return "label:" + next((name for name in _TEAM_LABELS if name in held), _TEAM_LABELS[0])


def _rows(
    assessed: Sequence[Assessment], plan: Plan, group: Callable[[Assessment, WorkloadAssessment], str]
) -> Iterator[dict[str, Any]]:
    moved = {
        (cluster, workload)
        for wave in plan.waves
        for cluster, workload in zip(wave.clusters, wave.workloads, strict=True)
    }
    members: dict[Key, list[tuple[WorkloadAssessment, bool]]] = defaultdict(list)
    shared: dict[tuple[str, str], Decimal | None] = {}
    for cluster, one in zip(cluster_names(assessed), assessed, strict=True):
        for workload in one.workloads:
            members[cluster, one.bill.currency, group(one, workload)].append(
                (workload, (cluster, workload.id) in moved)
            )
        rest = None if one.bill.month is None else one.bill.month - dict(one.bill.lines).get(WORKLOADS_LINE, _ZERO)
        shared[cluster, one.bill.currency] = rest
    rows = [_row(key, found) for key, found in members.items()]
    yield from sorted(rows, key=lambda row: (row["currency"], -(row["gke_attributed_month"] or 0), row["group"]))
    for (cluster, currency), month in sorted(shared.items()):
        rest_of = {"group": SHARED, "workloads": 0, "gke_attributed_month": number(month), "currency": currency}
        yield {"cluster": cluster} | rest_of


def _row(key: Key, members: Sequence[tuple[WorkloadAssessment, bool]]) -> dict[str, Any]:
    shares = [w.cost.gke_attributed_month if w.cost else None for w, _ in members]
    known = [share for share in shares if share is not None]
    moving = [w for w, moves in members if moves]
    gone = [w.cost.gke_attributed_month for w in moving if w.cost and w.cost.gke_attributed_month is not None]
    comes = [w.cost.cloud_run_month for w in moving if w.cost and w.cost.cloud_run_month is not None]
    return {
        "cluster": key[0],
        "group": key[2],
        "workloads": len(members),
        "gke_attributed_month": number(sum(known, _ZERO)) if known else None,
        "without_share": len(shares) - len(known),
        "moving": len(moving),
        "moving_gke_month": number(sum(gone, _ZERO)),
        "cloud_run_month": number(sum(comes, _ZERO)),
        "currency": key[1],
    }
