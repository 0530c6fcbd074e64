"""Nodes as GKE makes them: labels, capacity, and what is left of it for pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KIB_PER_GIB = 2**20
# The kernel and the firmware keep a part: a node of 16 GiB shows 16,327,114 KiB. From the documentation's sample node
# (4 vCPU, 16 GiB: 13,498,416 KiB allocatable) and the reservations below.
VISIBLE_SHARE = 16_327_114 / (16 * KIB_PER_GIB)
MACHINES = {"e2-standard-4": (4, 16), "e2-standard-8": (8, 32), "n2-standard-8": (8, 32)}  # vCPU, GiB
ZONES = ("a", "b", "c")


@dataclass(frozen=True)
class DemoNode:
    name: str
    pool: str
    machine_type: str
    zone: str
    spot: bool
    vcpu: int
    gib: int
    allocatable_cores: float
    allocatable_gib: float
    object: dict[str, Any]


def allocatable_millicores(vcpu: int) -> int:
    """Capacity less what GKE keeps: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % above.

    Source: GKE, "Plan node sizes" (docs.cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes).
    """
    kept = sum(60 if core == 0 else 10 if core == 1 else 5 if core < 4 else 2.5 for core in range(vcpu))
    return int(vcpu * 1000 - kept)


def allocatable_kib(capacity_kib: int) -> int:
    """Capacity less 25 % of the first 4 GiB, 20 % of 4 more, 10 % of 8 more, 6 % of 112 more, and 100 MiB."""
    left, kept = float(capacity_kib), 100 * 1024.0
    for share, gib in ((0.25, 4), (0.20, 4), (0.10, 8), (0.06, 112)):
        part = min(left, gib * KIB_PER_GIB)
        kept, left = kept + share * part, left - part
    return int(capacity_kib - kept)


def make_nodes(company: dict[str, Any]) -> list[DemoNode]:
    cluster, nodes = company["cluster"], []
    for pool in company["node_pools"]:
        for index in range(pool["nodes"]):
            zone = f"{cluster['region']}-{ZONES[index % len(ZONES)]}"
            nodes.append(_node(pool, index, zone, company))
    return nodes


def _node(pool: dict[str, Any], index: int, zone: str, company: dict[str, Any]) -> DemoNode:
    cluster, machine = company["cluster"], pool["machine_type"]
    vcpu, gib = MACHINES[machine]
    name = (
        f"gke-{cluster['name']}-{pool['name']}-{hash_text(pool['name'] + zone)[:8]}-{hash_text(f'{pool} {index}')[:4]}"
    )
    kib = int(gib * KIB_PER_GIB * VISIBLE_SHARE)
    free_milli, free_kib = allocatable_millicores(vcpu), allocatable_kib(kib)
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "cloud.google.com/gke-boot-disk": "pd-balanced",
        "cloud.google.com/gke-container-runtime": "containerd",
        "cloud.google.com/gke-nodepool": pool["name"],
        "cloud.google.com/gke-os-distribution": "cos",
        "cloud.google.com/machine-family": machine.split("-")[0],
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": machine,
        "topology.gke.io/zone": zone,
        "topology.kubernetes.io/region": cluster["region"],
        "topology.kubernetes.io/zone": zone,
    }
    taints = list(pool.get("taints", ()))
    if pool["spot"]:
        labels["cloud.google.com/gke-spot"] = "true"
        labels["cloud.google.com/gke-provisioning"] = "spot"
        taints.append({"key": "cloud.google.com/gke-spot", "value": "true", "effect": "NoSchedule"})
    raw: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": dict(sorted(labels.items()))},
        "spec": {"providerID": f"gce://{company['project']['id']}/{zone}/{name}"}
        | ({"taints": taints} if taints else {}),
        "status": {
            "capacity": {"cpu": str(vcpu), "memory": f"{kib}Ki", "ephemeral-storage": "98831908Ki", "pods": "110"},
            "allocatable": {
                "cpu": f"{free_milli}m",
                "memory": f"{free_kib}Ki",
                "ephemeral-storage": "47060071478",
                "pods": "110",
            },
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": cluster["version"]},
        },
    }
    return DemoNode(
        name, pool["name"], machine, zone, pool["spot"], vcpu, gib, free_milli / 1000, free_kib / KIB_PER_GIB, raw
    )


def hash_text(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()
