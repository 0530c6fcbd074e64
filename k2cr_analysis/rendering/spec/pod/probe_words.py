"""Probes in words: what one asks and when, and why a start-up probe is as it is."""

from __future__ import annotations

from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes
from k2cr_analysis.model.workload import Probe
from k2cr_analysis.platforms.cloud_run.probes import (
    DEFAULT_FAILURES,
    DEFAULT_PERIOD_S,
    DEFAULT_TIMEOUT_S,
    KUBERNETES_DEFAULT_SUCCESSES,
    MAX_STARTUP_S,
)

_ALLOWS = {
    "startupProbe": "it allows what startupProbe allows",
    "livenessProbe": "it allows what the livenessProbe lets a start take on Kubernetes: delay + period x failures",
    "k2cr": f"nothing on Kubernetes ends a start here, so it allows what is left of {MAX_STARTUP_S} s",
}


def startup_why(probes: ContainerProbes) -> str:
    """Where a start-up probe comes from, as a comment beside it; empty where there is none."""
    if probes.startup is None:
        return ""
    made_from = probes.startup_made_from or "port"
    asks = "the container's port" if made_from == "port" else f"what {made_from} asks"
    when = "every second, and waits a second for an answer, so that a start is seen when it happens"
    return f"asks {asks}, {when}; {_ALLOWS[_allowed_by(probes)]}"


def _allowed_by(probes: ContainerProbes) -> str:
    return probes.startup_allowed_by or "k2cr"


def source_words(probe: Probe) -> str:
    """A source's probe, with the API server's defaults."""
    action = {
        "http": f"HTTP {probe.http_path or '/'}",
        "tcp": "TCP",
        "grpc": f"gRPC {probe.grpc_service or ''}".strip(),
        "exec": "exec",
    }[probe.kind]
    where = f" on {probe.port}" if probe.port is not None else ""
    return f"{action}{where}, " + _numbers(
        probe.initial_delay_s or 0,
        probe.period_s or DEFAULT_PERIOD_S,
        probe.timeout_s or DEFAULT_TIMEOUT_S,
        probe.failure_threshold or DEFAULT_FAILURES,
        probe.success_threshold or KUBERNETES_DEFAULT_SUCCESSES,
    )


def run_words(probe: CloudRunProbe) -> str:
    """Cloud Run's probe, in the same words."""
    action = {
        "http": f"HTTP {probe.http_path or '/'}",
        "tcp": "TCP",
        "grpc": f"gRPC {probe.grpc_service or ''}".strip(),
    }[probe.kind]
    return f"{action} on {probe.port}, " + _numbers(
        probe.initial_delay_s,
        probe.period_s,
        probe.timeout_s,
        probe.failure_threshold,
        probe.success_threshold or KUBERNETES_DEFAULT_SUCCESSES,
    )


def _numbers(delay_s: int, period_s: int, timeout_s: int, failures: int, successes: int) -> str:
    words = f"delay {delay_s} s, period {period_s} s, timeout {timeout_s} s, {failures} failures"
    return words if successes == KUBERNETES_DEFAULT_SUCCESSES else f"{words}, {successes} successes"
