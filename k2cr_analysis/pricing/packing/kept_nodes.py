"""Which nodes of a pool its pods need: a set that a scheduler could run them on, found and then checked.

Where every node is as good as another, only their number matters (``fewest_nodes``). Where pods are bound to nodes or
zones, are spread over them, or ask for the node's own disk, pods are put on the pool's own nodes, the most bound first,
in several orders; a placement counts only if it passes every rule (``_Attempt.holds``), and where none does, all nodes
stay. So what goes can go. With few pods every way is tried (``BRANCHES``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from k2cr_analysis.pricing.packing.fewest_nodes import fewest_nodes
from k2cr_analysis.pricing.packing.repack import ANY_NODE, PodGroup, Room, least_nodes, load_of

TRIED_UP_TO = 16  # pods
BRANCHES = 4_000
_ORDERS = (None, (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))  # weights of CPU and memory; None: the scarcer of the two
_MORE_ON_A_NODE = (0, 1, 2)  # pods above the skew, where each node has as many


@dataclass(frozen=True)
class Nodes:
    """The nodes of a pool: the room of each, and the zone of each as a number."""

    room: Room
    zones: tuple[int, ...]

    @cached_property
    def of_zone(self) -> Mapping[int, tuple[int, ...]]:
        found: dict[int, list[int]] = {}
        for node, zone in enumerate(self.zones):
            found.setdefault(zone, []).append(node)
        return {zone: tuple(nodes) for zone, nodes in found.items()}


def kept_nodes(
    nodes: Nodes,
    groups: Sequence[PodGroup],
    *,
    enough: int,
    held: Set[int] = frozenset(),
    liked: Sequence[int] | None = None,
    a_zone: int = 1,
    evenly: bool = False,
) -> frozenset[int]:
    """The nodes to keep, by their numbers: as few as are found, ``enough`` at the least.

    Parameters
    ----------
    held : cannot go
    liked : all nodes, those that rather stay first: they run most of what stays
    a_zone : nodes that stay in each zone, where it has so many
    evenly : as many in each zone: a pool without autoscaler has one number for all its zones
    """
    order = _most_asked_for(groups, tuple(range(len(nodes.zones))) if liked is None else tuple(liked))
    only = {
        g.allowed.bit_length() - 1 for g in groups if g.pods and g.allowed != ANY_NODE and g.allowed.bit_count() == 1
    }
    must = _with_zones(nodes, held | only, order, a_zone)
    if not any(g.is_bound for g in groups):
        count = max(fewest_nodes(nodes.room, groups, enough), enough, len(must))
        kept = _filled(must, order, count)
        return _evened(nodes, kept, order) if evenly else kept
    found = _bound(nodes, groups, must, order, enough)
    if found is None:
        return frozenset(order)
    kept = _filled(found.opened, order, enough)
    kept = _evened(nodes, kept, order) if evenly else kept
    if kept != found.opened and not found.holds(kept):
        again = _placed(nodes, groups, kept, order)  # on more nodes than they need, evenly all the same
        return kept if again is not None and again.opened == kept else frozenset(order)
    return kept


def _most_asked_for(groups: Sequence[PodGroup], liked: Sequence[int]) -> tuple[int, ...]:
    """The nodes that bound pods need most go first, and else those that are liked."""
    bound = [g for g in groups if g.pods and g.allowed != ANY_NODE]
    asked = {n: sum(1 / g.allowed.bit_count() for g in bound if _may(g, n)) for n in liked}
    return tuple(sorted(liked, key=lambda n: -asked[n]))  # stable: of equals the liked one


def _with_zones(nodes: Nodes, held: Set[int], order: Sequence[int], a_zone: int) -> frozenset[int]:
    """The held nodes, and in each zone as many as stay there anyway."""
    must = set(held)
    for in_zone in nodes.of_zone.values():
        there = len(must.intersection(in_zone))
        liked = [n for n in order if n in in_zone and n not in must]
        must.update(liked[: max(a_zone - there, 0)])
    return frozenset(must)


def _filled(kept: frozenset[int], order: Sequence[int], count: int) -> frozenset[int]:
    more = [n for n in order if n not in kept]
    return kept | frozenset(more[: max(count - len(kept), 0)])


def _evened(nodes: Nodes, kept: frozenset[int], order: Sequence[int]) -> frozenset[int]:
    """With as many nodes in each zone as the fullest needs."""
    most = max((len(kept.intersection(found)) for found in nodes.of_zone.values()), default=0)
    return kept | _with_zones(nodes, kept, order, most)


def _bound(
    nodes: Nodes, groups: Sequence[PodGroup], must: frozenset[int], order: Sequence[int], enough: int
) -> _Attempt | None:
    """The placement on the fewest nodes that is found; None where none is. ``enough`` need not be bettered."""
    best, least = _placed(nodes, groups, must, order), max(least_nodes(nodes.room, load_of(groups)), enough, len(must))
    if sum(g.pods for g in groups) <= TRIED_UP_TO and (best is None or len(best.opened) > least):
        most = len(nodes.zones) if best is None else len(best.opened) - 1
        best = _Search(nodes, groups, must, order, (least, most)).best or best
    return best


def _placed(nodes: Nodes, groups: Sequence[PodGroup], must: frozenset[int], order: Sequence[int]) -> _Attempt | None:
    best: _Attempt | None = None
    for weights in _ORDERS:
        for more in _MORE_ON_A_NODE:
            attempt = _Attempt(nodes, must, order, more)
            done = attempt.place_all(_in_order(nodes.room, groups, weights))
            if done and attempt.holds(attempt.opened) and (best is None or len(attempt.opened) < len(best.opened)):
                best = attempt
            if not any(g.host_skew for g in groups):
                break
        if best is not None and len(best.opened) == len(must):
            break
    return best


def _in_order(room: Room, groups: Iterable[PodGroup], weights: tuple[float, float] | None) -> list[PodGroup]:
    """Those with the fewest nodes first, then those that are spread, then the largest."""

    def key(group: PodGroup) -> tuple[object, ...]:
        cpu, memory = group.cpu_millicores / room.cpu_millicores, group.memory_kib / room.memory_kib
        share = max(cpu, memory, group.storage_kib / (room.storage_kib or 1) if group.storage_kib else 0.0)
        size = share if weights is None else cpu * weights[0] + memory * weights[1]
        few = ANY_NODE if group.allowed == ANY_NODE else -group.allowed.bit_count()
        spread = bool(group.zone_skew or group.zone_shuns or group.host_skew)
        return (group.allowed != ANY_NODE, few if group.allowed != ANY_NODE else 0, spread, size, group)

    return sorted((g for g in groups if g.pods), key=key, reverse=True)


class _Attempt:
    """Pods on the pool's own nodes, one group after the other."""

    def __init__(self, nodes: Nodes, must: frozenset[int], order: Sequence[int], more: int = 0) -> None:
        room, count = nodes.room, len(nodes.zones)
        self._nodes, self._order, self._more = nodes, tuple(order), more
        self.opened = frozenset(must)
        self._sequence = [n for n in order if n in must]
        self._closed = [n for n in order if n not in must]
        self._cpu, self._memory = [room.cpu_millicores] * count, [room.memory_kib] * count
        self._pods = [room.pods] * count
        self._storage = [room.storage_kib] * count
        self._tags, self._shunned = [0] * count, [0] * count
        self._zone_tags: dict[int, int] = dict.fromkeys(nodes.of_zone, 0)
        self._zone_shunned: dict[int, int] = dict.fromkeys(nodes.of_zone, 0)
        self._on: dict[str, dict[int, int]] = {}  # owner -> node -> pods
        self.groups: Sequence[PodGroup] = ()  # that are to be placed

    def place_all(self, groups: Sequence[PodGroup]) -> bool:
        self.groups = groups
        return all(self._place(group) for group in groups)

    def _place(self, group: PodGroup) -> bool:
        by_zone = bool(group.zone_skew or group.zone_tag & group.zone_shuns)
        if not by_zone and not (group.has_manners or group.host_skew or group.zone_shuns or group.zone_tag):
            return self._place_many(group)
        # A node that does not take one of the pods takes none of the later ones: each queue is gone through once.
        nodes = [*self._sequence, *self._closed]
        queues: dict[int | None, list[int]] = {None: nodes[::-1]}
        if by_zone:
            queues = {z: [n for n in reversed(nodes) if self._nodes.zones[n] == z] for z in self._nodes.of_zone}
        for _ in range(group.pods):
            first = {zone: node for zone, queue in queues.items() if (node := self._first(group, queue)) is not None}
            zone = self._next_zone(group, first) if by_zone else None
            if zone not in first:
                return False
            self.put(group, first[zone])
        return True

    def _first(self, group: PodGroup, queue: list[int]) -> int | None:
        """The next node of a queue, which is in reverse, that takes a pod of the group."""
        while queue and not self.takes(group, queue[-1]):
            queue.pop()
        return queue[-1] if queue else None

    def _place_many(self, group: PodGroup) -> bool:
        """Pods that mind nothing but room and which nodes they may run on: as many as go on each node in turn."""
        left = group.pods
        for node in [*self._sequence, *self._closed]:
            if left and _may(group, node):
                count = min(left, self._fitting(group, node))
                if count:
                    self.put(group, node, count)
                    left -= count
        return not left

    def _next_zone(self, group: PodGroup, first: Mapping[int | None, int]) -> int | None:
        """The zone for a pod: where the fewest are, as far as the skew asks; of these, one with an open node.

        ``first``: zone -> the node there that would take it.
        """
        counts, skew = self._by_zone(group.owner), max(group.zone_skew, 1)
        domains = [z for z, found in self._nodes.of_zone.items() if any(_may(group, n) for n in found)]
        most = min((counts.get(z, 0) for z in domains), default=0) + skew
        can = [z for z in first if z is not None and counts.get(z, 0) < most]
        return min(can, key=lambda z: (counts.get(z, 0) // skew, first[z] not in self.opened, z), default=None)

    def takes(self, group: PodGroup, node: int) -> bool:
        """Whether the node may run one more of the group's pods beside those that are there."""
        zone = self._nodes.zones[node]
        if not _may(group, node) or not self._fitting(group, node):
            return False
        if self._tags[node] & group.shuns or self._shunned[node] & group.tag:
            return False
        if self._zone_tags[zone] & group.zone_shuns or self._zone_shunned[zone] & group.zone_tag:
            return False
        if group.host_skew:
            return self._on.get(group.owner, {}).get(node, 0) < group.host_skew + self._more
        return True

    def _fitting(self, group: PodGroup, node: int) -> int:
        count = self._pods[node]
        if group.cpu_millicores:
            count = min(count, self._cpu[node] // group.cpu_millicores)
        if group.memory_kib:
            count = min(count, self._memory[node] // group.memory_kib)
        storage = self._storage[node]
        if group.storage_kib and storage is not None:
            count = min(count, storage // group.storage_kib)
        return max(count, 0)

    def put(self, group: PodGroup, node: int, count: int = 1) -> None:
        zone = self._nodes.zones[node]
        self._cpu[node] -= group.cpu_millicores * count
        self._memory[node] -= group.memory_kib * count
        self._pods[node] -= count
        storage = self._storage[node]
        if storage is not None:
            self._storage[node] = storage - group.storage_kib * count
        self._tags[node] |= group.tag
        self._shunned[node] |= group.shuns
        self._zone_tags[zone] |= group.zone_tag
        self._zone_shunned[zone] |= group.zone_shuns
        on = self._on.setdefault(group.owner, {})
        on[node] = on.get(node, 0) + count
        if node not in self.opened:
            self.opened |= {node}
            self._sequence.append(node)
            self._closed.remove(node)

    def holds(self, kept: Set[int]) -> bool:
        """Whether the pods are spread as they must be when just these nodes are there."""
        return all(self._is_spread(group, kept) for group in self.groups)

    def _is_spread(self, group: PodGroup, kept: Set[int]) -> bool:
        domains = [n for n in kept if _may(group, n)]
        if group.host_skew:
            on = self._on.get(group.owner, {})
            counts = [on.get(n, 0) for n in domains]
            if not _within(counts, group.host_skew, group.host_domains, group.others_empty):
                return False
        if group.zone_skew:
            by_zone = self._by_zone(group.owner)
            counts = [by_zone.get(z, 0) for z in {self._nodes.zones[n] for n in domains}]
            if not _within(counts, group.zone_skew, group.zone_domains, group.others_empty):
                return False
        return True

    def _by_zone(self, owner: str) -> dict[int, int]:
        found: dict[int, int] = {}
        for node, count in self._on.get(owner, {}).items():
            zone = self._nodes.zones[node]
            found[zone] = found.get(zone, 0) + count
        return found


def _may(group: PodGroup, node: int) -> bool:
    return bool(group.allowed >> node & 1)


def _within(counts: Sequence[int], skew: int, domains: int, others_empty: bool) -> bool:
    """As the scheduler counts: the least is 0 where there are too few domains, or others without any pod."""
    least = 0 if others_empty or len(counts) < domains else min(counts, default=0)
    return max(counts, default=0) - least <= skew


class _Search:
    """Every way for few pods, until the branches are used up: ``best`` has fewer nodes than were found before."""

    def __init__(
        self,
        nodes: Nodes,
        groups: Sequence[PodGroup],
        must: frozenset[int],
        order: Sequence[int],
        between: tuple[int, int],
    ) -> None:
        self._nodes, self._must, self._order = nodes, must, order
        sorted_groups = _in_order(nodes.room, groups, None)
        self._pods = [g._replace(pods=1) for g in sorted_groups for _ in range(g.pods)]
        self._least, self._most = between
        self._branches = BRANCHES
        self.best: _Attempt | None = None
        self._go([])

    def _go(self, chosen: list[int]) -> None:
        opened = self._must | frozenset(chosen)
        if len(opened) > self._most or self._branches < 0 or self._most < self._least:
            return
        self._branches -= 1
        attempt = self._replayed(chosen)
        if len(chosen) == len(self._pods):
            if attempt.holds(attempt.opened):
                self.best, self._most = attempt, len(attempt.opened) - 1
            return
        pod = self._pods[len(chosen)]
        seen: set[tuple[object, ...]] = set()
        for node in sorted(self._order, key=lambda n: (n not in opened, self._order.index(n))):
            if node not in opened and len(opened) >= self._most:
                continue
            kind = (
                self._kind(node, chosen) if node in opened else ("closed", self._nodes.zones[node], self._reach(node))
            )
            if kind not in seen and attempt.takes(pod, node):
                seen.add(kind)
                self._go([*chosen, node])

    def _kind(self, node: int, chosen: Sequence[int]) -> tuple[object, ...]:
        """What makes an open node differ from others: its zone, who may run there, and what does."""
        there = tuple(sorted(n for n, at in enumerate(chosen) if at == node))
        return (self._nodes.zones[node], self._reach(node), tuple(self._pods[n] for n in there))

    def _reach(self, node: int) -> tuple[bool, ...]:
        return tuple(_may(pod, node) for pod in self._pods if pod.allowed != ANY_NODE)

    def _replayed(self, chosen: Sequence[int]) -> _Attempt:
        attempt = _Attempt(self._nodes, self._must, self._order, max(_MORE_ON_A_NODE))
        attempt.groups = self._pods
        for pod, node in zip(self._pods, chosen, strict=False):
            attempt.put(pod, node)
        return attempt
