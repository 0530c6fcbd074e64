"""What a node costs a month at list price: vCPU and memory of its machine type, each at its family's rate.

Boot disks, addresses and traffic are not in it: the Kubernetes API does not show them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.model.cluster import Node
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.platforms.gke import ACCELERATOR
from k2cr_analysis.platforms.month import HOURS_PER_MONTH

# docs.cloud.google.com/compute/docs/general-purpose-machines: GiB of memory for each vCPU.
_GIB_PER_VCPU = {
    ("e2", "standard"): "4", ("e2", "highmem"): "8", ("e2", "highcpu"): "1",
    ("n1", "standard"): "3.75", ("n1", "highmem"): "6.5", ("n1", "highcpu"): "0.9",
    ("n2", "standard"): "4", ("n2", "highmem"): "8", ("n2", "highcpu"): "1",
    ("n2d", "standard"): "4", ("n2d", "highmem"): "8", ("n2d", "highcpu"): "1",
    ("n4", "standard"): "4", ("n4", "highmem"): "8", ("n4", "highcpu"): "2",
}  # fmt: skip
# cloud.google.com/compute/vm-instance-pricing: shared-core machines are billed for a part of a vCPU.
_SHARED_CORE = {"e2-micro": ("0.25", "1"), "e2-small": ("0.5", "2"), "e2-medium": ("1", "4")}
# Sustained use discount of a full month, by itself, without a commitment. E2 and N4 have none.
# cloud.google.com/compute/docs/sustained-use-discounts: N2, N2D 20 %; N1 30 %.
_SUSTAINED_USE_SHARE = {"n1": Decimal("0.30"), "n2": Decimal("0.20"), "n2d": Decimal("0.20")}

_E2_CUSTOM = re.compile(r"e2-custom-(?P<vcpu>\d+)-(?P<mib>\d+)")
_PREDEFINED = re.compile(r"(?P<family>[a-z0-9]+)-(?P<kind>standard|highmem|highcpu)-(?P<vcpu>\d+)")


@dataclass(frozen=True, slots=True)
class MachineType:
    """What is billed: ``vcpu`` and ``gib`` of a machine type."""

    name: str
    family: str
    vcpu: Decimal
    gib: Decimal

    @property
    def is_shared_core(self) -> bool:
        return self.name in _SHARED_CORE


@dataclass(frozen=True, slots=True)
class NodePrice:
    """The CPU side and the memory side of a node's month; their amounts add up to the node's price."""

    cpu: tuple[LineItem, ...]
    memory: tuple[LineItem, ...]


def machine_type(name: str | None) -> MachineType | None:
    """The shape of a machine type by its name; None for one that the table above does not have."""
    if name is None:
        return None
    if name in _SHARED_CORE:
        vcpu, gib = _SHARED_CORE[name]
        return MachineType(name, "e2", Decimal(vcpu), Decimal(gib))
    # Custom shapes of the other families have SKUs of their own, at prices of their own.
    if (custom := _E2_CUSTOM.fullmatch(name)) is not None:
        return MachineType(name, "e2", Decimal(custom["vcpu"]), Decimal(custom["mib"]) / 1024)
    predefined = _PREDEFINED.fullmatch(name)
    ratio = _GIB_PER_VCPU.get((predefined["family"], predefined["kind"])) if predefined else None
    if predefined is None or ratio is None:
        return None
    vcpu_count = Decimal(predefined["vcpu"])
    return MachineType(name, predefined["family"], vcpu_count, vcpu_count * Decimal(ratio))


def node_price(node: Node, tariff: Tariff) -> NodePrice | str:
    """A node's month of 730 h; a sentence where its machine type or its price is not known.

    The node's own region goes before the tariff's.
    """
    machine = machine_type(node.machine_type)
    if machine is None:
        return f"node {node.name} has the machine type {node.machine_type or '(none)'}, whose shape is not known"
    if ACCELERATOR in node.labels:
        return f"node {node.name} has accelerators ({node.labels[ACCELERATOR]}), whose price is not in the book"
    tariff = replace(tariff, region=node.region or tariff.region)
    meter = f"compute.{machine.family}.spot" if node.spot else f"compute.{machine.family}"
    for part in ("cpu", "memory"):
        if tariff.price(f"{meter}.{part}") is None:
            return tariff.why_missing(f"{meter}.{part}")
    cpu = tariff.line(f"{meter}.cpu", machine.vcpu * HOURS_PER_MONTH)
    memory = tariff.line(f"{meter}.memory", machine.gib * HOURS_PER_MONTH)
    share = _SUSTAINED_USE_SHARE.get(machine.family, Decimal(0))
    # A commitment takes the place of the discount for sustained use, and Spot has neither.
    if node.spot or tariff.cud.startswith("flex") or not share:
        return NodePrice((cpu,), (memory,))
    return NodePrice((cpu, _discount(cpu, share)), (memory, _discount(memory, share)))


def _discount(item: LineItem, share: Decimal) -> LineItem:
    return LineItem(
        f"Sustained use discount of {item.sku}", item.quantity, item.unit, -item.rate * share, item.currency
    )
