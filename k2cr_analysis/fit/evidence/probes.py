"""Probes as Cloud Run takes them.

The start-up probe is made from ``startupProbe``, else from ``readinessProbe``: delay 0, period 1 s (so that a start is
seen when it happens) and the same total time allowed, at most 240 s over the chain of dependencies. A container that
others wait for always has one. ``livenessProbe`` stays as it is where Cloud Run has the kind (HTTP, gRPC).
Source: docs.cloud.google.com/run/docs/configuring/healthchecks; the ranges are those of the v1 API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from k2cr_analysis.fit.evidence.protocols import known_ports, role_of
from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes, StartupOrder
from k2cr_analysis.model.finding import Target
from k2cr_analysis.model.workload import Container, Probe
from k2cr_analysis.platforms.cloud_run import DEFAULT_PORT
from k2cr_analysis.platforms.probes import (
    DEFAULT_FAILURES,
    DEFAULT_PERIOD_S,
    DEFAULT_TIMEOUT_S,
    MAX_LIVENESS_PERIOD_S,
    MAX_STARTUP_S,
)


@dataclass(frozen=True, slots=True)
class Clip:
    """A timing that had to change: what it was and what it is, and why, in words."""

    container: str
    at: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """``clips``: liveness timings out of range. ``shortened``: start-up allowances that the 240 s cut. ``blind``:
    awaited, but no port is known.
    """

    probes: Mapping[str, ContainerProbes]
    clips: tuple[Clip, ...]
    shortened: tuple[Clip, ...]
    blind: tuple[Container, ...]


def allowed_s(probe: Probe) -> int:
    """Time that a probe gives a container before it fails it: delay + period x failures. [s]"""
    return (probe.initial_delay_s or 0) + (probe.period_s or DEFAULT_PERIOD_S) * (
        probe.failure_threshold or DEFAULT_FAILURES
    )


def plan_probes(
    moving: Sequence[Container], order: StartupOrder, target: Target, main_ports: Mapping[str, int]
) -> ProbePlan:
    """Cloud Run's probes of each container.

    ``main_ports``: the port that a container is known to serve on (the ingress port), for a TCP probe where no other
    probe can be carried. A job has no liveness probes.
    """
    awaited = {other for others in order.depends_on.values() for other in others}
    starts = {c.name: _startup(c, c.name in awaited, main_ports.get(c.name)) for c in moving}
    asked = {name: probe.failure_threshold for name, (probe, _) in starts.items() if probe}
    granted = _within_budget(asked, order)
    found: dict[str, ContainerProbes] = {}
    clips: list[Clip] = []
    shortened: list[Clip] = []
    for container in moving:
        startup, made_from = starts[container.name]
        if startup and granted[container.name] < startup.failure_threshold:
            shortened.append(
                Clip(
                    container.name,
                    _source_path(container, made_from),
                    f"{startup.failure_threshold} s",
                    f"{granted[container.name]} s",
                )
            )
            startup = replace(startup, failure_threshold=granted[container.name])
        liveness, clipped = _liveness(container) if target != "job" else (None, [])
        clips += clipped
        found[container.name] = ContainerProbes(startup, liveness, made_from if startup else None)
    blind = tuple(c for c in moving if c.name in awaited and found[c.name].startup is None)
    return ProbePlan(found, tuple(clips), tuple(shortened), blind)


def _source_path(container: Container, made_from: str | None) -> str:
    return f"{container.path}.{made_from}" if made_from and made_from.endswith("Probe") else container.path


def _startup(container: Container, awaited: bool, main_port: int | None) -> tuple[CloudRunProbe | None, str | None]:
    """(probe, the field that it is made from)."""
    sources = (("startupProbe", container.startup_probe), ("readinessProbe", container.readiness_probe))
    source = next(((name, p) for name, p in sources if p is not None), None)
    for name, probe in sources:
        if probe is not None and source is not None and (carried := carry(container, probe, allowed_s(source[1]))):
            return carried, name
    if source is None and awaited and container.liveness_probe:
        carried = carry(container, container.liveness_probe, allowed_s(container.liveness_probe))
        if carried:
            return carried, "livenessProbe"
    port = main_port or _own_port(container)
    if port is None or not (awaited or source):
        return None, None
    allowed = allowed_s(source[1]) if source else MAX_STARTUP_S
    return _tcp(port, allowed), source[0] if source else "port"


def probed_port(container: Container, probe: Probe) -> int | None:
    """The port that a probe asks, as a number; Knative's probes may leave it out, and mean the container's own."""
    if probe.kind != "exec" and probe.port in (None, 0):
        return container.ports[0].number if container.ports else DEFAULT_PORT
    return container.port_number(probe.port)


def _own_port(container: Container) -> int | None:
    own = [p.number for p in container.ports if p.protocol == "TCP" and role_of(p.name) == "application"] or list(
        known_ports(container)
    )
    return own[0] if own else None


def _tcp(port: int, total_s: int) -> CloudRunProbe:
    return CloudRunProbe("tcp", port, None, (), None, 0, 1, 1, max(1, total_s))


def carry(container: Container, probe: Probe, total_s: int) -> CloudRunProbe | None:
    """A start-up probe of the same kind, every second; None where Cloud Run has not the kind (exec, TLS, another
    host).
    """
    port = probed_port(container, probe)
    if probe.kind == "exec" or port is None:
        return None
    if probe.kind == "tcp" or (probe.kind == "http" and not _is_plain_http(probe)):
        return _tcp(port, total_s)
    return CloudRunProbe(
        probe.kind,
        port,
        probe.http_path or ("/" if probe.kind == "http" else None),
        probe.headers,
        probe.grpc_service,
        0,
        1,
        1,
        max(1, total_s),
    )


def _is_plain_http(probe: Probe) -> bool:
    return probe.scheme in (None, "HTTP") and probe.host in (None, "localhost", "127.0.0.1")


def _liveness(container: Container) -> tuple[CloudRunProbe | None, list[Clip]]:
    probe = container.liveness_probe
    if (
        probe is None
        or probe.kind == "exec"
        or probe.kind == "tcp"
        or (probe.kind == "http" and not _is_plain_http(probe))
    ):
        return None, []
    port = probed_port(container, probe)
    if port is None:
        return None, []
    clips: list[Clip] = []

    def clip(field: str, was: int, low: int, high: int) -> int:
        now = min(max(was, low), high)
        if now != was:
            clips.append(Clip(container.name, f"{container.path}.livenessProbe.{field}", f"{was} s", f"{now} s"))
        return now

    period = clip("periodSeconds", probe.period_s or DEFAULT_PERIOD_S, 1, MAX_LIVENESS_PERIOD_S)
    timeout = clip("timeoutSeconds", probe.timeout_s or DEFAULT_TIMEOUT_S, 1, period)
    delay = clip("initialDelaySeconds", probe.initial_delay_s or 0, 0, MAX_LIVENESS_PERIOD_S)
    path = probe.http_path or ("/" if probe.kind == "http" else None)
    return CloudRunProbe(
        probe.kind,
        port,
        path,
        probe.headers,
        probe.grpc_service,
        delay,
        period,
        timeout,
        probe.failure_threshold or DEFAULT_FAILURES,
    ), clips


def _within_budget(asked: Mapping[str, int], order: StartupOrder) -> dict[str, int]:
    """Cut the allowances so that no chain of dependencies asks for more than 240 s.

    Each is scaled by 240 s over the longest chain that it is part of; so the parts of any chain add up to 240 at most.
    """
    longest = _longest_chains(asked, order)
    return {
        name: min(s, max(1, s * MAX_STARTUP_S // longest[name])) if longest[name] > MAX_STARTUP_S else s
        for name, s in asked.items()
    }


def _longest_chains(asked: Mapping[str, int], order: StartupOrder) -> dict[str, int]:
    """Of each container: its own allowance, with the longest chain before it and the longest after it. [s]"""
    before: dict[str, int] = {}
    for name in order.order:
        before[name] = asked.get(name, 0) + max((before.get(o, 0) for o in order.depends_on.get(name, ())), default=0)
    after: dict[str, int] = {}
    for name in reversed(order.order):
        waiting = [n for n, others in order.depends_on.items() if name in others]
        after[name] = asked.get(name, 0) + max((after.get(n, 0) for n in waiting), default=0)
    return {name: before[name] + after[name] - asked.get(name, 0) for name in order.order}
