"""What a Service's port speaks, and how the manifest shows it: its protocol, appProtocol, names, annotations, probes.

The first kind of evidence that says something decides. A name that says "raw TCP" gives way to what asks the port by
HTTP, or leads HTTP to it; a number alone shows nothing, for all numbers alike.
Names follow the convention of Istio and Kubernetes: ``<protocol>[-<suffix>]``; common words beside it are known too.
Source: istio.io, "Protocol Selection"; kubernetes.io, "Service", application protocol; Google, "app-protocols".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.fit.evidence.known_images import RAW_PORTS, SERVER_WORDS, raw_server_on, serves_http_on
from k2cr_analysis.fit.evidence.starting.exec_probes import asked_over_network
from k2cr_analysis.model.parse.entrances.routes_of_workload import protocol_of
from k2cr_analysis.model.workload import Container, Exposure, Pod, Port, ServicePort
from k2cr_analysis.platforms.cloud_run.reserved import PORT_VARIABLE
from k2cr_analysis.platforms.gke.labels import ALPHA_APP_PROTOCOLS, APP_PROTOCOLS, GKE_APP_PROTOCOLS, TRAEFIK_SCHEME
from k2cr_analysis.platforms.images import parse_image

Speaks = Literal["http", "https", "grpc", "h2c", "h2", "raw", "udp", "unknown"]  # h2: HTTP/2 within TLS
Role = Literal["application", "metrics", "admin"]
Purpose = Literal["metrics", "health", "admin"]
_Probed = Literal["http", "https", "grpc", "tcp", "exec"]

_METRICS_WORDS = frozenset(
    {
        "metrics",
        "metric",
        "prometheus",
        "prom",
        "monitoring",
        "telemetry",
        "stats",
        "statsd",
        "exporter",
        "monitor",
        "jmx",
    }
)
_HEALTH_WORDS = frozenset(
    {"health", "healthz", "healthcheck", "healthchecks", "liveness", "readiness", "probe", "probes"}
)
_ADMIN_WORDS = frozenset({"admin", "management", "mgmt", "actuator", "debug", "pprof", "profiler", "delve", "jdwp"})
_GRPC_WORDS = frozenset({"grpc", "grpcs", "grpcweb"})
_H2C_WORDS = frozenset({"h2c", "http2"})
_HTTP_WORDS = frozenset({"http", "http1", "ws", "wss", "websocket"})
# Words for what is mostly served over HTTP, and yet may be gRPC ("api") or a database behind the web: they say
# something only where neither the image nor a probe does.
_WEB_WORDS = frozenset({"web", "www", "ui", "api", "rest", "webui", "dashboard", "graphql", "frontend"})
_HTTPS_WORDS = frozenset({"https", "tls", "ssl", "websecure"})
# Words that name a protocol which is neither HTTP nor gRPC.
_RAW_WORDS = frozenset({
    "tcp", "redis", "mysql", "mysqlx", "xcom", "mariadb", "postgres", "postgresql", "pgsql", "psql", "mongo",
    "mongodb", "amqp", "amqps", "kafka", "zookeeper", "zk", "cassandra", "cql",
    "memcache", "memcached", "nats", "mqtt", "mqtts", "stomp", "ldap", "ldaps", "smtp", "smtps", "imap", "imaps",
    "pop3", "ftp", "sftp", "ssh", "thrift", "bolt", "rtmp", "rtsp",
    "sip", "vnc", "rdp", "irc", "syslog", "gelf", "epmd", "transport", "gossip", "nfs", "mountd", "rpcbind", "pulsar",
    "openwire", "rsync", "sentinel", "jdbc", "hazelcast",
    "replication", "dubbo", "rsocket",
})  # fmt: skip
_APP_PROTOCOLS: Mapping[str, Speaks] = {
    "http": "http", "kubernetes.io/ws": "http", "kubernetes.io/wss": "http", "https": "https", "http2": "h2c",
    "kubernetes.io/h2c": "h2c", "h2c": "h2c", "grpc": "grpc",
    "grpc-web": "http", "grpcs": "grpc", "ws": "http", "wss": "http", "h2": "h2c", "tls": "https",
}  # fmt: skip
_UNDECLARED_GRPC_PORTS = (4317, 50051, 50052)
TLS_PORTS = (443, 4443, 6443, 8443, 9443)
_HTTP_ROUTES = ("Ingress", "Route", "MultiClusterIngress", "HTTPRoute", "KnativeService")
# GKE's load balancers speak HTTP/2 to pods within TLS alone; ``kubernetes.io/h2c`` is the one without.
# Source: docs.cloud.google.com/kubernetes-engine/docs/how-to/ingress-http2
_GKE_PROTOCOLS = (
    APP_PROTOCOLS,
    GKE_APP_PROTOCOLS,
    ALPHA_APP_PROTOCOLS,
)


@dataclass(frozen=True, slots=True)
class CalledPort:
    """A port of a Service that leads to the pod. ``target`` is None where a named port is not declared.

    ``declared``: the manifest itself says the protocol; otherwise it was concluded from the port's number or a probe.
    """

    exposure: Exposure
    port: ServicePort
    target: int | None
    container: str | None
    role: Role
    speaks: Speaks
    declared: bool
    evidence: str
    routed: bool  # an Ingress, a Gateway or a Knative host leads here
    declared_name: str | None  # of the container's port

    @property
    def at(self) -> str:
        kind = "" if self.exposure.type == "Knative" else f"{self.exposure.kind}/{self.exposure.service} "
        return f"{kind}{self.port.path}"

    @property
    def is_http2(self) -> bool:
        return self.speaks in ("grpc", "h2c", "h2")

    @property
    def is_web(self) -> bool:
        return self.speaks in ("http", "https", "grpc", "h2c", "h2", "unknown")


def called_ports(exposures: tuple[Exposure, ...], pod: Pod, annotations: Mapping[str, str]) -> tuple[CalledPort, ...]:
    """Every port of every Service that selects the pod, with what it speaks."""
    found = [_called(e, p, pod) for e in exposures for p in e.ports]
    scraped = annotations.get("prometheus.io/port", "") if annotations.get("prometheus.io/scrape") == "true" else ""
    others = [c for c in found if c.role == "application" and str(c.target) != scraped]
    # A port that Prometheus scrapes is a metrics port only where there is another one to serve.
    if scraped and others:
        return tuple(
            _as_metrics(c) if str(c.target) == scraped and c.role == "application" and not c.routed else c
            for c in found
        )
    return tuple(found)


def _as_metrics(called: CalledPort) -> CalledPort:
    return CalledPort(
        called.exposure,
        called.port,
        called.target,
        called.container,
        "metrics",
        called.speaks,
        called.declared,
        called.evidence,
        called.routed,
        called.declared_name,
    )


def _called(exposure: Exposure, port: ServicePort, pod: Pod) -> CalledPort:
    container = next((c for c in pod.running if c.name == port.container), None)
    declared = _declared_port(container, port)
    target = port.target if port.target is not None else _only_port(pod)
    owner = port.container or (pod.containers[0].name if len(pod.running) == 1 else _probed_owner(pod, target))
    speaks, said, evidence = _speaks(exposure, port, declared, pod, target)
    routed = any(leads_to(r.service_port, port, exposure) for r in exposure.routes)
    return CalledPort(
        exposure,
        port,
        target,
        owner,
        role_of(port.name, declared.name if declared else None),
        speaks,
        said,
        evidence,
        routed,
        declared.name if declared else None,
    )


def leads_to(asked: int | str | None, port: ServicePort, exposure: Exposure) -> bool:
    """Whether a route's port means this port of the Service; a route without a port means the only one."""
    if asked is None:
        return len(exposure.ports) == 1
    return str(asked) in (str(port.port), port.name or "")


