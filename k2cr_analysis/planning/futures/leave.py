"""What it takes to leave GKE: all that can move moves, whether it pays or not, and what is blocked needs a way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.listing import first_of, in_fleet
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.planning.effort.labour import hours
from k2cr_analysis.planning.futures.ways_out import WayOut, ways_out
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.platforms.managed import GONE, MACHINE

_ZERO, _SHOWN = Decimal(0), 5


@dataclass(frozen=True, slots=True)
class Leaving:
    """The parts of the month without a cluster; None where not known, and ``missing`` says why.

    ``at_least_month``: what is known of all three together. ``goes_along``: what belongs to the cluster and ends with
    it.
    """

    gke_month: Decimal | None
    gke_lines: tuple[LineItem, ...]
    cloud_run_month: Decimal | None
    cloud_run_lines: tuple[LineItem, ...]
    managed_month: Decimal | None
    managed_lines: tuple[LineItem, ...]
    at_least_month: Decimal
    hours_month: float
    effort_days: float
    ways_out: tuple[WayOut, ...]
    goes_along: tuple[str, ...]
    missing: tuple[str, ...]


def leaving(fleet: Fleet) -> Leaving:
    """All clusters of the fleet gone."""
    bills = [a.bill for a in fleet.assessments]
    stays = sum((b.stays_month + b.committed_month for b in bills), _ZERO)
    known = all(b.month is not None for b in bills)
    worth = fleet.worth(fleet.candidates)
    unpriced = _unpriced(fleet)
    ways = tuple(
        replace(way, cluster=fleet.names[n])
        for n, a in enumerate(fleet.assessments)
        for way in ways_out(a, fleet.avoidables[n].holds)
    )
    several = len(fleet.names) > 1
    managed = [w.month for w in ways]
    outlives = LineItem(
        "what outlives the cluster, and what is committed", Decimal(1), "month", stays, bills[0].currency
    )
    return Leaving(
        gke_month=stays if known else None,
        gke_lines=(outlives,) if known and stays else (),
        cloud_run_month=None if unpriced else worth.cloud_run,
        cloud_run_lines=cloud_run_lines(fleet, fleet.candidates, worth.free),
        managed_month=None if None in managed else sum((m or _ZERO for m in managed), _ZERO),
        managed_lines=tuple(
            replace(line, sku=f"{in_fleet(way.cluster, way.id, several=several)}: {line.sku}")
            for way in ways
            for line in way.lines
        ),
        at_least_month=(stays if known else _ZERO) + worth.cloud_run + sum((w.at_least_month for w in ways), _ZERO),
        hours_month=_hours(fleet, ways),
        effort_days=_effort(fleet, ways),
        ways_out=ways,
        goes_along=tuple(_goes_along(fleet)),
        missing=(*_missing(ways, unpriced), *_there_already(fleet)),
    )


def cloud_run_lines(fleet: Fleet, moved: Sequence[Candidate], free: Decimal) -> tuple[LineItem, ...]:
    """A line for each workload on Cloud Run, with its cluster where there are several; last what is free."""
    currency = fleet.assessments[0].bill.currency

    def name(one: Candidate) -> str:
        return in_fleet(fleet.names[one.cluster], one.id, several=len(fleet.names) > 1)

    found = [LineItem(name(c), Decimal(1), "month", c.cloud_run_month, currency) for c in moved]
    if free:
        found.append(LineItem("free tier of the billing account", Decimal(1), "month", -free, currency))
    return tuple(found)


def _unpriced(fleet: Fleet) -> list[str]:
    able = {c.key for c in fleet.candidates}
    return [
        w.id
        for n, a in enumerate(fleet.assessments)
        for w in a.workloads
        if w.fit.moves and (n, w.id) not in able and not w.workload.moved_to
    ]


def _there_already(fleet: Fleet) -> list[str]:
    there = [w.id for a in fleet.assessments for w in a.workloads if w.fit.moves and w.workload.moved_to]
    return [f"what runs on Cloud Run already is paid there, and not counted here: {_shown(there)}"] if there else []


def _goes_along(fleet: Fleet) -> list[str]:
    return [w.id for n, a in enumerate(fleet.assessments) for w in a.workloads if w.id not in fleet.avoidables[n].holds]


def _missing(ways: tuple[WayOut, ...], unpriced: list[str]) -> list[str]:
    moving = [w.id for w in ways if not w.to.startswith(GONE)]
    found = [f"{len(ways) - len(moving)} workloads end with the cluster, and their work is a decision"]
    if len(ways) == len(moving):
        found = []
    if moving:
        found.append(f"{len(moving)} workloads need another home than Cloud Run: {_shown(moving)}")
    without = [w for w in ways if w.month is None]
    if without:
        found.append(f"{len(without)} of {len(ways)} ways out have no full price: {_shown([w.id for w in without])}")
    if unpriced:
        found.append(f"cost on Cloud Run not known of {len(unpriced)} of the movable: {_shown(unpriced)}")
    return found


def _shown(ids: list[str]) -> str:
    return first_of(ids, _SHOWN)


def _hours(fleet: Fleet, ways: tuple[WayOut, ...]) -> float:
    """The work that comes: of the services on Cloud Run, and of each way out; none on a cluster."""
    toil = fleet.assessments[0].config.rates.toil
    comes = sum(
        (
            hours(i.hours_month)
            for c in fleet.candidates
            for i in c.assessed.operability.comes
            if not i.shared and not i.item.startswith("path between")
        ),
        _ZERO,
    )
    machines = sum(w.to == MACHINE for w in ways)
    services = sum(w.to != MACHINE and not w.to.startswith(GONE) for w in ways)
    comes += machines * hours(toil.virtual_machine) + services * hours(toil.managed_service)
    return float(round(comes, 2))


def _effort(fleet: Fleet, ways: tuple[WayOut, ...]) -> float:
    rates = fleet.assessments[0].config.rates.effort
    machines = sum(w.to == MACHINE for w in ways)
    services = sum(w.to != MACHINE and not w.to.startswith(GONE) for w in ways)
    moved = sum(c.effort_days for c in fleet.candidates)
    return round(moved + machines * rates.virtual_machine + services * rates.managed_service, 2)
