"""Families of Compute Engine's machines: what the catalogue calls them, and which discount comes by itself."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_FAMILIES = Source("https://docs.cloud.google.com/compute/docs/machine-resource", "2026-11-30")
_SUSTAINED_USE = Source("https://docs.cloud.google.com/compute/docs/sustained-use-discounts", "2026-11-23")


@dataclass(frozen=True, slots=True)
class MachineFamily:
    """``sku`` with ``Core`` or ``Ram`` after it is the head of the catalogue's description.

    ``sustained_use_share``: of the list price, off for a full month; a commitment takes its place, Spot has none.
    """

    sku: str
    sustained_use_share: Decimal = Decimal(0)


_N1 = Decimal("0.30")
_N2 = Decimal("0.20")  # N2, N2D and C2

# By the first part of a machine type's name; custom shapes, where they have prices of their own, are families too.
FAMILIES: Annotated[dict[str, MachineFamily], _FAMILIES, _SUSTAINED_USE] = {
    "c2": MachineFamily("Compute optimized", _N2),
    "c2d": MachineFamily("C2D AMD Instance"),
    "c3": MachineFamily("C3 Instance"),
    "c3d": MachineFamily("C3D Instance"),
    "c4": MachineFamily("C4 Instance"),
    "c4a": MachineFamily("C4A Arm Instance"),
    "c4d": MachineFamily("C4D Instance"),
    "e2": MachineFamily("E2 Instance"),
    "g2": MachineFamily("G2 Instance"),
    "n1": MachineFamily("N1 Predefined Instance", _N1),
    "n1-custom": MachineFamily("Custom Instance", _N1),
    "n2": MachineFamily("N2 Instance", _N2),
    "n2-custom": MachineFamily("N2 Custom Instance", _N2),
    "n2d": MachineFamily("N2D AMD Instance", _N2),
    "n2d-custom": MachineFamily("N2D AMD Custom Instance", _N2),
    "n4": MachineFamily("N4 Instance"),
    "n4-custom": MachineFamily("N4 Custom Instance"),
    "n4a": MachineFamily("N4A Instance"),
    "n4d": MachineFamily("N4D Instance"),
    "n4d-custom": MachineFamily("N4D Custom Instance"),
    "t2a": MachineFamily("T2A Arm Instance"),
    "t2d": MachineFamily("T2D AMD Instance"),
}
