"""Which SKU of the catalogue is which of k2cr's meters.

A description is no key, and has its slips (two spaces, ``in in``): it is matched whole, after these are mended, and the
regions are those that the SKU lists. What matches nothing is listed, never guessed at.
Source: descriptions as read from the Cloud Billing Catalog in 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from k2cr_analysis.platforms.billing import (
    CLOUD_RUN,
    CLOUD_SQL_SERVICE,
    COMPUTE_ENGINE,
    FILESTORE_SERVICE,
    KUBERNETES_ENGINE,
    MEMORYSTORE_REDIS_SERVICE,
)
from k2cr_analysis.platforms.machines import FAMILIES

# Our unit -> the catalogue's usage units that it can be told from, and how many of our units one of them is.
_SECOND: Final = {"s": Decimal(1), "min": Decimal(60), "h": Decimal(3600)}
_GIB_SECOND: Final = {"GiBy.s": Decimal(1), "GiBy.min": Decimal(60), "GiBy.h": Decimal(3600)}
_UNITS: Final[Mapping[str, Mapping[str, Decimal]]] = {
    "vcpu_s": _SECOND,
    "gib_s": _GIB_SECOND,
    "request": {"count": Decimal(1)},
    "vcpu_h": {"h": Decimal(1)},
    "mcpu_h": {"h": Decimal("0.001"), "mCPU.h": Decimal("0.001")},
    "gib_h": {"GiBy.h": Decimal(1)},
    "h": {"h": Decimal(1)},
    "gib_month": {"GiBy.mo": Decimal(1)},
}


@dataclass(frozen=True, slots=True)
class Meter:
    """``unit``: as in the price book. ``unit_of_one``: how many of it one usage unit of the catalogue is."""

    name: str
    unit: str
    unit_of_one: Decimal
    is_global: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    service_id: str
    description: re.Pattern[str]
    meter: str
    unit: str
    is_global: bool = False


def _rules() -> Iterator[_Rule]:
    for word, resource, unit in (("CPU", "cpu", "vcpu_s"), ("Memory", "memory", "gib_s")):
        for pattern, meter in (
            (rf"Services {word}( Tier 2)? \(Request-based billing\)", f"run.request.{resource}.active"),
            (rf"Services Min Instance {word}( Tier 2)? \(Request-based billing\)", f"run.request.{resource}.idle"),
            (rf"Services {word} \(Instance-based billing\) in \S+", f"run.instance.{resource}"),
            (rf"Jobs {word} in \S+", f"run.job.{resource}"),
            (rf"Worker Pools {word} in \S+", f"run.worker-pool.{resource}"),
        ):
            yield _Rule(CLOUD_RUN, re.compile(pattern), meter, unit)
    yield _Rule(CLOUD_RUN, re.compile("Requests"), "run.request.count", "request", is_global=True)
    for kind in ("Regional", "Zonal", "Autopilot"):
        fee = f"gke.cluster.fee.{kind.lower()}"
        yield _Rule(KUBERNETES_ENGINE, re.compile(f"{kind} Kubernetes Clusters"), fee, "h", is_global=True)
    for words, name in (
        ("", "general-purpose"),
        (" Balanced", "balanced"),
        (" Scale-Out x86", "scale-out"),
        (" Scale-Out Arm", "scale-out-arm"),
    ):
        for spot_word, spot in (("", ""), (" Spot", ".spot")):
            for word, resource, unit in (("mCPU", "cpu", "mcpu_h"), ("Memory", "memory", "gib_h")):
                pattern = rf"Autopilot{words}{spot_word} Pod {word} Requests \(\S+\)"
                meter = f"gke.autopilot.{name}{spot}.{resource}"
                yield _Rule(KUBERNETES_ENGINE, re.compile(pattern), meter, unit)
    ephemeral = re.compile(r"Autopilot Pod Ephemeral Storage Requests \(\S+\)")
    yield _Rule(KUBERNETES_ENGINE, ephemeral, "gke.autopilot.ephemeral", "gib_h")
    for family, machines in FAMILIES.items():
        for spot_word, spot in (("", ""), ("Spot Preemptible ", ".spot")):
            for word, resource, unit in (("Core", "cpu", "vcpu_h"), ("Ram", "memory", "gib_h")):
                pattern = rf"{spot_word}{machines.sku} {word} (running )?in .+"
                yield _Rule(COMPUTE_ENGINE, re.compile(pattern), f"compute.{family}{spot}.{resource}", unit)
    for words, kind in (("Balanced PD", "balanced"), ("Storage PD", "standard"), ("SSD backed PD", "ssd")):
        yield _Rule(COMPUTE_ENGINE, re.compile(rf"{words} Capacity( in .+)?"), f"compute.pd.{kind}", "gib_month")
    yield from _managed_rules()


def _managed_rules() -> Iterator[_Rule]:
    """What a workload becomes where GKE is left. PostgreSQL's cores stand for MySQL's, which have the same price."""
    for words, meter, unit in (
        ("vCPU", "sql.cpu", "vcpu_h"),
        ("RAM", "sql.memory", "gib_h"),
        ("Standard storage", "sql.disk", "gib_month"),
    ):
        pattern = re.compile(rf"Cloud SQL for PostgreSQL: Zonal - {words} in .+")
        yield _Rule(CLOUD_SQL_SERVICE, pattern, meter, unit)
    for tier in ("Basic", "Standard"):
        for band in range(1, 6):
            pattern = re.compile(rf"Redis Capacity {tier} M{band} .+")
            yield _Rule(MEMORYSTORE_REDIS_SERVICE, pattern, f"memorystore.redis.{tier.lower()}.m{band}", "gib_h")
    pattern = re.compile(r"Filestore Capacity Basic HDD \(Standard\) .+")
    yield _Rule(FILESTORE_SERVICE, pattern, "filestore.basic-hdd", "gib_month")


_RULES: Final = tuple(_rules())
SERVICES: Final = tuple(sorted({rule.service_id for rule in _RULES}))


def meter_of(service_id: str, description: str, usage_unit: str) -> Meter | None:
    """The meter of a SKU; None where none is known, or where its unit is not one of the meter's."""
    text = normalised(description)
    for rule in _RULES:
        if rule.service_id == service_id and rule.description.fullmatch(text):
            unit_of_one = _UNITS[rule.unit].get(usage_unit)
            unit = "vcpu_h" if rule.unit == "mcpu_h" else rule.unit
            return None if unit_of_one is None else Meter(rule.meter, unit, unit_of_one, rule.is_global)
    return None


def normalised(description: str) -> str:
    """The description without its slips."""
    return " ".join(description.split()).replace(" in in ", " in ")
