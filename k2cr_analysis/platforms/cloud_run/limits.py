"""Cloud Run's limits and defaults: CPU and memory, requests, time-outs, names, jobs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_RUN = "https://docs.cloud.google.com/run/"
_CONTRACT = Source(f"{_RUN}docs/container-contract", "2026-04-08")
_DEPLOYING = Source(f"{_RUN}docs/deploying", "2026-04-10")
_DIRECT_VPC = Source(f"{_RUN}docs/configuring/vpc-direct-vpc", "2026-11-30")
_CPU = Source(f"{_RUN}docs/configuring/services/cpu", "2026-03-25")
_MEMORY = Source(f"{_RUN}docs/configuring/services/memory-limits", "2026-03-25")
_CONCURRENCY = Source(f"{_RUN}docs/about-concurrency", "2026-11-30")
_TIMEOUT = Source(f"{_RUN}docs/configuring/request-timeout", "2026-11-30")
_TASK_TIMEOUT = Source(f"{_RUN}docs/configuring/task-timeout", "2026-03-25")
_RETRIES = Source(f"{_RUN}docs/configuring/max-retries", "2026-03-25")
_QUOTAS = Source(f"{_RUN}quotas", "2026-11-30")
_DELAYED = Source(f"{_RUN}docs/release-notes", "2026-11-30", "2026-09-08, Preview")

MIB = 2**20
GIB = 2**30

# CPU and memory. A container has a fraction or one of the whole numbers; the API checks the total of the containers
# ("Total millicpu may not exceed 8000"). GPU shapes have limits of their own: ``gpu.py``.
MAX_CONTAINERS: Annotated[int, _DEPLOYING] = 10
MIN_FRACTION_CORES: Annotated[Decimal, _CPU] = Decimal("0.08")
WHOLE_CORES: Annotated[tuple[int, ...], _CPU] = (1, 2, 4, 6, 8)
MAX_CPU_CORES: Annotated[int, _CPU] = WHOLE_CORES[-1]
# Total CPU from which the row holds, least and most memory. A total between two rows, 3 or 1.5, counts as the lower.
MEMORY_BY_CPU: Annotated[tuple[tuple[Decimal, int, int], ...], _MEMORY] = (
    (MIN_FRACTION_CORES, 128 * MIB, 512 * MIB),
    (Decimal("0.5"), 128 * MIB, 1 * GIB),
    (Decimal(1), 128 * MIB, 4 * GIB),
    (Decimal(2), 128 * MIB, 8 * GIB),
    (Decimal(4), 2 * GIB, 16 * GIB),
    (Decimal(6), 4 * GIB, 24 * GIB),
    (Decimal(8), 4 * GIB, 32 * GIB),
)
MIN_MEMORY_BYTES: Annotated[int, _MEMORY] = MEMORY_BY_CPU[0][1]
MAX_MEMORY_BYTES: Annotated[int, _MEMORY] = MEMORY_BY_CPU[-1][2]
GEN2_MIN_MEMORY_BYTES: Annotated[int, _MEMORY] = 512 * MIB
DEFAULT_CPU_CORES: Annotated[Decimal, _CONTRACT] = Decimal(1)  # of each container
DEFAULT_MEMORY_BYTES: Annotated[int, _CONTRACT] = 512 * MIB
# With CPU boost: limit of a container -> vCPU during the start and a little after it.
BOOSTED_CORES: Annotated[tuple[tuple[Decimal, Decimal], ...], _CPU] = (
    (Decimal(1), Decimal(2)),
    (Decimal(2), Decimal(4)),
    (Decimal(8), Decimal(8)),
)
BOOST_AFTER_START_S: Annotated[int, _CPU] = 10

# Requests.
DEFAULT_PORT: Annotated[int, _CONTRACT] = 8080  # also Knative's
DEFAULT_CONCURRENCY: Annotated[int, _CONCURRENCY] = 80  # with 1 CPU or more; below, 1
MAX_CONCURRENCY: Annotated[int, _CONCURRENCY] = 1000
DEFAULT_TIMEOUT_S: Annotated[int, _TIMEOUT] = 300  # also Knative's
MAX_TIMEOUT_S: Annotated[int, _TIMEOUT] = 3600  # a WebSocket ends then too
MAX_HTTP1_BODY_BYTES: Annotated[int, _QUOTAS] = 32 * MIB  # of a request over HTTP/1; HTTP/2 has no such limit
STOP_GRACE_S: Annotated[int, _CONTRACT] = 10  # from SIGTERM to SIGKILL

# Names, variables and arguments.
MAX_SERVICE_NAME: Annotated[int, _DEPLOYING] = 49  # the revision's suffix makes it 63
MAX_VARIABLES: Annotated[int, _QUOTAS] = 1000  # of a container
MAX_VARIABLE_BYTES: Annotated[int, _QUOTAS] = 32 * 2**10
MAX_ARGUMENTS: Annotated[int, _QUOTAS] = 1000

# Jobs.
MAX_TASKS: Annotated[int, _QUOTAS] = 10_000
MAX_RETRIES: Annotated[int, _RETRIES] = 10
DEFAULT_RETRIES: Annotated[int, _RETRIES] = 3
DEFAULT_TASK_TIMEOUT_S: Annotated[int, _TASK_TIMEOUT] = 600
MAX_TASK_TIMEOUT_S: Annotated[int, _TASK_TIMEOUT] = 168 * 3600  # of one attempt
UNMOVED_TASK_S: Annotated[int, _TASK_TIMEOUT] = 3600  # a longer attempt may be moved to another machine while it runs

MAX_DELAYED_RUN_S: Annotated[int, _DELAYED] = 12 * 3600  # a delayed job; it starts within as long

# Ids of the Cloud Quotas API for what all instances of a project and region have together: thousandths of a vCPU, and
# bytes. A deployment whose max instances could exceed one is refused ("Quota violated: CpuAllocPerProjectRegion
# requested: ... allowed: ..."); read in error messages that several public repositories quote.
CPU_QUOTA: Annotated[str, _QUOTAS] = "CpuAllocPerProjectRegion"
MEMORY_QUOTA: Annotated[str, _QUOTAS] = "MemAllocPerProjectRegion"
QUOTA_NAMES: Annotated[dict[str, str], _QUOTAS] = {
    CPU_QUOTA: "Total CPU allocation, in milli vCPU, per project per region",
    MEMORY_QUOTA: "Total memory allocation, in bytes, per project per region",
}

# What a new instance's first connection through Direct VPC egress may take, in the page's words.
FIRST_CONNECTION: Annotated[str, _DIRECT_VPC] = "a minute or more"
