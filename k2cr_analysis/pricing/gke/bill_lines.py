"""The names of the bill's lines: where a row belongs that is no workload's of the snapshot."""

from __future__ import annotations

import re

from k2cr_analysis.platforms.billing import COMPUTE_ENGINE, KUBERNETES_ENGINE, NETWORKING
from k2cr_analysis.platforms.gke.cluster import system_namespace
from k2cr_analysis.pricing.gke.bill import FEE_CREDIT_LINE, FEE_LINE, IDLE_LINE, OVERHEAD_LINE
from k2cr_analysis.queries.bill import BillRow

UNKNOWN_LINE = "not attributable to a workload (goog-k8s-unknown)"
UNSUPPORTED_LINE = "SKUs that GKE's cost allocation does not split"
SYSTEM_LINE = "workloads of system namespaces that the snapshot does not hold"
GONE_LINE = "workloads that are no longer in the cluster"
NAMESPACE_LINE = "namespaces whose workloads are not named"
DISKS_LINE = "disks"
NODES_LINE = "nodes (not split by cost allocation)"
PODS_LINE = "Autopilot pods (not split by cost allocation)"

_SPECIAL = {
    "kube:unallocated": IDLE_LINE,
    "kube:system-overhead": OVERHEAD_LINE,
    "goog-k8s-unknown": UNKNOWN_LINE,
    "goog-k8s-unsupported-sku": UNSUPPORTED_LINE,
}
_COST_TYPES = {"tax": "tax", "adjustment": "adjustments", "rounding_error": "rounding"}
_MACHINES = re.compile(r"Instance (Core|Ram)|Core running|Ram running|GPU", re.IGNORECASE)
# Rows without a namespace: service ids and what the SKU's text says -> line. The first that fits.
_LINES_BY_SKU: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    ((KUBERNETES_ENGINE,), re.compile(r"Kubernetes Clusters"), FEE_LINE),
    ((KUBERNETES_ENGINE,), re.compile(r"^Autopilot"), PODS_LINE),
    ((COMPUTE_ENGINE, NETWORKING), re.compile(r"Load Balanc|Forwarding Rule", re.IGNORECASE), "load balancers"),
    ((COMPUTE_ENGINE, NETWORKING), re.compile(r"\bNAT\b", re.IGNORECASE), "Cloud NAT"),
    ((COMPUTE_ENGINE, NETWORKING), re.compile(r"External IP|Static Ip", re.IGNORECASE), "IP addresses"),
    ((COMPUTE_ENGINE, NETWORKING), re.compile(r"Commitment"), "commitments"),
    ((COMPUTE_ENGINE,), re.compile(r"\bPD\b|Storage|Snapshot|Hyperdisk|SSD backed", re.IGNORECASE), DISKS_LINE),
    ((COMPUTE_ENGINE,), _MACHINES, NODES_LINE),
    ((COMPUTE_ENGINE, NETWORKING), re.compile(r"Egress|Transfer|Inter Zone|Network", re.IGNORECASE), "network"),
)
# What the cluster causes, and what goes with it. All else stays: traffic and logs go on elsewhere, a commitment runs
# until it ends, and a project's other services and machines never were the cluster's.
_GOES = (
    IDLE_LINE, OVERHEAD_LINE, FEE_LINE, FEE_CREDIT_LINE, UNKNOWN_LINE, UNSUPPORTED_LINE, SYSTEM_LINE, GONE_LINE,
    NAMESPACE_LINE, NODES_LINE, PODS_LINE, DISKS_LINE,
)  # fmt: skip
_OUTSIDE = {NODES_LINE: "machines without the label of a cluster", DISKS_LINE: "disks without the label of a cluster"}


def line_of(row: BillRow, labelled: bool) -> str:
    """The name of the line that rows without a workload of the snapshot belong to.

    ``labelled``: rows carry the label of their cluster, so that a machine without one is some other machine.
    """
    if row.cost_type not in ("regular", None):
        return _COST_TYPES.get(row.cost_type, row.cost_type)
    if row.namespace:
        return _line_of_namespace(row)
    sku = row.sku or ""
    fits = (line for ids, text, line in _LINES_BY_SKU if row.service_id in ids and text.search(sku))
    line = next(fits, row.service or "service without a name")
    return _OUTSIDE.get(line, line) if labelled and not row.cluster else line


def is_machine(row: BillRow) -> bool:
    """vCPU, memory or GPU of a virtual machine."""
    return row.service_id == COMPUTE_ENGINE and bool(_MACHINES.search(row.sku or ""))


def goes_with_the_cluster(line: str) -> bool:
    return line in _GOES


def _line_of_namespace(row: BillRow) -> str:
    namespace = row.namespace or ""
    if namespace in _SPECIAL:
        return _SPECIAL[namespace]
    if system_namespace(namespace):
        return SYSTEM_LINE
    return GONE_LINE if row.name else NAMESPACE_LINE
