"""Ports and protocols: what callers use, and what Cloud Run can take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.evidence.ingress import ports_that_callers_use
from k2cr_analysis.fit.evidence.known_images import RAW_PORTS, raw_server, raw_server_on
from k2cr_analysis.fit.evidence.protocols import (
    TLS_PORTS,
    CalledPort,
    is_http3,
    is_http3_twin,
    raw_by_name,
    role_of,
    served_by_name,
    web_by_name,
    words_of,
)
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.iap import AUDIENCE
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.workload import Container, Port

_CONTRACT = "https://docs.cloud.google.com/run/docs/container-contract"
_HTTP2 = "https://docs.cloud.google.com/run/docs/configuring/http2"
_LOCAL_UDP = frozenset(
    {8125, 9125, 6831, 6832, 5775, 8126, 5140}
)  # statsd, Jaeger and syslog agents: meant for the containers beside them


@rule(
    id="udp-or-sctp-port",
    severity="blocker",
    reads=("Service.spec.ports[].protocol", "Container.ports[].protocol"),
    docs=_CONTRACT,
)
def udp_or_sctp_port(candidate: Candidate) -> Iterator[Found]:
    """The pod serves UDP or SCTP.

    Why: Cloud Run takes HTTP/1, HTTP/2, gRPC and WebSockets on one TCP port. UDP and SCTP do not reach an instance.
    Remedy: Leave it on GKE, or serve the same over HTTP. A port that only the containers of the pod use needs no
    `ports` entry: take it out.
    Example: ports: [{containerPort: 53, protocol: UDP}]
    """
    for called in candidate.called:
        if called.port.protocol in ("UDP", "SCTP") and not is_http3_twin(called.port, called.exposure):
            yield Found(
                called.at,
                f"Service {called.exposure.service} takes {called.port.protocol} on port {called.port.port}; "
                "Cloud Run takes HTTP and gRPC alone",
            )
    for container in candidate.moving:
        for port in container.ports:
            needless = _is_local(candidate, container, port) or _is_http3_twin(candidate, container, port)
            if port.protocol in ("UDP", "SCTP") and not needless:
                yield Found(
                    port.path,
                    f"container {container.name} serves {port.protocol} on port {port.number}; Cloud Run takes "
                    "HTTP and gRPC alone",
                )


def _is_local(candidate: Candidate, container: Container, port: Port) -> bool:
    """A port of an agent beside the application, which no Service selects."""
    exposed = any(c.target == port.number for c in candidate.called)
    return (
        len(candidate.moving) > 1
        and not exposed
        and (port.number in _LOCAL_UDP or candidate.cast.kinds.get(container.name) == "telemetry")
    )


def _is_http3_twin(candidate: Candidate, container: Container, port: Port) -> bool:
    """A UDP port beside the TCP port of the same number, named for HTTP/3 or behind a Service's port for it."""
    beside = any(p.protocol == "TCP" and p.number == port.number for p in container.ports)
    behind = any(c.target == port.number and is_http3_twin(c.port, c.exposure) for c in candidate.called)
    return beside and (behind or is_http3(port.name, port.number, port.protocol))


@rule(
    id="http-over-quic",
    severity="note",
    reads=("Service.spec.ports[].protocol", "Container.ports[].protocol"),
    docs="https://docs.cloud.google.com/load-balancing/docs/https",
)
def http_over_quic(candidate: Candidate) -> Iterator[Found]:
    """A UDP port serves HTTP/3 beside the TCP port of the same number.

    Why: HTTP/3 ends at Google's front end, which speaks HTTP/1 or HTTP/2 over TCP to the container. Clients lose
    nothing: they come in by the TCP port's protocol where HTTP/3 is not offered.
    Remedy: Nothing to do for the move. Take the UDP port out, and the application's own HTTP/3 and `Alt-Svc` header
    with it.
    Example: ports: [{name: https, port: 443}, {name: http3, port: 443, protocol: UDP}]
    """
    places = [
        (called.at, f"Service {called.exposure.service}", called.port.port)
        for called in candidate.called
        if is_http3_twin(called.port, called.exposure)
    ]
    if not places:
        places = [
            (port.path, f"container {container.name}", port.number)
            for container in candidate.moving
            for port in container.ports
            if port.protocol == "UDP" and _is_http3_twin(candidate, container, port)
        ]
    for at, who, number in places:
        yield Found(at, f"{who} serves HTTP/3 on UDP port {number}; on Cloud Run HTTP/3 ends at Google's front end")


