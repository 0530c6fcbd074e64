"""A workload as it would be with another object in the place of one that is joined to it: for what tries a value."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from k2cr_analysis.model.parse.access import strings
from k2cr_analysis.model.parse.entrances.exposure import SERVICE_SPECS, read_service
from k2cr_analysis.model.parse.index import kind_of
from k2cr_analysis.model.workload import Exposure, Pod, Raw, Route, Workload

# Where a route names a port of the Service that it leads to.
PORT = re.compile(r"(backend\.service\.port\.(number|name)|servicePort|backendRefs\[\d+\]\.port|port\.number)$")


@dataclass(frozen=True, slots=True)
class Led:
    """Another Service, or another port of it, at the place where a route named one."""

    path: str
    value: Any

    def route(self, route: Route) -> Route | None:
        """The route as it leads then; None where it leads to another Service."""
        if not f"${self.path}".startswith((f"{route.path}.", f"{route.path}[")):
            return route
        return replace(route, service_port=self.value) if PORT.search(self.path) else None


def with_object(workload: Workload, old: Raw, new: Raw, led: Led | None = None) -> Workload:
    """The workload with ``new`` in the place of ``old``, for what is read of it from here on."""
    related = {kind: tuple(new if r is old else r for r in raws) for kind, raws in workload.related.items()}
    exposures = tuple(_exposure(e, workload.pod, old, new, led) for e in workload.exposures)
    return replace(workload, related=related, exposures=exposures)


def _exposure(exposure: Exposure, pod: Pod, old: Raw, new: Raw, led: Led | None) -> Exposure:
    routes = tuple(found for r in exposure.routes if (found := _route(r, old, new, led)) is not None)
    if exposure.raw is not old or kind_of(new) not in SERVICE_SPECS:
        return replace(exposure, routes=routes)
    read = read_service(new, pod)
    return replace(read, routes=routes, load_balancer=exposure.load_balancer, answered=exposure.answered)


def _route(route: Route, old: Raw, new: Raw, led: Led | None) -> Route | None:
    if route.raw is not old:
        return route
    made = replace(route, raw=new, annotations=_annotations(new))
    return led.route(made) if led else made


def _annotations(raw: Raw) -> dict[str, str]:
    return strings((raw.get("metadata") or {}).get("annotations"))
