"""Which workloads' pods may not share a node or a zone, and how evenly they must be spread over both.

Required rules alone: what is preferred gives way when a node goes. Host ports are anti-affinity by another name: two
pods with the same one do not share a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.cluster import HOSTNAME, ZONE_LABELS

_MOST_TAGS = 62  # bits of a signed 64-bit number; beyond, workloads share a bit, and so shun more than they must


@dataclass(frozen=True, slots=True)
class PodRules:
    """``tag``: this workload's bit, 0 where nobody shuns it; ``shuns``: the bits of those it takes no node with.

    ``zone_tag``, ``zone_shuns``: the same of a zone. ``zone_skew``, ``host_skew``: the most that pods may differ in
    number between two zones or nodes; 0: no rule. ``zone_domains``: below so many zones the least counts as 0.
    """

    tag: int = 0
    shuns: int = 0
    zone_tag: int = 0
    zone_shuns: int = 0
    zone_skew: int = 0
    zone_domains: int = 1
    host_skew: int = 0
    host_domains: int = 1


NO_RULES = PodRules()


def rules_of(workloads: Iterable[Workload]) -> Mapping[str, PodRules]:
    """Workload id -> its rules; those without any are left out."""
    found = tuple(workloads)
    on_nodes = {w.id: _shunned(w, found, (HOSTNAME,)) | _same_port(w, found) for w in found}
    in_zones = {w.id: _shunned(w, found, ZONE_LABELS) for w in found}
    node_bits, zone_bits = _bits(on_nodes), _bits(in_zones)
    rules = {}
    for workload in found:
        zone, host = _spread(workload, ZONE_LABELS), _spread(workload, (HOSTNAME,))
        mine = PodRules(
            node_bits.get(workload.id, 0),
            _sum(node_bits, on_nodes[workload.id]),
            zone_bits.get(workload.id, 0),
            _sum(zone_bits, in_zones[workload.id]),
            *zone,
            *host,
        )
        if mine != NO_RULES:
            rules[workload.id] = mine
    return rules


def _bits(shunned: Mapping[str, set[str]]) -> Mapping[str, int]:
    named = sorted({other for others in shunned.values() for other in others})
    return {identity: 1 << min(number, _MOST_TAGS - 1) for number, identity in enumerate(named)}


def _sum(bits: Mapping[str, int], shunned: Iterable[str]) -> int:
    found = 0
    for other in shunned:
        found |= bits[other]
    return found


def _shunned(workload: Workload, others: Iterable[Workload], keys: Sequence[str]) -> set[str]:
    """Ids whose pods may not be in a domain with this workload's; its own among them, where it shuns itself."""
    terms = [t for t in workload.pod.placement.anti_affinity if t.topology_key in keys]
    return {o.id for o in others for t in terms if t.selects(o.namespace, o.pod.labels)} if terms else set()


def _same_port(workload: Workload, others: Iterable[Workload]) -> set[str]:
    ports = _host_ports(workload)
    return {o.id for o in others if ports & _host_ports(o)} if ports else set()


def _host_ports(workload: Workload) -> set[tuple[int, str]]:
    """On the host's network a container's port is the host's."""
    pod = workload.pod
    return {
        (p.host_port or (p.number if pod.host_network else 0), p.protocol)
        for c in pod.running
        for p in c.ports
        if p.host_port or pod.host_network
    }


def _spread(workload: Workload, keys: Sequence[str]) -> tuple[int, int]:
    """(the least skew, the most domains) that required spread over these keys asks for; (0, 1) where none does."""
    found = [
        c
        for c in workload.pod.placement.spread
        if c.topology_key in keys and c.required and c.counts(workload.pod.labels)
    ]
    return (min(c.max_skew for c in found), max(c.min_domains for c in found)) if found else (0, 1)