@rule(
    id="raw-tcp-server",
    severity="blocker",
    reads=("Service.spec.ports", "Service.spec.type", "Container.ports", "Container.image"),
    docs=_CONTRACT,
)
def raw_tcp_server(candidate: Candidate) -> Iterator[Found]:
    """The pod serves a protocol over TCP that is neither HTTP nor gRPC.

    Why: Cloud Run's ingress speaks HTTP/1, HTTP/2, gRPC and WebSockets. Databases, caches, brokers and other raw TCP
    servers cannot be reached through it.
    Remedy: Use the managed service (Cloud SQL, Memorystore, Pub/Sub, ...), or leave it on GKE. If the port is HTTP, say
    so: `appProtocol: http` or a port name that begins with `http`.
    Example: ports: [{name: tcp-redis, port: 6379}]
    """
    for called in candidate.called:
        if called.speaks == "raw" and called.role != "metrics":
            yield Found(
                called.at,
                f"Service {called.exposure.service} port {called.port.port} is raw TCP ({called.evidence}); "
                "Cloud Run takes HTTP and gRPC alone",
            )
    if candidate.target == "job":
        return
    targets = {c.target for c in candidate.called}
    for container in candidate.moving:
        local = len(candidate.moving) > 1
        for port in container.ports:
            if port.protocol == "TCP" and port.number not in targets and not (local and candidate.called):
                evidence = _raw_evidence(candidate, container, port)
                if evidence and not (local and _is_helper(candidate, container)):
                    yield Found(
                        port.path,
                        f"container {container.name} serves raw TCP on port {port.number} ({evidence}); Cloud "
                        "Run takes HTTP and gRPC alone",
                    )
    yield from _bare_server(candidate)


def _raw_evidence(candidate: Candidate, container: Container, port: Port) -> str | None:
    protocol = raw_server_on(container.image, port.number)
    if protocol:
        return f"image {container.image} serves {protocol}"
    if raw_by_name(port.name) and role_of(port.name) == "application":
        return f"port name {port.name}"
    unnamed = not port.name or (role_of(port.name) == "application" and not web_by_name(port.name))
    server = served_by_name((container,), port.name)
    if not candidate.called and len(candidate.moving) == 1 and unnamed and server and port.number in RAW_PORTS:
        return f"the port is {RAW_PORTS[port.number]}'s, and the name {server} fits it"
    return None


def _is_helper(candidate: Candidate, container: Container) -> bool:
    return container.name in candidate.cast.kinds


def _bare_server(candidate: Candidate) -> Iterator[Found]:
    """A server image that declares no port and runs as its author meant it."""
    only = candidate.moving[0] if len(candidate.moving) == 1 else None
    known = raw_server(only.image) if only else None
    if only and known and not only.ports and not only.command and not any(c.speaks == "raw" for c in candidate.called):
        yield Found(
            f"{only.path}.image",
            f"container {only.name} runs {only.image}, a {known[1]} server; Cloud Run takes HTTP and gRPC alone",
        )


@rule(id="route-not-http", severity="blocker", reads=("TCPRoute", "UDPRoute", "TLSRoute"), docs=_CONTRACT)
def route_not_http(candidate: Candidate) -> Iterator[Found]:
    """A route for TCP, UDP or TLS leads to the pod.

    Why: In front of Cloud Run stands an HTTP load balancer: it ends TLS and passes on HTTP or gRPC alone.
    Remedy: Serve HTTP and use an HTTPRoute, or leave the workload on GKE.
    Example: kind: TCPRoute
    """
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            if route.kind in ("TCPRoute", "UDPRoute", "TLSRoute"):
                yield Found(
                    f"{route.kind}/{route.name} {route.path}",
                    f"{route.kind} {route.name} leads to Service {exposure.service}; Cloud Run takes HTTP and "
                    "gRPC alone",
                )


