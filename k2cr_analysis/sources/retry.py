"""How long to try again when a remote end is busy or gone for a moment: bounded, and as long as it asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

# Statuses that pass: too many requests, timeouts and failures of a server or of what stands before it.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """``attempts`` in all; between them ``first_s`` and then twice as long each time, at most ``longest_s``.

    An end that says when to come back is asked ``invitations`` more times, and waited for up to ``longest_asked_s``.
    """

    attempts: int = 7
    first_s: float = 0.5
    longest_s: float = 30.0
    invitations: int = 12
    longest_asked_s: float = 120.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def begin(self) -> Waiting:
        """For one request."""
        return Waiting(self)


class Waiting:
    """The waits of one request. ``tries`` is the number of those that failed."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._wait_s = patience.first_s
        self._invited = 0
        self.tries = 0

    def again(self, asked_s: float | None = None) -> bool:
        """Sleep, and say that it is worth another try; False at once where patience is at its end.

        ``asked_s``: how long the remote end asked to wait, where it did.
        """
        self.tries += 1
        patience = self._patience
        if asked_s is not None and self._invited < patience.invitations:
            self._invited += 1
        elif self.tries - self._invited >= patience.attempts:
            return False
        patience.sleep(max(self._wait_s, min(asked_s or 0.0, patience.longest_asked_s)))
        if asked_s is None:
            self._wait_s = min(2 * self._wait_s, patience.longest_s)
        return True
