"""Progress on stderr: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Final

from k2cr_analysis.cli.terminal.verbosity import is_quiet

_WIDTH: Final = 100
# Elsewhere than on a terminal: one line in so many of a kind.
_ONE_IN: Final = 20
_LINE_EVERY_S: Final = 10.0  # of what is counted
_AT_ONCE_S: Final = 2.0


class Progress:
    """Tells what is being done; nothing with ``--quiet``."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._told: dict[str, int] = {}
        self._began, self._said = time.monotonic(), 0.0
        self._every = 0.2 if self._on_terminal else _LINE_EVERY_S

    def __call__(self, text: str) -> None:
        subject = text.partition(":")[0]
        count = self._told[subject] = self._told.get(subject, -1) + 1
        if self._on_terminal or count % _ONE_IN == 0:
            self._line(text)

    def _line(self, text: str) -> None:
        if is_quiet():
            return
        if self._on_terminal:
            print(f"\r{text[:_WIDTH]:<{_WIDTH}}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr)

    def counted(self, what: str, done: int, whole: int) -> None:
        """``assessing workloads: 120 of 400, 35 s to go``; nothing of what is done at once."""
        now = time.monotonic()
        if done == 0:
            self._began, self._said = now, 0.0
        is_last = done == whole
        if now - self._began < _AT_ONCE_S or (not is_last and now - self._said < self._every):
            return
        left = (now - self._began) / done * (whole - done) if done else 0.0
        self._said = now
        self._line(f"{what}: {done:,} of {whole:,}" + (f", {left:.0f} s to go" if left >= 1 else ""))
        if is_last:
            self.end()

    def end(self) -> None:
        """Leave the line that changes."""
        if self._on_terminal and not is_quiet():
            print(file=sys.stderr)
