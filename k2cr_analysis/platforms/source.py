"""Where a fact comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A page or schema that states a fact, its version where it has one, and the day (ISO 8601) it was read.

    ``read`` None: where the fact is documented; nobody has read it there again.
    """

    url: str
    read: str | None
    version: str = ""
