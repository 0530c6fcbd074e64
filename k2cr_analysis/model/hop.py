"""A network hop, and the one whose time somebody has published."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop, round trip. ``low_ms`` and ``high_ms`` are None where no source gives a figure."""

    name: str
    low_ms: float | None
    high_ms: float | None
    source: str


IN_CLUSTER = Hop(
    "pod to pod in one region",
    0.0,
    1.0,
    "Google Cloud, best practices for Compute Engine region selection (older text): "
    "zone to zone round trip below 1 ms at the 95th percentile",
)
