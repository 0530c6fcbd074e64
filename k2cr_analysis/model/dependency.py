"""Who calls whom, and how we know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DependencyKind = Literal[
    "http", "grpc", "database", "cache", "queue", "kubernetes-api", "google-api", "external", "unknown"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dependency:
    """An edge from a workload to something that it calls.

    ``target`` is a workload's id where the snapshot has it, else the name that was found (``db.prod.svc:5432``,
    ``pubsub.googleapis.com``). ``in_cluster``: the target is a Service of this cluster.
    """

    source: str
    target: str
    kind: DependencyKind
    in_cluster: bool
    service: str | None  # the Service that is named, where it is one
    namespace: str | None
    port: int | None
    evidence: str  # "env BACKEND_ADDR of container proxy"
    path: str
