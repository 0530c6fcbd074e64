"""Probes of Cloud Run and of Kubernetes: kinds, ranges, defaults, and the time a start may take."""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

_HEALTHCHECKS = Source("https://docs.cloud.google.com/run/docs/configuring/healthchecks", "2026-11-30")
_V1 = Source("https://run.googleapis.com/$discovery/rest?version=v1", "2026-11-30", "revision 20261031")
_CONTRACT = Source("https://docs.cloud.google.com/run/docs/container-contract", "2026-04-08")
_KUBERNETES = Source(
    "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
    "2026-11-30",
)

# All containers of an instance pass their start-up probes within this; along a chain of dependencies it is one budget.
MAX_STARTUP_S: Annotated[int, _CONTRACT] = 240

# The actions that a probe may have. None runs a command, speaks TLS or asks another host.
STARTUP_ACTIONS: Annotated[tuple[str, ...], _HEALTHCHECKS] = ("httpGet", "tcpSocket", "grpc")
LIVENESS_ACTIONS: Annotated[tuple[str, ...], _HEALTHCHECKS] = ("httpGet", "grpc")
READINESS_ACTIONS: Annotated[tuple[str, ...], _HEALTHCHECKS] = ("httpGet", "grpc")

# Longest initial delay and period of each.
MAX_STARTUP_PERIOD_S: Annotated[int, _V1] = 240
MAX_LIVENESS_PERIOD_S: Annotated[int, _V1] = 3600
MAX_READINESS_PERIOD_S: Annotated[int, _HEALTHCHECKS] = 300  # a readiness probe has no initial delay

# What is left out: the same on both sides, but for the readiness probe's successes.
DEFAULT_PERIOD_S: Annotated[int, _KUBERNETES] = 10
DEFAULT_TIMEOUT_S: Annotated[int, _KUBERNETES] = 1
DEFAULT_FAILURES: Annotated[int, _KUBERNETES] = 3
KUBERNETES_DEFAULT_SUCCESSES: Annotated[int, _KUBERNETES] = 1
READINESS_DEFAULT_SUCCESSES: Annotated[int, _HEALTHCHECKS] = 2
