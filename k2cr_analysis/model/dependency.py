"""Who calls whom, and how we know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.model.addresses.address import Address

DependencyKind = Literal[
    "http", "grpc", "database", "cache", "queue", "kubernetes-api", "google-api", "external", "unknown"
]  # fmt: skip
COUNTED_AT = "$.metadata.name"  # where an edge is shown that stands in no field


@dataclass(frozen=True, slots=True)
class Dependency:
    """An edge from a workload to something that it calls.

    ``target`` is a workload's id where the snapshot has it, else the name that was found (``db.prod.svc:5432``,
    ``pubsub.googleapis.com``). ``in_cluster``: the target is a Service of this cluster.

    ``addresses``: every place where it is written. ``seen``: False where the Service is not in the snapshot.
    ``pods``: single pods of a headless Service that are named (``kafka-0``). ``members``: why its clients go on to
    the single pods, though only the Service is named; None where they do not. ``is_private``: only the VPC network
    reaches it. ``alias_of``: the name outside the cluster that an ExternalName Service stands for.
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
    addresses: tuple[Address, ...] = ()
    seen: bool = True
    pods: tuple[str, ...] = ()
    members: str | None = None
    is_private: bool = False
    alias_of: str | None = None

    @property
    def only_counted(self) -> bool:
        """Whether no manifest shows the call, and the service mesh's counts alone do."""
        return not self.addresses and self.path == COUNTED_AT
