"""Which Kubernetes Service stands behind a load balancer's backend.

Names of backends are cut, so they are not taken apart: GKE writes the names of a Service's network endpoint groups
into the Service's annotation ``cloud.google.com/neg-status``, and a backend of an instance group carries the node port.
Neither is one cluster's alone: a group that a person named may stand in another zone or project too, and every cluster
has the same node ports. So zone, project and the cluster's own mark are compared as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from k2cr_analysis.platforms.gke.labels import NEG_STATUS

Service = tuple[str, str]  # namespace, name

# The controller's own names have a mark of the cluster in them. Source: kubernetes/ingress-gce, pkg/utils/namer.
_NODE_PORT: Final = re.compile(r"k8s-be-(?P<port>\d+)--(?P<mark>[0-9a-z]+)")
_MARKED_GROUP: Final = re.compile(r"k8s\d?-[0-9a-f]{8}-")
_MARKS: Final = ("kube-system", "ingress-uid")  # the ConfigMap in which the controller keeps the mark
_ZONE: Final = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]")


@dataclass(frozen=True, slots=True)
class Backend:
    """A load balancer's backend as its series names it; ``scope``: a zone or a region; empty where it is not told."""

    name: str
    target: str
    scope: str = ""
    project: str = ""

    @property
    def names(self) -> tuple[str, str]:
        return self.name, self.target


class Backends:
    """Finds the Service of a backend. ``project``: the cluster's own, where it is known."""

    def __init__(self, objects: Iterable[Mapping[str, Any]], project: str | None = None) -> None:
        self._project = project
        self._of_group: dict[str, tuple[Service, frozenset[str]]] = {}
        self._of_node_port: dict[int, Service] = {}
        self._mark: str | None = None
        self._marks_seen: dict[int, set[str]] = {}
        for obj in objects:
            if obj.get("kind") == "Service" and obj.get("apiVersion") == "v1":
                self._add(obj)
            elif obj.get("kind") == "ConfigMap":
                self._learn_mark(obj)

    def see(self, backends: Iterable[Backend]) -> None:
        """All backends of the window: a node port that several clusters have is none of this one's unless marked so."""
        for name in (name for backend in backends for name in backend.names):
            match = _NODE_PORT.match(name)
            if match:
                self._marks_seen.setdefault(int(match["port"]), set()).add(match["mark"])

    def service_of(self, backend: Backend) -> Service | None:
        """The Service that a backend (an endpoint group, a backend service) leads to; None: none of this cluster's."""
        for name in backend.names:
            found = self._of_group.get(name)
            if found and self._is_here(name, backend, found[1]):
                return found[0]
            match = _NODE_PORT.match(name)
            if match and self._is_own(int(match["port"]), match["mark"]):
                return self._of_node_port.get(int(match["port"]))
        return None

    def _is_here(self, name: str, backend: Backend, zones: frozenset[str]) -> bool:
        if _MARKED_GROUP.match(name):
            return True
        if zones and _ZONE.fullmatch(backend.scope) and backend.scope not in zones:
            return False
        return not (backend.project and self._project) or backend.project == self._project

    def _is_own(self, port: int, mark: str) -> bool:
        if self._mark:
            return mark.startswith(self._mark) or self._mark.startswith(mark)
        return len(self._marks_seen.get(port, ())) <= 1

    def _learn_mark(self, obj: Mapping[str, Any]) -> None:
        metadata = obj.get("metadata") or {}
        if (metadata.get("namespace"), metadata.get("name")) == _MARKS:
            mark = (obj.get("data") or {}).get("uid")
            self._mark = mark if isinstance(mark, str) and re.fullmatch(r"[0-9a-z]{8,}", mark) else None

    def _add(self, obj: Mapping[str, Any]) -> None:
        metadata = obj["metadata"]
        service = (str(metadata.get("namespace") or "default"), str(metadata.get("name")))
        names, zones = _endpoint_groups((metadata.get("annotations") or {}).get(NEG_STATUS))
        for name in names:
            self._of_group[name] = service, zones
        for port in (obj.get("spec") or {}).get("ports") or ():
            if isinstance(port, Mapping) and isinstance(port.get("nodePort"), int):
                self._of_node_port[port["nodePort"]] = service


def _endpoint_groups(annotation: object) -> tuple[list[str], frozenset[str]]:
    """The groups' names, and the zones that they stand in."""
    try:
        status = json.loads(annotation) if isinstance(annotation, str) else {}
        names = sorted(str(name) for name in status.get("network_endpoint_groups", {}).values())
        return names, frozenset(str(zone).rpartition("/")[2] for zone in status.get("zones") or ())
    except (ValueError, TypeError, AttributeError):
        return [], frozenset()
