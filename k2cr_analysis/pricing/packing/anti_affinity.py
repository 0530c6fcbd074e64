"""Which workloads' pods may not share a node, and which must be spread evenly over the zones.

Required rules alone: what is preferred gives way when a node goes. Required *affinity* to other pods is not modelled:
it pulls pods together, and so never keeps a node that would otherwise go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke import HOSTNAME, ZONE_LABELS

_MOST_TAGS = 62  # bits of a signed 64-bit number


@dataclass(frozen=True, slots=True)
class Manners:
    """``tag``: this workload's bit, 0 where nobody shuns it; ``shuns``: the bits of those it takes no node with."""

    tag: int = 0
    shuns: int = 0
    even_over_zones: bool = False


NO_MANNERS = Manners()


def manners_of(workloads: Iterable[Workload]) -> Mapping[str, Manners]:
    """Workload id -> its manners; those without any are left out."""
    found = tuple(workloads)
    shunned = {w.id: _shunned(w, found) for w in found}
    named = sorted({other for others in shunned.values() for other in others})[:_MOST_TAGS]
    bits = {identity: 1 << number for number, identity in enumerate(named)}
    manners = {}
    for workload in found:
        shuns = sum(bits.get(other, 0) for other in shunned[workload.id])
        mine = Manners(bits.get(workload.id, 0), shuns, _is_even_over_zones(workload))
        if mine != NO_MANNERS:
            manners[workload.id] = mine
    return manners


def _shunned(workload: Workload, others: Iterable[Workload]) -> set[str]:
    """Ids whose pods may not be on a node with this workload's; its own among them, where it shuns itself."""
    # One pod a zone is at most one a node, too.
    terms = [t for t in workload.pod.placement.anti_affinity if t.topology_key in (HOSTNAME, *ZONE_LABELS)]
    return {o.id for o in others for t in terms if t.selects(o.namespace, o.pod.labels)} if terms else set()


def _is_even_over_zones(workload: Workload) -> bool:
    return any(c.topology_key in ZONE_LABELS and c.required for c in workload.pod.placement.spread)
