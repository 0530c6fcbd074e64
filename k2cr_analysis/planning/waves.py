"""In which order the chosen workloads move.

A wave is what a small team can do in two weeks: ``[plan] wave_days`` and ``wave_workloads`` say how much. Those that
call each other go in the same wave where it has room, so that a chatty pair does not talk across the platforms for
longer than it must. Two orders are tried, those that save most for their effort first, and one node pool after the
other, since nothing leaves the bill before a node does; the one that has realised more by then stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.assessment.recommending.interval import DayChanges, interval_of, joined
from k2cr_analysis.config import PlanSettings
from k2cr_analysis.model.money import Interval
from k2cr_analysis.planning.calendar import Slot, slots
from k2cr_analysis.planning.crossing_calls import Key
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.gone import NodeGone
from k2cr_analysis.planning.intervals import changes_of
from k2cr_analysis.planning.result import Wave
from k2cr_analysis.planning.worth import Candidate, Fleet, Worth

_CALLS = ("http", "grpc")
_ZERO = Decimal(0)


def wave_assumptions(settings: PlanSettings) -> Iterator[str]:
    """What the waves rest on, in sentences."""
    yield f"a wave holds at most {settings.wave_days:g} days of effort and {settings.wave_workloads} workloads"
    if settings.freezes and settings.start is None:
        yield "no [plan] start in the config: the waves have no days, and the freezes do not count"


def waves_of(fleet: Fleet, chosen: Sequence[Candidate], baseline: Baseline) -> tuple[Wave, ...]:
    """The chosen workloads in waves, with what each wave realises after those before it.

    ``baseline``: what each wave's saving over staying is measured from.
    """
    settings, neighbours = fleet.assessments[0].config.plan, _neighbours(chosen)
    orders = [sorted(chosen, key=_first), sorted(chosen, key=lambda c: (_pool_of(fleet, c), _first(c)))]
    tried = [_realised(fleet, _batches(order, neighbours, settings)) for order in orders]
    return _over_stay(max(tried, key=_soonest), chosen, fleet, baseline)  # the first of equals


def _over_stay(
    waves: Sequence[Wave], chosen: Sequence[Candidate], fleet: Fleet, baseline: Baseline
) -> tuple[Wave, ...]:
    by_name = {(fleet.names[c.cluster], c.id): c for c in chosen}
    moved: list[Candidate] = []
    days: list[DayChanges] = []
    before, found = baseline.over_stay(()).saving, []
    for wave in waves:
        batch = [by_name[where] for where in zip(wave.clusters, wave.workloads, strict=True)]
        moved += batch
        of_wave = [part for c in batch if (part := changes_of(c)) is not None]
        so_far = joined([*days, *of_wave])
        days = [so_far] if so_far is not None else []
        after = baseline.over_stay(moved).saving
        more = None if after is None or before is None else after - before
        found.append(
            replace(
                wave,
                saving_over_stay_month=more,
                cumulative_saving_over_stay_month=after,
                interval=_sure(wave.realised_month, of_wave),
                cumulative_interval=_sure(wave.cumulative_realised_month, days),
                over_stay_interval=_sure(more, of_wave),
                cumulative_over_stay_interval=_sure(after, days),
            )
        )
        before = after
    return tuple(found)


def _sure(saving: Decimal | None, days: Sequence[DayChanges]) -> Interval | None:
    return None if saving is None else interval_of(saving, days)


def _soonest(waves: Sequence[Wave]) -> Decimal:
    """Money realised by the end of each wave, in sum over the waves: more where savings come sooner."""
    return sum((wave.cumulative_realised_month or _ZERO for wave in waves), _ZERO) / max(len(waves), 1)


def _pool_of(fleet: Fleet, candidate: Candidate) -> tuple[int, str]:
    """The pool in which most of a workload's CPU is requested."""
    pools = [p for p in fleet.avoidables[candidate.cluster].pools if candidate.id in p.groups]
    most = max(pools, key=lambda p: sum(g.cpu_millicores * g.pods for g in p.groups[candidate.id]), default=None)
    return (candidate.cluster, most.name if most else "")