@rule(
    id="protocol-unknown",
    severity="change",
    reads=("Service.spec.ports[].name", "Service.spec.ports[].appProtocol"),
    docs=_CONTRACT,
)
def protocol_unknown(candidate: Candidate) -> Iterator[Found]:
    """Nothing in the manifest says what a port speaks.

    Why: Cloud Run takes HTTP/1, HTTP/2, gRPC and WebSockets. Whether this port is one of them, the manifest cannot
    show.
    Remedy: Say so in the Service: `appProtocol: http`, `kubernetes.io/h2c` or `grpc`. If it is none of these, the
    workload stays on GKE.
    Example: ports: [{port: 7654}]
    """
    for called in candidate.called:
        if called.speaks == "unknown" and called.role == "application":
            yield Found(
                called.at, f"Service {called.exposure.service}: {called.evidence}; Cloud Run takes HTTP and gRPC alone"
            )


@rule(
    id="undeclared-grpc",
    severity="change",
    reads=(
        "Service.spec.ports[].name",
        "Service.spec.ports[].appProtocol",
        "Service.metadata.annotations",
        "Container.ports[].name",
    ),
    docs=_HTTP2,
)
def undeclared_grpc(candidate: Candidate) -> Iterator[Found]:
    """The port looks like gRPC, but the manifest does not declare it.

    Why: For gRPC Cloud Run needs end-to-end HTTP/2 (`ports[0].name: h2c`); with it, an HTTP/1 server cannot be reached.
    A gRPC probe or a port number is a sign, not a declaration.
    Remedy: Declare it in the Service: `appProtocol: grpc` (or name the port `grpc`); or `appProtocol: http`, if it is
    not gRPC.
    Example: ports: [{port: 50051}]
    """
    for called in candidate.called:
        if called.speaks == "grpc" and not called.declared and called.role == "application":
            yield Found(
                called.at,
                f"Service {called.exposure.service} port {called.port.port} looks like gRPC ({called.evidence}) "
                "and does not say so; Cloud Run must know",
            )
    if candidate.target == "service" and not candidate.called:
        for container in candidate.moving:
            for name, probe in container.probes():
                if probe.kind == "grpc":
                    yield Found(
                        probe.path,
                        f"{name} of container {container.name} is a gRPC probe, and no Service says that the "
                        "port is gRPC; Cloud Run must know",
                    )


@rule(
    id="websocket-port",
    severity="change",
    reads=("Service.spec.ports[].name", "Service.spec.ports[].appProtocol", "Ingress.metadata.annotations"),
    docs="https://docs.cloud.google.com/run/docs/triggering/websockets",
)
def websocket_port(candidate: Candidate) -> Iterator[Found]:
    """A port is for WebSockets.

    Why: On Cloud Run a WebSocket is one request: it ends after 60 minutes at most, counts in the concurrency, and is
    billed while it is open.
    Remedy: Let clients connect again, set `timeoutSeconds` (at most 3600) and a `containerConcurrency` for the open
    connections, and do not declare h2c.
    Example: ports: [{name: websocket, port: 8080}]
    """
    for called in candidate.called:
        words = {w for n in (called.port.name, called.port.app_protocol) if n for w in words_of(n)}
        if words & {"ws", "wss", "websocket", "websockets"}:
            yield Found(
                called.at,
                f"Service {called.exposure.service} port {called.port.name or called.port.port} is for "
                "WebSockets; on Cloud Run one lasts 60 minutes at most",
            )
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            key = next(
                (k for k in mapping(route.raw, "metadata", "annotations") if k.endswith("/websocket-services")), None
            )
            if key:
                yield Found(
                    f"{route.kind}/{route.name} $.metadata.annotations['{key}']",
                    f"{route.kind} {route.name} passes WebSockets on; on Cloud Run one lasts 60 minutes at most",
                )
                break


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
    if candidate.target != "worker-pool":
        return
    port = next((p for c in candidate.moving for p in c.ports if p.protocol == "TCP"), None)
    if port:
        yield Found(
            port.path,
            f"port {port.number} is declared, and no Service selects the pod; a worker pool takes no requests",
        )


