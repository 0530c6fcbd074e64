"""What a controller in the input made is part of its owner, not a workload of its own."""

from __future__ import annotations

from collections.abc import Mapping

from k2cr_analysis.model.parse.access import Raw, mapping, objects
from k2cr_analysis.model.parse.index import ObjectIndex, kind_of, name_of, namespace_of

# Owners nest at most CronJob -> Job -> Pod or Deployment -> ReplicaSet -> Pod; more is a loop in the input.
_MAX_DEPTH = 8


def root_owner(raw: Raw, index: ObjectIndex, kinds: Mapping[str, str]) -> Raw:
    """The outermost controller in the input that owns ``raw``, or ``raw`` itself."""
    current = raw
    for _ in range(_MAX_DEPTH):
        owner = _owner(current, index, kinds)
        if owner is None or owner is raw:
            break
        current = owner
    return current


def _owner(raw: Raw, index: ObjectIndex, kinds: Mapping[str, str]) -> Raw | None:
    references = [r for _, r in objects(mapping(raw, "metadata"), "ownerReferences")]
    references.sort(key=lambda r: r.get("controller") is not True)
    for reference in references:
        kind = kind_of(reference)  # it has apiVersion and kind, as an object has
        if kind in kinds and (kind, str(reference.get("name"))) != (kind_of(raw), name_of(raw)):
            owner = index.get(kind, namespace_of(raw), str(reference.get("name") or ""))
            if owner is not None:
                return owner
    return None
