"""Requests set to what pods were seen to use: by the same rule for what stays and for what moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.model.observed import WorkloadUsage
from k2cr_analysis.pricing.gke.pod_demand import PodDemand

# A request is this quantile of what one pod used, with headroom above it; memory the most that was ever used, since
# a pod that runs out of it is killed.
CPU_QUANTILE = 0.95
MEMORY_QUANTILE = 1.0


def rightsized_demands(
    demands: Mapping[str, PodDemand], usage: Mapping[str, WorkloadUsage], headroom: float
) -> dict[str, PodDemand]:
    """Each demand with requests set from use; ``headroom``: share kept free above the observed quantile."""
    return {w: rightsized(demand, usage.get(w), headroom) for w, demand in demands.items()}


def rightsized(demand: PodDemand, used: WorkloadUsage | None, headroom: float) -> PodDemand:
    """The demand with requests set from use; as it is where nothing was measured."""
    if used is None or not used.containers:
        return demand
    factor = 1 / (1 - headroom)
    cores = sum(c.cpu_quantiles_cores.get(CPU_QUANTILE, 0.0) for c in used.containers.values()) * factor
    size = sum(c.memory_quantiles_bytes.get(MEMORY_QUANTILE, 0.0) for c in used.containers.values()) * factor
    return replace(
        demand,
        cpu_cores=Decimal(repr(round(cores, 6))) if cores else demand.cpu_cores,
        memory_bytes=Decimal(round(size)) if size else demand.memory_bytes,
    )
