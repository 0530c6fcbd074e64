"""Two objects of the Cloud Run v1 API in comparable form, and where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from k2cr_analysis.platforms.cloud_run.annotations import CLIENTS_OWN, DEPENDENCIES, INTERFACES

_JSON_ANNOTATIONS = {DEPENDENCIES, INTERFACES}
_BY_NAME = {"containers": "name", "volumes": "name", "env": "name", "volumeMounts": "mountPath"}


def comparable(value: Any, key: str = "") -> Any:
    """Without the client's own words; named lists by name; empty things gone; ``True`` and ``true`` the same."""
    if isinstance(value, Mapping):
        made = {
            k: comparable(v, k) for k, v in value.items() if k not in CLIENTS_OWN and k not in ("status", "namespace")
        }
        if key == "ports":
            made.setdefault("name", "http1")
        return {k: v for k, v in made.items() if v not in ({}, [], None)}
    if isinstance(value, list):
        items = [comparable(v, key) for v in value]
        return {str(i[_BY_NAME[key]]): i for i in items} if key in _BY_NAME else items
    if isinstance(value, str) and key in _JSON_ANNOTATIONS:
        return json.loads(value)
    return value.lower() if value in ("True", "False") else value


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Each place where two comparable objects differ, as ``path: one | other``.

    An object that one side lacks differs in each of its fields, so that what cannot be judged of it can be left out.
    """
    if isinstance(one, Mapping | None) and isinstance(other, Mapping | None):
        ours, theirs = one or {}, other or {}
        for key in sorted({*ours, *theirs}):
            yield from differences(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif one != other:
        yield f"{path}: {json.dumps(one, ensure_ascii=False)} | {json.dumps(other, ensure_ascii=False)}"