def _realised(fleet: Fleet, batches: Sequence[tuple[Slot, Sequence[Candidate]]]) -> tuple[Wave, ...]:
    waves: list[Wave] = []
    moved: list[Candidate] = []
    before, nodes_before = fleet.worth(()), frozenset[NodeGone]()
    for number, (slot, batch) in enumerate(batches, start=1):
        moved += batch
        after, nodes = fleet.worth(moved), fleet.nodes_going(moved)
        # Which nodes go is decided anew with every wave: the names of this wave are those that come on top.
        new = [node for node in nodes if node not in nodes_before][: max(len(nodes) - len(nodes_before), 0)]
        waves.append(_wave(fleet, (number, slot), batch, (before, after), new))
        before, nodes_before = after, nodes_before | set(new)
    return tuple(waves)


def _wave(
    fleet: Fleet,
    when: tuple[int, Slot],
    batch: Sequence[Candidate],
    worths: tuple[Worth, Worth],
    nodes: Sequence[NodeGone],
) -> Wave:
    before, after = worths
    number, slot = when
    realised = after.realised
    return Wave(
        wave=number,
        workloads=tuple(c.id for c in batch),
        clusters=tuple(fleet.names[c.cluster] for c in batch),
        currency=fleet.assessments[0].bill.currency,
        attributed_month=sum((c.paper_saving_month for c in batch), _ZERO),
        realised_month=None if realised is None or before.realised is None else realised - before.realised,
        cumulative_realised_month=realised,
        effort_days=round(sum(c.effort_days for c in batch), 6),
        nodes=tuple(nodes),
        cluster_goes=sum(r.cluster_goes for r in after.removals) > sum(r.cluster_goes for r in before.removals),
        hops=tuple(identity for _, identity in after.hops),
        hops_month=after.hops_month,
        starts=slot.first,
        ends=slot.last,
    )


def _batches(
    order: Sequence[Candidate], neighbours: Mapping[Key, Sequence[Candidate]], settings: PlanSettings
) -> list[tuple[Slot, list[Candidate]]]:
    """Slots of the calendar with what moves in each, in this order as far as freezes and room let it."""
    waiting = {c.key: c for c in order}
    batches: list[tuple[Slot, list[Candidate]]] = []
    for slot in slots(settings):
        if not waiting:
            break
        batch = _batch([c for c in waiting.values() if not slot.is_frozen(c.id)], neighbours, settings)
        for candidate in batch:
            del waiting[candidate.key]
        if batch:
            batches.append((slot, batch))
    return batches


def _batch(
    order: Sequence[Candidate], neighbours: Mapping[Key, Sequence[Candidate]], settings: PlanSettings
) -> list[Candidate]:
    """The first of these, each with its neighbours, until there is no room; one that is too large goes alone."""
    able = {c.key: c for c in order}
    batch: dict[Key, Candidate] = {}
    for candidate in order:
        if candidate.key in batch:
            continue
        if batch and not _has_room(batch.values(), candidate, settings):
            break
        batch[candidate.key] = candidate
        for neighbour in neighbours.get(candidate.key, ()):
            if neighbour.key in able and neighbour.key not in batch and _has_room(batch.values(), neighbour, settings):
                batch[neighbour.key] = neighbour
    return list(batch.values())


def _first(candidate: Candidate) -> tuple[float, Key]:
    """Most saving on paper for a day of effort first; half a day is the least that a move takes."""
    return (-float(candidate.paper_saving_month) / max(candidate.effort_days, 0.5), candidate.key)


def _has_room(batch: Collection[Candidate], more: Candidate, settings: PlanSettings) -> bool:
    days = sum(c.effort_days for c in batch) + more.effort_days
    return days <= settings.wave_days and len(batch) < settings.wave_workloads


def _neighbours(chosen: Sequence[Candidate]) -> Mapping[Key, list[Candidate]]:
    """Who calls whom among the chosen, both ways."""
    by_key = {c.key: c for c in chosen}
    found: dict[Key, set[Key]] = defaultdict(set)
    for candidate in chosen:
        for edge in candidate.assessed.fit.dependencies:
            other = (candidate.cluster, edge.target)
            if edge.kind in _CALLS and edge.in_cluster and other in by_key and other != candidate.key:
                found[candidate.key].add(other)
                found[other].add(candidate.key)
    return {key: [by_key[other] for other in sorted(others)] for key, others in found.items()}
