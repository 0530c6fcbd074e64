"""Values of source fields by their JSON path, for the reader of the mapping. A snapshot holds no secrets to show."""

from __future__ import annotations

import json
import re
from typing import Any

from k2cr_analysis.model.workload import Raw, Workload

_STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')


def source_value(workload: Workload, path: str) -> str | None:
    """The value at ``$.spec...`` of the workload's object, or at ``Service/web $.spec...`` of one joined to it."""
    owner, _, inner = path.rpartition(" $")
    raw = _object(workload, owner) if owner else workload.raw
    found = value_at(raw, inner if owner else path.removeprefix("$"))
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False, sort_keys=True)


def value_at(raw: Any, path: str) -> Any:
    """What stands at ``.a.b[0]["c/d"]``; None where nothing does."""
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None
        name, index, quoted = step.groups()
        key = int(index) if index is not None else json.loads(quoted) if quoted is not None else name
        try:
            raw = raw[key]
        except (KeyError, IndexError, TypeError):
            return None
        at = step.end()
    return raw


def _object(workload: Workload, owner: str) -> Raw | None:
    kind, _, name = owner.partition("/")
    return next(
        (raw for raw in workload.related.get(kind, ()) if (raw.get("metadata") or {}).get("name") == name), None
    )
