"""What the index needs to price a set that a person ticks: members that add up, and what leaves with them.

Money and quantities are decimal strings, so that the page can add them up exactly. Workloads are numbered by their
place in ``moves``.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from k2cr_analysis.planning.crossing_calls import INSIDE
from k2cr_analysis.planning.effort.labour import hours, own_hours
from k2cr_analysis.planning.sets.near_sets import Leaves, NearSets, Packed
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.pricing.cloud_run.beside import UNITS_BESIDE
from k2cr_analysis.pricing.cloud_run.free_tier import COMPUTE_UNITS, FREE_REQUESTS, free_spend_month
from k2cr_analysis.report.json.amounts import money

_REQUEST = "request"


def near_document(found: NearSets) -> dict[str, Any]:
    """``free``: the account's free amounts; ``calls``: what may be called; the rest as in :class:`NearSets`."""
    fleet = found.fleet
    prices = fleet.assessments[0].prices
    numbers = {c.key: n for n, c in enumerate(fleet.candidates)}
    targets = sorted({t for c in fleet.candidates for t in fleet.hops.calls.get(c.key, ())})
    target_numbers = {target: n for n, target in enumerate(targets)}
    return {
        "clusters": [_cluster(found, number) for number in range(len(fleet.names))],
        "free": {
            "spend": money(free_spend_month(prices)),
            "units": {_REQUEST: money(FREE_REQUESTS)} | {u: money(prices.free_quantity(u)) for u in UNITS_BESIDE},
        },
        "moves": [
            _move(fleet, c) | {"calls": sorted(target_numbers[t] for t in fleet.hops.calls.get(c.key, ()))}
            for c in fleet.candidates
        ],
        "calls": [
            {"id": name, "cluster": cluster, "inside": name == INSIDE, "move": numbers.get((cluster, name))}
            for cluster, name in targets
        ],
        "waves": [list(wave) for wave in found.waves],
        "over_stay": {
            "prefixes": [money(month) for month in found.over_stay],
            "margins": {str(n): money(margin) for n, margin in found.margins.items()},
        },
    }


def _cluster(found: NearSets, number: int) -> dict[str, Any]:
    """``holders``: what has to move for the cluster to go, null where it cannot; ``all``: what leaves with it then."""
    fleet, work = found.fleet, found.fleet.work[number]
    avoidable = fleet.avoidables[number]
    by_id = {c.id: n for n, c in enumerate(fleet.candidates) if c.cluster == number}
    goes = avoidable.can_go and avoidable.is_whole and avoidable.holds <= by_id.keys()
    return {
        "path": money(fleet.hops.month[number] or Decimal(0)),
        "holders": sorted(by_id[name] for name in avoidable.holds) if goes else None,
        "all": [money(avoidable.all_month), sum(len(pool.node_names) for pool in avoidable.pools)] if goes else None,
        "is_told": avoidable.is_whole,
        "by_pod": avoidable.by_pod,
        "packed": [_packed(one) for one in found.packed[number]],
        "hours": {
            "node": money(work.node),
            "shared": money(work.shared),
            "path": money(work.path),
            "two_platforms": money(work.two_platforms),
        },
    }


def _packed(one: Packed) -> dict[str, Any]:
    """``near`` has only those that differ from ``leaves``; ``told`` all that were packed."""
    return {
        "moves": sorted(one.moves),
        "leaves": _leaves(one.leaves),
        "told": [min(one.near), max(one.near)] if one.near else None,
        "near": {str(n): _leaves(leaves) for n, leaves in one.near.items() if leaves != one.leaves},
    }


def _move(fleet: Fleet, candidate: Candidate) -> dict[str, Any]:
    """``own``: what leaves with it by itself where every pod is billed so; null where that is not known or not so."""
    quantities: dict[str, Decimal] = defaultdict(Decimal)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for item in candidate.assessed.cost.cloud_run_items if candidate.assessed.cost else ():
        quantities[item.unit] += item.quantity
        amounts[item.unit] += item.amount
    avoidable = fleet.avoidables[candidate.cluster]
    own = avoidable.together((candidate.id,)).month if avoidable.by_pod else None
    return {
        "id": candidate.id,
        "cluster": candidate.cluster,
        "month": money(candidate.cloud_run_month),
        "compute": money(sum((amounts[u] for u in COMPUTE_UNITS), Decimal(0))),
        "units": {u: [money(quantities[u]), money(amounts[u])] for u in (_REQUEST, *UNITS_BESIDE) if quantities[u]},
        "days": money(hours(candidate.effort_days)),
        "hours": money(own_hours(candidate.assessed)),
        "own": money(own),
    }


def _leaves(one: Leaves) -> list[Any]:
    return [money(one.month), one.nodes]