_HTTP3 = re.compile(r"(?:^|[-_.])(?:http3|h3|quic)(?:[-_.]|$)")
_HTTP3_PORTS = (443, 8443)


def is_http3(name: str | None, number: int, protocol: str) -> bool:
    """Whether a port is HTTP/3 by its name and number. Clients of HTTP/3 know the TCP port of the same number too."""
    return protocol == "UDP" and number in _HTTP3_PORTS and bool(_HTTP3.search((name or "").lower()))


def is_http3_twin(port: ServicePort, exposure: Exposure) -> bool:
    """An HTTP/3 port beside the TCP port of the same number and Service."""
    beside = any(p.protocol == "TCP" and p.port == port.port for p in exposure.ports)
    return beside and is_http3(port.name, port.port, port.protocol)


def _declared_port(container: Container | None, port: ServicePort) -> Port | None:
    return next((p for p in container.ports if port.target_port in (p.number, p.name)), None) if container else None


def _only_port(pod: Pod) -> int | None:
    """A port by name that nobody declares: the pod's only port, if it has one only."""
    numbers = {p.number for c in pod.running for p in c.ports}
    return next(iter(numbers)) if len(numbers) == 1 else None


def _probed_owner(pod: Pod, target: int | None) -> str | None:
    """The one container that a port belongs to though none declares it: its probes or its PORT variable name the
    port.
    """
    owners = [c.name for c in pod.running if target is not None and target in known_ports(c)]
    return owners[0] if len(owners) == 1 else None


