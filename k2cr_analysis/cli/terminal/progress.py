"""Progress on stderr: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import Final

from k2cr_analysis.cli.terminal.verbosity import is_quiet

_WIDTH: Final = 100
# Elsewhere than on a terminal: one line in so many of a kind.
_ONE_IN: Final = 20


class Progress:
    """Tells what is being done; nothing with ``--quiet``."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._told: dict[str, int] = {}

    def __call__(self, text: str) -> None:
        if is_quiet():
            return
        if self._on_terminal:
            print(f"\r{text[:_WIDTH]:<{_WIDTH}}", end="", file=sys.stderr, flush=True)
            return
        subject = text.partition(":")[0]
        count = self._told[subject] = self._told.get(subject, -1) + 1
        if count % _ONE_IN == 0:
            print(text, file=sys.stderr)

    def end(self) -> None:
        """Leave the line that changes."""
        if self._on_terminal and not is_quiet():
            print(file=sys.stderr)
