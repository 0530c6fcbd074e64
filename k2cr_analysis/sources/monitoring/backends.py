"""Which Kubernetes Service stands behind a load balancer's backend.

Names of backends are cut, so they are not taken apart: GKE writes the names of a Service's network endpoint groups
into the Service's annotation ``cloud.google.com/neg-status``, and a backend of an instance group carries the node port.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from k2cr_analysis.platforms.gke.labels import NEG_STATUS

Service = tuple[str, str]  # namespace, name

_NEG_STATUS: Final = NEG_STATUS
_NODE_PORT: Final = re.compile(r"k8s-be-(\d+)--")


class Backends:
    """Finds the Service of a backend."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self._of_group: dict[str, Service] = {}
        self._of_node_port: dict[int, Service] = {}
        for obj in objects:
            if obj.get("kind") == "Service" and obj.get("apiVersion") == "v1":
                self._add(obj)

    def service_of(self, *names: str) -> Service | None:
        """The Service that one of the names (network endpoint group, backend service) leads to."""
        for name in names:
            if name in self._of_group:
                return self._of_group[name]
            match = _NODE_PORT.match(name)
            if match and int(match[1]) in self._of_node_port:
                return self._of_node_port[int(match[1])]
        return None

    def _add(self, obj: Mapping[str, Any]) -> None:
        metadata = obj["metadata"]
        service = (str(metadata.get("namespace") or "default"), str(metadata.get("name")))
        for name in _endpoint_groups((metadata.get("annotations") or {}).get(_NEG_STATUS)):
            self._of_group[name] = service
        for port in (obj.get("spec") or {}).get("ports") or ():
            if isinstance(port, Mapping) and isinstance(port.get("nodePort"), int):
                self._of_node_port[port["nodePort"]] = service


def _endpoint_groups(annotation: object) -> list[str]:
    try:
        groups = json.loads(annotation)["network_endpoint_groups"] if isinstance(annotation, str) else {}
        return sorted(str(name) for name in groups.values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
