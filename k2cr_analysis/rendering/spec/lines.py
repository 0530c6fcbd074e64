"""The lines of the mapping: the account of fields, with a line for each part that can go its own way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from k2cr_analysis.fit.result import FieldUse
from k2cr_analysis.model.parse.access import found_at
from k2cr_analysis.openapi.json_path import child
from k2cr_analysis.rendering.spec.build import Build

_MAPS = (".labels", ".annotations", ".requests", ".limits")  # whose keys have nothing in common


def lines_of(build: Build) -> Iterator[FieldUse]:
    """Every field that fit accounted for; maps of settings by key, and what no schema has by its own leaves."""
    for use in build.assessed.fit.fields:
        value = found_at(build.workload, use.path)
        if use.schema_path.endswith(_MAPS) and isinstance(value, Mapping) and value:
            yield from (replace(use, path=child(use.path, str(k))) for k, v in value.items() if v is not None)
        elif " $" in use.path and (_is_deep(value) or _is_untyped(use, value)):
            yield from (replace(use, path=p, schema_path=s) for p, s in _leaves(value, use.path, use.schema_path))
        else:
            yield use


def _is_untyped(use: FieldUse, value: Any) -> bool:
    """``metadata`` or ``spec`` of a kind whose fields no schema has."""
    return isinstance(value, Mapping) and use.schema_path.count(".") == 1


def _is_deep(value: Any) -> bool:
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return bool(value) and any(isinstance(i, Mapping | list) for i in items)


def _leaves(value: Any, path: str, schema_path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, child(path, str(key)), f"{schema_path}.{key}")
    elif isinstance(value, list) and _is_deep(value):
        for index, item in enumerate(value):
            yield from _leaves(item, child(path, index), f"{schema_path}[]")
    elif value is not None:
        yield path, schema_path
