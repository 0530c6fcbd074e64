"""What a container runs when it starts and before it stops."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hook:
    """One handler: ``command`` of an exec, ``sleep_s`` of a sleep; both empty where it is a call."""

    command: tuple[str, ...]
    sleep_s: int | None


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """``lifecycle`` of a container. ``stop_signal``: what it is stopped by, where that was asked for."""

    post_start: Hook | None = None
    pre_stop: Hook | None = None
    stop_signal: str | None = None
