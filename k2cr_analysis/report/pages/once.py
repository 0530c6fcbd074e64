"""What several pages of one process need, worked out once: assessments, and what was measured.

A batch works these out in the parent and hands them to its workers, so that none does it again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

Value = TypeVar("Value")
_known: dict[Hashable, Any] = {}


def once(key: Hashable, make: Callable[[], Value]) -> Value:
    """The value of ``key``, made at the first call. The key names everything that the value depends on."""
    if key not in _known:
        _known[key] = make()
    value: Value = _known[key]
    return value


def is_known(key: Hashable) -> bool:
    return key in _known


def known() -> Mapping[Hashable, Any]:
    return dict(_known)


def take(values: Mapping[Hashable, Any]) -> None:
    """Start from what another process has worked out."""
    _known.update(values)
