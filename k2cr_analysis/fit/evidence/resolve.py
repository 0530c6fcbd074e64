"""Which Service, API or system a host is, as a pod of the cluster would resolve its name.

Source: kubernetes.io, "DNS for Services and Pods": ``name``, ``name.namespace``, ``name.namespace.svc``, and in
front of them a pod's own name under a headless Service.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.fit.cluster_index import ClusterIndex
from k2cr_analysis.fit.evidence.known_images import RAW_PORTS
from k2cr_analysis.model.addresses.find import Named
from k2cr_analysis.model.addresses.names import words_of_name
from k2cr_analysis.model.dependency import DependencyKind
from k2cr_analysis.model.parse.access import Raw, mapping, objects, text
from k2cr_analysis.model.workload import Workload

TargetKind = Literal["service", "api-server", "google-api", "external", "private"]
_KIND_OF_SCHEME: Mapping[str, DependencyKind] = {
    "http": "http", "https": "http", "ws": "http", "wss": "http", "h2c": "grpc", "grpc": "grpc", "grpcs": "grpc",
    "dns": "grpc", "passthrough": "grpc", "postgres": "database", "postgresql": "database", "mysql": "database",
    "mariadb": "database", "mongodb": "database", "sqlserver": "database", "oracle": "database",
    "cockroachdb": "database",
    "clickhouse": "database", "cassandra": "database", "neo4j": "database", "bolt": "database", "mssql": "database",
    "redis": "cache", "rediss": "cache", "redis-sentinel": "cache", "memcached": "cache", "amqp": "queue",
    "amqps": "queue", "kafka": "queue", "nats": "queue", "mqtt": "queue", "mqtts": "queue", "pulsar": "queue",
    "stomp": "queue", "plaintext": "queue", "sasl_plaintext": "queue", "sasl_ssl": "queue", "zk": "queue",
}  # fmt: skip
# Schemes of an address that say nothing of what is spoken.
_NEUTRAL_SCHEMES = frozenset({
    "tcp", "tls", "ssl", "udp", "ldap", "ldaps", "smtp", "smtps", "syslog", "statsd", "gelf", "fluentd", "etcd",
    "thrift",
    "sftp", "ftp", "imap", "elasticsearch", "consul", "socks5", "zipkin", "otlp", "srv", "graphite", "influxdb",
})  # fmt: skip
_KIND_OF_PORT: Mapping[int, DependencyKind] = {
    3306: "database", 5432: "database", 6432: "database", 27017: "database", 9042: "database", 26257: "database",
    1433: "database", 1521: "database", 7687: "database",
    6379: "cache", 26379: "cache", 11211: "cache", 5672: "queue", 5671: "queue", 9092: "queue", 9093: "queue",
    4222: "queue", 1883: "queue", 61616: "queue", 2181: "queue",
}  # fmt: skip
_KIND_OF_WORD: Mapping[str, DependencyKind] = {
    "redis": "cache", "memcached": "cache", "memcache": "cache", "valkey": "cache", "postgres": "database",
    "postgresql": "database", "mysql": "database", "mongo": "database", "mongodb": "database", "mariadb": "database",
    "cassandra": "database", "kafka": "queue", "rabbitmq": "queue", "amqp": "queue", "nats": "queue",
    "zookeeper": "queue",
}  # fmt: skip
_API_SERVER = ("kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
_METADATA = ("metadata", "metadata.google.internal", "169.254.169.254")
_LABEL = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_WIDE_PORTS = frozenset(
    {80, 443, 3000, 4317, 4318, 5000, 8000, 8080, 8081, 8443, 8888, 9000, 9090, 9200, 50051, *RAW_PORTS}
)
# Words that stand in a manifest for a host that somebody has still to fill in, or that are settings, no hosts.
_NO_HOSTS = frozenset({
    "example", "host", "hostname", "server", "domain", "ip", "address", "changeme", "change-me", "todo", "none", "null",
    "nil", "auto", "default", "disabled", "disable", "enabled", "enable", "true", "false", "yes", "no", "on", "off",
    "any", "all", "internal", "external", "local", "self", "unknown", "test", "dummy", "foo", "bar", "redacted", "env",
    "secret", "user", "password", "my-host", "your-host", "endpoint", "url", "placeholder", "public", "private",
    "prod", "production", "staging", "dev", "development", "cluster", "localhost",
})  # fmt: skip
# Endings of public names, besides those of two letters. A namespace of the snapshot goes before them.
_PUBLIC_ENDINGS = frozenset({
    "com", "net", "org", "info", "biz", "edu", "gov", "mil", "int", "app", "dev", "cloud", "xyz", "online", "site",
    "tech",
    "store", "shop", "page", "goog", "google", "run", "systems", "software", "services", "network", "digital", "agency",
    "company", "email", "host", "live", "name", "pro", "studio", "tools", "world", "zone", "codes", "solutions",
    "space",
    "example", "test", "invalid", "local", "lan", "internal", "intern", "corp", "home", "localdomain", "arpa", "onion",
    "health", "bank", "media", "news", "blog", "work", "works", "team", "group", "global", "games", "design", "link",
})  # fmt: skip
_PRIVATE_ENDINGS = (".internal", ".local", ".lan", ".intern", ".corp", ".localdomain", ".home.arpa", ".private")
_FILE_ENDINGS = frozenset({
    "yaml", "yml", "json", "conf", "cfg", "ini", "toml", "py", "js", "ts", "sh", "log", "txt", "xml", "html", "sql",
    "pem",
    "crt", "key", "jar", "war", "md", "env", "properties", "sock", "pid", "db", "sqlite", "so", "go", "java", "rb",
    "php",
    "css", "png", "svg", "zip", "gz", "tar", "tgz", "csv", "cert", "p12", "jks", "exe", "bin", "lua", "tpl", "tmpl",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resolved:
    """``service`` and ``namespace``: of the cluster's Service. ``seen``: it is in the snapshot. ``pod``: the single pod
    that is named. ``alias_of``: the name outside the cluster that the Service stands for.
    """

    kind: TargetKind
    host: str
    service: str | None = None
    namespace: str | None = None
    seen: bool = True
    pod: str | None = None
    alias_of: str | None = None


def resolve(named: Named, workload: Workload, index: ClusterIndex) -> Resolved | None:
    """What a host that a value names is; None where the word is no address, or nothing that is called."""
    host = named.address.host
    if named.role in ("listens", "own", "image") or named.is_local or named.is_any or "_" in host or host in _METADATA:
        return None
    if host in _API_SERVER or host.startswith("kubernetes.default.svc."):
        return Resolved("api-server", "kubernetes.default.svc")
    labels = host.split(".")
    if len(labels) == 1:
        return _of_one_label(named, host, workload, index)
    if _is_ip(host):
        return _of_ip(named, host)
    found = _of_cluster(labels, workload.namespace, index)
    if found is not None:
        return found
    return _outside(named, host, labels, index)


def _of_one_label(named: Named, host: str, workload: Workload, index: ClusterIndex) -> Resolved | None:
    """A bare name means a Service of the pod's own namespace, whether the snapshot has it or not."""
    raw = index.services.get(workload.namespace, {}).get(host)
    if raw is not None:
        return _service(host, workload.namespace, raw, index) if _names_service(named, raw) else None
    # In capitals it is a word of the manifest's author for what is to be filled in.
    stands_for_host = bool(_LABEL.fullmatch(named.address.written)) and host not in {*_NO_HOSTS, workload.name}
    if not stands_for_host or not _names_unseen(named):
        return None
    return Resolved("service", host, host, workload.namespace, seen=False)


