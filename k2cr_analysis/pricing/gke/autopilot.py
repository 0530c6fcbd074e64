"""What a pod costs on GKE Autopilot: its requests, after Autopilot's own rules, at the price of its compute class.

Source: docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-resource-requests, general-purpose class with
bursting (clusters made on 1.30.2 or later). The rules of the other classes are not applied, since they could not be
confirmed: their pods are priced at what they request.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke import SPOT
from k2cr_analysis.platforms.month import HOURS_PER_MONTH
from k2cr_analysis.pricing.gke.pod_demand import PodDemand

GIB = Decimal(2**30)
MIN_CORES, MIN_GIB = Decimal("0.05"), Decimal(52) / 1024
DEFAULT_CORES, DEFAULT_GIB = Decimal("0.5"), Decimal(2)  # of a container that asks for nothing
MIN_GIB_PER_CORE, MAX_GIB_PER_CORE = Decimal(1), Decimal("6.5")

_METER_OF_CLASS = {"": "general-purpose", "Balanced": "balanced", "Scale-Out": "scale-out"}


@dataclass(frozen=True, slots=True)
class PodShape:
    cores: Decimal
    gib: Decimal


def compute_class(workload: Workload) -> str | None:
    """The meter's part of the price book (``general-purpose``, ``balanced.spot``); None for a class billed by node."""
    placement = workload.pod.placement
    meter = _METER_OF_CLASS.get(placement.compute_class.name if placement.compute_class else "")
    if meter is None:
        return None
    spot = placement.allowed(SPOT)
    return f"{meter}.spot" if spot and spot.values == {"true"} else meter


def billed_shape(workload: Workload, demand: PodDemand) -> PodShape:
    """What Autopilot bills for one pod."""
    cores, gib = demand.cpu_cores, demand.memory_bytes / GIB
    if demand.live:
        return PodShape(cores, gib)  # admission has been through it
    for container in workload.pod.running:
        if container.requests.cpu_cores is None and container.limits.cpu_cores is None:
            cores += DEFAULT_CORES
        if container.requests.memory_bytes is None and container.limits.memory_bytes is None:
            gib += DEFAULT_GIB
    cores, gib = max(cores, MIN_CORES), max(gib, MIN_GIB)
    return PodShape(max(cores, gib / MAX_GIB_PER_CORE), max(gib, cores * MIN_GIB_PER_CORE))


def pod_items(workload: Workload, demand: PodDemand, tariff: Tariff) -> tuple[LineItem, ...] | str:
    """A workload's pods of a month, as line items; a sentence where they cannot be priced."""
    meter = compute_class(workload)
    if meter is None:
        return "its compute class is billed by node, not by pod"
    if demand.pods is None:
        return demand.how
    if any(c.requests.extended or c.limits.extended for c in workload.pod.running):
        return "it asks for an accelerator, and Autopilot bills such pods by node"
    if tariff.price(f"gke.autopilot.{meter}.cpu") is None:
        return tariff.why_missing(f"gke.autopilot.{meter}.cpu")
    shape = billed_shape(workload, demand)
    hours = demand.pods * HOURS_PER_MONTH
    return (
        tariff.line(f"gke.autopilot.{meter}.cpu", shape.cores * hours),
        tariff.line(f"gke.autopilot.{meter}.memory", shape.gib * hours),
    )
