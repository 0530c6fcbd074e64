"""What a pod costs that GKE bills by itself: its requests, after Autopilot's own rules, at the price of its class.

On Autopilot clusters those are all pods but those of classes billed by node; on Standard clusters the pods of the
built-in Autopilot classes, and of a class of the cluster's own whose rule names a family of pods.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster, Node
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.pod.placement import Placement
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.billing import GIB, HOURS_PER_MONTH
from k2cr_analysis.platforms.gke.autopilot import (
    ARM_SUFFIX,
    BY_NODE,
    BY_POD,
    DEFAULT,
    DEFAULT_OF_DAEMON_SET,
    DEFAULT_STORAGE,
    DEFAULT_STORAGE_OF_DAEMON_SET,
    POD_CLASSES,
    RANGES,
    PodRange,
)
from k2cr_analysis.platforms.gke.cluster import (
    ARCH_LABELS,
    ARM_SERIES,
    COMPUTE_CLASS,
    MACHINE_FAMILY,
    SPOT,
    is_autopilot_node,
)
from k2cr_analysis.pricing.gke.pod_demand import PodDemand

_GENERAL_PURPOSE = "general-purpose"
STORAGE = "gke.autopilot.ephemeral"


@dataclass(frozen=True, slots=True)
class PodShape:
    """``storage_gib``: of the node, for the containers' own files, logs and emptyDir."""

    cores: Decimal
    gib: Decimal
    storage_gib: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PodClass:
    """How a workload's pods are billed one by one: ``family`` in the price book; None, and ``why``, if not known."""

    family: str | None
    spot: bool = False
    why: str = ""

    @property
    def meter(self) -> str:
        return f"gke.autopilot.{self.family}{'.spot' if self.spot else ''}"


def pod_class(workload: Workload, *, autopilot: bool) -> PodClass | None:
    """How the workload's pods are billed; None where nodes are billed in their place.

    ``autopilot``: whether the cluster is one. There a class that is billed by node has no price here, and says so.
    """
    if workload.pod.accelerators:
        return _by_node("it asks for an accelerator, and GKE bills such pods by node") if autopilot else None
    placement = workload.pod.placement
    chosen, spot = placement.compute_class, _one(placement, SPOT) == "true"
    name = chosen.name if chosen else ""
    if chosen is not None and chosen.rules is not None:
        return _of_own_class(chosen.name, [(r.pod_family, r.spot or spot) for r in chosen.rules], autopilot)
    if name in POD_CLASSES:
        family, of_spot = POD_CLASSES[name]
        return PodClass(_on(placement, family), of_spot or spot)
    return _of_autopilot_cluster(name, placement, spot) if autopilot else None


def _of_autopilot_cluster(name: str, placement: Placement, spot: bool) -> PodClass:
    if name in BY_POD:
        return PodClass(_on(placement, BY_POD[name]), spot)
    if name in BY_NODE:
        return _by_node(f"its compute class {name} is billed by node, not by pod")
    return _by_node(f"its compute class {name} is not in the snapshot: nothing tells how it is billed")


def _of_own_class(name: str, rules: list[tuple[str | None, bool]], autopilot: bool) -> PodClass | None:
    """A class of the cluster's own: by pod where every rule names a family of pods."""
    families = {family for family, _ in rules}
    if not rules or None in families:
        if len(families) > 1:
            return _by_node(f"its compute class {name} is billed by pod or by node, as its priorities can be met")
        return _by_node(f"its compute class {name} is billed by node, not by pod") if autopilot else None
    family, spot = rules[0]  # what GKE tries first
    return PodClass(family, spot)


def _by_node(why: str) -> PodClass:
    return PodClass(None, why=why)


def _on(placement: Placement, family: str) -> str:
    """The family on the processor that the pod asks for: Arm has prices of its own."""
    arch = {_one(placement, label) for label in ARCH_LABELS}
    series = placement.allowed(MACHINE_FAMILY)
    is_arm = "arm64" in arch or (series is not None and series.values <= set(ARM_SERIES))
    return f"{family}{ARM_SUFFIX}" if is_arm and not family.endswith(ARM_SUFFIX) else family


def _one(placement: Placement, label: str) -> str | None:
    allowed = placement.allowed(label)
    return next(iter(allowed.values)) if allowed is not None and len(allowed.values) == 1 else None


def is_billed(node: Node, cluster: Cluster) -> bool:
    """Whether the node itself is on the bill: GKE's own nodes in a Standard cluster, for pods billed by themselves, are
    not."""
    of_pods = node.labels.get(COMPUTE_CLASS) in POD_CLASSES
    return not of_pods and (cluster.is_autopilot is True or not is_autopilot_node(node.name))


