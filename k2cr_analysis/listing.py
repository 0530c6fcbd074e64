"""How names stand in a sentence: the first few of many, and a workload of a fleet with its cluster."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(names: Sequence[str], most: int, *, between: str = ", ") -> str:
    """The first ``most`` names, and how many more there are: ``a, b and 3 more``."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return between.join(names[:most]) + more


def in_fleet(cluster: str, workload: str, *, several: bool) -> str:
    """The id of a workload; with its cluster where there are several, as the keys of ``k2cr.toml`` have it."""
    return f"{cluster}:{workload}" if several else workload