@rule(
    id="tls-in-container",
    severity="change",
    reads=(
        "Service.spec.ports",
        "Service.metadata.annotations",
        "Ingress.metadata.annotations",
        "Container.livenessProbe.httpGet.scheme",
        "Container.readinessProbe.httpGet.scheme",
    ),
    docs=_CONTRACT,
)
def tls_in_container(candidate: Candidate) -> Iterator[Found]:
    """The container ends TLS itself.

    Why: Cloud Run ends TLS in front of the container and speaks plain HTTP to it. A server that expects TLS on its port
    answers nobody.
    Remedy: Let it listen for plain HTTP on the ingress port; certificates move to the load balancer. Where it has a
    plain port, name that one in the Service.
    Example: ports: [{name: https, port: 443, targetPort: 8443}]
    """
    chosen = candidate.ingress.called
    if candidate.target == "service" and chosen and _ends_tls(candidate, chosen):
        yield Found(
            chosen.at,
            f"Service {chosen.exposure.service} port {chosen.port.port} is TLS up to the container "
            f"({chosen.evidence}); Cloud Run speaks plain HTTP to it",
        )
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            annotations = mapping(route.raw, "metadata", "annotations")
            key = next(
                (
                    k
                    for k, v in annotations.items()
                    if k.endswith("/backend-protocol") and str(v).upper() in ("HTTPS", "GRPCS")
                ),
                None,
            )
            if key:
                yield Found(
                    f"{route.kind}/{route.name} $.metadata.annotations['{key}']",
                    f"{route.kind} {route.name} speaks TLS to the container; Cloud Run speaks plain HTTP to it",
                )
                return


def _ends_tls(candidate: Candidate, chosen: CalledPort) -> bool:
    """HTTP/2 of GKE's load balancers is within TLS. An undeclared 443 in front of an ordinary port is TLS that ended
    before; only its own port, a name or a probe says more.
    """
    said = chosen.declared or any(c.speaks == "https" and c.declared for c in candidate.called)
    return chosen.speaks == "h2" or (chosen.speaks == "https" and (said or chosen.target in TLS_PORTS))


@rule(
    id="headless-peer-discovery",
    severity="blocker",
    reads=("Service.spec.clusterIP", "Service.spec.publishNotReadyAddresses", "PodSpec.subdomain", "PodSpec.hostname"),
    docs="https://docs.cloud.google.com/run/docs/about-instance-autoscaling",
)
def headless_peer_discovery(candidate: Candidate) -> Iterator[Found]:
    """The pods find each other by a headless Service.

    Why: Instances of a Cloud Run service have no addresses of their own and cannot call each other; requests come
    through one URL.
    Remedy: Keep shared state in a managed service (Memorystore, a database, Pub/Sub) instead of among the peers, and
    take the headless Service out; or leave the workload on GKE.
    Example: clusterIP: None, and env PEERS=web-headless.shop.svc of the same pods
    """
    for exposure in candidate.workload.exposures:
        if exposure.headless:
            evidence = _peer_evidence(candidate, exposure.service) or (
                "publishNotReadyAddresses"
                if mapping(exposure.raw, "spec").get("publishNotReadyAddresses") is True
                else None
            )
            if evidence:
                yield Found(
                    f"Service/{exposure.service} $.spec.clusterIP",
                    f"the pods find each other by the headless Service {exposure.service} ({evidence}); Cloud "
                    "Run's instances cannot",
                )
    if _names_its_pods(candidate):
        yield Found(
            f"{candidate.pod.path}.subdomain",
            f"each pod has a name of its own under {candidate.pod.raw['subdomain']}; Cloud Run's instances have none",
        )


