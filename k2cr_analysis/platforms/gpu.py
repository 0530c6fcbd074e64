"""GPU kinds of Cloud Run, with the CPU and memory that an instance of each has at least and at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from k2cr_analysis.platforms.cloud_run import GIB, MAX_CPU_CORES, MAX_MEMORY_BYTES
from k2cr_analysis.platforms.source import Source

_GPU = Source("https://docs.cloud.google.com/run/docs/configuring/services/gpu", "2026-11-30")


@dataclass(frozen=True, slots=True)
class GpuKind:
    """Total CPU [vCPU] and memory [byte] of an instance with one such GPU."""

    min_cores: int
    min_memory_bytes: int
    max_cores: int
    max_memory_bytes: int


# By the name that GKE's node label and Cloud Run's node selector share.
GPUS: Annotated[dict[str, GpuKind], _GPU] = {
    "nvidia-l4": GpuKind(4, 16 * GIB, MAX_CPU_CORES, MAX_MEMORY_BYTES),
}
