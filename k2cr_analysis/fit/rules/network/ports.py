"""Which port and which container take the requests: a Cloud Run service has one of each."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.evidence.ingress import ports_that_callers_use
from k2cr_analysis.fit.registry import Found, rule

_CONTRACT = "https://docs.cloud.google.com/run/docs/container-contract"


@rule(
    id="several-ports",
    severity="change",
    reads=("Service.spec.ports", "Service.spec.ports[].targetPort"),
    docs=_CONTRACT,
)
def several_ports(candidate: Candidate) -> Iterator[Found]:
    """Callers use two or more HTTP or gRPC ports.

    Why: A Cloud Run service has one port. Metrics, health and the TLS twin of a port do not count.
    Remedy: Put a proxy container in front that sends paths to the ports, or make a service of each port; take the ports
    that nobody calls out of the Service's `spec.ports`.
    Example: ports: [{name: http, port: 80, targetPort: 8080}, {name: grpc, port: 9000}]
    """
    used = ports_that_callers_use(candidate.called)
    if candidate.target == "service" and len(used) > 1:
        listed = ", ".join(
            f"{c.port.name or c.port.port} ({c.exposure.service} -> {c.target or c.port.target_port})" for c in used
        )
        yield Found(used[1].at, f"callers use {len(used)} ports: {listed}; a Cloud Run service has one")


@rule(
    id="ingress-container-unclear",
    severity="change",
    reads=("Service.spec.ports[].targetPort", "Container.ports"),
    docs="https://docs.cloud.google.com/run/docs/deploying",
)
def ingress_container_unclear(candidate: Candidate) -> Iterator[Found]:
    """More than one container could be the ingress container.

    Why: Exactly one container of a Cloud Run service takes the requests. The Services lead to several, or to a port
    that no container declares.
    Remedy: Choose: `ingress_container` under `[workload."namespace/Kind/name"]` in k2cr.toml; or declare the port in
    `containers[].ports`.
    Example: two containers, and a Service with a port to each
    """
    choice = candidate.ingress
    if choice.invalid:
        yield Found(
            f"{candidate.pod.path}.containers",
            f"k2cr.toml names the ingress container {choice.invalid}, and the pod has {', '.join(choice.candidates)}",
        )
    elif candidate.target == "service" and choice.container is None and candidate.moving:
        at = choice.rivals[0].at if choice.rivals else f"{candidate.pod.path}.containers"
        yield Found(
            at,
            f"the ingress container may be {' or '.join(choice.candidates)}: the Services do not settle it; "
            "Cloud Run has one",
        )


@rule(
    id="no-service-for-port",
    severity="note",
    reads=("Container.ports[].containerPort",),
    docs="https://docs.cloud.google.com/run/docs/deploying-worker-pools",
)
def no_service_for_port(candidate: Candidate) -> Iterator[Found]:
    """A container declares a port, but no Service selects the pod.

    Why: Container ports are informational. Without a Service nobody calls the pod by name, so it becomes a worker pool,
    which takes no requests.
    Remedy: If it takes requests, collect its Service too, or set `target = "service"` under
    `[workload."namespace/Kind/name"]` in k2cr.toml.
    Example: a Deployment with `ports: [{containerPort: 8080}]`, and no Service
    """
    if candidate.target != "worker-pool" or candidate.workload.exposures:
        return
    port = next((p for c in candidate.moving for p in c.ports if p.protocol == "TCP"), None)
    if port:
        yield Found(
            port.path,
            f"port {port.number} is declared, and no Service selects the pod; a worker pool takes no requests",
        )