def _names_its_pods(candidate: Candidate) -> bool:
    """Whether a subdomain gives the pods names: with a headless Service of that name, or as an indexed Job means it."""
    subdomain = candidate.pod.raw.get("subdomain")
    found = candidate.index.services.get(candidate.workload.namespace, {}).get(str(subdomain))
    batch = candidate.workload.batch
    indexed = batch is not None and batch.completion_mode == "Indexed"
    return bool(subdomain) and (indexed or mapping(found, "spec").get("clusterIP") == "None")


_ADDRESS_VARIABLE = re.compile(r"HOST|SERVICE|ADDR|PEER|SEED|DISCOVER|URL|DNS|NODE|JOIN|CLUSTER|MEMBER")


def _peer_evidence(candidate: Candidate, service: str) -> str | None:
    """Where the pod itself names its headless Service as an address."""
    name = re.escape(service)
    address = re.compile(rf"(?:^|[/@,=+\s.]){name}\.[a-z]|\.{name}(?![\w-])|//{name}(?![\w-])|(?:^|[/@,=\s]){name}:\d")
    for container in candidate.moving:
        for variable in container.env:
            if variable.source == "value" and variable.value:
                whole = variable.value.strip() == service and _ADDRESS_VARIABLE.search(variable.name)
                if whole or address.search(variable.value):
                    return f"env {variable.name}"
        if any(address.search(word) for word in (*container.command, *container.args)):
            return f"arguments of {container.name}"
        if raw_server(container.image) and len(candidate.moving) == 1 and _has_peers(candidate):
            return f"image {container.image}, more than one pod"
    return None


def _has_peers(candidate: Candidate) -> bool:
    scaler = candidate.workload.autoscaler
    return (candidate.workload.replicas or 0) > 1 or (scaler is not None and scaler.max_replicas > 1)


@rule(
    id="headless-service",
    severity="change",
    reads=("Service.spec.clusterIP",),
    docs="https://docs.cloud.google.com/run/docs/triggering/https-request",
)
def headless_service(candidate: Candidate) -> Iterator[Found]:
    """Callers reach the pods by a headless Service alone.

    Why: A headless Service gives the addresses of the pods, so callers choose one themselves (gRPC clients often do).
    Cloud Run gives one URL, and balances behind it.
    Remedy: Let callers use the service's URL without balancing of their own (gRPC: `pick_first`); take out `clusterIP:
    None`.
    Example: clusterIP: None
    """
    exposures = candidate.workload.exposures
    if (
        candidate.workload.kind != "StatefulSet"
        and exposures
        and all(e.headless for e in exposures)
        and not any(_peer_evidence(candidate, e.service) for e in exposures)
    ):
        for exposure in exposures:
            if any(c.role == "application" for c in candidate.called if c.exposure is exposure):
                yield Found(
                    f"Service/{exposure.service} $.spec.clusterIP",
                    f"callers get the pods' own addresses from the headless Service {exposure.service}; Cloud "
                    "Run has one URL",
                )


@rule(
    id="stateful-set-identity",
    severity="blocker",
    reads=("StatefulSet.spec.serviceName", "StatefulSet.spec.podManagementPolicy", "StatefulSet.spec.ordinals"),
    docs="https://docs.cloud.google.com/run/docs/about-instance-autoscaling",
)
def stateful_set_identity(candidate: Candidate) -> Iterator[Found]:
    """A StatefulSet gives each pod a name, an order and an address of its own.

    Why: Instances of a Cloud Run service are all alike, start in any order, and cannot be addressed one by one.
    Remedy: If the application does not use the identity (no `hostname` ordinals, no disk, no peers), make it a
    Deployment; otherwise use a managed service or leave it on GKE.
    Example: kind: StatefulSet
    """
    if candidate.workload.kind == "StatefulSet":
        service = mapping(candidate.workload.raw, "spec").get("serviceName")
        at = "$.spec.serviceName" if service else "$.kind"
        yield Found(
            at,
            f"a StatefulSet gives its pods an identity each{f' under {service}' if service else ''}; Cloud Run's "
            "instances have none",
        )


