"""GPU kinds of Cloud Run, with the CPU and memory that an instance of each has at least and at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from k2cr_analysis.platforms.cloud_run.limits import GIB, MAX_CPU_CORES, MAX_MEMORY_BYTES
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
    "nvidia-rtx-pro-6000": GpuKind(20, 80 * GIB, 44, 176 * GIB),
}
GPU_RESOURCE: Annotated[str, _GPU] = "nvidia.com/gpu"
# The longest try of a job's task with a GPU.
MAX_GPU_TASK_TIMEOUT_S: Annotated[int, _GPU] = 3600
