"""``--quiet`` and ``--verbose``: every verb has both, before or after its name; what they mean is kept here.

A command line runs one verb, so that what it asked for stands in this module.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

_NOTES_SHOWN = 20
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
    shown = len(notes) if _asked["verbose"] else _NOTES_SHOWN
    for note in notes[:shown]:
        say(note)
    if len(notes) > shown:
        say(f"and {len(notes) - shown} more notes: --verbose{where}")