def _names_service(named: Named, raw: Raw) -> bool:
    """Whether a word that a Service of the namespace bears is its address here."""
    if named.form in ("url", "dsn", "pair"):
        return True
    if named.form == "host-port":
        # Of a line of text the port must fit: the rest may be an image, a time, a user and group.
        fits = named.address.port in {p.get("port") for _, p in objects(mapping(raw, "spec"), "ports")}
        return fits or (not named.free and (named.role in ("called", "either") or named.whole))
    return not named.free and named.whole and (named.role in ("called", "either") or named.weak)


def _names_unseen(named: Named) -> bool:
    """Whether a word that no Service bears is meant as a host all the same."""
    port, scheme = named.address.port, named.address.scheme
    if named.form == "url":
        known = scheme in _KIND_OF_SCHEME or scheme in _NEUTRAL_SCHEMES
        # What the text of a file links to need not be called.
        return known and (not named.free or named.address.place.kind != "config-map" or scheme not in ("http", "https"))
    if named.form == "dsn":
        return True
    if named.free:
        return False
    if named.form == "pair":
        return port is not None or named.role == "called"
    if named.form == "host-port":
        return named.role == "called" or (named.whole and port in _WIDE_PORTS)
    in_file = named.address.place.kind == "config-map"
    return named.role == "called" and named.whole and (not in_file or port is not None)