def billed_shape(workload: Workload, demand: PodDemand, family: str = _GENERAL_PURPOSE) -> PodShape:
    """What is billed for one pod: what it requests, with the defaults of containers that request nothing.

    A pod that states its own resources (pod level) gets no container's default on top.
    """
    cores, gib, storage = demand.cpu_cores, demand.memory_bytes / GIB, demand.storage_bytes / GIB
    if demand.live and cores and gib:
        return PodShape(cores, gib, storage)  # admission has been through it
    pod, is_daemon = workload.pod, workload.kind == "DaemonSet"
    of_cpu, of_memory = DEFAULT_OF_DAEMON_SET if is_daemon else DEFAULT
    of_storage = DEFAULT_STORAGE_OF_DAEMON_SET if is_daemon else DEFAULT_STORAGE
    states_cpu = pod.pod_requests.cpu_cores is not None or pod.pod_limits.cpu_cores is not None
    states_memory = pod.pod_requests.memory_bytes is not None or pod.pod_limits.memory_bytes is not None
    for container in pod.running:
        asked, limit = container.requests, container.limits
        if asked.cpu_cores is None and limit.cpu_cores is None and not states_cpu:
            cores += of_cpu
        if asked.memory_bytes is None and limit.memory_bytes is None and not states_memory:
            gib += of_memory
        if asked.ephemeral_storage_bytes is None and limit.ephemeral_storage_bytes is None:
            storage += of_storage
    allowed = range_of(family)
    if allowed is None:
        return PodShape(cores, gib, storage)
    cores, gib = max(cores, allowed.least[0]), max(gib, allowed.least[1])
    least, most = allowed.gib_per_vcpu
    return PodShape(max(cores, gib / most), max(gib, cores * least), storage)


def range_of(family: str) -> PodRange | None:
    """What a pod of the family may request. Arm's general-purpose pods are those of x86; None: not documented."""
    return RANGES.get(_GENERAL_PURPOSE if family.startswith(_GENERAL_PURPOSE) else family)


def pod_items(
    workload: Workload, demand: PodDemand, tariff: Tariff, *, autopilot: bool = True
) -> tuple[LineItem, ...] | str:
    """A workload's pods of a month, as line items; a sentence where they cannot be priced."""
    found = pod_class(workload, autopilot=autopilot)
    if found is None or found.family is None:
        return found.why if found else "its nodes are billed, not its pods"
    if demand.pods is None:
        return demand.how
    for part in ("cpu", "memory"):
        if tariff.price(f"{found.meter}.{part}") is None:
            return tariff.why_missing(f"{found.meter}.{part}")
    shape = billed_shape(workload, demand, found.family)
    allowed = range_of(found.family)
    if allowed is not None and (shape.cores > allowed.most[0] or shape.gib > allowed.most[1]):
        return (
            f"a pod of {shape.cores.normalize():f} vCPU and {shape.gib:.1f} GiB is larger than Autopilot's"
            f" {found.family} class takes ({allowed.most[0]} vCPU, {allowed.most[1]} GiB)"
        )
    hours = demand.pods * HOURS_PER_MONTH
    lines = [
        tariff.line(f"{found.meter}.cpu", shape.cores * hours),
        tariff.line(f"{found.meter}.memory", shape.gib * hours),
    ]
    if shape.storage_gib and tariff.price(STORAGE) is not None:
        lines.append(tariff.line(STORAGE, shape.storage_gib * hours))
    return tuple(lines)


def storage_not_priced(workload: Workload, demand: PodDemand, tariff: Tariff, *, autopilot: bool) -> str | None:
    """What is left out of a workload's cost, where its pods ask for more ephemeral storage than they get unasked."""
    found = pod_class(workload, autopilot=autopilot)
    if found is None or found.family is None or tariff.price(STORAGE) is not None:
        return None
    asked = billed_shape(workload, demand, found.family).storage_gib
    unasked = DEFAULT_STORAGE * len(workload.pod.running)
    if asked <= unasked:
        return None
    return f"{asked:.1f} GiB of ephemeral storage a pod are not in its cost on GKE: {tariff.why_missing(STORAGE)}"


def storage_left_out(workloads: Iterable[Workload], tariff: Tariff, *, autopilot: bool) -> tuple[str, ...]:
    """Said where pods are billed by themselves, and the price book has no price for their ephemeral storage."""
    by_pod = any((found := pod_class(w, autopilot=autopilot)) is not None and found.family for w in workloads)
    if not by_pod or tariff.price(STORAGE) is not None:
        return ()
    return (
        "not in the GKE cost: the ephemeral storage that pods request (1 GiB a container where nothing is said): "
        f"{tariff.why_missing(STORAGE)}",
    )
