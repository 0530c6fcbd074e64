"""Work that goes away, and work that comes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToilItem:
    """``hours_month`` leaves or comes; ``evidence`` is what in the cluster shows it; ``shared`` toil leaves with the last workload."""

    item: str
    hours_month: float
    evidence: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Operability:
    leaves: tuple[ToilItem, ...]
    comes: tuple[ToilItem, ...]
