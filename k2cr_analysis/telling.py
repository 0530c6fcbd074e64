"""How far long work has come: whoever listens is told; nobody has to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int, int], None]  # what is done, how many are done, of how many

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Be told from now on, in this process."""
    _listeners.append(listener)


def steps(what: str, items: Sequence[Item]) -> Iterator[Item]:
    """The items one after the other; before each, and at the end, it is told how many are done."""
    for done, item in enumerate(items):
        _tell(what, done, len(items))
        yield item
    _tell(what, len(items), len(items))


def _tell(what: str, done: int, whole: int) -> None:
    for listener in _listeners:
        listener(what, done, whole)
