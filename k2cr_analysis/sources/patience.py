"""How long to try again when a remote end is busy or gone for a moment: bounded, and as long as it asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Statuses that pass: too many requests, timeouts and failures of a server or of what stands before it.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """``attempts`` in all; between them ``first_s`` and then twice as long each time, at most ``longest_s``."""

    attempts: int = 7
    first_s: float = 0.5
    longest_s: float = 30.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def waits_s(self) -> Iterator[float]:
        """The waits between the attempts: one fewer than there are attempts."""
        wait_s = self.first_s
        for _ in range(self.attempts - 1):
            yield min(wait_s, self.longest_s)
            wait_s *= 2

    def wait(self, wait_s: float, asked_s: float | None = None) -> None:
        """Sleep; as long as the remote end asked for, where that is longer, within ``longest_s``."""
        self.sleep(min(max(wait_s, asked_s or 0.0), self.longest_s))