@rule(
    id="client-ip-affinity",
    severity="note",
    reads=("Service.spec.sessionAffinity", "Service.spec.sessionAffinityConfig"),
    docs="https://docs.cloud.google.com/run/docs/configuring/session-affinity",
)
def client_ip_affinity(candidate: Candidate) -> Iterator[Found]:
    """The Service sends a client's requests to the same pod by its address.

    Why: Cloud Run does it by a cookie, as far as it can: an instance may stop, or be full.
    Remedy: Nothing to decide: `run.googleapis.com/sessionAffinity: "true"` is set. Do not keep sessions in memory
    alone.
    Example: sessionAffinity: ClientIP
    """
    for exposure in candidate.workload.exposures:
        if mapping(exposure.raw, "spec").get("sessionAffinity") == "ClientIP":
            yield Found(
                f"Service/{exposure.service} $.spec.sessionAffinity",
                f"Service {exposure.service} keeps clients with their pod by address; Cloud Run does it by "
                "cookie, as far as it can",
            )


@rule(
    id="host-names-set",
    severity="change",
    reads=("PodSpec.hostAliases", "PodSpec.dnsConfig", "PodSpec.dnsPolicy", "PodSpec.subdomain"),
    docs="https://docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc",
)
def host_names_set(candidate: Candidate) -> Iterator[Found]:
    """The pod has name resolution of its own.

    Why: Cloud Run resolves by the VPC network's DNS. It has no `hostAliases`, no name servers a pod chooses, and no
    names of its instances.
    Remedy: Put the names into a Cloud DNS private zone (seen through VPC egress) and take out `hostAliases`,
    `dnsConfig` and `subdomain`.
    Example: hostAliases: [{ip: 10.0.0.5, hostnames: [db.internal]}]
    """
    if candidate.pod.raw.get("hostAliases"):
        yield Found(
            f"{candidate.pod.path}.hostAliases", "the pod sets host names of its own; Cloud Run resolves by DNS alone"
        )
    subdomain = candidate.pod.raw.get("subdomain")
    if subdomain and not _names_its_pods(candidate):
        yield Found(
            f"{candidate.pod.path}.subdomain",
            f"the pod wants a name under {subdomain}, and no headless Service of that name is in the snapshot; Cloud "
            "Run's instances have no names",
        )
    config = mapping(candidate.pod.raw, "dnsConfig")
    for field in ("nameservers", "searches"):
        if config.get(field):
            yield Found(
                f"{candidate.pod.path}.dnsConfig.{field}",
                f"the pod sets {field} of DNS; Cloud Run resolves by the VPC network's DNS",
            )


@rule(
    id="iap-audience-changes",
    severity="note",
    reads=("BackendConfig.spec.iap", "GCPBackendPolicy"),
    docs="https://docs.cloud.google.com/iap/docs/signed-headers-howto",
)
def iap_audience_changes(candidate: Candidate) -> Iterator[Found]:
    """Users come in through IAP, whose signed header names the backend.

    Why: The audience of IAP's signed header is the backend service's (`/projects/NUMBER/global/backendServices/ID`), or
    with IAP on Cloud Run itself the service's (`/projects/NUMBER/locations/REGION/services/NAME`). Either is a new one.
    Remedy: Give whatever checks `X-Goog-IAP-JWT-Assertion` the new audience, as an environment variable, before the
    cutover.
    Example: kind: BackendConfig, spec: {iap: {enabled: true}}
    """
    for config in candidate.workload.related.get("BackendConfig", ()):
        if mapping(config, "spec", "iap").get("enabled") is True:
            yield Found(
                f"BackendConfig/{mapping(config, 'metadata').get('name')} $.spec.iap",
                "IAP stands in front: its signed header will name another audience on Cloud Run",
            )
    for policy in candidate.workload.related.get("GCPBackendPolicy", ()):
        if mapping(policy, "spec", "default", "iap").get("enabled") is True:
            yield Found(
                f"GCPBackendPolicy/{mapping(policy, 'metadata').get('name')} $.spec.default.iap",
                "IAP stands in front: its signed header will name another audience on Cloud Run",
            )


