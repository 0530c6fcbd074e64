"""Work that goes away, and work that comes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToilItem:
    """Hours a month that leave or come; ``evidence`` shows it in the cluster; ``shared`` toil leaves with the last."""

    item: str
    hours_month: float
    evidence: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Operability:
    leaves: tuple[ToilItem, ...]
    comes: tuple[ToilItem, ...]
