"""What is billed of a machine type: vCPU, memory and GPUs, by its name.

``data/prices/machine_types.csv`` has the predefined types (docs.cloud.google.com/compute/docs/machine-resource, read
2026-07-30); shared-core types are billed for a part of a vCPU (cloud.google.com/compute/vm-instance-pricing). A custom
type's name says its shape; E2's has the family's own prices, those of the others are families of their own. Types with
local SSDs, and custom ones with extended memory, are not known: part of their price is not in the book.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from k2cr_analysis.platforms.machines import FAMILIES
from k2cr_analysis.resources import bundled

_CUSTOM = re.compile(r"((?P<family>[a-z0-9]+)-)?custom-(?P<vcpu>\d+)-(?P<mib>\d+)")
_SHARED_CORE = ("e2-micro", "e2-small", "e2-medium")


@dataclass(frozen=True, slots=True)
class MachineType:
    """What is billed: ``vcpu``, ``gib`` and ``gpus`` of ``gpu_kind``."""

    name: str
    family: str
    vcpu: Decimal
    gib: Decimal
    gpu_kind: str | None = None
    gpus: int = 0

    @property
    def is_shared_core(self) -> bool:
        return self.name in _SHARED_CORE


def machine_type(name: str | None) -> MachineType | None:
    """The shape of a machine type by its name; None for one that is not known."""
    if name is None:
        return None
    custom = _CUSTOM.fullmatch(name)
    if custom is None:
        return _predefined().get(name)
    family = custom["family"] or "n1"
    family = family if family == "e2" else f"{family}-custom"
    if family not in FAMILIES:
        return None
    return MachineType(name, family, Decimal(custom["vcpu"]), Decimal(custom["mib"]) / 1024)


def predefined(family: str) -> tuple[MachineType, ...]:
    """The predefined machine types of a family that have vCPUs of their own and no GPU, by name."""
    types = _predefined().values()
    return tuple(m for m in types if m.family == family and not m.is_shared_core and not m.gpus)


@cache
def _predefined() -> Mapping[str, MachineType]:
    with (bundled("data", "prices") / "machine_types.csv").open(encoding="utf-8", newline="") as rows:
        return {
            row["machine_type"]: MachineType(
                row["machine_type"],
                row["family"],
                Decimal(row["vcpu"]),
                Decimal(row["gib"]),
                row["gpu_kind"] or None,
                int(row["gpus"] or 0),
            )
            for row in csv.DictReader(rows)
        }
