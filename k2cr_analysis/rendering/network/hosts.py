"""By which hosts workloads are reached from one side, and which of them share a load balancer for that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from k2cr_analysis.model.workload import Route, Workload

ANY_HOST = "*"


def keyed_routes(workload: Workload, *, external: bool) -> Iterator[tuple[str, Route]]:
    """(host, or the route's own id where it holds for any host; route) of one side, in the order of the manifests."""
    for exposure in workload.exposures:
        for route in exposure.routes:
            if route.external == external and route.reach != "mesh" and route.kind != "KnativeService":
                has_host = route.host is not None and route.host != ANY_HOST
                key = str(route.host) if has_host else f"{route.kind}/{route.namespace}/{route.name}"
                yield key, route


class Hosts:
    """The hosts of all workloads of a snapshot, looked up from both ends."""

    def __init__(self, workloads: Iterable[Workload]) -> None:
        self._keys: dict[tuple[bool, str], set[str]] = defaultdict(set)
        self._workloads: dict[tuple[bool, str], dict[str, Workload]] = defaultdict(dict)
        for workload in workloads:
            self._add(workload)

    def _add(self, workload: Workload) -> None:
        for external in (True, False):
            for key, _ in keyed_routes(workload, external=external):
                self._keys[external, workload.id].add(key)
                self._workloads[external, key][workload.id] = workload

    def group(self, workload: Workload, *, external: bool) -> list[Workload]:
        """The workload, and all that share a host with it, directly or through others."""
        found = {workload.id: workload}
        todo = [key for key, _ in keyed_routes(workload, external=external)]
        seen: set[str] = set()
        while todo:
            key = todo.pop()
            if key in seen:
                continue
            seen.add(key)
            for other in self._workloads.get((external, key), {}).values():
                found.setdefault(other.id, other)
                todo += self._keys[external, other.id]
        return sorted(found.values(), key=lambda w: (w.id != workload.id, w.id))
