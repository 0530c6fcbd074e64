"""How Cloud Run scales: targets, idle time, services and worker pools."""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

_RUN = "https://docs.cloud.google.com/run/docs/"
_AUTOSCALING = Source(f"{_RUN}about-instance-autoscaling", "2026-03-25")
_CONTROLS = Source(f"{_RUN}configuring/scaling-controls", "2026-11-30")
_MAXIMUM = Source(f"{_RUN}configuring/max-instances-limits", "2026-11-30")
_POOLS = Source(f"{_RUN}configuring/workerpools/cpu-autoscaling", "2026-11-30")
_V2 = Source("https://run.googleapis.com/$discovery/rest?version=v2", "2026-11-30", "revision 20261031")

# The share of an instance's CPU and of its concurrency that the autoscaler aims at.
DEFAULT_TARGET: Annotated[float, _AUTOSCALING] = 0.6
MIN_TARGET: Annotated[float, _V2] = 0.10
MAX_CPU_TARGET: Annotated[float, _V2] = 0.90
MAX_CONCURRENCY_TARGET: Annotated[float, _V2] = 0.95
# An instance without a request is kept at most so long.
IDLE_S: Annotated[int, _AUTOSCALING] = 15 * 60
# The API writes 100 where none is given; the page names the region's quotas: so it is always written out.
DEFAULT_MAX_INSTANCES: Annotated[int, _MAXIMUM] = 100
# A request waits for an instance at most 3.5 times the mean start-up time, and 10 s at least.
PENDING_STARTS: Annotated[float, _AUTOSCALING] = 3.5
MIN_PENDING_S: Annotated[int, _AUTOSCALING] = 10

# Worker pools: a fixed number of instances unless CPU autoscaling is asked for, whose YAML keys are not documented.
POOL_DEFAULT_INSTANCES: Annotated[int, _POOLS] = 1
POOL_CPU_TARGET: Annotated[float, _POOLS] = 0.6
POOL_AUTOSCALED_INSTANCES: Annotated[tuple[int, int], _POOLS] = (1, 100)
