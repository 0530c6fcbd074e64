"""On which line of a TOML text each table and key stands: `tomllib` does not say, and an error message needs it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping

KeyPath = tuple[str, ...]


def key_lines(text: str) -> dict[KeyPath, int]:
    """Path of each table and key of a valid TOML text -> the line (from 1) where it first stands.

    Keys inside an inline table stand on the line of that table.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, statement in _statements(text):
        if statement.lstrip().startswith("["):
            table = next(_leaves(tomllib.loads(statement), ()))
            paths: list[KeyPath] = [table]
        else:
            paths = [table + leaf for leaf in _leaves(tomllib.loads(statement), ())]
        for path in paths:
            for depth in range(1, len(path) + 1):
                lines.setdefault(path[:depth], number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """(line, statement): a header, or a key with its value, which may go on over several lines."""
    begin, pending = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not pending:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            begin = number
        pending += line + "\n"
        try:
            tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue  # inside a multi-line value: the whole text is known to be valid
        yield begin, pending
        pending = ""


def _leaves(table: Mapping[str, object], prefix: KeyPath) -> Iterator[KeyPath]:
    """The path of each value. A list of tables counts as one value; an empty table is its own leaf."""
    for key, value in table.items():
        path = (*prefix, key)
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path
