"""In which order the chosen workloads move.

A wave is what a small team can do in two weeks: at most ``WAVE_DAYS`` days of effort. Workloads that save most for
their effort go first; those that call each other go in the same wave where it has room, so that a chatty pair does not
talk across the platforms for longer than it must.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from k2cr_analysis.plan.result import Wave
from k2cr_analysis.plan.worth import Candidate, Fleet, Worth

WAVE_DAYS = 20.0
WAVE_WORKLOADS = 25
WAVE_ASSUMPTION = f"a wave holds at most {WAVE_DAYS:g} days of effort and {WAVE_WORKLOADS} workloads"

_CALLS = ("http", "grpc")
_ZERO = Decimal(0)


def waves_of(fleet: Fleet, chosen: Sequence[Candidate]) -> tuple[Wave, ...]:
    """The chosen workloads in waves, with what each wave realises after those before it."""
    batches = _batches(chosen, _neighbours(chosen))
    waves: list[Wave] = []
    moved: list[Candidate] = []
    before, nodes_before = fleet.worth(()), frozenset[tuple[str, str]]()
    for number, batch in enumerate(batches, start=1):
        moved += batch
        after, nodes = fleet.worth(moved), fleet.nodes_going(moved)
        # Which nodes go is decided anew with every wave: the names of this wave are those that come on top.
        new = [node for node in nodes if node not in nodes_before][: max(len(nodes) - len(nodes_before), 0)]
        waves.append(_wave(number, batch, (before, after), new))
        before, nodes_before = after, nodes_before | set(new)
    return tuple(waves)


def _wave(
    number: int, batch: Sequence[Candidate], worths: tuple[Worth, Worth], nodes: Sequence[tuple[str, str]]
) -> Wave:
    before, after = worths
    realised = after.realised
    return Wave(
        wave=number,
        workloads=tuple(c.id for c in batch),
        attributed_month=sum((c.paper_saving_month for c in batch), _ZERO),
        realised_month=None if realised is None or before.realised is None else realised - before.realised,
        cumulative_realised_month=realised,
        effort_days=round(sum(c.effort_days for c in batch), 6),
        nodes=tuple(nodes),
        cluster_goes=sum(r.cluster_goes for r in after.removals) > sum(r.cluster_goes for r in before.removals),
    )


def _batches(
    chosen: Sequence[Candidate], neighbours: Mapping[tuple[int, str], Sequence[Candidate]]
) -> list[list[Candidate]]:
    waiting = {c.key: c for c in sorted(chosen, key=_first)}
    batches: list[list[Candidate]] = []
    while waiting:
        batch: list[Candidate] = []
        for candidate in list(waiting.values()):
            if candidate.key not in waiting:
                continue
            if batch and not _has_room(batch, candidate):
                break
            batch.append(waiting.pop(candidate.key))
            for neighbour in neighbours.get(candidate.key, ()):
                if neighbour.key in waiting and _has_room(batch, neighbour):
                    batch.append(waiting.pop(neighbour.key))
        batches.append(batch)
    return batches


def _first(candidate: Candidate) -> tuple[float, tuple[int, str]]:
    """Most saving on paper for a day of effort first; half a day is the least that a move takes."""
    return (-float(candidate.paper_saving_month) / max(candidate.effort_days, 0.5), candidate.key)


def _has_room(batch: Sequence[Candidate], more: Candidate) -> bool:
    days = sum(c.effort_days for c in batch) + more.effort_days
    return days <= WAVE_DAYS and len(batch) < WAVE_WORKLOADS


def _neighbours(chosen: Sequence[Candidate]) -> Mapping[tuple[int, str], list[Candidate]]:
    """Who calls whom among the chosen, both ways."""
    by_key = {c.key: c for c in chosen}
    found: dict[tuple[int, str], set[tuple[int, str]]] = defaultdict(set)
    for candidate in chosen:
        for edge in candidate.assessed.fit.dependencies:
            other = (candidate.cluster, edge.target)
            if edge.kind in _CALLS and edge.in_cluster and other in by_key and other != candidate.key:
                found[candidate.key].add(other)
                found[other].add(candidate.key)
    return {key: [by_key[other] for other in sorted(others)] for key, others in found.items()}
