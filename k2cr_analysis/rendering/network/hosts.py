"""By which hosts workloads are reached from one side, and which of them share a load balancer for that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from k2cr_analysis.model.parse.entrances.routes_of_workload import gateways_of
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


def covers(wide: str, host: str) -> bool:
    """Whether a name with a star stands for another one too, of any number of labels."""
    return wide != host and (wide == ANY_HOST or (wide.startswith("*.") and host.removeprefix("*").endswith(wide[1:])))


def _is_wide(name: str) -> bool:
    return name.startswith("*")


class Hosts:
    """The hosts of all workloads of a snapshot, looked up from both ends."""

    def __init__(self, workloads: Iterable[Workload]) -> None:
        self._names: dict[bool, dict[str, None]] = {True: {}, False: {}}
        self._wide: dict[bool, dict[str, None]] = {True: {}, False: {}}  # of them, those that may cover others
        self._keys: dict[tuple[bool, str], set[str]] = defaultdict(set)
        self._workloads: dict[tuple[bool, str], dict[str, Workload]] = defaultdict(dict)
        self._of_gateways: dict[tuple[bool, str], set[str]] = defaultdict(set)
        self._gateways: dict[tuple[bool, str], set[str]] = defaultdict(set)
        for workload in workloads:
            self._add(workload)

    def _add(self, workload: Workload) -> None:
        for external in (True, False):
            for key, route in keyed_routes(workload, external=external):
                self._keys[external, workload.id].add(key)
                self._names[external][key] = None
                if _is_wide(key):
                    self._wide[external][key] = None
                self._workloads[external, key][workload.id] = workload
                for gateway in gateways_of(route):
                    self._of_gateways[external, gateway].add(key)
                    self._gateways[external, key].add(gateway)

    def _beside(self, key: str, *, external: bool) -> Iterator[str]:
        """Keys whose requests the same rules may take: wider and narrower names, and routes of one Gateway that name
        no host.
        """
        names = self._names if _is_wide(key) else self._wide
        yield from (other for other in names[external] if covers(key, other) or covers(other, key))
        for gateway in self._gateways.get((external, key), ()):
            yield from (k for k in self._of_gateways[external, gateway] if "/" in k or "/" in key)

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
            todo += self._beside(key, external=external)
            for other in self._workloads.get((external, key), {}).values():
                found.setdefault(other.id, other)
                todo += self._keys[external, other.id]
        return sorted(found.values(), key=lambda w: (w.id != workload.id, w.id))
