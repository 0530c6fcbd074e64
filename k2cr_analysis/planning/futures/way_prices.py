"""What a way out of GKE costs a month, line by line, and what of it has no price in the book."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.platforms.billing import GIB, HOURS_PER_MONTH
from k2cr_analysis.platforms.managed import (
    CLOUD_SQL,
    FILESTORE,
    FILESTORE_LEAST_GIB,
    KAFKA,
    MACHINE,
    MEMORYSTORE,
    REDIS_CAPACITY_TIERS,
    SQL_GIB_PER_VCPU,
    SQL_LEAST_DISK_GIB,
    SQL_LEAST_GIB,
    WORKER_POOL,
)
from k2cr_analysis.pricing.gke.pod_demand import PodDemand

_ZERO = Decimal(0)
Lines = tuple[tuple[LineItem, ...], tuple[str, ...]]  # (the lines that have a price, what has none)
_PRICED = (CLOUD_SQL, f"{MEMORYSTORE} for Redis", FILESTORE, MACHINE, WORKER_POOL)
_WHY_NOT = {
    KAFKA: f"{KAFKA} is charged by compute unit, local and long-term storage and traffic between zones; no price of all"
    " four with its day was found",
}


def why_unpriced(to: str) -> str:
    """Why a way out has no price at all; empty where the book may have one."""
    if to.startswith(_PRICED):
        return ""
    return _WHY_NOT.get(to, f"no price of {to} is in the book")


def month_of(to: str, demand: PodDemand, disks: Sequence[int | None], tariff: Tariff) -> Lines:
    """A way out for the pods of one workload; ``disks``: bytes of each claim, None where its size is not known."""
    if to.startswith(CLOUD_SQL):
        lines, missing = _cloud_sql(demand, disks, tariff)
        return lines, (*missing, "the licence of SQL Server is not in it") if "SQL Server" in to else missing
    if to.startswith(MEMORYSTORE):
        return _redis(demand, tariff)
    if to == FILESTORE:
        return _filestore(disks, tariff)
    if to == WORKER_POOL:
        return _worker_pool(demand, tariff)
    return _machine(demand, disks, tariff)


def _redis(demand: PodDemand, tariff: Tariff) -> Lines:
    """One pod is an instance of the Basic tier, two are one of the Standard tier, whose price has its replica in it."""
    gib = max((demand.memory_bytes / GIB).to_integral_value(rounding="ROUND_CEILING"), Decimal(1))
    band = next((n for n, most in enumerate(REDIS_CAPACITY_TIERS, 1) if most is None or gib <= most), 1)
    tier = "basic" if (demand.pods or _ZERO) <= 1 else "standard"
    lines, missing = _known(((f"memorystore.redis.{tier}.m{band}", gib * HOURS_PER_MONTH),), tariff)
    if (demand.pods or _ZERO) > 2:
        missing = (*missing, "its pods beyond two are read replicas or shards, which are not priced here")
    return lines, missing


def _filestore(disks: Sequence[int | None], tariff: Tariff) -> Lines:
    size = max(sum((Decimal(d) for d in disks if d), _ZERO) / GIB, FILESTORE_LEAST_GIB)
    lines, missing = _known((("filestore.basic-hdd", size),), tariff)
    return lines, (*missing, "the service that mounts it is not priced here")


def _cloud_sql(demand: PodDemand, disks: Sequence[int | None], tariff: Tariff) -> Lines:
    """One instance for each pod, as large as the pod is; a second and further pod is a replica or a standby."""
    cores, gib = sql_size(demand)
    instances = (demand.pods or _ZERO).to_integral_value(rounding="ROUND_CEILING")
    hours = instances * HOURS_PER_MONTH
    disk = max(sum((Decimal(d) for d in disks if d), _ZERO) / GIB, SQL_LEAST_DISK_GIB) * instances
    parts = (("sql.cpu", cores * hours), ("sql.memory", gib * hours), ("sql.disk", disk))
    return _known(parts, tariff)


def sql_size(demand: PodDemand) -> tuple[Decimal, Decimal]:
    """(vCPU, GiB) of the smallest instance with dedicated cores that holds the pod."""
    least, most = SQL_GIB_PER_VCPU
    gib = max(demand.memory_bytes / GIB, SQL_LEAST_GIB)
    cores = max(demand.cpu_cores, gib / most, Decimal(1))
    whole = cores.to_integral_value(rounding="ROUND_CEILING")
    if whole > 1 and whole % 2:
        whole += 1
    return whole, max((gib * 4).to_integral_value(rounding="ROUND_CEILING") / 4, whole * least)


def _machine(demand: PodDemand, disks: Sequence[int | None], tariff: Tariff) -> Lines:
    """E2 by vCPU and memory, a machine for each pod, and its disks."""
    pods = demand.pods or _ZERO
    hours = pods * HOURS_PER_MONTH
    parts = [("compute.e2.cpu", max(demand.cpu_cores, Decimal("0.25")) * hours)]
    parts.append(("compute.e2.memory", max(demand.memory_bytes / GIB, Decimal(1)) * hours))
    size = sum((Decimal(d) for d in disks if d), _ZERO) / GIB + 10  # the boot disk, the least that images ask for
    parts.append(("compute.pd.balanced", size * pods))
    if demand.gpus:
        lines, missing = _known(parts, tariff)
        return lines, (*missing, "its GPUs are not priced here")
    return _known(parts, tariff)


def _worker_pool(demand: PodDemand, tariff: Tariff) -> Lines:
    """An instance for each pod, all month, of whole vCPUs."""
    seconds = (demand.pods or _ZERO) * HOURS_PER_MONTH * 3600
    cores = max(demand.cpu_cores.to_integral_value(rounding="ROUND_CEILING"), Decimal(1))
    gib = max(demand.memory_bytes / GIB, Decimal("0.5"))
    return _known((("run.worker-pool.cpu", cores * seconds), ("run.worker-pool.memory", gib * seconds)), tariff)


def _known(parts: Sequence[tuple[str, Decimal]], tariff: Tariff) -> Lines:
    lines = tuple(tariff.line(meter, quantity) for meter, quantity in parts if tariff.price(meter) is not None)
    return lines, tuple(tariff.why_missing(meter) for meter, _ in parts if tariff.price(meter) is None)
