"""Which workloads' pods may not share a node, and which must be spread evenly over the zones.

Required rules alone: what is preferred gives way when a node goes. Required *affinity* to other pods is not modelled:
it pulls pods together, and so never keeps a node that would otherwise go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings, text, texts
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke import HOSTNAME, ZONE_LABELS
from k2cr_analysis.pricing.packing.node_pools import holds_expression

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
    anti = mapping(workload.pod.raw, "affinity", "podAntiAffinity")
    terms = [t for _, t in objects(anti, "requiredDuringSchedulingIgnoredDuringExecution")]
    # One pod a zone is at most one a node, too.
    terms = [t for t in terms if text(t, "topologyKey") in (HOSTNAME, *ZONE_LABELS)]
    return {other.id for other in others for term in terms if _selects(term, workload, other)} if terms else set()


def _selects(term: Raw, workload: Workload, other: Workload) -> bool:
    namespaces = texts(term, "namespaces") or (workload.namespace,)
    if "namespaceSelector" not in term and other.namespace not in namespaces:
        return False
    selector = mapping(term, "labelSelector")
    labels = other.pod.labels
    wanted = strings(selector.get("matchLabels"))
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        holds_expression(e, labels.get(str(e.get("key")))) for _, e in objects(selector, "matchExpressions")
    )


def _is_even_over_zones(workload: Workload) -> bool:
    constraints = [c for _, c in objects(workload.pod.raw, "topologySpreadConstraints")]
    return any(
        text(c, "topologyKey") in ZONE_LABELS and (text(c, "whenUnsatisfiable") or "DoNotSchedule") == "DoNotSchedule"
        for c in constraints
    )
