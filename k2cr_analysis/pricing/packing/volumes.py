"""The nodes that a pod's volumes bind it to: a disk is in one zone, a local one on one node.

Source: kubernetes.io/docs/concepts/storage/persistent-volumes, "Node Affinity", read 2026-11-30. Where the snapshot
lacks the volume of a claim that one node alone may write, the pod stays in the zone where it runs.
"""

from __future__ import annotations

from collections.abc import Mapping

from k2cr_analysis.model.cluster import Cluster, OwnedPod
from k2cr_analysis.model.parse.access import mapping, text, texts
from k2cr_analysis.model.parse.pod.placement import node_terms
from k2cr_analysis.model.pod.placement import Placement
from k2cr_analysis.model.workload import Volume, Workload
from k2cr_analysis.pricing.packing.node_pools import NodePool
from k2cr_analysis.pricing.packing.repack import ANY_NODE

_SHARED = ("ReadWriteMany", "ReadOnlyMany")


def claimed_volumes(cluster: Cluster) -> Mapping[tuple[str, str], Placement]:
    """(namespace, claim) -> where the volume that it is bound to can be mounted."""
    found = {}
    for raw in cluster.objects.get("PersistentVolume", ()):
        claim = mapping(raw, "spec", "claimRef")
        terms = node_terms(mapping(raw, "spec", "nodeAffinity", "required"), "$.spec.nodeAffinity.required")
        found[text(claim, "namespace") or "", text(claim, "name") or ""] = Placement(node_terms=terms)
    return found


def bound_to(pod: OwnedPod, workload: Workload, pool: NodePool, claimed: Mapping[tuple[str, str], Placement]) -> int:
    """A bit for each node of the pool that can mount the pod's volumes."""
    allowed = ANY_NODE
    for volume in workload.pod.volumes:
        if volume.kind == "persistentVolumeClaim":
            allowed &= _mountable(_claim_of(volume, pod), volume, pod, pool, claimed)
    return allowed


def _claim_of(volume: Volume, pod: OwnedPod) -> str:
    """A StatefulSet names each pod's own claim after its template and the pod."""
    name = str(volume.source.get("claimName") or "")
    return f"{volume.name}-{pod.name}" if volume.path.startswith("$.spec.volumeClaimTemplates") else name


def _mountable(
    claim: str,
    volume: Volume,
    pod: OwnedPod,
    pool: NodePool,
    claimed: Mapping[tuple[str, str], Placement],
) -> int:
    where = claimed.get((pod.namespace, claim))
    if where is not None:
        return pool.allowed_by(where)
    modes = texts(mapping(volume.claim, "spec"), "accessModes") if volume.claim else ()
    zone = next((n.zone for n in pool.nodes if n.name == pod.node), None)
    if zone is None or any(mode in _SHARED for mode in modes):
        return ANY_NODE
    return sum(1 << number for number, node in enumerate(pool.nodes) if node.zone == zone)
