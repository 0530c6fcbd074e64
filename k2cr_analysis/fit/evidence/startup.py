"""Start-up order: which container waits for which, with the evidence for each edge.

Native sidecars start before the containers (Kubernetes' own rule), and a container that names ``localhost:PORT`` waits
for the container that listens there. Where the two disagree the reference holds: what calls needs what it calls. The
config's ``depends_on`` is the last word. A cycle is kept as it is, for a blocker that prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from k2cr_analysis.fit.evidence.protocols import known_ports
from k2cr_analysis.model.cloud_run import StartupOrder
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.workload import Container, Raw, Workload

_LOCAL = re.compile(r"(?<![\w.-])(?:localhost|127\.0\.0\.1|\[::1\]):(\d{2,5})(?!\d)")


STARTS_FIRST = "is a native sidecar: it starts first"


@dataclass(frozen=True, slots=True)
class StartupPlan:
    """``cycle``: the containers of one, first one repeated at the end; empty where there is none. ``unknown``:
    names in the config.
    """

    order: StartupOrder
    cycle: tuple[str, ...]
    cycle_at: str | None
    unknown: tuple[str, ...] = ()


def plan_startup(
    workload: Workload, moving: Sequence[Container], configured: Mapping[str, tuple[str, ...]] | None
) -> StartupPlan:
    """The dependencies among the containers that go along, and an order in which each stands after those it waits
    for.
    """
    edges = _edges(workload, moving)
    names = [c.name for c in moving]
    unknown: list[str] = []
    for name, waits_for in (configured or {}).items():
        unknown += [n for n in (name, *waits_for) if n not in names]
        if name in names:
            edges = {k: v for k, v in edges.items() if k[0] != name}
            edges |= {(name, other): "depends_on in k2cr.toml" for other in waits_for if other in names}
    depends_on = {n: tuple(other for other in names if (n, other) in edges) for n in names}
    order, cycle = _sorted(names, depends_on)
    kept = {n: others for n, others in depends_on.items() if others}
    path = next((c.path for c in moving if cycle and c.name == cycle[0]), None)
    return StartupPlan(
        StartupOrder(kept, dict(sorted(edges.items())), order), cycle, path, tuple(dict.fromkeys(unknown))
    )


def _edges(workload: Workload, moving: Sequence[Container]) -> dict[tuple[str, str], str]:
    owners = {port: c.name for c in reversed(moving) for port in known_ports(c)}
    edges: dict[tuple[str, str], str] = {}
    for container in moving:
        own = set(known_ports(container))
        for port, where in _local_references(workload, container):
            other = owners.get(port)
            if other and other != container.name and port not in own:
                edges.setdefault((container.name, other), f"{where} of {container.name} names localhost:{port}")
    for name, other in _native_order(moving):
        if (other, name) not in edges:
            edges.setdefault((name, other), f"{other} {STARTS_FIRST}")
    return edges


def _native_order(moving: Sequence[Container]) -> Iterator[tuple[str, str]]:
    sidecars = [c for c in moving if c.is_sidecar]
    for before, after in pairwise(sidecars):
        yield after.name, before.name
    for container in moving:
        if not container.is_sidecar:
            for sidecar in sidecars:
                yield container.name, sidecar.name


def _local_references(workload: Workload, container: Container) -> Iterator[tuple[int, str]]:
    """(port, where it is named) in env values, command, args, and the ConfigMaps that the container mounts."""
    texts = [(f"env {e.name}", e.value) for e in container.env if e.value]
    texts += [("command", w) for w in container.command] + [("args", w) for w in container.args]
    texts += [(f"ConfigMap {name}", text) for name, text in _mounted_files(workload, container)]
    for where, text in texts:
        for match in _LOCAL.finditer(text):
            yield int(match.group(1)), where


def _mounted_files(workload: Workload, container: Container) -> Iterator[tuple[str, str]]:
    by_name: dict[str, Raw] = {
        str(mapping(raw, "metadata").get("name")): raw for raw in workload.related.get("ConfigMap", ())
    }
    for mount in container.volume_mounts:
        volume = workload.pod.volume(mount.volume)
        name = str(volume.source.get("name")) if volume and volume.kind == "configMap" else ""
        data = by_name.get(name, {}).get("data")
        if isinstance(data, Mapping):
            yield from ((name, text) for text in data.values() if isinstance(text, str))


def _sorted(names: Sequence[str], depends_on: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(order, cycle): each name after those it waits for; the first cycle that is met, closed."""
    order: list[str] = []
    cycle: tuple[str, ...] = ()

    def visit(name: str, above: tuple[str, ...]) -> None:
        nonlocal cycle
        if name in above:
            cycle = cycle or (*above[above.index(name) :], name)
            return
        if name not in order:
            for other in depends_on[name]:
                visit(other, (*above, name))
            if name not in order:
                order.append(name)

    for name in names:
        visit(name, ())
    return tuple(order), cycle
