"""Which Service a proxy's own name of a backend means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

Service = tuple[str, str]  # namespace, name

# Istio's and Gateway implementations' names of an Envoy cluster.
_ISTIO: Final = re.compile(r"(?:out|in)bound\|\d+\|[^|]*\|([^.|]+)\.([^.|]+)\.svc")
_JOINTS: Final = "-_/"


class ProxyNames:
    """Finds the Service of ``shop-web-80@kubernetes`` (Traefik), ``shop_web_80``, ``outbound|80||web.shop.svc``."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self._ends: dict[Service, set[str]] = {}
        for obj in objects:
            if obj.get("kind") == "Service" and obj.get("apiVersion") == "v1":
                metadata = obj.get("metadata") or {}
                ports = (obj.get("spec") or {}).get("ports") or ()
                ends = {str(p[key]) for p in ports if isinstance(p, Mapping) for key in ("port", "name") if p.get(key)}
                self._ends[str(metadata.get("namespace") or "default"), str(metadata.get("name"))] = ends

    def __contains__(self, service: Service) -> bool:
        return service in self._ends

    def service_of(self, name: str) -> Service | None:
        """None where no Service, or more than one, may be meant."""
        istio = _ISTIO.match(name)
        if istio:
            found = istio[2], istio[1]
            return found if found in self._ends else None
        plain = name.partition("@")[0]
        meant = {service for service, ends in self._ends.items() if _is_meant(plain, service, ends)}
        return meant.pop() if len(meant) == 1 else None


def _is_meant(plain: str, service: Service, ends: Iterable[str]) -> bool:
    for joint in _JOINTS:
        start = joint.join(service)
        if plain == start or any(plain == f"{start}{joint}{end}" for end in ends):
            return True
    return False
