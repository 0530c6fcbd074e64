"""What a node costs a month at list price: vCPU, memory and GPUs of its machine type, each at its family's rate.

Boot disks (with a bill: ``boot_disks``), addresses and traffic are not in it: the Kubernetes API does not price them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.model.cluster import Node
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
from k2cr_analysis.platforms.gke.cluster import ACCELERATOR, TPU_LABELS
from k2cr_analysis.platforms.machines import FAMILIES
from k2cr_analysis.pricing.gke.machine_types import MachineType, machine_type


@dataclass(frozen=True, slots=True)
class NodePrice:
    """The CPU side, the memory side and the GPUs of a node's month; their amounts add up to the node's price."""

    cpu: tuple[LineItem, ...]
    memory: tuple[LineItem, ...]
    gpu: tuple[LineItem, ...] = ()

    @property
    def items(self) -> tuple[LineItem, ...]:
        return (*self.cpu, *self.memory, *self.gpu)


def node_price(node: Node, tariff: Tariff) -> NodePrice | str:
    """A node's month of 730 h; a sentence where its machine type or its price is not known.

    The node's own region goes before the tariff's.
    """
    machine = machine_type(node.machine_type)
    if machine is None:
        return f"nodes of the machine type {node.machine_type or '(none)'} have no known shape, and so no price"
    attached = _attached(node, machine)
    if attached is not None:
        return f"nodes have accelerators ({attached}), whose price is not in the book"
    tariff = replace(tariff, region=node.region or tariff.region)
    spot = ".spot" if node.spot else ""
    meter = f"compute.{machine.family}{spot}"
    meters = [f"{meter}.cpu", f"{meter}.memory", *([f"compute.gpu.{machine.gpu_kind}{spot}"] if machine.gpus else [])]
    for one in meters:
        if tariff.price(one) is None:
            return tariff.why_missing(one)
    cpu = tariff.line(meters[0], machine.vcpu * HOURS_PER_MONTH)
    memory = tariff.line(meters[1], machine.gib * HOURS_PER_MONTH)
    gpu = tuple(tariff.line(one, machine.gpus * HOURS_PER_MONTH) for one in meters[2:])
    share = FAMILIES[machine.family].sustained_use_share
    # A commitment takes the place of the discount for sustained use, and Spot has neither.
    if node.spot or tariff.cud.startswith("flex") or not share:
        return NodePrice((cpu,), (memory,), gpu)
    return NodePrice((cpu, _discount(cpu, share)), (memory, _discount(memory, share)), gpu)


def _attached(node: Node, machine: MachineType) -> str | None:
    """Accelerators of a node that are not part of its machine type."""
    kind = node.labels.get(ACCELERATOR)
    if kind is not None and kind != machine.gpu_kind:
        return kind
    return next((node.labels[label] for label in TPU_LABELS if label in node.labels), None)


def _discount(item: LineItem, share: Decimal) -> LineItem:
    return LineItem(
        f"Sustained use discount of {item.sku}", item.quantity, item.unit, -item.rate * share, item.currency
    )