def known_ports(container: Container) -> tuple[int, ...]:
    """Ports that a container listens on: declared, probed, or given to it as PORT."""
    found = [p.number for p in container.ports if p.protocol == "TCP"]
    found += [n for _, probe in container.probes() if (n := container.port_number(probe.port)) is not None]
    found += [int(e.value) for e in container.env if e.name == PORT_VARIABLE and e.value and e.value.isdigit()]
    found += list(_ports_in_arguments(container))
    return tuple(dict.fromkeys(found))


_LISTEN_ARGUMENT = re.compile(
    r"--?(?:http-?|listen-?|bind-?|server-?)?(?:port|address|addr|listen|bind)(?:-address)?"
    r"[= ](?:[\w.\[\]]*:)?(\d{2,5})$"
)
_SQL_INSTANCE = re.compile(r"=tcp:(?:[\w.]+:)?(\d{2,5})|\w[\w:.-]*\?(?:\S*&)?port=(\d{2,5})")


def _ports_in_arguments(container: Container) -> Iterator[int]:
    """``--port=9000``, ``--listen=:9000``, and the ``=tcp:5432`` and ``?port=5432`` of the Cloud SQL proxies."""
    words = (*container.command, *container.args)
    for first, second in zip(words, (*words[1:], ""), strict=False):
        if match := _LISTEN_ARGUMENT.match(first) or _LISTEN_ARGUMENT.match(f"{first} {second}"):
            yield int(match.group(1))
        yield from (int(m[1] or m[2]) for m in _SQL_INSTANCE.finditer(first))


def role_of(*names: str | None) -> Role:
    """Whether a port's names say that it is there for metrics or for administration, not for callers."""
    purpose = purpose_of(*names)
    return "application" if purpose is None else "metrics" if purpose == "metrics" else "admin"


def purpose_of(*names: str | None, without: frozenset[str] = frozenset()) -> Purpose | None:
    """What a port is there for by its names, where not for callers. ``without``: words that say something else."""
    words = {w for name in names if name for w in words_of(name)} - without
    if words & _METRICS_WORDS and not words & {"grpc"}:
        return "metrics"
    return "health" if words & _HEALTH_WORDS else "admin" if words & _ADMIN_WORDS else None


def raw_by_name(name: str | None) -> bool:
    """Whether a port's name names a protocol that is neither HTTP nor gRPC."""
    found = _by_name(name, "")
    return found is not None and found[0] == "raw"


def web_by_name(name: str | None) -> bool:
    """Whether a port's name says HTTP or gRPC."""
    found = _by_name(name, "")
    return found[0] != "raw" if found else bool(_WEB_WORDS & set(words_of(name or "")))


def words_of(name: str) -> list[str]:
    """``tcp-redis`` -> tcp, redis; ``http8080`` -> http; but ``http2`` and ``h2c`` are words of their own."""
    words = [w for w in re.split(r"[-_./]", name.lower()) if w]
    return [w if w in _H2C_WORDS or w.isdigit() else w.rstrip("0123456789") or w for w in words]


