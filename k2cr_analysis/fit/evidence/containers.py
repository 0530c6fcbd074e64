"""Which containers go along and which stay behind, and what kind of sidecar each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.fit.evidence.known_images import SidecarKind, sidecar_kind
from k2cr_analysis.model.pod.cloud_sql import sql_proxies
from k2cr_analysis.model.workload import Container, Pod

# Sidecars that the cluster injects or that Cloud Run makes needless: kind -> why they stay behind.
_STAYS_BEHIND: Mapping[str, str] = {
    "mesh": "the mesh's proxy: Cloud Run gives TLS, retries and identity (IAM) itself",
    "gcs-fuse": "GKE's mounter for Cloud Storage: Cloud Run mounts buckets itself",
}
BUILT_IN_SQL = "Cloud Run's own Cloud SQL connection makes the same sockets"
INIT_STAYS = "an init container: Cloud Run has none"
# Init containers that only prepare the pod's network for the mesh's proxy.
_MESH_INIT = frozenset(
    {"istio-init", "istio-validation", "linkerd-init", "linkerd-network-validator", "consul-connect-inject-init"}
)


@dataclass(frozen=True, slots=True)
class Cast:
    """The containers of a pod by what becomes of them. ``kinds`` names the known sidecars among those that run."""

    moving: tuple[Container, ...]
    dropped: Mapping[str, str]
    kinds: Mapping[str, SidecarKind]


def is_of_mesh(container: Container) -> bool:
    """Whether a container is there for a service mesh alone: its proxy, or what prepares the network for it."""
    return container.name in _MESH_INIT or sidecar_kind(container.name, container.image) == "mesh"


def cast_of(pod: Pod) -> Cast:
    """Ordinary containers and native sidecars go along, but for those of the mesh and of GKE's mounters."""
    kinds: dict[str, SidecarKind] = {}
    dropped = {c.name: _STAYS_BEHIND["mesh"] if is_of_mesh(c) else INIT_STAYS for c in pod.init_containers}
    built_in = {p.container.name for p in sql_proxies(pod) if p.kept_why is None}
    moving = []
    for container in (*pod.containers, *pod.sidecars):
        kind = sidecar_kind(container.name, container.image) if len(pod.running) > 1 else None
        if kind:
            kinds[container.name] = kind
        if container.name in built_in:
            dropped[container.name] = BUILT_IN_SQL
        elif kind in _STAYS_BEHIND:
            dropped[container.name] = _STAYS_BEHIND[str(kind)]
        else:
            moving.append(container)
    if not moving and pod.running:
        return Cast((*pod.containers, *pod.sidecars), {c.name: INIT_STAYS for c in pod.init_containers}, {})
    return Cast(tuple(moving), dropped, kinds)
