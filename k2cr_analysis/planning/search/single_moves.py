"""Small changes of a set: one workload comes or goes, by itself or with those that it calls and that call it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from k2cr_analysis.planning.crossing_calls import Key
from k2cr_analysis.planning.worth import Candidate, Fleet

_TRIED = 300
_Chosen = Mapping[Key, Candidate]


def objective_of(fleet: Fleet, chosen: Iterable[Candidate]) -> Decimal:
    """Of a set of which it cannot be told what leaves the bill: less than anything."""
    objective = fleet.worth(chosen).objective
    return Decimal("-Infinity") if objective is None else objective


def with_singles(fleet: Fleet, start: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Single workloads out, the dearest first, or in, the cheapest first, while that helps and trials are left."""
    chosen: _Chosen = {c.key: c for c in start}
    objective, trials, neighbours = objective_of(fleet, chosen.values()), _TRIED, _Neighbours(fleet)
    while trials > 0:
        before = objective
        for candidate in sorted(fleet.candidates, key=lambda c: _promise(c, c.key in chosen))[:trials]:
            for other in neighbours.changes(chosen, candidate):
                trials -= 1
                reached = objective_of(fleet, other.values())
                if reached > objective:
                    chosen, objective = other, reached
                    break
        if objective == before:
            break
    return tuple(chosen.values())


def with_hops_settled(fleet: Fleet, start: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """For each workload that stays and is called: it moves too, or its callers stay too, where that is better."""
    chosen, by_key = {c.key: c for c in start}, {c.key: c for c in fleet.candidates}
    objective, trials = objective_of(fleet, chosen.values()), _TRIED
    for target in fleet.hops.reached(chosen):
        callers = [key for key in chosen if target in fleet.hops.calls.get(key, ())]
        without = {key: c for key, c in chosen.items() if key not in callers}
        for other in (chosen | {target: by_key[target]}, without) if target in by_key else (without,):
            trials -= 1
            reached = objective_of(fleet, other.values())
            if reached > objective:
                chosen, objective = other, reached
        if trials <= 0:
            break
    return tuple(chosen.values())


class _Neighbours:
    """Who calls whom among the candidates, both ways."""

    def __init__(self, fleet: Fleet) -> None:
        by_key = {c.key: c for c in fleet.candidates}
        self._called: dict[Key, list[Candidate]] = {}
        self._callers: dict[Key, list[Candidate]] = {}
        for candidate in fleet.candidates:
            for key in sorted(fleet.hops.calls.get(candidate.key, frozenset()) & by_key.keys()):
                self._called.setdefault(candidate.key, []).append(by_key[key])
                self._callers.setdefault(key, []).append(candidate)

    def changes(self, chosen: _Chosen, candidate: Candidate) -> Iterator[_Chosen]:
        """Without it, and without those that call it too, where it is chosen; else with it, and with all it calls."""
        if candidate.key in chosen:
            callers = {c.key for c in self._callers.get(candidate.key, ())} & chosen.keys()
            for gone in ({candidate.key}, {candidate.key, *callers})[: 2 if callers else 1]:
                yield {key: c for key, c in chosen.items() if key not in gone}
        else:
            called = {c.key: c for c in self._called.get(candidate.key, ()) if c.key not in chosen}
            for more in ({}, called)[: 2 if called else 1]:
                yield {**chosen, candidate.key: candidate, **more}


def _promise(candidate: Candidate, inside: bool) -> tuple[Decimal, Key]:
    cost = candidate.cost_month
    return (cost - candidate.attributed_month if not inside else -cost, candidate.key)