def _speaks(
    exposure: Exposure, port: ServicePort, declared: Port | None, pod: Pod, target: int | None
) -> tuple[Speaks, bool, str]:
    """(protocol, whether the manifest declares it, the evidence)."""
    if port.protocol != "TCP" or (declared and declared.protocol != "TCP"):
        return "udp", True, f"protocol {port.protocol if port.protocol != 'TCP' or not declared else declared.protocol}"
    for route in exposure.routes:
        if route.kind == "GRPCRoute" and leads_to(route.service_port, port, exposure):
            return "grpc", True, f"GRPCRoute {route.name}"
        if route.kind == "Ingress" and leads_to(route.service_port, port, exposure):
            asked = protocol_of(route)
            if asked in ("GRPC", "GRPCS"):
                return "grpc", True, f"backend protocol {asked} of Ingress {route.name}"
    named = _by_name(port.name, f"Service port name {port.name}") or _by_name(
        declared.name if declared else None, f"container port name {declared.name if declared else ''}"
    )
    if named and named[0] == "http" and (probed := _by_probe(pod, target)) and probed[0] == "grpc":
        named = probed  # HTTP/2's name may be short for it: what the port answers is asked
    if named and named[0] == "raw":
        # A name is a habit: what asks the port by HTTP, or leads HTTP to it, shows more.
        named = _by_http_probe(pod, target) or _by_http_route(exposure, port) or named
    return (
        _by_app_protocol(exposure, port)
        or _by_controller(exposure)
        or named
        or _by_known_server(pod, target)
        or _by_probe(pod, target)
        or _by_web_word(port, declared)
        or _by_number(port, declared, pod, target, exposure)
    )


_Evidence = tuple[Speaks, bool, str]


def _by_app_protocol(exposure: Exposure, port: ServicePort) -> _Evidence | None:
    said = (port.app_protocol or "").lower()
    if port.app_protocol == "HTTP2":  # as GKE writes it; a mesh's http2 is in plain text
        return "h2", True, "appProtocol HTTP2"
    if said:
        return _APP_PROTOCOLS.get(said, "raw"), True, f"appProtocol {port.app_protocol}"
    for annotation in _GKE_PROTOCOLS:
        table = _json_object(exposure.annotations.get(annotation, ""))
        value = str(table.get(port.name or "", table.get(str(port.port), ""))).upper()
        by_gke: dict[str, Speaks] = {"HTTP": "http", "HTTPS": "https", "HTTP2": "h2", "GRPC": "grpc"}
        if value in by_gke:
            return by_gke[value], True, f"annotation {annotation} {value}"
    return None


def _by_controller(exposure: Exposure) -> _Evidence | None:
    """What Traefik is told to speak to the Service, in its annotations."""
    scheme = exposure.annotations.get(TRAEFIK_SCHEME)
    by_scheme: dict[str | None, Speaks] = {"h2c": "h2c", "https": "https"}
    return (by_scheme[scheme], True, f"annotation {TRAEFIK_SCHEME} {scheme}") if scheme in by_scheme else None


def _by_http_route(exposure: Exposure, port: ServicePort) -> _Evidence | None:
    for route in exposure.routes:
        # A VirtualService has routes of three kinds.
        by_http = route.kind in _HTTP_ROUTES or (route.kind == "VirtualService" and ".http[" in route.path)
        if by_http and leads_to(route.service_port, port, exposure):
            return "http", True, f"{route.kind} {route.name} leads here"
    return None


def _by_http_probe(pod: Pod, target: int | None) -> _Evidence | None:
    found = _by_probe(pod, target)
    return found if found and found[0] in ("http", "https") else None


