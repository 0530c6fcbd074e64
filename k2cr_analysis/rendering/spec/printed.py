"""What a printer gives back: the text of its file, and what it adds to the account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps

from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.build import Build


@dataclass(frozen=True, slots=True)
class Printed:
    """``text`` None: the workload needs no such file. ``notes``: the printer's own entries, literals and questions."""

    text: str | None
    notes: Account


Printer = Callable[[Build], Printed]


def printer(write: Callable[[Build], str | None]) -> Printer:
    """A printer of one file. It notes what it adds in an account of its own, so that no order of printers matters."""

    @wraps(write)
    def printed(build: Build) -> Printed:
        notes = build.account.of_a_printer()
        return Printed(write(replace(build, account=notes)), notes)

    return printed
