"""What the Cloud Run v1 API takes: types of fields by its schema, and what it refuses beyond it (``refusals``).

The schema is the newest public discovery document (``scripts/refresh_cloud_run_schema.py``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

from k2cr_analysis.openapi.refusals import Spec, refused
from k2cr_analysis.openapi.refusals.table import KINDS
from k2cr_analysis.resources import bundled

_SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "number": (int, float),
}


@cache
def _schema() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Any] = json.loads(bundled("data", "schemas", "cloud_run_v1.json").read_text())
    return found


def problems(tree: Mapping[str, Any], literals: Collection[str] = ()) -> list[str]:
    """What the API would refuse in a Service, Job or WorkerPool, each as ``path: what``; empty: nothing.

    ``literals``: words that are filled in before the object is sent, such as ``PROJECT_ID``.
    """
    return wrong_types(tree) or [str(one) for one in refused(Spec.of(filled_in(tree, literals)))]


def wrong_types(tree: Mapping[str, Any]) -> list[str]:
    """Where an object is not of the schema's types, each as ``path: what``."""
    kind = str(tree.get("kind"))
    if kind not in KINDS:
        return [f"kind: {kind!r} is none of {', '.join(KINDS)}"]
    return list(_typed(tree, kind, kind))


def filled_in(tree: Mapping[str, Any], literals: Collection[str]) -> Mapping[str, Any]:
    """The object with a harmless word in the place of each literal."""
    filled: Mapping[str, Any] = _filled_in(tree, sorted(literals, key=len, reverse=True))
    return filled


def _filled_in(value: Any, literals: Collection[str]) -> Any:
    if isinstance(value, Mapping):
        # A variable may be called like a literal: names are not filled in.
        return {k: v if k == "name" else _filled_in(v, literals) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled_in(v, literals) for v in value]
    if isinstance(value, str):
        for literal in literals:
            value = value.replace(literal, "filled-in")
    return value


def _typed(value: Any, kind: str, path: str) -> Iterator[str]:
    if kind.endswith("[]"):
        if not isinstance(value, list):
            yield f"{path}: a list is wanted"
            return
        for index, item in enumerate(value):
            yield from _typed(item, kind[:-2], f"{path}[{index}]")
    elif kind in _SCALARS:
        if not isinstance(value, _SCALARS[kind]) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{path}: {kind} is wanted, not {type(value).__name__}"
    elif not isinstance(value, Mapping):
        yield f"{path}: an object is wanted"
    elif kind == "map":
        yield from (f"{path}[{key}]: text is wanted" for key, item in value.items() if not isinstance(item, str))
    else:
        yield from _fields(value, kind, path)


def _fields(value: Mapping[str, Any], kind: str, path: str) -> Iterator[str]:
    fields, unsupported = _schema()["messages"][kind], _schema()["unsupported"].get(kind, ())
    for key, item in value.items():
        if key not in fields:
            yield f"{path}.{key}: no such field in {kind}"
        elif key in unsupported:
            yield f"{path}.{key}: not supported by Cloud Run"
        else:
            yield from _typed(item, fields[key], f"{path}.{key}")