def _of_cluster(  # noqa: PLR0911 - the forms of a name in turn
    labels: list[str], namespace: str, index: ClusterIndex
) -> Resolved | None:
    """``web.shop``, ``web.shop.svc.cluster.local``, ``kafka-0.kafka``, ``kafka-0.kafka.data.svc``."""
    host = ".".join(labels)
    if "svc" in labels[1:4]:
        at = labels.index("svc", 1)
        before, domain = labels[:at], labels[at + 1 :]
        if at == 1 or domain != ["cluster", "local"][: len(domain)]:
            return None
        name, its_namespace = before[-2], before[-1]
        raw = index.services.get(its_namespace, {}).get(name)
        pod = before[-3] if len(before) > 2 else None
        return _service(name, its_namespace, raw, index, host, pod)
    if len(labels) > 3:
        return None
    of_pod = labels[0].rpartition("-")[2].isdigit()
    own = index.services.get(namespace, {})
    if len(labels) == 2:
        name, its_namespace = labels
        if name in index.services.get(its_namespace, {}):
            return _service(name, its_namespace, index.services[its_namespace][name], index, host)
        if of_pod and its_namespace in own:
            return _service(its_namespace, namespace, own[its_namespace], index, host, name)
        return _service(name, its_namespace, None, index, host) if its_namespace in index.namespaces else None
    pod, name, its_namespace = labels
    raw = index.services.get(its_namespace, {}).get(name)
    if raw is not None or (of_pod and (its_namespace in index.namespaces or not _is_public(its_namespace))):
        return _service(name, its_namespace, raw, index, host, pod) if of_pod or raw is not None else None
    return None


def _service(
    name: str, namespace: str, raw: Raw | None, index: ClusterIndex, host: str | None = None, pod: str | None = None
) -> Resolved:
    spec = mapping(raw, "spec") if raw else {}
    alias = text(spec, "externalName") if spec.get("type") == "ExternalName" else None
    alias = alias or index.given_addresses.get((namespace, name))
    return Resolved("service", host or name, name, namespace, raw is not None, pod, alias)


def _outside(  # noqa: PLR0911 - one question after the other
    named: Named, host: str, labels: list[str], index: ClusterIndex
) -> Resolved | None:
    port, scheme = named.address.port, named.address.scheme
    if host.endswith(".googleapis.com"):
        return Resolved("google-api", host)
    if labels[-1] in _FILE_ENDINGS and scheme is None and port is None:
        return None
    meant = scheme in _KIND_OF_SCHEME or scheme in _NEUTRAL_SCHEMES or port in _KIND_OF_PORT
    in_text = named.free and named.address.place.kind == "config-map" and scheme in (None, "http", "https")
    if named.address.place.kind == "config-map" and named.role != "called" and scheme in ("http", "https"):
        return None  # a link, the name of a schema
    if in_text or not (meant or (named.role == "called" and not named.free and (named.whole or port is not None))):
        return None
    if not all(re.fullmatch(r"[a-z0-9-]+", label) for label in labels):
        return None
    if host.endswith(_PRIVATE_ENDINGS):
        return Resolved("private", host)
    if _is_public(labels[-1]) and len(labels) > 1:
        return Resolved("external", host)
    # Without a public ending the pod's search domains make it a name of the cluster, or nothing does.
    if len(labels) == 2 and labels[0][0].isalpha():
        return Resolved("service", host, labels[0], labels[1], seen=False)
    if len(labels) == 3 and labels[0].rpartition("-")[2].isdigit():
        return Resolved("service", host, labels[1], labels[2], seen=False, pod=labels[0])
    return Resolved("external", host)


def _of_ip(named: Named, host: str) -> Resolved | None:
    """An address in numbers. One with a length behind it (10.0.0.0/8) is a range."""
    address = ipaddress.ip_address(host)
    if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        return None
    if host.endswith(".255.255") or (named.has_path and named.address.port is None and named.form != "url"):
        return None
    meant = (
        named.address.scheme or named.address.port is not None or (named.role in ("called", "either") and named.whole)
    )
    if not meant or (named.free and named.address.place.kind == "config-map" and not named.address.scheme):
        return None
    return Resolved("private" if address.is_private else "external", host)


def is_private_host(host: str) -> bool:
    """Whether only the VPC network knows an address or a name."""
    return ipaddress.ip_address(host).is_private if _is_ip(host) else host.endswith(_PRIVATE_ENDINGS)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(ending: str) -> bool:
    return (len(ending) == 2 and ending.isalpha()) or ending in _PUBLIC_ENDINGS


def kind_of_call(scheme: str | None, port: int | None, *names: str) -> DependencyKind:
    """What is spoken: by the scheme, else the port, else a word of the Service's or the variable's name."""
    by_scheme = _KIND_OF_SCHEME.get(scheme or "")
    if by_scheme:
        return by_scheme
    if port is not None and port in _KIND_OF_PORT:
        return _KIND_OF_PORT[port]
    words = [w for name in names for w in words_of_name(name)]
    return next((_KIND_OF_WORD[w] for w in words if w in _KIND_OF_WORD), "unknown")


def kind_of_port(port: int, otherwise: DependencyKind) -> DependencyKind:
    return _KIND_OF_PORT.get(port, otherwise)
