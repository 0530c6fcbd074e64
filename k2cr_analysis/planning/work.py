"""The work that leaves and comes with the plan's set: each workload's own, and what is shared, once.

Shared work leaves a cluster with the last workload that holds it; until then only the nodes that go take their part of
it along. Two platforms are work for as long as a cluster stays beside Cloud Run, however many workloads move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from k2cr_analysis.model.toil import Operability, ToilItem
from k2cr_analysis.planning.worth import Candidate, Fleet

_NODES, _PATHS = "on-call for nodes", "path between the two platforms"


def work_of(fleet: Fleet, chosen: Sequence[Candidate]) -> Operability:
    """Hours a month that leave and come; both empty where nothing moves."""
    if not chosen:
        return Operability((), ())
    goes = [removal.cluster_goes for removal in fleet.worth(chosen).removals]
    leaves, comes = list(_own(chosen, "leaves")), [i for i in _own(chosen, "comes") if i.item != _PATHS]
    for number, assessment in enumerate(fleet.assessments):
        here = [c for c in chosen if c.cluster == number]
        if here and goes[number]:
            leaves += [i for i in here[0].assessed.operability.leaves if i.shared]
        elif nodes := len(fleet.avoidables[number].nodes_going(c.id for c in here)):
            hours = round(assessment.config.rates.toil.node * nodes, 2)
            leaves.append(ToilItem(_NODES, hours, f"{nodes} of {len(assessment.cluster.nodes)} nodes go"))
    if not all(goes):
        # One team: the second platform is one more, however many clusters stay.
        comes += list({i.item: i for c in chosen for i in c.assessed.operability.comes if i.shared}.values())
    paths = sorted(_crossing(chosen))
    if paths:
        hours = fleet.assessments[0].config.rates.toil.path_between_platforms * len(paths)
        shown = ", ".join(paths[:3]) + (", ..." if len(paths) > 3 else "")
        comes.append(ToilItem(_PATHS, hours, f"{len(paths)} calls to what stays ({shown})"))
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


def _crossing(chosen: Sequence[Candidate]) -> set[str]:
    """Calls from what moves to what stays."""
    moved = {c.key for c in chosen}
    return {
        f"{c.id} to {edge.target}"
        for c in chosen
        for edge in c.assessed.fit.dependencies
        if edge.in_cluster and (c.cluster, edge.target) not in moved
    }
