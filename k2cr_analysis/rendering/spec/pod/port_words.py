"""Which word of a manifest makes the ingress port HTTP/2: found by leaving the word out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from k2cr_analysis.fit.evidence.protocols import called_ports
from k2cr_analysis.model.workload import Container, ServicePort, Workload


def name_decides(workload: Workload, port: int, path: str) -> bool:
    """Whether the name of the container's port at ``path`` decides between HTTP/1 and HTTP/2 on ``port``."""
    pod = workload.pod

    def unnamed(containers: tuple[Container, ...]) -> tuple[Container, ...]:
        return tuple(
            replace(c, ports=tuple(replace(p, name=None) if p.path == path else p for p in c.ports)) for c in containers
        )

    bare = replace(pod, containers=unnamed(pod.containers), sidecars=unnamed(pod.sidecars))
    return _is_http2(workload, port) != _is_http2(replace(workload, pod=bare), port)


def field_decides(workload: Workload, port: int, at: ServicePort, field: str) -> bool:
    """The same of ``name`` or ``appProtocol`` of a Service's port."""
    without: Callable[[ServicePort], ServicePort] = {
        "name": lambda p: replace(p, name=None),
        "appProtocol": lambda p: replace(p, app_protocol=None),
    }[field]
    exposures = tuple(
        replace(e, ports=tuple(without(p) if p is at else p for p in e.ports)) for e in workload.exposures
    )
    return _is_http2(workload, port) != _is_http2(replace(workload, exposures=exposures), port)


def _is_http2(workload: Workload, port: int) -> bool:
    called = called_ports(workload.exposures, workload.pod, workload.annotations)
    return any(c.is_http2 for c in called if c.target == port)
