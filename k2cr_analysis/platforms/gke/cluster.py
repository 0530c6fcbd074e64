"""What GKE and Kubernetes are: whose a namespace is, keys of labels and annotations, the forms of places and names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from k2cr_analysis.platforms.source import WELL_KNOWN_LABELS as _WELL_KNOWN
from k2cr_analysis.platforms.source import Source, recipes, skills

_GKE_DOCS = "https://docs.cloud.google.com/kubernetes-engine/docs/"
_SKILLS = "plugins/cloud/google-cloud-gke/skills"
_POOLS = skills(f"{_SKILLS}/gke-cluster-autoscaler/assets/find-scale-down-blockers.sh")
_FAMILIES = skills(f"{_SKILLS}/gke-cluster-autoscaler/SKILL.md")
_NODE_LABELS = recipes("service-directory/nodeport-service/README.md")
_LOCAL_SSD = skills("skills/cloud/google-cloud-storage-fuse/references/gke-training-deployment.md")
_SPOT = skills(f"{_SKILLS}/gke-compute-classes/SKILL.md")
_PREEMPTIBLE = Source(
    f"{_GKE_DOCS}how-to/preemptible-vms",
    None,
    unconfirmed="not confirmed: the stored page is cut before its labels; nodes and taints of public clusters carry it",
)
_GPUS = skills(f"{_SKILLS}/gke-manifest-generation/SKILL.md")
_SHARED_GPUS = Source(
    f"{_GKE_DOCS}how-to/gpus",
    None,
    unconfirmed="not confirmed: no stored page of Google's shows it; public manifests and tools agree on it",
)
_TPUS = skills(f"{_SKILLS}/gke-ai-troubleshooting-tpu-dynamic-slices-monitoring/SKILL.md")
_CLASSES = skills(f"{_SKILLS}/gke-compute-classes/SKILL.md")
_DEFAULT_CLASSES = skills(f"{_SKILLS}/gke-cluster-autoscaler/SKILL.md")
_AUTOSCALER = Source(f"{_GKE_DOCS}concepts/cluster-autoscaler", "2026-11-23")
_DISK_CLASSES = skills(f"{_SKILLS}/gke-storage/SKILL.md")
_DATA_CLASSES = skills(f"{_SKILLS}/gke-compute-classes/SKILL.md")  # dynamic-rwo
_BUCKET_CLASSES = skills("skills/cloud/google-cloud-storage-fuse/references/gke-training-deployment.md")
_FILESTORE_CLASSES = Source(
    "https://docs.cloud.google.com/filestore/docs/csi-driver",
    None,
    unconfirmed="not confirmed: zonal, regional and enterprise; public clusters print all but the regional one; "
    "a class that is taken for built in is only not asked for",
)
_ARM = skills(f"{_SKILLS}/gke-cost-optimization/SKILL.md")
_ARM_GPUS = skills(f"{_SKILLS}/gke-inference/SKILL.md")  # A4X: NVIDIA's Grace

# Who owns a namespace: Google runs and upgrades what is in it, or the team installed an add-on that makes it.
SystemNamespace = Literal["google", "add-on"]

# Google's own are named in public manifests of GKE's managed components; `kube-` is reserved for the system
# (kubernetes.io/docs/concepts/overview/working-with-objects/namespaces). Autopilot does not bill their pods
# (cloud.google.com/kubernetes-engine/pricing, read 2026-11-23). Add-ons' are those of their installation manifests.
_GOOGLES = re.compile(
    r"kube-(system|public|node-lease)|gmp-(system|public)|gke-(managed-.+|gmp-system|mcs|connect|system)"
)
_ADD_ONS = re.compile(
    r"kube-flannel|asm-.+|anthos-.+|config-management-.+"
    r"|istio-(system|operator|cni|ingress|egress|control)|linkerd(-viz|-jaeger|-multicluster)?|dapr-system"
    r"|cnrm-system|configconnector-operator-system|resource-group-system|krmapihosting-system"
    r"|knative-(serving|eventing|operator|sources)|kourier-system|tekton-pipelines(-resolvers)?|tekton-operator"
    r"|cert-manager|ingress-nginx|projectcontour|envoy-gateway-system|nginx-gateway|metallb-system"
    r"|gatekeeper-system|kyverno|external-secrets|argocd|flux-system|velero|keda"
    r"|calico-(system|apiserver)|tigera-operator|local-path-storage|longhorn-system|rook-ceph"
    r"|node-feature-discovery|gpu-operator|kueue-system|jobset-system|lws-system"
    r"|elastic-system|opentelemetry-operator-system|agones-system|autoneg-system"
)

# Labels of nodes, and what pods select by.
HOSTNAME: Annotated[str, _WELL_KNOWN] = "kubernetes.io/hostname"
ARCH_LABELS: Annotated[tuple[str, ...], _WELL_KNOWN] = ("kubernetes.io/arch", "beta.kubernetes.io/arch")
OS_LABELS: Annotated[tuple[str, ...], _WELL_KNOWN] = ("kubernetes.io/os", "beta.kubernetes.io/os")
ZONE_LABELS: Annotated[tuple[str, ...], _WELL_KNOWN] = (
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
)
REGION_LABELS: Annotated[tuple[str, ...], _WELL_KNOWN] = (
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
)
MACHINE_TYPE_LABELS: Annotated[tuple[str, ...], _WELL_KNOWN] = (
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
)
NODE_POOL: Annotated[str, _POOLS] = "cloud.google.com/gke-nodepool"
MACHINE_FAMILY: Annotated[str, _FAMILIES] = "cloud.google.com/machine-family"
ACCELERATOR: Annotated[str, _GPUS] = "cloud.google.com/gke-accelerator"
TPU_LABELS: Annotated[tuple[str, ...], _TPUS] = (
    "cloud.google.com/gke-tpu-accelerator",
    "cloud.google.com/gke-tpu-topology",
)
# Of a node: the kind of its boot disk, and whether its pods' own storage is on local SSDs.
BOOT_DISK: Annotated[str, _NODE_LABELS] = "cloud.google.com/gke-boot-disk"
LOCAL_SSD_STORAGE: Annotated[str, _LOCAL_SSD] = "cloud.google.com/gke-ephemeral-storage-local-ssd"
SPOT: Annotated[str, _SPOT] = "cloud.google.com/gke-spot"
PREEMPTIBLE: Annotated[str, _PREEMPTIBLE] = "cloud.google.com/gke-preemptible"
COMPUTE_CLASS: Annotated[str, _CLASSES] = "cloud.google.com/compute-class"
# Of a Namespace: for all its pods, and for all but those of DaemonSets.
DEFAULT_COMPUTE_CLASS: Annotated[str, _DEFAULT_CLASSES] = "cloud.google.com/default-compute-class"
DEFAULT_COMPUTE_CLASS_BUT_DAEMON_SETS: Annotated[str, _DEFAULT_CLASSES] = (
    "cloud.google.com/default-compute-class-non-daemonset"
)
GPU_SHARING: Annotated[str, _SHARED_GPUS] = "cloud.google.com/gke-gpu-sharing-strategy"
GPU_MAX_CLIENTS: Annotated[str, _SHARED_GPUS] = "cloud.google.com/gke-max-shared-clients-per-gpu"
GPU_PARTITION: Annotated[str, _SHARED_GPUS] = "cloud.google.com/gke-gpu-partition-size"

# Classes that GKE makes itself: of its disks, of Filestore, of Lustre and Parallelstore.
BUILT_IN_STORAGE_CLASSES: Annotated[
    frozenset[str], _DISK_CLASSES, _DATA_CLASSES, _BUCKET_CLASSES, _FILESTORE_CLASSES
] = frozenset({
    "standard", "standard-rwo", "premium-rwo", "standard-rwx", "premium-rwx", "enterprise-rwx", "zonal-rwx",
    "enterprise-multishare-rwx", "regional-rwx", "gcsfusecsi-training", "gcsfusecsi-serving",
    "gcsfusecsi-checkpointing", "dynamic-rwo",
})  # fmt: skip

# Annotations that the autoscaler heeds.
SAFE_TO_EVICT: Annotated[str, _AUTOSCALER] = "cluster-autoscaler.kubernetes.io/safe-to-evict"
SCALE_DOWN_DISABLED: Annotated[str, _AUTOSCALER] = "cluster-autoscaler.kubernetes.io/scale-down-disabled"
AUTOSCALER_STATUS: Annotated[tuple[str, str], _AUTOSCALER] = (
    "kube-system",
    "cluster-autoscaler-status",
)  # namespace and name of its ConfigMap

ARM_SERIES: Annotated[tuple[str, ...], _ARM, _ARM_GPUS] = ("t2a", "c4a", "n4a", "a4x")

# docs.cloud.google.com/compute/docs/regions-zones
_ZONE = re.compile(r"(?P<region>[a-z]+-[a-z]+\d+)-[a-z]")


def system_namespace(namespace: str) -> SystemNamespace | None:
    """Whose machinery a namespace holds: Google's own, a known add-on's; None for an application's."""
    if _GOOGLES.fullmatch(namespace):
        return "google"
    return "add-on" if _ADD_ONS.fullmatch(namespace) else None


def first_label(labels: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    """The value of the first of these keys that has one: the newer key stands before the older."""
    return next((labels[key] for key in keys if labels.get(key)), None)


def is_zone(place: str) -> bool:
    return _ZONE.fullmatch(place) is not None


def region_of(place: str) -> str:
    """The region of a zone; a region, or what is neither, is itself."""
    found = _ZONE.fullmatch(place)
    return found["region"] if found else place


def is_autopilot_node(name: str) -> bool | None:
    """By the node's name; None where it is neither kind's."""
    return True if name.startswith("gk3-") else False if name.startswith("gke-") else None


# Ephemeral storage that Autopilot gives a container which asks for none: nobody's wish.
_AUTOPILOT_REQUESTS = Source(
    "https://docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-resource-requests", "2026-11-23"
)
AUTOPILOT_STORAGE_BYTES: Annotated[int, _AUTOPILOT_REQUESTS] = 2**30
