"""A node that leaves the bill."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class NodeGone:
    """A node that is no longer needed. ``month``: its price; under commitment it saves that when it ends."""

    cluster: str
    pool: str
    node: str
    month: Decimal
