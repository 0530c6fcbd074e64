"""What leaves the bill with sets near the plan: each prefix of its waves, each with one workload more or less.

Which nodes go with a set takes a packing, so that a page without a kernel cannot ask for it. These sets are packed
beforehand, cluster by cluster; of any other one :mod:`~k2cr_analysis.planning.sets.any_set` tells it. Where every
pod is billed by itself nothing is packed, and any set adds up. So does all else of a set: Cloud Run, its free tier,
hours, paths to what stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.planning.result import Plan
from k2cr_analysis.planning.worth import Fleet

MOST_SETS = 20_000
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Leaves:
    """``month``: what leaves one cluster's bill, None where it cannot be told; ``nodes``: that go."""

    month: Decimal | None
    nodes: int


@dataclass(frozen=True, slots=True)
class Packed:
    """One cluster's part of a prefix. ``near``: candidate -> the same without it, or with it."""

    moves: frozenset[int]
    leaves: Leaves
    near: Mapping[int, Leaves]


@dataclass(frozen=True, slots=True)
class NearSets:
    """Candidates are named by their place in ``fleet.candidates``.

    ``waves``: what moves in each. ``packed``: by cluster; empty where every pod is billed by itself. ``over_stay``:
    what each prefix saves over the best way to stay: nothing moved, one wave, ..., all; None where it is not known.
    ``margins``: candidate -> what the whole plan's saving over staying loses without it, or gains with it.
    """

    fleet: Fleet
    waves: tuple[tuple[int, ...], ...]
    packed: tuple[tuple[Packed, ...], ...]
    over_stay: tuple[Decimal | None, ...]
    margins: Mapping[int, Decimal]


def near_sets(fleet: Fleet, plan: Plan) -> NearSets:
    """The table; where it would be longer than ``MOST_SETS``, earlier prefixes have fewer sets near them, or none."""
    number_of = {(fleet.names[c.cluster], c.id): n for n, c in enumerate(fleet.candidates)}
    waves = tuple(tuple(number_of[key] for key in zip(w.clusters, w.workloads, strict=True)) for w in plan.waves)
    prefixes = [frozenset(n for wave in waves[:upto] for n in wave) for upto in range(len(waves) + 1)]
    nothing = None if plan.saving_over_stay_month is None else _ZERO
    return NearSets(
        fleet,
        waves,
        tuple(_packed(fleet, cluster, prefixes) for cluster in range(len(fleet.names))),
        (nothing, *(wave.cumulative_saving_over_stay_month for wave in plan.waves)),
        _margins(fleet, plan),
    )


def _packed(fleet: Fleet, cluster: int, prefixes: list[frozenset[int]]) -> tuple[Packed, ...]:
    """The last prefix first, since most is asked of it."""
    if fleet.avoidables[cluster].by_pod:
        return ()
    here = [n for n, candidate in enumerate(fleet.candidates) if candidate.cluster == cluster]
    room = MOST_SETS // len(fleet.names)
    found = []
    for moves in dict.fromkeys(prefix.intersection(here) for prefix in reversed(prefixes)):
        near = {n: _leaves(fleet, cluster, moves ^ {n}) for n in here[: max(room, 0)]}
        room -= len(near)
        found.append(Packed(moves, _leaves(fleet, cluster, moves), near))
    return tuple(found)


def _leaves(fleet: Fleet, cluster: int, moves: frozenset[int]) -> Leaves:
    removal = fleet.avoidables[cluster].together(fleet.candidates[n].id for n in moves)
    return Leaves(removal.month, removal.node_count)


def _margins(fleet: Fleet, plan: Plan) -> dict[int, Decimal]:
    """The plan names a candidate by its id, or behind its cluster where two clusters have it."""
    found = {}
    for number, candidate in enumerate(fleet.candidates):
        behind = f"{fleet.names[candidate.cluster]}:{candidate.id}"
        margin = plan.margins.get(candidate.id, plan.margins.get(behind))
        if margin is not None:
            found[number] = margin
    return found
