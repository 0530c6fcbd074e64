"""How few equal nodes hold a set of pods: first-fit decreasing over CPU, memory and number of pods.

Pods of one shape are placed together, so that a pool of thousands of pods is packed in milliseconds. First-fit
decreasing is at most a fifth above the best packing in one dimension (Dosa 2007: 11/9 OPT + 6/9); ``least_nodes`` is
the bound from below that no packing beats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from k2cr_analysis.model.observed import IntArray

ANY_NODE = -1  # every bit


class PodGroup(NamedTuple):
    """``pods`` pods of one shape.

    ``tag`` is the workload's bit where others shun it, ``shuns`` the bits of those that it takes no node with: its own
    among them, and it is one pod a node. ``storage_kib``: of the node's own disk. ``allowed``: a bit for each node of
    the pool that may run it. The rest as in ``pod_rules``; ``others_empty``: nodes or zones of other pools count in its
    spread, and have none of its pods.
    """

    cpu_millicores: int
    memory_kib: int
    pods: int
    tag: int = 0
    shuns: int = 0
    storage_kib: int = 0
    allowed: int = ANY_NODE
    zone_tag: int = 0
    zone_shuns: int = 0
    zone_skew: int = 0
    zone_domains: int = 1
    host_skew: int = 0
    host_domains: int = 1
    others_empty: bool = False
    owner: str = ""  # whose pods are spread together

    @property
    def is_bound(self) -> bool:
        """Whether it matters which nodes there are, and in which zones, not only how many."""
        return (
            self.allowed != ANY_NODE
            or bool(self.storage_kib or self.zone_skew or self.host_skew)
            or bool(self.zone_tag or self.zone_shuns)
        )

    @property
    def one_per_node(self) -> bool:
        return bool(self.tag & self.shuns)

    @property
    def has_manners(self) -> bool:
        return bool(self.tag or self.shuns)


@dataclass(frozen=True, slots=True)
class Room:
    """What one node has for pods, after what runs on every node. ``storage_kib`` is None where no node says."""

    cpu_millicores: int
    memory_kib: int
    pods: int
    storage_kib: int | None = None


def nodes_needed(room: Room, groups: Sequence[PodGroup], weights: tuple[float, float] | None = None) -> int:
    """How many nodes first-fit decreasing opens. A pod that is larger than a node gets one of its own.

    Decreasing by the scarcer of CPU and memory, or by these weights of the two.
    """
    groups = _merged(groups)
    size = sum(g.pods for g in groups)
    if not size:
        return 0
    cpu, memory, pods = (
        np.full(size, value, dtype=np.int64) for value in (room.cpu_millicores, room.memory_kib, room.pods)
    )
    there, shunned = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)  # tags
    opened = 0
    for group in sorted(groups, key=lambda g: (share_of(room, g, weights), g), reverse=True):
        left = group.pods
        if opened:
            fits = _fits(group, cpu[:opened], memory[:opened], pods[:opened])
            if group.has_manners:
                fits = np.where(there[:opened] & group.shuns | shunned[:opened] & group.tag, 0, fits)
            before = np.cumsum(fits) - fits
            placed = np.clip(left - before, 0, fits)
            cpu[:opened] -= placed * group.cpu_millicores
            memory[:opened] -= placed * group.memory_kib
            pods[:opened] -= placed
            there[:opened][placed > 0] |= group.tag
            shunned[:opened][placed > 0] |= group.shuns
            left -= int(placed.sum())
        if left:
            each = max(
                1,
                min(
                    left,
                    int(_fits(group, *(np.array([v]) for v in (room.cpu_millicores, room.memory_kib, room.pods)))[0]),
                ),
            )
            new = -(-left // each)
            placed = np.full(new, each, dtype=np.int64)
            placed[-1] = left - each * (new - 1)
            span = slice(opened, opened + new)
            cpu[span] -= placed * group.cpu_millicores
            memory[span] -= placed * group.memory_kib
            pods[span] -= placed
            there[span], shunned[span] = group.tag, group.shuns
            opened += new
    return opened


class Load(NamedTuple):
    """What pods take in sum."""

    cpu_millicores: int
    memory_kib: int
    pods: int

    def with_pods(self, group: PodGroup) -> Load:
        return Load(
            self.cpu_millicores + group.cpu_millicores * group.pods,
            self.memory_kib + group.memory_kib * group.pods,
            self.pods + group.pods,
        )

    def __sub__(self, other: Load) -> Load:
        return Load(
            self.cpu_millicores - other.cpu_millicores, self.memory_kib - other.memory_kib, self.pods - other.pods
        )


def load_of(groups: Iterable[PodGroup]) -> Load:
    """The sum of all pods of the groups."""
    load = Load(0, 0, 0)
    for group in groups:
        load = load.with_pods(group)
    return load


def sum_of(loads: Iterable[Load]) -> Load:
    """Several loads together."""
    cpu = memory = pods = 0
    for load in loads:
        cpu, memory, pods = cpu + load.cpu_millicores, memory + load.memory_kib, pods + load.pods
    return Load(cpu, memory, pods)


def least_nodes(room: Room, load: Load) -> int:
    """A number of nodes that no packing can go below."""
    rooms = (room.cpu_millicores, room.memory_kib, room.pods)
    return max(-(-needed // max(one, 1)) for needed, one in zip(load, rooms, strict=True))


def fullest(room: Room, load: Load) -> int:
    """The load in nodes of its scarcest resource, times a constant of the room: for exact ratios of two loads."""
    cpu, memory, pods = max(room.cpu_millicores, 1), max(room.memory_kib, 1), max(room.pods, 1)
    return max(load.cpu_millicores * memory * pods, load.memory_kib * cpu * pods, load.pods * cpu * memory)


def _merged(groups: Sequence[PodGroup]) -> list[PodGroup]:
    """Equal shapes as one group; pods that shun, or are shunned, stay as they are."""
    counts: dict[PodGroup, int] = {}
    for group in groups:
        if group.pods and not group.has_manners:
            shape = group._replace(pods=1, owner="")
            counts[shape] = counts.get(shape, 0) + group.pods
    merged = [shape._replace(pods=count) for shape, count in counts.items()]
    return merged + [g for g in groups if g.pods and g.has_manners]


def share_of(room: Room, group: PodGroup, weights: tuple[float, float] | None = None) -> float:
    """What one of the pods takes of a node, by the scarcer of CPU and memory or by these weights of the two."""
    cpu, memory = group.cpu_millicores / max(room.cpu_millicores, 1), group.memory_kib / max(room.memory_kib, 1)
    return max(cpu, memory) if weights is None else cpu * weights[0] + memory * weights[1]


def _fits(group: PodGroup, cpu: IntArray, memory: IntArray, pods: IntArray) -> IntArray:
    """How many pods of the group fit into each node's rest, int64[nodes]."""
    fits = np.maximum(pods, 0)
    if group.cpu_millicores:
        fits = np.minimum(fits, np.maximum(cpu, 0) // group.cpu_millicores)
    if group.memory_kib:
        fits = np.minimum(fits, np.maximum(memory, 0) // group.memory_kib)
    return np.minimum(fits, 1) if group.one_per_node else fits
