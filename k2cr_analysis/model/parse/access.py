"""Reading fields of raw objects: a field of the wrong type reads as absent.

``collect`` has refused, with file and line, what Kubernetes would refuse; with ``--keep-going`` a refused object can
still be in a snapshot, and it must not bring the others down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from k2cr_analysis.errors import InputError
from k2cr_analysis.model.workload import Resources, Workload
from k2cr_analysis.openapi.quantity import bytes_of, cores, parse_quantity

Raw = Mapping[str, Any]

_STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')


def mapping(raw: Any, *keys: str) -> Raw:
    """The object at a path of keys; empty where there is none."""
    for key in keys:
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw if isinstance(raw, Mapping) else {}


def objects(raw: Any, key: str) -> list[tuple[int, Raw]]:
    """(index, element) of a list of objects."""
    found = raw.get(key) if isinstance(raw, Mapping) else None
    return [(i, v) for i, v in enumerate(found) if isinstance(v, Mapping)] if isinstance(found, list) else []


def text(raw: Raw, key: str) -> str | None:
    found = raw.get(key)
    return found if isinstance(found, str) and found else None


def texts(raw: Raw, key: str) -> tuple[str, ...]:
    found = raw.get(key)
    return tuple(str(v) for v in found if v is not None) if isinstance(found, list) else ()


def integer(raw: Raw, key: str) -> int | None:
    found = raw.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        return int(found)
    except (ValueError, OverflowError):
        return None


def strings(raw: Any) -> dict[str, str]:
    """Labels, annotations, a ConfigMap's data: text to text."""
    if not isinstance(raw, Mapping):
        return {}
    return {str(k): v if isinstance(v, str) else str(v) for k, v in raw.items() if v is not None}


def port(raw: Raw, key: str) -> int | str | None:
    """An int-or-string port: a number, a numeric string as its number, or a name."""
    found = raw.get(key)
    if isinstance(found, bool) or found is None:
        return None
    if isinstance(found, int):
        return found
    return (int(found) if found.isdigit() else found) if isinstance(found, str) and found else None


def resources(raw: Raw) -> Resources:
    """A ``limits`` or ``requests`` map."""
    known = ("cpu", "memory", "ephemeral-storage")
    extended = {name: _amount(value) for name, value in raw.items() if name not in known}
    cpu, memory, storage = (raw.get(name) for name in known)
    return Resources(
        cpu_cores=None if cpu is None else _or_none(cores, cpu),
        memory_bytes=None if memory is None else _or_none(bytes_of, memory),
        ephemeral_storage_bytes=None if storage is None else _or_none(bytes_of, storage),
        extended={name: value for name, value in sorted(extended.items()) if value is not None},
    )


def _or_none(read: Any, value: Any) -> Any:
    try:
        return read(value)
    except InputError:
        return None


def _amount(value: Any) -> Decimal | None:
    found: Decimal | None = _or_none(parse_quantity, value)
    return found


def object_of(workload: Workload) -> Raw:
    """The workload's own object, whole: for what compares or lists objects field by field."""
    return workload.raw


def found_at(workload: Workload, path: str) -> Any:
    """What stands at a path as ``source_value`` reads it."""
    owner, _, inner = path.rpartition(" $")
    raw = joined(workload, owner) if owner else workload.raw
    return value_at(raw, inner if owner else path.removeprefix("$"))


def source_value(workload: Workload, path: str) -> str | None:
    """The value at ``$.spec...`` of the workload's object, or at ``Service/web $.spec...`` of one joined to it."""
    found = found_at(workload, path)
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False, sort_keys=True)


def value_at(raw: Any, path: str) -> Any:
    """What stands at ``.a.b[0]["c/d"]``; None where nothing does."""
    steps = steps_of(path)
    return None if steps is None else step_into(raw, steps)


@lru_cache(maxsize=8192)
def steps_of(path: str) -> tuple[str | int, ...] | None:
    """The keys and indexes of ``.a.b[0]["c/d"]``; None where it is no path."""
    at, steps = 0, []
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None
        name, index, quoted = step.groups()
        steps.append(int(index) if index is not None else json.loads(quoted) if quoted is not None else name)
        at = step.end()
    return tuple(steps)


def step_into(raw: Any, steps: tuple[str | int, ...]) -> Any:
    """What stands at a path; None where nothing does."""
    for step in steps:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def joined(workload: Workload, owner: str) -> Raw | None:
    """The object ``Kind/name`` that is joined to the workload."""
    kind, _, name = owner.partition("/")
    return next(
        (raw for raw in workload.related.get(kind, ()) if (raw.get("metadata") or {}).get("name") == name), None
    )
