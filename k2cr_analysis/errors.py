"""Errors that speak to the user: what was found, where, what was expected, what to do.

    K2crError                a bug, if raised as such                      exit 1
    ├── UsageError           the call's own words are off                  exit 2
    ├── InputError           a file, an object, a snapshot, a config       exit 3
    │   ├── SnapshotError    not a snapshot, truncated, foreign, newer
    │   └── ConfigError      k2cr.toml, with line and key
    ├── RemoteError          a remote API failed for good                  exit 4
    └── PartialError         done, but some items failed or differ         exit 5

An error is a value with named parts; :meth:`K2crError.__str__` is the one place that turns it into text.
This module imports nothing else of the project, so anything can raise from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the user's input: ``file:line:column``, and the JSON path inside the object."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.file and self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        return ", ".join(part for part in (place, self.path) if part)


class K2crError(Exception):
    """An error with named parts.

    Parameters
    ----------
    ref : stable kebab-case name, ``not-a-kubernetes-quantity``
    found, expected, do : each one sentence or a quoted value; empty where it would say nothing
    where : the place in the input
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, *, ref: str, found: str, expected: str = "", do: str = "", where: Location | None = None
    ) -> None:
        self.ref = ref
        self.where = where
        self.found = found
        self.expected = expected
        self.do = do
        super().__init__(ref, found, expected, do, where)

    def __str__(self) -> str:
        parts = (("where", str(self.where or "")), ("found", self.found), ("expected", self.expected), ("do", self.do))
        lines = [f"  {name:<9} {text}" for name, text in parts if text]
        return "\n".join([f"error: {self.ref}", *lines])

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: at a notebook the error speaks for itself, without the stack of calls below it."""
        return [str(self)]


class UsageError(K2crError):
    exit_code = 2


class InputError(K2crError):
    exit_code = 3


class SnapshotError(InputError):
    pass


class ConfigError(InputError):
    pass


class RemoteError(K2crError):
    exit_code = 4


class PartialError(K2crError):
    exit_code = 5
