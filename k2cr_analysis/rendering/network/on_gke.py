"""Services that are still on GKE behind the load balancer: each keeps the backend that it has there.

Protocol, health check, time-out, affinity, draining, Cloud CDN, Cloud Armor and IAP with its members are those of
today, by what GKE itself reads. Source: GKE, "Ingress features" (BackendConfig, app-protocols, how health checks are
made), "Configure Gateway resources using Policies", "Container-native load balancing through standalone zonal NEGs".
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import Raw, integer, mapping, text
from k2cr_analysis.model.workload import Route, Workload
from k2cr_analysis.platforms.gke.labels import ALPHA_APP_PROTOCOLS, APP_PROTOCOLS
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.access.iap_members import backend_words, members_on, turn_on
from k2cr_analysis.rendering.network.backend_policy import (
    BackendPolicy,
    backend_config_specs,
    backend_policy,
    policy_specs,
)
from k2cr_analysis.rendering.text.names import cut, dns_label
from k2cr_analysis.rendering.text.scripts import unless_ours
from k2cr_analysis.rendering.text.shell import flag, quote

NAME_LIMIT = 63  # Compute Engine
_APP_PROTOCOLS = (APP_PROTOCOLS, ALPHA_APP_PROTOCOLS)
_OF_APP_PROTOCOL = {
    "https": "HTTPS",
    "http2": "HTTP2",
    "kubernetes.io/h2c": "H2C",
    "grpc": "H2C",
    "http": "HTTP",
    "kubernetes.io/ws": "HTTP",
}
_POLICY_CHECKS = {
    "HTTP": "httpHealthCheck",
    "HTTPS": "httpsHealthCheck",
    "HTTP2": "http2HealthCheck",
    "GRPC": "grpcHealthCheck",
}
_TIMES = (
    ("checkIntervalSec", "check-interval"),
    ("timeoutSec", "timeout"),
    ("healthyThreshold", "healthy-threshold"),
    ("unhealthyThreshold", "unhealthy-threshold"),
)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What the load balancer asks of the pods. ``kind``: http, https, http2 or grpc; ``port`` None: the serving one."""

    kind: str
    path: str | None
    port: int | None = None
    flags: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        found = [f"--port={self.port}"] if self.port else ["--use-serving-port"]
        found += [flag("request-path", self.path)] if self.path and self.kind != "grpc" else []
        return " ".join([*found, *self.flags])


@dataclass(frozen=True, slots=True)
class OnGke:
    """A Service of the cluster behind the load balancer. ``run_backend``: what takes its place once it has moved."""

    backend: str
    run_backend: str | None
    workload: str
    namespace: str
    service: str
    port: int | str | None
    protocol: str
    check: HealthCheck
    policy: BackendPolicy
    target: int | None = None  # the pods' own port

    @property
    def pod_ports(self) -> set[int]:
        """What the load balancer opens at the pods; empty where their port is not known."""
        return {p for p in (self.target, self.check.port) if p} if self.target else set()


def on_gke(one: Workload, route: Route, name: str, context: RenderContext, run_backend: str) -> OnGke:
    """``name`` is what the names of its backends begin with; ``run_backend`` that of the workload once it has moved."""
    assessed = context.assessed.get(one.id)
    moves = assessed is not None and assessed.fit.moves and assessed.fit.target == "service"
    number = _service_port(one, route)
    identity = f"{one.namespace}/{route.service}/{number}"
    protocol = _protocol(one, route, number)
    target = next(
        (p.target for e in one.exposures if e.service == route.service for p in e.ports if p.port == number), None
    )
    return OnGke(
        backend=cut(f"{name}-{dns_label(route.service)}{_port_in_name(one, route, number)}", NAME_LIMIT, identity),
        run_backend=run_backend if moves else None,
        workload=one.id,
        namespace=one.namespace,
        service=route.service,
        port=number,
        protocol=protocol,
        check=_health_check(one, route, number, target, protocol),
        policy=backend_policy(one, route.service, number),
        target=target,
    )


