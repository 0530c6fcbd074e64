"""The work that leaves and comes with the plan's set: each workload's own, and what is shared, once.

Shared work leaves a cluster with the last workload that holds it; until then only the nodes that go take their part of
it along. Two platforms are work for as long as a cluster stays beside Cloud Run, however many workloads move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from k2cr_analysis.model.toil import Operability, ToilItem
from k2cr_analysis.planning.effort.labour import NODES, PATHS, PLATFORMS, shared_of
from k2cr_analysis.planning.worth import Candidate, Fleet


def work_of(fleet: Fleet, chosen: Sequence[Candidate]) -> Operability:
    """Hours a month that leave and come; both empty where nothing moves."""
    if not chosen:
        return Operability((), ())
    worth = fleet.worth(chosen)
    goes = [removal.cluster_goes for removal in worth.removals]
    leaves, comes = list(_own(chosen, "leaves")), [i for i in _own(chosen, "comes") if i.item != PATHS]
    for number, assessment in enumerate(fleet.assessments):
        here = [c for c in chosen if c.cluster == number]
        if here and goes[number]:
            leaves += list(shared_of(assessment, fleet.avoidables[number]))
        elif nodes := worth.removals[number].node_count:
            hours = round(assessment.config.rates.toil.node * nodes, 2)
            among = sum(len(p.node_names) for p in fleet.avoidables[number].pools)
            leaves.append(ToilItem(NODES, hours, f"{nodes} of the {among} nodes that stay would keep go"))
    if not all(goes):
        # One team: the second platform is one more, however many clusters stay.
        toil = max((a.config.rates.toil for a in fleet.assessments), key=lambda t: t.two_platforms)
        staying = sum(not gone for gone in goes)
        comes.append(ToilItem(PLATFORMS, toil.two_platforms, f"{staying} cluster stays beside Cloud Run", shared=True))
    if worth.hops:
        hours = float(sum(fleet.work[number].path for number, _ in worth.hops))
        shown = ", ".join(w for _, w in worth.hops[:3]) + (", ..." if len(worth.hops) > 3 else "")
        comes.append(ToilItem(PATHS, hours, f"{len(worth.hops)} ways between Cloud Run and the network ({shown})"))
    return Operability(tuple(leaves), tuple(comes))


def _own(chosen: Sequence[Candidate], side: str) -> Iterator[ToilItem]:
    """The workloads' own items, one for each kind of work."""
    found: dict[str, list[tuple[float, str]]] = {}
    for candidate in chosen:
        items: Iterable[ToilItem] = getattr(candidate.assessed.operability, side)
        for item in items:
            if not item.shared:
                found.setdefault(item.item, []).append((item.hours_month, candidate.id))
    for name, parts in sorted(found.items()):
        ids = [identity for _, identity in parts]
        shown = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
        yield ToilItem(name, round(sum(hours for hours, _ in parts), 6), f"{len(ids)} of the workloads ({shown})")