def _json_object(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _by_name(name: str | None, evidence: str) -> _Evidence | None:
    """The first word decides if it names a protocol; else any word does, web protocols before raw ones.

    A raw word behind a word of the web (``web-tcp``, ``ui-tcp``) is no protocol.
    """
    words = words_of(name or "")
    if words[:2] == ["grpc", "web"]:
        return "http", True, evidence
    rest = [w for w in words if w not in _RAW_WORDS] if _WEB_WORDS & set(words[:1]) else words
    for group in (words[:1], rest):
        for known, speaks in _BY_WORD:
            if set(group) & known:
                return speaks, True, evidence
    return None


def _by_web_word(port: ServicePort, declared: Port | None) -> _Evidence | None:
    for name, whose in ((port.name, "Service"), (declared.name if declared else None, "container")):
        if _WEB_WORDS & set(words_of(name or "")):
            return "http", True, f"{whose} port name {name}"
    return None


_BY_WORD: tuple[tuple[frozenset[str], Speaks], ...] = (
    (_GRPC_WORDS, "grpc"), (_H2C_WORDS, "h2c"), (_HTTPS_WORDS, "https"), (_HTTP_WORDS, "http"), (_RAW_WORDS, "raw"),
)  # fmt: skip


def _by_known_server(pod: Pod, target: int | None) -> _Evidence | None:
    for container in pod.containers:
        protocol = raw_server_on(container.image, target) if target is not None else None
        if protocol:
            return "raw", True, f"image {container.image} serves {protocol} on port {target}"
    return None


def _by_probe(pod: Pod, target: int | None) -> _Evidence | None:
    """What the probes of a port ask it; the command of an exec probe may ask too: ``grpc_health_probe -addr=:9555``."""
    kinds: dict[_Probed, str] = {}
    for container in pod.running:
        for name, probe in container.probes():
            asked = asked_over_network(probe.command)
            port = asked.port if asked else container.port_number(probe.port)
            if port is not None and port == target:
                spoken: _Probed = asked.kind if asked else probe.kind
                kinds.setdefault("https" if probe.scheme == "HTTPS" else spoken, f"{name} of {container.name}")
    if "grpc" in kinds:
        return "grpc", False, f"{kinds['grpc']} is a gRPC probe"
    for kind, where in kinds.items():
        if kind == "http" or kind == "https":
            return kind, True, f"{where} asks by {kind.upper()}"
    return None


def _by_number(port: ServicePort, declared: Port | None, pod: Pod, target: int | None, exposure: Exposure) -> _Evidence:
    numbers = [n for n in (port.port, target) if n is not None]
    grpc = next((n for n in numbers if n in _UNDECLARED_GRPC_PORTS), None)
    if grpc is not None:
        return "grpc", False, f"port {grpc} is gRPC's by habit"
    if by_route := _by_http_route(exposure, port):
        return by_route
    known = next((c for c in pod.containers if target is not None and serves_http_on(c.image, target)), None)
    if known is not None:
        return "http", False, f"image {known.image} serves HTTP on port {target}"
    if _HTTP_WORDS & set(words_of(exposure.service)):
        return "http", False, f"Service {exposure.service} says so by its name"
    names = (exposure.service, port.name, declared.name if declared else None)
    server = served_by_name(pod.containers, *names)
    return _by_convention(port, target, server) or _by_nothing(port, target)


def served_by_name(containers: Sequence[Container], *names: str | None) -> str | None:
    """The name, among these and those of the containers and their images, that says that a server runs here."""
    of_containers = [n for c in containers for n in (c.name, parse_image(c.image).name if c.image else None)]
    return next((n for n in (*of_containers, *names) if n and SERVER_WORDS & set(words_of(n))), None)


def _by_convention(port: ServicePort, target: int | None, server: str | None) -> _Evidence | None:
    """A number alone proves nothing, for all numbers alike: an application may serve anything on it.

    80 and 443 of a Service are what HTTP and HTTPS URLs mean without a port: callers use them so. A well-known number
    together with a name that fits it (``redis`` on 6379) are two that agree.
    """
    if port.port in (80, 443):
        return ("http" if port.port == 80 else "https"), False, f"Service port {port.port}"
    raw = next((n for n in (port.port, target) if n is not None and n in RAW_PORTS), None)
    if raw is not None and server:
        return "raw", True, f"port {raw} is {RAW_PORTS[raw]}'s, and the name {server} fits it"
    return None


def _by_nothing(port: ServicePort, target: int | None) -> _Evidence:
    known = next((RAW_PORTS[n] for n in (port.port, target) if n is not None and n in RAW_PORTS), None)
    usual = f", though it is usually {known}'s" if known else ""
    return "unknown", False, f"nothing says what port {port.port} speaks{usual}"
