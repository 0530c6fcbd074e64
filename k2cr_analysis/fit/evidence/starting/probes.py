"""Probes as Cloud Run takes them.

The start-up probe is made from ``startupProbe``, else it asks what the readiness probe asks, else the liveness probe:
delay 0 and period 1 s, so that a start is seen when it happens. How long it allows, ``budget.py`` says. A
container that others wait for always has one. Readiness and liveness probes stay as they are where Cloud Run has the
kind: HTTP and gRPC; readiness on services alone, liveness on worker pools too, and jobs have neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from k2cr_analysis.fit.evidence.known_images import sidecar_kind
from k2cr_analysis.fit.evidence.protocols import known_ports, role_of
from k2cr_analysis.fit.evidence.starting.budget import Allowance, share_budget
from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes, StartupOrder
from k2cr_analysis.model.findings.finding import Target
from k2cr_analysis.model.workload import Container, Probe
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_PORT
from k2cr_analysis.platforms.cloud_run.probes import (
    DEFAULT_FAILURES,
    DEFAULT_PERIOD_S,
    DEFAULT_TIMEOUT_S,
    KUBERNETES_DEFAULT_SUCCESSES,
    MAX_LIVENESS_PERIOD_S,
    MAX_READINESS_PERIOD_S,
    MAX_STARTUP_S,
)


@dataclass(frozen=True, slots=True)
class Clip:
    """A timing that had to change: what it was and what it is, in words."""

    container: str
    at: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A start-up allowance that Cloud Run's 240 s cut, over the chain or by itself. [s]"""

    container: Container
    asked: Allowance
    granted: int


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """``clips``: timings out of range. ``cuts``: allowances that the 240 s cut. ``blind``: awaited, but no port is
    known.
    """

    probes: Mapping[str, ContainerProbes]
    clips: tuple[Clip, ...]
    cuts: tuple[Cut, ...]
    blind: tuple[Container, ...]


def allowed_s(probe: Probe) -> int:
    """Time that a probe gives a container before it fails it: delay + period x failures. [s]"""
    failures = probe.failure_threshold or DEFAULT_FAILURES
    return (probe.initial_delay_s or 0) + (probe.period_s or DEFAULT_PERIOD_S) * failures


def allowance_of(container: Container) -> Allowance:
    """How long Kubernetes lets a container start before it kills it; all that Cloud Run has, where nothing kills."""
    is_helper = sidecar_kind(container.name, container.image) is not None
    if container.startup_probe:
        return Allowance(allowed_s(container.startup_probe), "startupProbe", is_helper)
    if container.liveness_probe:
        return Allowance(allowed_s(container.liveness_probe), "livenessProbe", is_helper)
    return Allowance(MAX_STARTUP_S, "k2cr", is_helper)


def plan_probes(
    moving: Sequence[Container], order: StartupOrder, target: Target, main_ports: Mapping[str, int]
) -> ProbePlan:
    """Cloud Run's probes of each container.

    ``main_ports``: the port that a container is known to serve on (the ingress port), for a TCP probe where no other
    probe can be carried.
    """
    awaited = {other for others in order.depends_on.values() for other in others}
    starts: dict[str, tuple[CloudRunProbe, str]] = {}
    for container in moving:
        name, main_port = container.name, main_ports.get(container.name)
        # What serves and waits for others is part of a chain, whose times add up: its own is written out.
        needed = name in awaited or (main_port is not None and bool(order.depends_on.get(name)))
        made = _startup(container, needed, main_port)
        if made:
            starts[name] = made
    asked = {c.name: allowance_of(c) for c in moving if c.name in starts}
    granted = share_budget(asked, order)
    found: dict[str, ContainerProbes] = {}
    clips: list[Clip] = []
    for container in moving:
        probes, clipped = _carried(container, target)
        clips += clipped
        if container.name in starts:
            probe, made_from = starts[container.name]
            probes = replace(
                probes,
                startup=replace(probe, failure_threshold=granted[container.name]),
                startup_made_from=made_from,
                startup_allowed_by=asked[container.name].origin,
            )
        found[container.name] = probes
    cuts = tuple(
        Cut(c, asked[c.name], granted[c.name])
        for c in moving
        if c.name in asked and granted[c.name] < asked[c.name].seconds
    )
    blind = tuple(c for c in moving if c.name in awaited and found[c.name].startup is None)
    return ProbePlan(found, tuple(clips), cuts, blind)


