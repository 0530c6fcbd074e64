"""``--quiet`` and ``--verbose``: every verb has both, before or after its name; what they mean is kept here.

A command line runs one verb, so that what it asked for stands in this module.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from k2cr_analysis.listing import first_of

_NOTES_SHOWN = 20
_NAMES_SHOWN = 3
_asked = {"quiet": False, "verbose": False}


def _ask(context: typer.Context, parameter: typer.CallbackParam, value: bool) -> bool:
    # The program itself comes first, and its word is the start; a verb can only add to it.
    if parameter.name and (value or context.parent is None):
        _asked[parameter.name] = value
    return value


QuietOption = Annotated[
    bool, typer.Option("--quiet", callback=_ask, help="The result alone: no notes and no progress on stderr.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", callback=_ask, help="Every note, not only the first few.")]


def is_quiet() -> bool:
    return _asked["quiet"]


def is_verbose() -> bool:
    return _asked["verbose"]


def say(text: str) -> None:
    """A note beside the result: to stderr."""
    if not is_quiet():
        print(text, file=sys.stderr)


def say_all(notes: Sequence[str], where: str = "") -> None:
    """The first notes of many, or all with ``--verbose``; ``where`` else all of them can be read."""
    if _asked["verbose"]:
        for note in notes:
            say(note)
        return
    whole, notes, shown = notes, folded(notes), _NOTES_SHOWN
    for note in notes[:shown]:
        say(note)
    if len(notes) > shown or len(notes) < len(whole):
        more = f"and {len(notes) - shown} more notes" if len(notes) > shown else "the same said of several is one line"
        say(f"{more}: --verbose{where}")


def folded(notes: Sequence[str]) -> list[str]:
    """Notes that say the same of several as one line: ``start of containers a, b and 4 more: 2 s``."""
    same: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        head, colon, rest = _split(note)
        kind, _, name = head.rpartition(" ")
        same.setdefault((kind, rest) if colon and kind else (note, ""), []).append(name if colon and kind else "")
    lines = []
    for (kind, rest), names in same.items():
        if not rest:
            lines.append(kind)
            continue
        lines.append(f"{kind} {first_of(names, _NAMES_SHOWN)}: {rest}")
    return lines


def _split(note: str) -> tuple[str, str, str]:
    """What is spoken of, and what is said of it; a leading ``assumed`` is no subject."""
    start = len("assumed: ") if note.startswith("assumed: ") else 0
    head, colon, rest = note[start:].partition(": ")
    return note[:start] + head, colon, rest
