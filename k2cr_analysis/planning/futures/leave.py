"""What it takes to leave GKE: all that can move moves, whether it pays or not, and what is blocked needs a way out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.model.money import LineItem
from k2cr_analysis.planning.labour import own_hours
from k2cr_analysis.planning.worth import Fleet

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class WayOut:
    """A workload that Cloud Run does not take, and what could; ``month`` is None where ``reason`` says why."""

    id: str
    to: str
    month: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """The parts of the month without a cluster; None where not known, and ``missing`` says why."""

    gke_month: Decimal | None
    gke_lines: tuple[LineItem, ...]
    cloud_run_month: Decimal | None
    managed_month: Decimal | None
    managed_lines: tuple[LineItem, ...]
    hours_month: float | None
    effort_days: float | None
    ways_out: tuple[WayOut, ...]
    missing: tuple[str, ...]


def leaving(fleet: Fleet) -> Leaving:
    """All clusters of the fleet gone."""
    bills = [a.bill for a in fleet.assessments]
    currency = bills[0].currency
    stays = sum((b.stays_month + b.committed_month for b in bills), _ZERO)
    known = all(b.month is not None for b in bills)
    worth = fleet.worth(fleet.candidates)
    able = {c.key for c in fleet.candidates}
    unpriced = [
        w.id for n, a in enumerate(fleet.assessments) for w in a.workloads if w.fit.moves and (n, w.id) not in able
    ]
    ways = tuple(
        WayOut(w.id, "a decision", None, "no price is known of what would take it")
        for n, a in enumerate(fleet.assessments)
        for w in a.workloads
        if w.id in fleet.avoidables[n].holds and not w.fit.moves
    )
    missing = [f"{len(ways)} workloads are blocked: " + ", ".join(w.id for w in ways)] if ways else []
    if unpriced:
        missing.append("no cost on Cloud Run is known of " + ", ".join(unpriced))
    return Leaving(
        gke_month=stays if known else None,
        gke_lines=(LineItem("what outlives the cluster, and what is committed", Decimal(1), "month", stays, currency),)
        if known and stays
        else (),
        cloud_run_month=None if unpriced else worth.cloud_run,
        managed_month=None if ways else _ZERO,
        managed_lines=(),
        hours_month=round(-float(sum((min(own_hours(c.assessed), _ZERO) for c in fleet.candidates), _ZERO)), 2),
        effort_days=None if ways else round(sum(c.effort_days for c in fleet.candidates), 6),
        ways_out=ways,
        missing=tuple(missing),
    )
