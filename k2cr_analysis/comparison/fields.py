"""Values that differ between two objects, tables or settings, each with its path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k2cr_analysis.comparison.result import FieldChange
from k2cr_analysis.model.parse.access import object_of
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.labels import LAST_APPLIED, REVISION

# What the API server and controllers write by themselves: it changes with every look, and nobody changed it.
_METADATA = (
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "ownerReferences",
)
_ANNOTATIONS = (REVISION, LAST_APPLIED)
_TEXT = 200  # longer values are cut: the path says where the whole of it is
_ABSENT = object()
_MADE = ("Pod", "ReplicaSet", "Job", "ControllerRevision", "EndpointSlice", "Endpoints")


def manifest_changes(before: Workload, after: Workload) -> Iterator[FieldChange]:
    """Fields of a workload's object, and of those joined to it (Services, routes, autoscaler, ...), that differ."""
    yield from _changes("manifests", "$", _own(object_of(before)), _own(object_of(after)))
    old, new = _related(before), _related(after)
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            there = "there" if name in old else None
            yield FieldChange("manifests", name, there, None if there else "there")
        else:
            yield from _changes("manifests", f"{name} $", old[name], new[name])


def mapping_changes(cause: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    """Entries that differ, by key; numbers and texts as they are."""
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield FieldChange(cause, key, _text(before.get(key, _ABSENT)), _text(after.get(key, _ABSENT)))


def _own(raw: Mapping[str, Any]) -> dict[str, Any]:
    """An object without its status and without what no person writes."""
    kept = {key: value for key, value in raw.items() if key != "status"}
    metadata = {k: v for k, v in (raw.get("metadata") or {}).items() if k not in _METADATA}
    if isinstance(metadata.get("annotations"), Mapping):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k not in _ANNOTATIONS}
    return kept | {"metadata": metadata}


def _related(workload: Workload) -> dict[str, dict[str, Any]]:
    """What is joined to the workload, by kind and name; what its controller made is not somebody's change."""
    return {
        f"{kind}/{(raw.get('metadata') or {}).get('name')}": _own(raw)
        for kind, objects in workload.related.items()
        for raw in objects
        if raw is not object_of(workload) and kind not in _MADE
    }


def _changes(cause: str, path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            step = f".{key}" if str(key).replace("_", "").replace("-", "").isalnum() else f"['{key}']"
            yield from _changes(cause, path + step, before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif _is_list(before) and _is_list(after):
        yield from _list_changes(cause, path, before, after)
    else:
        yield FieldChange(cause, path, _text(before), _text(after))


def _list_changes(cause: str, path: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldChange]:
    """Entries with names are compared by name, so that one that comes first does not move all others."""
    old, new = _by_name(before), _by_name(after)
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _changes(cause, f"{path}[{key}]", old.get(key, _ABSENT), new.get(key, _ABSENT))


def _by_name(items: Sequence[Any]) -> dict[str, Any]:
    names = [i.get("name") if isinstance(i, Mapping) else None for i in items]
    if None in names or len(set(names)) < len(names):
        return {str(number): item for number, item in enumerate(items)}
    return {f"name={name}": item for name, item in zip(names, items, strict=True)}


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _text(value: Any) -> str | None:
    if value is _ABSENT:
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return text if len(text) <= _TEXT else text[: _TEXT - 3] + "..."