def backend_lines(here: OnGke, place: str, scheme: str, checks: str) -> list[str]:
    """Health check, backend service and endpoint groups; then what the backend has today. Run again, it changes none of
    what is right.
    """
    name, policy = here.backend, here.policy
    timeout = f" --timeout={policy.timeout_s}" if policy.timeout_s else ""
    lines = unless_ours(
        "compute health-checks",
        f"{name} {place}",
        [f"gcloud compute health-checks create {here.check.kind} {name} {place} \\", f"  {here.check.words}"],
    )
    lines += unless_ours(
        "compute backend-services",
        f"{name} {place}",
        [
            f"gcloud compute backend-services create {name} {place} \\",
            f"  --load-balancing-scheme={scheme} --protocol={here.protocol} --health-checks={name} {checks}{timeout}",
        ],
    )
    flags = [*policy.flags, *policy.affinity_flags]
    flags += [flag("security-policy", policy.armor)] if policy.armor else []
    flags += [f"--connection-draining-timeout={policy.draining_s}"] if policy.draining_s is not None else []
    if flags:
        lines += [f"gcloud compute backend-services update {name} {place} \\", f"  {' '.join(flags)}"]
    if policy.iap:
        lines += turn_on(name, place, here.namespace, policy.oauth_client)
        lines += members_on(backend_words(name, place), here.namespace, here.service)
    words = (name, here.namespace, here.service, here.port or 80)
    return [*lines, f"gke_negs {' '.join(quote(str(word)) for word in words)}"]


def _port_in_name(one: Workload, route: Route, number: int | str | None) -> str:
    """Each port of a Service has a backend of its own, with its own protocol, check and policy."""
    ports = {p.port for e in one.exposures if e.service == route.service for p in e.ports}
    return f"-{number}" if len(ports) > 1 else ""


def _service_port(one: Workload, route: Route) -> int | str | None:
    """The Service's port by number, which is what GKE names its NEGs by."""
    ports = [p for e in one.exposures if e.service == route.service for p in e.ports]
    named = next((p.port for p in ports if route.service_port in (p.port, p.name)), None)
    return named or route.service_port or (ports[0].port if ports else None)


def _protocol(one: Workload, route: Route, number: int | str | None) -> str:
    """How the load balancer speaks to the pods: GKE's annotation, the controller's, or the port's appProtocol."""
    exposure = next((e for e in one.exposures if e.service == route.service), None)
    port = next((p for p in exposure.ports if number in (p.port, p.name)), None) if exposure else None
    written = (
        next((exposure.annotations[a] for a in _APP_PROTOCOLS if a in exposure.annotations), "") if exposure else ""
    )
    try:
        said = json.loads(written) if written else {}
    except ValueError:
        said = {}
    if isinstance(said, dict) and port and said.get(port.name) in ("HTTPS", "HTTP2", "HTTP"):
        return str(said[port.name])
    of_controller = next((v.upper() for k, v in route.annotations.items() if k.endswith("/backend-protocol")), None)
    if of_controller in ("GRPC", "GRPCS", "HTTPS"):
        return {"GRPC": "H2C", "GRPCS": "HTTP2", "HTTPS": "HTTPS"}[of_controller]
    if route.kind == "GRPCRoute":
        return "H2C"
    return _OF_APP_PROTOCOL.get((port.app_protocol or "").lower() if port else "", "HTTP")


def _health_check(
    one: Workload, route: Route, number: int | str | None, target: int | None, protocol: str
) -> HealthCheck:
    """What GKE itself would ask: the policy's check, else the path of the readiness probe at the port, else ``/``."""
    kind = {"HTTPS": "https", "HTTP2": "http2", "H2C": "grpc"}.get(protocol, "http")
    for config in backend_config_specs(one, route.service, number):
        if spec := mapping(config, "healthCheck"):
            own = (text(spec, "type") or kind).lower()
            return HealthCheck(own, text(spec, "requestPath") or "/", integer(spec, "port"), _times(spec))
    for spec in policy_specs(one, "HealthCheckPolicy", route.service):
        config = mapping(spec, "config")
        of_kind = text(config, "type")
        if of_kind in _POLICY_CHECKS:
            inner = mapping(config, _POLICY_CHECKS[of_kind])
            path = text(inner, "requestPath") or "/"
            return HealthCheck(of_kind.lower(), path, integer(inner, "port"), _times(spec))
    return HealthCheck(kind, _probe_path(one, target))


def _times(spec: Raw) -> tuple[str, ...]:
    return tuple(f"--{name}={seconds}" for field, name in _TIMES if (seconds := integer(spec, field)))


def _probe_path(one: Workload, target: int | None) -> str:
    probes = ((c, c.readiness_probe) for c in one.pod.containers)
    asked = ((c.port_number(p.port), p.http_path) for c, p in probes if p and p.kind == "http")
    return next((path for port, path in asked if path and target in (port, None)), "/")
