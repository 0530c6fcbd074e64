"""Start-up order: which container waits for which, with the evidence for each edge.

Native sidecars start before the containers (Kubernetes' own rule), and a container that calls another over
``localhost`` waits for the one that listens there. Where the two disagree the reference holds: what calls needs what
it calls. The config's ``depends_on`` is the last word: what was only inferred gives way to it, and is told. A cycle of
inferred edges is kept as it is, for a blocker that prints it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from k2cr_analysis.fit.evidence.listening import own_ports, owners_of_ports
from k2cr_analysis.model.addresses.find import named_hosts
from k2cr_analysis.model.cloud_run import StartupOrder
from k2cr_analysis.model.workload import Container, Workload

STARTS_FIRST = "is a native sidecar: it starts first"
_CONFIGURED = "depends_on in k2cr.toml"
_Edges = dict[tuple[str, str], str]  # (waits, waited for) -> evidence


@dataclass(frozen=True, slots=True)
class Overruled:
    """An inferred edge that gave way to a person's word: ``name`` does not wait for ``other``, though ``evidence``."""

    name: str
    other: str
    evidence: str
    at: str


@dataclass(frozen=True, slots=True)
class StartupPlan:
    """``cycle``: the containers of one, first one repeated at the end; empty where there is none. ``unknown``:
    names in the config. ``overruled``: inferred edges that gave way to the config's. ``ports``: the port of each
    container that the first of the others calls.
    """

    order: StartupOrder
    cycle: tuple[str, ...]
    cycle_at: str | None
    unknown: tuple[str, ...] = ()
    overruled: tuple[Overruled, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)


def plan_startup(
    workload: Workload, moving: Sequence[Container], configured: Mapping[str, tuple[str, ...]] | None
) -> StartupPlan:
    """The dependencies among the containers that go along, and an order in which each stands after those it waits
    for.
    """
    inferred, ports = _edges(workload, moving)
    names = [c.name for c in moving]
    unknown: list[str] = []
    said: _Edges = {}
    for name, waits_for in (configured or {}).items():
        unknown += [n for n in (name, *waits_for) if n not in names]
        if name in names:
            inferred = {k: v for k, v in inferred.items() if k[0] != name}
            said |= {(name, other): _CONFIGURED for other in waits_for if other in names}
    gave_way = _give_way(inferred, said)
    edges = {k: v for k, v in inferred.items() if k not in gave_way} | said
    depends_on = {n: tuple(other for other in names if (n, other) in edges) for n in names}
    order, cycle = _sorted(names, depends_on)
    kept = {n: others for n, others in depends_on.items() if others}
    path = next((c.path for c in moving if cycle and c.name == cycle[0]), None)
    return StartupPlan(
        StartupOrder(kept, dict(sorted(edges.items())), order),
        cycle,
        path,
        tuple(dict.fromkeys(unknown)),
        tuple(
            Overruled(name, other, why, next(c.path for c in moving if c.name == name))
            for (name, other), why in sorted(gave_way.items())
            if not why.endswith(STARTS_FIRST)
        ),
        ports,
    )


def _give_way(inferred: _Edges, said: _Edges) -> _Edges:
    """The inferred edges that would close a circle with what a person said."""
    left, gone = dict(inferred), {}
    # Kubernetes' own order goes before a reference: it is the weaker evidence of what the programs need.
    for edge in sorted(inferred, key=lambda e: not inferred[e].endswith(STARTS_FIRST)):
        waits, waited_for = edge
        others = {k for k in left if k != edge} | set(said)
        if _leads(waited_for, waits, others, said):
            gone[edge] = left.pop(edge)
    return gone


def _leads(start: str, end: str, edges: set[tuple[str, str]], said: _Edges) -> bool:
    """Whether a way leads from one container to another over at least one edge that a person said."""
    seen: set[tuple[str, bool]] = set()
    todo = [(start, False)]
    while todo:
        at, over_said = todo.pop()
        if at == end and over_said:
            return True
        if (at, over_said) not in seen:
            seen.add((at, over_said))
            todo += [(b, over_said or (a, b) in said) for a, b in edges if a == at]
    return False


def _edges(workload: Workload, moving: Sequence[Container]) -> tuple[_Edges, dict[str, int]]:
    """The inferred edges, and the port by which each container is called."""
    edges: _Edges = {}
    ports: dict[str, int] = {}
    if len(moving) < 2:  # there is no other to wait for
        return edges, ports
    owners = owners_of_ports(workload, moving)
    for container in moving:
        own = own_ports(workload, container)
        for port, where in _local_references(workload, container):
            other = owners.get(port)
            if other and other != container.name and port not in own:
                edges.setdefault((container.name, other), f"{where} names localhost:{port}")
                ports.setdefault(other, port)
    for name, other in _native_order(moving):
        if (other, name) not in edges:
            edges.setdefault((name, other), f"{other} {STARTS_FIRST}")
    return edges, ports


def _native_order(moving: Sequence[Container]) -> Iterator[tuple[str, str]]:
    sidecars = [c for c in moving if c.is_sidecar]
    for before, after in pairwise(sidecars):
        yield after.name, before.name
    for container in moving:
        if not container.is_sidecar:
            for sidecar in sidecars:
                yield container.name, sidecar.name


def _local_references(workload: Workload, container: Container) -> Iterator[tuple[int, str]]:
    """(port, where it is named) of what the container calls over localhost."""
    for named in named_hosts(workload, container):
        port = named.address.port or (named.default_port if named.role == "called" else None)
        if named.is_local and port is not None and named.role not in ("listens", "own"):
            yield port, str(named.address.place)


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