def _startup(container: Container, needed: bool, main_port: int | None) -> tuple[CloudRunProbe, str] | None:
    """(probe, the field that says what it asks); its time is not settled yet."""
    sources = (
        ("startupProbe", container.startup_probe),
        ("readinessProbe", container.readiness_probe),
        ("livenessProbe", container.liveness_probe),
    )
    for name, probe in sources:
        if probe is not None and (carried := carry(container, probe)):
            return carried, name
    asks = container.startup_probe or container.readiness_probe
    port = main_port or _own_port(container)
    if port is None or not (needed or asks):
        return None
    return _tcp(port), "startupProbe" if container.startup_probe else "readinessProbe" if asks else "port"


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


def _tcp(port: int) -> CloudRunProbe:
    return CloudRunProbe("tcp", port, None, (), None, 0, 1, 1, MAX_STARTUP_S)


def carry(container: Container, probe: Probe) -> CloudRunProbe | None:
    """A start-up probe that asks the same, every second; None where Cloud Run has not the kind (a command)."""
    port = probed_port(container, probe)
    if probe.kind == "exec" or port is None:
        return None
    if probe.kind == "tcp" or (probe.kind == "http" and not _is_plain_http(probe)):
        return _tcp(port)
    return _of_kind(probe, port, delay_s=0, period_s=1, timeout_s=1, failures=MAX_STARTUP_S)


def _of_kind(
    probe: Probe, port: int, *, delay_s: int, period_s: int, timeout_s: int, failures: int
) -> CloudRunProbe | None:
    if probe.kind not in ("http", "grpc"):
        return None
    return CloudRunProbe(
        kind=probe.kind,
        port=port,
        http_path=probe.http_path or ("/" if probe.kind == "http" else None),
        headers=probe.headers,
        grpc_service=probe.grpc_service,
        initial_delay_s=delay_s,
        period_s=period_s,
        timeout_s=timeout_s,
        failure_threshold=failures,
    )


def _is_plain_http(probe: Probe) -> bool:
    return probe.scheme in (None, "HTTP") and probe.host in (None, "localhost", "127.0.0.1")


def _carried(container: Container, target: Target) -> tuple[ContainerProbes, list[Clip]]:
    """The probes that stay, each where the kind of resource has it."""
    clips: list[Clip] = []
    liveness = None if target == "job" else _kept(container, container.liveness_probe, "livenessProbe", clips)
    readiness = _kept(container, container.readiness_probe, "readinessProbe", clips) if target == "service" else None
    return ContainerProbes(None, liveness, readiness=readiness), clips


def _kept(
    container: Container, probe: Probe | None, name: Literal["livenessProbe", "readinessProbe"], clips: list[Clip]
) -> CloudRunProbe | None:
    if probe is None or (probe.kind == "http" and not _is_plain_http(probe)):
        return None
    port = probed_port(container, probe)
    if port is None or probe.kind not in ("http", "grpc"):
        return None

    def clip(field: str, was: int, low: int, high: int) -> int:
        now = min(max(was, low), high)
        if now != was:
            clips.append(Clip(container.name, f"{container.path}.{name}.{field}", f"{was} s", f"{now} s"))
        return now

    is_readiness = name == "readinessProbe"
    longest = MAX_READINESS_PERIOD_S if is_readiness else MAX_LIVENESS_PERIOD_S
    period = clip("periodSeconds", probe.period_s or DEFAULT_PERIOD_S, 1, longest)
    timeout = clip("timeoutSeconds", probe.timeout_s or DEFAULT_TIMEOUT_S, 1, period)
    # A readiness probe begins when the start-up probe has passed: it has no delay of its own.
    delay = 0 if is_readiness else clip("initialDelaySeconds", probe.initial_delay_s or 0, 0, longest)
    failures = probe.failure_threshold or DEFAULT_FAILURES
    made = _of_kind(probe, port, delay_s=delay, period_s=period, timeout_s=timeout, failures=failures)
    if made is None or not is_readiness:
        return made
    # Cloud Run's own default is 2, Kubernetes' is 1: written out.
    return replace(made, success_threshold=probe.success_threshold or KUBERNETES_DEFAULT_SUCCESSES)