@rule(
    id="iap-audience-pinned",
    severity="change",
    reads=("Container.env[].value", "Container.args", "Container.command"),
    docs="https://docs.cloud.google.com/iap/docs/signed-headers-howto",
)
def iap_audience_pinned(candidate: Candidate) -> Iterator[Found]:
    """A container checks IAP's signed header against the audience of the old backend service.

    Why: Behind a new backend service, or with IAP on Cloud Run itself, the header names another audience. A check
    against the old one refuses every user.
    Remedy: Set the value to the new one at the cutover: `/projects/NUMBER/global/backendServices/ID` of the new backend
    service (ID is known once `network.sh` has made it), or `/projects/NUMBER/locations/REGION/services/NAME` with IAP
    on Cloud Run itself.
    Example: env: [{name: IAP_AUDIENCE, value: /projects/1234567890/global/backendServices/42}]
    """
    for container in candidate.moving:
        texts = [(e.path, f"env {e.name}", e.value) for e in container.env if e.value]
        for field, words in (("command", container.command), ("args", container.args)):
            texts += [(f"{container.path}.{field}[{i}]", field, word) for i, word in enumerate(words)]
        for at, where, text in texts:
            found = AUDIENCE.search(text)
            if found:
                yield Found(
                    at,
                    f"{where} of container {container.name} is IAP's audience {found.group()}; on Cloud Run it "
                    "is another",
                )


@rule(
    id="request-over-hour",
    severity="change",
    reads=("BackendConfig.spec.timeoutSec", "GCPBackendPolicy"),
    docs="https://docs.cloud.google.com/run/docs/configuring/request-timeout",
)
def request_over_hour(candidate: Candidate) -> Iterator[Found]:
    """Requests may last longer than an hour.

    Why: Cloud Run ends a request after 3600 s at most; the load balancer's own timeout does not apply to it.
    Remedy: Split the work into shorter requests, or hand it to a job; then set `timeoutSec` to at most 3600.
    Example: kind: BackendConfig, spec: {timeoutSec: 86400}
    """
    for kind, keys in (("BackendConfig", ("spec",)), ("GCPBackendPolicy", ("spec", "default"))):
        for config in candidate.workload.related.get(kind, ()):
            timeout = mapping(config, *keys).get("timeoutSec")
            if isinstance(timeout, int) and timeout > 3600:
                yield Found(
                    f"{kind}/{mapping(config, 'metadata').get('name')} $.{'.'.join(keys)}.timeoutSec",
                    f"requests may last {timeout} s; Cloud Run ends them after 3600 s",
                )


_ROUTE_REWRITES = (
    "rewrite-target",
    "auth-url",
    "auth-signin",
    "auth-type",
    "configuration-snippet",
    "server-snippet",
    "canary",
    "app-root",
    "use-regex",
    "whitelist-source-range",
    "proxy-body-size",
)


@rule(
    id="ingress-controller-feature",
    severity="change",
    reads=("Ingress.metadata.annotations",),
    docs="https://docs.cloud.google.com/load-balancing/docs/url-map-concepts",
)
def ingress_controller_feature(candidate: Candidate) -> Iterator[Found]:
    """The Ingress relies on what its controller does beside routing.

    Why: In front of Cloud Run stands Google's load balancer, which knows nothing of the annotations of another
    controller: rewriting, authentication, snippets, limits.
    Remedy: Say each of them in the URL map (`urlRewrite`), IAP or Cloud Armor, or do it in a proxy container; then take
    the annotation out.
    Example: annotations: {nginx.ingress.kubernetes.io/rewrite-target: /$2}
    """
    seen = set()
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            for key in mapping(route.raw, "metadata", "annotations"):
                prefix, _, feature = key.rpartition("/")
                if feature in _ROUTE_REWRITES and "ingress" in prefix and (route.name, key) not in seen:
                    seen.add((route.name, key))
                    yield Found(
                        bracketed(f"{route.kind}/{route.name} $.metadata.annotations", key),
                        f"{route.kind} {route.name} relies on {key}; Google's load balancer does not read it",
                    )
