"""Whose a pod is: the workload at the top, for series that do not name it.

Google names it in ``metadata.system_labels``; where it did not, the cluster's own objects tell, by the pod's name or by
the only workload of the namespace that has such a container.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Owner = tuple[str, str]  # kind, name
_TEMPLATES = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"}


class Owners:
    """Finds the workload of a series."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self._owner_of: dict[tuple[str, str, str], Owner] = {}
        self._of_container: dict[tuple[str, str], set[Owner]] = {}
        for obj in objects:
            self._add(obj)

    def owner_of(self, namespace: str, container: str, pod: str) -> Owner | None:
        """Kind and name; None where the objects do not tell."""
        if pod and (namespace, "Pod", pod) in self._owner_of:
            return self._top(namespace, ("Pod", pod))
        found = {self._top(namespace, owner) for owner in self._of_container.get((namespace, container), ())}
        return found.pop() if len(found) == 1 else None

    def _top(self, namespace: str, owner: Owner) -> Owner:
        seen = {owner}
        while (above := self._owner_of.get((namespace, *owner))) and above not in seen:
            seen.add(above)
            owner = above
        return owner

    def _add(self, obj: Mapping[str, Any]) -> None:
        kind, metadata = str(obj.get("kind")), obj.get("metadata") or {}
        if kind not in _TEMPLATES and kind not in ("Pod", "CronJob"):
            return
        namespace, name = str(metadata.get("namespace") or "default"), str(metadata.get("name"))
        above = next((ref for ref in metadata.get("ownerReferences") or () if ref.get("controller", True)), None)
        self._owner_of[namespace, kind, name] = (str(above["kind"]), str(above["name"])) if above else (kind, name)
        spec: Any = obj.get("spec") or {}
        if kind == "CronJob":
            spec = (spec.get("jobTemplate") or {}).get("spec") or {}
        if kind != "Pod":
            spec = (spec.get("template") or {}).get("spec") or {}
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            self._of_container.setdefault((namespace, str(container.get("name"))), set()).add((kind, name))
