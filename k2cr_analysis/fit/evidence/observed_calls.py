"""Edges that nobody wrote down: calls that the service mesh counted.

The mesh names who called, not which port: an edge that a manifest shows already keeps its port and gets the count as
further evidence; one that no manifest shows leads to the Service that callers of the target would use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from k2cr_analysis.fit.evidence.protocols import CalledPort
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.dependency import COUNTED_AT, Dependency, DependencyKind
from k2cr_analysis.model.workload import Workload

# Target's id -> caller (workload id, else the mesh's name for it: ``namespace/name``) -> requests in the window.
Observed = Mapping[str, Mapping[str, int]]
# Cloud Monitoring, "Google Cloud metrics", istio; the mesh counts HTTP, HTTP/2 and gRPC there, no raw TCP.
_METRIC = "istio.io/service/server/request_count"
_COUNTED: tuple[DependencyKind, ...] = ("http", "grpc", "unknown")


def by_caller(observed: Observed, cluster: Cluster) -> dict[str, dict[str, int]]:
    """Caller -> target's id -> requests; a caller is a workload's id where exactly one has the mesh's name for it."""
    named: dict[str, list[str]] = {}
    for workload in cluster.workloads:
        named.setdefault(f"{workload.namespace}/{workload.name}", []).append(workload.id)
    found: dict[str, dict[str, int]] = {}
    for target in sorted(observed.keys() & cluster.by_id.keys()):
        for name, requests in sorted(observed[target].items()):
            ids = named.get(name, [])
            caller = ids[0] if len(ids) == 1 else name
            if requests > 0 and caller != target:
                called = found.setdefault(caller, {})
                called[target] = called.get(target, 0) + requests
    return found


def with_observed(
    edges: Iterable[Dependency],
    caller: Workload,
    counted: Mapping[str, int],
    cluster: Cluster,
    called: Mapping[str, tuple[CalledPort, ...]],
) -> list[Dependency]:
    """The edges of one workload with those that the mesh counted; each edge once, with all its evidence."""
    merged = list(edges)
    for target, requests in counted.items():
        said = f"{requests:,} request{'' if requests == 1 else 's'} in the mesh's metrics ({_METRIC})"
        known = next((i for i, e in enumerate(merged) if e.target == target and e.kind in _COUNTED), None)
        if known is None:
            merged.append(_edge(caller, cluster.by_id[target], called.get(target, ()), said))
        else:
            merged[known] = replace(merged[known], evidence=f"{merged[known].evidence}; {said}")
    return sorted(merged, key=lambda e: (e.target, e.port or 0))


def _edge(caller: Workload, target: Workload, called: tuple[CalledPort, ...], evidence: str) -> Dependency:
    """An edge to the port that callers use: an application's before metrics and admin ports."""
    web = sorted((c for c in called if c.is_web), key=lambda c: (c.role != "application", c.exposure.headless))
    used = web[0] if web else None
    service = used.exposure.service if used else target.exposures[0].service if target.exposures else None
    return Dependency(
        source=caller.id,
        target=target.id,
        kind="grpc" if used and used.is_http2 else "http",
        in_cluster=True,
        service=service,
        namespace=target.namespace if service else None,
        port=used.port.port if used else None,
        evidence=evidence,
        path=COUNTED_AT,
    )
