"""What the ports speak, and what of it Cloud Run can take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.evidence.known_images import RAW_PORTS, holds_sockets, raw_server, raw_server_on
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
from k2cr_analysis.model.parse.access import mapping, objects, texts
from k2cr_analysis.model.parse.entrances.routes_of_workload import settings_of
from k2cr_analysis.model.workload import Container, Port
from k2cr_analysis.platforms.cloud_run.limits import MAX_TIMEOUT_S

_CONTRACT = "https://docs.cloud.google.com/run/docs/container-contract"
_HTTP2 = "https://docs.cloud.google.com/run/docs/configuring/http2"
_SOCKET_ENDS = f"on Cloud Run one lasts {MAX_TIMEOUT_S // 60} minutes at most"
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
    Remedy: Use the managed service (Cloud SQL, Memorystore, Pub/Sub, ...), or leave it on GKE. Where nothing in it must
    outlive an instance and its callers are in the VPC, a worker pool with Direct VPC ingress takes private TCP: each
    instance has a private IP, with no load balancer in front. If the port is HTTP, say so: `appProtocol: http` or a
    port name that begins with `http`.
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
        local = len(candidate.moving) > 1 and (candidate.called or _is_beside_an_application(candidate, container))
        for port in container.ports:
            if port.protocol == "TCP" and port.number not in targets and not local:
                evidence = _raw_evidence(candidate, container, port)
                if evidence:
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


def _is_beside_an_application(candidate: Candidate, container: Container) -> bool:
    """Whether a container that no Service leads to serves the others of its pod: it is a known sidecar, or another
    one is an application. What has sidecars of known kinds alone beside it (an exporter) is what the pod is there for.
    """
    others = (c for c in candidate.moving if c is not container and c.name not in candidate.cast.kinds)
    return container.name in candidate.cast.kinds or any(raw_server(other.image) is None for other in others)


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
    reads=(
        "Service.spec.ports[].name",
        "Service.spec.ports[].appProtocol",
        "Ingress.metadata.annotations",
        "Container.image",
        "Container.command",
        "Container.args",
    ),
    docs="https://docs.cloud.google.com/run/docs/triggering/websockets",
)
def websocket_port(candidate: Candidate) -> Iterator[Found]:
    """A port is for WebSockets.

    Why: On Cloud Run a WebSocket is one request: it ends after 60 minutes at most, counts in the concurrency, and is
    billed while it is open.
    Remedy: Let clients connect again (`timeoutSeconds: 3600`, the most, is written), set a `containerConcurrency` for
    the open connections, and do not declare h2c.
    Example: ports: [{name: websocket, port: 8080}]
    """
    for called in candidate.called:
        names = (called.port.name, called.port.app_protocol, called.declared_name)
        named = next((n for n in names if n and set(words_of(n)) & {"ws", "wss", "websocket", "websockets"}), None)
        if named:
            yield Found(
                called.at,
                f"Service {called.exposure.service} port {called.port.port} ({named}) is for "
                f"WebSockets; {_SOCKET_ENDS}",
            )
    for name, settings in settings_of(candidate.workload):
        if settings.websocket:
            yield Found(
                f"{name} {settings.at('websocket')}",
                f"{name.replace('/', ' ')} passes WebSockets on; {_SOCKET_ENDS}",
            )
    for at, who in _passed_by_other_kinds(candidate):
        yield Found(at, f"{who} passes WebSockets on; {_SOCKET_ENDS}")
    for container in candidate.moving:
        what = holds_sockets(container.image, " ".join((*container.command, *container.args)))
        if what and candidate.target == "service" and container.name == candidate.ingress.container:
            yield Found(
                f"{container.path}.image",
                f"container {container.name} is {what}, whose pages hold a WebSocket open; {_SOCKET_ENDS}",
            )
    if candidate.target == "service" and (told := next(_by_names_and_callers(candidate), None)):
        yield Found(told[0], f"{told[1]}; {_SOCKET_ENDS}")
    routes = [r for e in candidate.workload.exposures for r in e.routes if _is_of_sockets(r.http_path)]
    for route in {(r.kind, r.name, r.http_path): r for r in routes}.values():
        beside = ", and over h2c, which this port speaks, none can be opened" if candidate.ingress.h2c else ""
        yield Found(
            f"{route.kind}/{route.name} {route.path}",
            f"{route.kind} {route.name} leads {route.http_path} here, where WebSockets are opened by habit; "
            f"{_SOCKET_ENDS}{beside}",
        )


def _by_names_and_callers(candidate: Candidate) -> Iterator[tuple[str, str]]:
    for exposure in candidate.workload.exposures:
        if "websocket" in exposure.service.lower():
            what = f"{exposure.kind} {exposure.service}"
            yield f"{exposure.kind}/{exposure.service} $.metadata.name", f"{what} is for WebSockets by its name"
    for edge in candidate.leading:
        if any(a.scheme in ("ws", "wss") for a in edge.addresses):
            yield "$.metadata.name", f"{edge.source} opens WebSockets to it ({edge.evidence})"


def _passed_by_other_kinds(candidate: Candidate) -> Iterator[tuple[str, str]]:
    """Contour's routes and Emissary's Mappings say it in a field of their own."""
    for raw in candidate.workload.related.get("HTTPProxy", ()):
        for i, route in objects(mapping(raw, "spec"), "routes"):
            if route.get("enableWebsockets") is True:
                name = mapping(raw, "metadata").get("name")
                yield f"HTTPProxy/{name} $.spec.routes[{i}].enableWebsockets", f"HTTPProxy {name}"
    for raw in candidate.workload.related.get("Mapping", ()):
        if "websocket" in texts(mapping(raw, "spec"), "allow_upgrade"):
            name = mapping(raw, "metadata").get("name")
            yield f"Mapping/{name} $.spec.allow_upgrade", f"Mapping {name}"


# Paths that libraries open WebSockets at: socket.io, SockJS, Rails' Action Cable, SignalR.
_SOCKET_PATHS = frozenset({"ws", "wss", "websocket", "websockets", "socket.io", "sockjs", "cable", "signalr"})


def _is_of_sockets(http_path: str | None) -> bool:
    parts = [part for part in (http_path or "").lower().split("/") if part]
    return bool(set(parts) & _SOCKET_PATHS)


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
    elif candidate.target == "service" and (certificate := next(_certificates(candidate), None)):
        at, said = certificate
        yield Found(at, f"{said}: does its port speak TLS? Cloud Run speaks plain HTTP to it")
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            termination = route.tls_termination
            if termination in ("passthrough", "reencrypt"):
                yield Found(
                    f"Route/{route.name} $.spec.tls.termination",
                    f"Route {route.name} passes TLS on to the container ({termination}); Cloud Run speaks plain HTTP "
                    "to it",
                )
                return
            key = next(
                (
                    k
                    for k, v in route.annotations.items()
                    if k.endswith("/backend-protocol") and v.upper() in ("HTTPS", "GRPCS")
                ),
                None,
            )
            if key:
                yield Found(
                    f"{route.kind}/{route.name} $.metadata.annotations['{key}']",
                    f"{route.kind} {route.name} speaks TLS to the container; Cloud Run speaks plain HTTP to it",
                )
                return


# Flags and variables that give a server its certificate: its own words, with no other server's or a client's name.
_CERTIFICATE_FLAG = re.compile(
    r"--?(?:server[-.])?(?:tls|ssl|https)?[-_.]?(?:cert(?:ificate)?|certfile|keystore)(?:[-_.]?(?:file|path))?(?:=.*)?"
)
_CERTIFICATE_VARIABLE = re.compile(
    r"(?:SERVER_|HTTP_|HTTPS_|APP_|KC_|GF_SERVER_)?(?:SSL|TLS|HTTPS)?_?(?:CERT(?:IFICATE)?|KEY_?STORE)(?:_(?:FILE|PATH))?"
    r"|SERVER_SSL_KEY_STORE|KESTREL__CERTIFICATES__DEFAULT__PATH|ASPNETCORE_KESTREL__CERTIFICATES__DEFAULT__PATH"
)


def _certificates(candidate: Candidate) -> Iterator[tuple[str, str]]:
    """Where the ingress container is given a certificate to serve with, while nothing asks its port in plain HTTP."""
    name, port = candidate.ingress.container, candidate.ingress.port
    container = next((c for c in candidate.moving if c.name == name), None)
    if container is None or len({c.target for c in candidate.called}) > 1:
        return  # with two ports the other one is plain, or the rule has spoken
    probed = [p for _, p in container.probes() if p.kind == "http" and container.port_number(p.port) == port]
    if any((p.scheme or "HTTP") == "HTTP" for p in probed):
        return
    for field, words in (("command", container.command), ("args", container.args)):
        for i, word in enumerate(words):
            if _CERTIFICATE_FLAG.fullmatch(word):
                flag = word.partition("=")[0]
                yield f"{container.path}.{field}[{i}]", f"container {container.name} is given a certificate ({flag})"
    for variable in container.env:
        if _CERTIFICATE_VARIABLE.fullmatch(variable.name) and (variable.value or "").startswith("/"):
            yield variable.path, f"container {container.name} is given a certificate ({variable.name})"


def _ends_tls(candidate: Candidate, chosen: CalledPort) -> bool:
    """HTTP/2 of GKE's load balancers is within TLS. An undeclared 443 in front of an ordinary port is TLS that ended
    before; only its own port, a name or a probe says more.
    """
    said = chosen.declared or any(c.speaks == "https" and c.declared for c in candidate.called)
    return chosen.speaks == "h2" or (chosen.speaks == "https" and (said or chosen.target in TLS_PORTS))
