"""What number and name of a declared port decide, and which word makes the ingress port HTTP/2: found by trying."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from k2cr_analysis.config.settings import WorkloadSettings
from k2cr_analysis.fit.evidence.containers import cast_of
from k2cr_analysis.fit.evidence.ingress import IngressChoice, choose_ingress
from k2cr_analysis.fit.evidence.protocols import called_ports
from k2cr_analysis.fit.evidence.starting.order import plan_startup
from k2cr_analysis.fit.evidence.starting.probes import plan_probes
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.model.cloud_run import ContainerProbes
from k2cr_analysis.model.parse.entrances.exposure import ports_in
from k2cr_analysis.model.workload import Container, Exposure, Pod, Port, ServicePort, Workload
from k2cr_analysis.platforms.cloud_run.annotations import DEPENDENCIES

_NOBODYS = 64999  # a number that no container declares
_PROBES = ("startup", "liveness", "readiness")


@dataclass(frozen=True, slots=True)
class _Decided:
    """What ports have a part in."""

    ingress: IngressChoice
    depends_on: tuple[tuple[str, tuple[str, ...]], ...]
    probes: tuple[tuple[str, ContainerProbes], ...]


class PortWords:
    """Of one workload, for what is declared of each port."""

    def __init__(self, workload: Workload, fit: Fit, settings: WorkloadSettings) -> None:
        self._workload, self._fit, self._settings = workload, fit, settings

    def number_decides(self, declared: Port) -> str | None:
        """Where another number would show, as a target of an entry; None: nowhere."""
        return self._shows(declared, other_number(declared))

    def name_decides(self, declared: Port) -> str | None:
        """The same of another name: a word for a protocol, or what a probe asks by."""
        return self._shows(declared, other_name(declared))

    def target_decides(self, at: ServicePort) -> bool:
        """Whether the service would take its requests elsewhere if this port of a Service led to another port."""
        exposures = tuple(
            replace(e, ports=tuple(_elsewhere(p) if p is at else p for p in e.ports)) for e in self._workload.exposures
        )
        return self._ingress_today != self._ingress(replace(self._workload, exposures=exposures))

    @cached_property
    def _today(self) -> _Decided:
        return self._decided(self._workload)

    def _shows(self, declared: Port, other: Port) -> str | None:
        before, after = self._today, self._decided(with_port(self._workload, declared, other))
        targets: list[str] = []
        if before.ingress != after.ingress and self._fit.target == "service":
            moved = before.ingress.container != after.ingress.container
            targets.append("containers[]" if moved else "containers[].ports[0]")
        if before.depends_on != after.depends_on:
            targets.append(f"annotation {DEPENDENCIES}")
        if before.probes != after.probes:
            targets += self._probes(before, after)
        return "; ".join(targets) or None

    def _probes(self, before: _Decided, after: _Decided) -> list[str]:
        known = dict(after.probes)
        return [
            f"container {name} {kind}Probe"
            for name, was in before.probes
            for kind in _PROBES
            if name not in known or getattr(was, kind) != getattr(known[name], kind)
        ]

    @cached_property
    def _ingress_today(self) -> IngressChoice:
        return self._ingress(self._workload)

    def _ingress(self, workload: Workload) -> IngressChoice:
        moving = cast_of(workload.pod).moving
        called = called_ports(workload.exposures, workload.pod, workload.pod.annotations)
        chosen = choose_ingress(self._fit.target, workload.pod, moving, called, self._settings)
        return replace(chosen, called=None, rivals=())

    def _decided(self, workload: Workload) -> _Decided:
        moving, ingress = cast_of(workload.pod).moving, self._ingress(workload)
        startup = plan_startup(workload, moving, self._settings.depends_on)
        ports = dict(startup.ports)
        if ingress.container and ingress.port:
            ports[ingress.container] = ingress.port
        probes = plan_probes(moving, startup.order, self._fit.target, ports).probes
        depends_on = tuple((name, tuple(on)) for name, on in sorted(startup.order.depends_on.items()))
        return _Decided(ingress, depends_on, tuple(sorted(probes.items())))


def other_number(declared: Port) -> Port:
    return replace(declared, number=_NOBODYS)


def other_name(declared: Port) -> Port:
    """Without the word for a protocol that it may begin with."""
    return replace(declared, name=f"x{declared.name}")


def with_port(workload: Workload, declared: Port, other: Port) -> Workload:
    """The workload with ``other`` in the place of a port that a container declares."""
    pod = workload.pod

    def changed(containers: tuple[Container, ...]) -> tuple[Container, ...]:
        return tuple(
            replace(c, ports=tuple(other if p.path == declared.path else p for p in c.ports)) for c in containers
        )

    parts = (changed(pod.containers), changed(pod.init_containers), changed(pod.sidecars))
    made = replace(pod, containers=parts[0], init_containers=parts[1], sidecars=parts[2])
    exposures = tuple(replace(e, ports=_led(e, made, declared, other)) for e in workload.exposures)
    return replace(workload, pod=made, exposures=exposures)


def _led(exposure: Exposure, pod: Pod, declared: Port, other: Port) -> tuple[ServicePort, ...]:
    """Where a Service's ports lead in the pod; a Knative Service leads to what its container declares."""
    if exposure.type != "Knative":
        return ports_in(exposure, pod)
    return tuple(
        replace(p, target=other.number, target_port=other.number, name=other.name) if p.target == declared.number else p
        for p in exposure.ports
    )


def _elsewhere(port: ServicePort) -> ServicePort:
    if isinstance(port.target_port, str):
        return _nowhere(port)
    return replace(port, target_port=_NOBODYS, target=_NOBODYS, container=None)


def _nowhere(port: ServicePort) -> ServicePort:
    return replace(port, target=None, container=None)


def field_decides(workload: Workload, port: int, at: ServicePort, field: str) -> bool:
    """Whether ``name`` or ``appProtocol`` of a Service's port decides between HTTP/1 and HTTP/2 on ``port``."""
    without: Callable[[ServicePort], ServicePort] = {
        "name": lambda p: replace(p, name=None),
        "appProtocol": lambda p: replace(p, app_protocol=None),
    }[field]
    exposures = tuple(
        replace(e, ports=tuple(without(p) if p is at else p for p in e.ports)) for e in workload.exposures
    )
    return is_http2(workload, port) != is_http2(replace(workload, exposures=exposures), port)


def is_http2(workload: Workload, port: int) -> bool:
    """Whether callers speak HTTP/2 to the port."""
    called = called_ports(workload.exposures, workload.pod, workload.annotations)
    return any(c.is_http2 for c in called if c.target == port)
