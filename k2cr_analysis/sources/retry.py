"""How long to try again when a remote end is busy or gone for a moment: bounded, spread, and as long as it asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from k2cr_analysis.remote.google_errors import GoogleError, asked

_T = TypeVar("_T")


class Busy(Exception):  # noqa: N818 (an answer, which is asked for again)
    """An attempt that may go well a moment later.

    ``trouble`` is what was said, ``asked_s`` how long the remote end asked to wait, ``answer`` what the caller wants
    to see again; ``tries`` is filled in when no more is tried.
    """

    def __init__(self, trouble: str, asked_s: float | None = None, answer: Any = None) -> None:
        super().__init__(trouble)
        self.trouble, self.asked_s, self.answer, self.tries = trouble, asked_s, answer, 1


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` in all; between them ``first_s`` and then twice as long each time, at most ``longest_s``.

    Each wait is longer by a random part of ``first_s``, so that many callers do not come back at one moment. An end
    that says when to come back is asked ``invitations`` more times, and waited for up to ``longest_asked_s``.
    """

    attempts: int = 7
    first_s: float = 0.5
    longest_s: float = 30.0
    invitations: int = 12
    longest_asked_s: float = 120.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def run(self, attempt: Callable[[], _T]) -> _T:
        """The result of ``attempt``, which is made again while it raises :class:`Busy`; the last one is raised."""
        from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential, wait_random

        spread = wait_random(0, self.first_s)
        longer = wait_exponential(multiplier=self.first_s, max=self.longest_s)
        invited = 0

        def is_over(state: RetryCallState) -> bool:
            nonlocal invited
            busy = _busy(state)
            busy.tries = state.attempt_number
            if busy.asked_s is not None and invited < self.invitations:
                invited += 1
                return False
            return state.attempt_number - invited >= self.attempts

        def wait_s(state: RetryCallState) -> float:
            asked_s = _busy(state).asked_s
            wait = longer(state) if asked_s is None else max(self.first_s, min(asked_s, self.longest_asked_s))
            return wait + spread(state)

        retrying = Retrying(
            stop=is_over, wait=wait_s, sleep=self.sleep, retry=retry_if_exception_type(Busy), reraise=True
        )
        return retrying(attempt)


def unless_busy(call: Callable[[], _T]) -> _T:
    """The result of a call to Google: what passes by itself is :class:`Busy`, what does not ``GoogleError``."""
    try:
        return asked(call)
    except GoogleError as error:
        if error.kind == "busy":
            raise Busy(error.told, error.asked_s, error) from None
        raise


def _busy(state: Any) -> Busy:
    error = state.outcome.exception()
    assert isinstance(error, Busy)
    return error
