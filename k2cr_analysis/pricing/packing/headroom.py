"""How much room the nodes of a pool keep free, whatever leaves: as they do today, or a share that somebody wants.

Headroom is a pool's, in sum over its nodes, so that a pod nearly as large as a node still has one. That the pods fit
one by one is another question (``kept_nodes``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from k2cr_analysis.pricing.packing.repack import Load, Room, fullest

_SCALE = 10_000


class Headroom(Protocol):
    """A rule for one pool."""

    def enough(self, left: Load) -> int:
        """The nodes that a load keeps."""

    def capacity(self, nodes: int) -> tuple[float, float, float]:
        """No larger load keeps so few nodes: its CPU, memory and pods, in nodes."""


@dataclass(frozen=True, slots=True)
class AsToday:
    """Today's ``nodes`` in proportion to today's ``load``, in the resource that is scarcest; halves go up."""

    nodes: int
    room: Room
    load: Load

    def enough(self, left: Load) -> int:
        whole = fullest(self.room, self.load)
        return (2 * self.nodes * fullest(self.room, left) + whole) // (2 * whole) if whole else 0

    def capacity(self, nodes: int) -> tuple[float, float, float]:
        in_nodes = fullest(self.room, self.load) / fullest(self.room, _one(self.room))
        most = (nodes + 0.5) / self.nodes * in_nodes
        return (most, most, most)

    @property
    def share(self) -> Decimal:
        """What is free of CPU and memory today, in the scarcer of the two."""
        used = Decimal(fullest(self.room, self.load)) / (self.nodes * fullest(self.room, _one(self.room)))
        return max(1 - used, Decimal(0)).quantize(Decimal("0.0001"))


@dataclass(frozen=True, slots=True)
class Share:
    """A ``share`` of CPU and memory stays free, in the scarcer of the two."""

    room: Room
    share: Decimal

    def enough(self, left: Load) -> int:
        one = fullest(self.room, _one(self.room)) * int((1 - self.share) * _SCALE)
        return max(-(-fullest(self.room, left._replace(pods=0)) * _SCALE // one), -(-left.pods // self.room.pods))

    def capacity(self, nodes: int) -> tuple[float, float, float]:
        used = nodes * float(1 - self.share)
        return (used, used, float(nodes))


def _one(room: Room) -> Load:
    return Load(room.cpu_millicores, room.memory_kib, room.pods)
