"""Fewer nodes than first-fit decreasing opens: other orders of the pods, and every way where few pods are to be packed.

The search goes depth first, the largest pods first, a pod in each node that differs from the others; it is cut off
where what is left does not fit into what is free. With more pods, or more branches than ``BRANCHES``, the best order
stands; then it may happen, seldom, that fewer pods are packed on a node more.
"""

from __future__ import annotations

from collections.abc import Sequence

from k2cr_analysis.pricing.packing.repack import PodGroup, Room, least_nodes, load_of, nodes_needed, share_of

TRIED_UP_TO = 24  # pods
BRANCHES = 20_000
_ORDERS = (None, (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))  # weights of CPU and memory; None: the scarcer of the two

_Free = tuple[int, int, int, int, int]  # CPU, memory, pods; tags there, tags that those shun


def fewest_nodes(room: Room, groups: Sequence[PodGroup], enough: int = 0) -> int:
    """How many nodes the pods need, the least that is found; what is not above ``enough`` is not bettered."""
    least = max(least_nodes(room, load_of(groups)), enough, 1)
    found = nodes_needed(room, groups)
    for order in _ORDERS[1:]:
        if found <= least:
            return found
        found = min(found, nodes_needed(room, groups, order))
    if sum(g.pods for g in groups) > TRIED_UP_TO:
        return found
    by_size = sorted(groups, key=lambda g: (share_of(room, g), g), reverse=True)
    pods = [g._replace(pods=1) for g in by_size for _ in range(g.pods)]
    if not all(_fits(g, _empty(room)) for g in pods):
        return found
    while found > least and _Search(pods, _empty(room)).packs(found - 1):
        found -= 1
    return found


class _Search:
    def __init__(self, pods: Sequence[PodGroup], empty: _Free) -> None:
        self._pods, self._empty, self._branches = pods, empty, BRANCHES
        # What pods from each on need in sum: CPU, memory, number.
        self._rest = [(0, 0, 0)]
        for pod in reversed(pods):
            cpu, memory, count = self._rest[-1]
            self._rest.append((cpu + pod.cpu_millicores, memory + pod.memory_kib, count + 1))
        self._rest.reverse()

    def packs(self, nodes: int) -> bool:
        return self._place(0, [self._empty] * nodes)

    def _place(self, number: int, free: list[_Free]) -> bool:
        if number == len(self._pods):
            return True
        self._branches -= 1
        if self._branches < 0 or any(
            sum(node[n] for node in free) < needed for n, needed in enumerate(self._rest[number])
        ):
            return False
        pod = self._pods[number]
        for state in sorted(set(free)):  # the fullest first; equal nodes are one choice
            if _fits(pod, state):
                at = free.index(state)
                if self._place(number + 1, [*free[:at], _with(pod, state), *free[at + 1 :]]):
                    return True
        return False


def _empty(room: Room) -> _Free:
    return (room.cpu_millicores, room.memory_kib, room.pods, 0, 0)


def _fits(pod: PodGroup, free: _Free) -> bool:
    cpu, memory, pods, there, shunned = free
    enough = cpu >= pod.cpu_millicores and memory >= pod.memory_kib and pods >= 1
    return enough and not (there & pod.shuns or shunned & pod.tag)


def _with(pod: PodGroup, free: _Free) -> _Free:
    cpu, memory, pods, there, shunned = free
    return (cpu - pod.cpu_millicores, memory - pod.memory_kib, pods - 1, there | pod.tag, shunned | pod.shuns)
