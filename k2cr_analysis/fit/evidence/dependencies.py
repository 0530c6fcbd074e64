"""Who calls whom: names of Services, Google APIs and databases in a pod's environment, arguments and ConfigMaps;
and what the service mesh counted.

Each edge carries its evidence. A short name counts only where it stands as an address (``http://web``, ``web:80``, or
the whole value of a variable) and is a Service of the same namespace; a longer one (``web.shop.svc``) anywhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from k2cr_analysis.fit.cluster_index import ClusterIndex
from k2cr_analysis.fit.evidence.known_images import RAW_PORTS
from k2cr_analysis.fit.evidence.observed_calls import Observed, by_caller, with_observed
from k2cr_analysis.fit.evidence.protocols import CalledPort, words_of
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.dependency import Dependency, DependencyKind
from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings
from k2cr_analysis.model.workload import Container, Workload

_HOST = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:[^\s/@,;'\"()<>]*@)?(?:tcp\()?(?P<host>[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::(?P<port>\d{1,5}))?"
)
_SERVICE_VARIABLE = re.compile(r"\b([A-Z][A-Z0-9_]*)_SERVICE_(?:HOST|PORT)\b")
_KIND_OF_SCHEME: Mapping[str, DependencyKind] = {
    "http": "http", "https": "http", "grpc": "grpc", "dns": "grpc", "postgres": "database", "postgresql": "database",
    "mysql": "database", "mongodb": "database",
    "mongodb+srv": "database", "jdbc": "database", "redis": "cache", "rediss": "cache", "memcached": "cache",
    "amqp": "queue", "amqps": "queue", "kafka": "queue", "nats": "queue", "mqtt": "queue",
}  # fmt: skip
_KIND_OF_PORT: Mapping[int, DependencyKind] = {
    3306: "database", 5432: "database", 27017: "database", 9042: "database", 26257: "database", 1433: "database",
    1521: "database", 7687: "database",
    6379: "cache", 11211: "cache", 5672: "queue", 5671: "queue", 9092: "queue", 4222: "queue", 1883: "queue",
    61616: "queue", 2181: "queue",
}  # fmt: skip
_KIND_OF_WORD: Mapping[str, DependencyKind] = {
    "redis": "cache", "memcached": "cache", "postgres": "database", "postgresql": "database", "mysql": "database",
    "mongo": "database", "mongodb": "database", "mariadb": "database",
    "kafka": "queue", "rabbitmq": "queue", "amqp": "queue", "nats": "queue",
}  # fmt: skip
_PUBSUB_VARIABLE = re.compile(r"PUBSUB|_SUBSCRIPTION(_ID|_NAME)?$|^SUBSCRIPTION(_ID|_NAME)?$")
_PUBSUB_VALUE = re.compile(r"projects/[^/\s]+/(subscriptions|topics)/[\w.~+%-]+")
# Values that name something of Google Cloud, and the API through which it is reached.
_GOOGLE_VALUES = (
    (re.compile(r"\bgs://[a-z0-9][a-z0-9._-]+"), "storage.googleapis.com"),
    (re.compile(r"projects/[^/\s]+/instances/[^/\s]+/databases/"), "spanner.googleapis.com"),
    (re.compile(r"(?<![\w.:/-])[a-z][a-z0-9-]{4,}:[a-z]+-[a-z]+\d+:[a-z][a-z0-9-]+"), "sqladmin.googleapis.com"),
)  # fmt: skip
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_ADDRESS_WORDS = frozenset({
    "host", "hosts", "hostname", "addr", "address", "addresses", "endpoint", "endpoints", "server", "servers", "url",
    "uri", "broker", "brokers", "bootstrap", "ip",
})  # fmt: skip
_EXTERNAL = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}$")
_FILE_ENDINGS = frozenset(
    {
        "yaml",
        "yml",
        "json",
        "conf",
        "cfg",
        "ini",
        "toml",
        "py",
        "js",
        "sh",
        "log",
        "txt",
        "xml",
        "html",
        "sql",
        "pem",
        "crt",
        "key",
        "jar",
        "md",
        "env",
        "properties",
    }
)


@dataclass(frozen=True, slots=True)
class _Text:
    where: str
    path: str
    value: str
    is_value: bool  # the whole value of a variable: a bare name counts


@dataclass(frozen=True, slots=True)
class CallGraph:
    """``by_source``: workload id -> what it calls. ``callers``: workload id -> the ids of those that call it.

    A caller that the mesh names and the snapshot does not hold is there by the mesh's name for it.
    """

    by_source: Mapping[str, tuple[Dependency, ...]]
    callers: Mapping[str, tuple[str, ...]]


def call_graph(
    cluster: Cluster, index: ClusterIndex, called: Mapping[str, tuple[CalledPort, ...]], observed: Observed
) -> CallGraph:
    """The edges of all workloads of a cluster, as manifests show them and as the mesh counted them."""
    by_source: dict[str, tuple[Dependency, ...]] = {}
    callers: dict[str, set[str]] = defaultdict(set)
    counted = by_caller(observed, cluster)
    for caller, targets in counted.items():
        for target in targets:
            callers[target].add(caller)
    for workload in cluster.workloads:
        written = _unique(_resolved(d, workload, cluster, called) for d in _edges(workload, index))
        edges = with_observed(written, workload, counted.get(workload.id, {}), cluster, called)
        by_source[workload.id] = tuple(edges)
        for edge in edges:
            if edge.in_cluster and edge.target in cluster.by_id and edge.target != workload.id:
                callers[edge.target].add(workload.id)
    return CallGraph(by_source, {k: tuple(sorted(v)) for k, v in sorted(callers.items())})


def _unique(edges: Iterable[Dependency]) -> list[Dependency]:
    """One edge a target and port: the first that was found."""
    found: dict[tuple[str, int | None], Dependency] = {}
    for edge in edges:
        if edge.target != edge.source:
            found.setdefault((edge.target, edge.port), edge)
    with_port = {e.target for e in found.values() if e.port is not None}
    return sorted(
        (e for e in found.values() if e.port is not None or e.target not in with_port),
        key=lambda e: (e.target, e.port or 0),
    )


def _edges(workload: Workload, index: ClusterIndex) -> Iterator[Dependency]:
    own = index.services.get(workload.namespace, {})
    for text in _texts(workload):
        yield from _in_text(workload, text, own, index)
    yield from _of_policies(workload, index)


def _texts(workload: Workload) -> Iterator[_Text]:
    for container in (*workload.pod.running, *workload.pod.init_containers):
        yield from _of_container(workload, container)


def _of_container(workload: Workload, container: Container) -> Iterator[_Text]:
    for variable in container.env:
        if variable.value:
            yield _Text(f"env {variable.name} of container {container.name}", variable.path, variable.value, True)
    for field, words in (("command", container.command), ("args", container.args)):
        for i, word in enumerate(words):
            yield _Text(f"{field} of container {container.name}", f"{container.path}.{field}[{i}]", word, False)
    mounted = {
        str(v.source.get("name"))
        for m in container.volume_mounts
        if (v := workload.pod.volume(m.volume)) and v.kind == "configMap"
    }
    taken = {source.name for source in container.env_from if source.kind == "config-map"}
    # An entry of `env` goes before the same name of a whole ConfigMap.
    overridden = {(s.name, v.name.removeprefix(s.prefix)) for s in container.env_from for v in container.env}
    for raw in workload.related.get("ConfigMap", ()):
        name = str(mapping(raw, "metadata").get("name"))
        if name in mounted | taken:
            for key, value in strings(raw.get("data")).items():
                if name not in mounted and (name, key) in overridden:
                    continue
                yield _Text(
                    f"ConfigMap {name} of container {container.name}",
                    f"ConfigMap/{name} $.data['{key}']",
                    value,
                    name in taken,
                )


def _in_text(workload: Workload, text: _Text, own: Mapping[str, Raw], index: ClusterIndex) -> Iterator[Dependency]:
    for match in _SERVICE_VARIABLE.finditer(text.value):
        service = match.group(1).lower().replace("_", "-")
        if service in own:
            yield _edge(workload, text, service, workload.namespace, None, None)
        elif service == "kubernetes":
            yield _outside(workload, text, "kubernetes.default.svc", "kubernetes-api", None, in_cluster=True)
    if _PUBSUB_VALUE.search(text.value) or (_variable(text) and _PUBSUB_VARIABLE.search(_variable(text))):
        yield _outside(workload, text, "pubsub.googleapis.com", "google-api", 443)
    for pattern, api in _GOOGLE_VALUES:
        if pattern.search(text.value):
            yield _outside(workload, text, api, "google-api", 443)
    for match in _HOST.finditer(text.value):
        yield from _of_host(workload, text, match, own, index)


def _of_host(
    workload: Workload, text: _Text, match: re.Match[str], own: Mapping[str, Raw], index: ClusterIndex
) -> Iterator[Dependency]:
    host, scheme = match.group("host").lower(), match.group("scheme")
    port = int(match.group("port")) if match.group("port") else None
    labels = host.split(".")
    whole = text.is_value and match.group(0) == text.value.strip()
    if len(labels) == 1:
        # Behind a slash without a scheme a word is part of a path or of an image's name.
        in_path = not scheme and text.value[: match.start()].endswith("/")
        named = scheme or port is not None or whole or match.start("host") > match.start()
        if host in own and named and not in_path:
            yield _edge(workload, text, host, workload.namespace, port, scheme)
        return
    if host in ("kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"):
        yield _outside(workload, text, "kubernetes.default.svc", "kubernetes-api", port, in_cluster=True)
        return
    service = _service_of(labels, workload.namespace, index)
    if service is not None:
        yield _edge(workload, text, *service, port, scheme)
    elif "svc" in labels[2:4] or (len(labels) == 2 and labels[1] in index.namespaces):
        # A Service that the snapshot does not hold.
        name, namespace = labels[labels.index("svc", 2) - 2 :][:2] if "svc" in labels[2:] else labels
        kind = _kind(scheme, port, labels[0])
        yield Dependency(workload.id, host, kind, True, name, namespace, port, text.where, text.path)
    elif host.endswith(".googleapis.com"):
        yield _outside(workload, text, host, "google-api", port or 443)
    elif _ADDRESS.fullmatch(host):
        elsewhere = not host.startswith(("127.", "0.", "169.254.", "255."))
        if elsewhere and (scheme or port is not None or _is_address(text, whole)):
            yield _outside(workload, text, host, _kind(scheme, port, _variable(text)), port)
    elif _is_external(host, labels):
        kind = _kind(scheme, port, labels[0])
        if scheme in _KIND_OF_SCHEME or port in _KIND_OF_PORT or _is_address(text, whole):
            yield _outside(workload, text, host, "external" if kind in ("http", "grpc", "unknown") else kind, port)


def _is_external(host: str, labels: list[str]) -> bool:
    """A name of the internet or of the VPC network. Two labels may be a Service and a namespace nobody has seen."""
    public = len(labels) > 2 or len(labels[-1]) <= 4 or labels[-1] in ("internal", "local", "cloud", "example")
    return public and bool(_EXTERNAL.fullmatch(host)) and labels[-1] not in _FILE_ENDINGS and labels[0] != "localhost"


def _service_of(labels: list[str], namespace: str, index: ClusterIndex) -> tuple[str, str] | None:
    """(Service, namespace) of a name of the cluster: ``web.shop``, ``web.shop.svc``, ``kafka-0.kafka.data.svc``."""
    of_pod = labels[0].rpartition("-")[2].isdigit()
    if of_pod and labels[1] in index.services.get(namespace, {}):
        return labels[1], namespace
    if labels[0] in index.services.get(labels[1], {}) and (len(labels) == 2 or labels[2] == "svc"):
        return labels[0], labels[1]
    if len(labels) > 2 and labels[1] in index.services.get(labels[2], {}) and (len(labels) == 3 or labels[3] == "svc"):
        return (labels[1], labels[2]) if of_pod else None
    return None


def _variable(text: _Text) -> str:
    """The variable's name, for its words: ``REDIS_HOST``."""
    return text.where.split()[1] if text.where.startswith("env ") else ""


def _is_address(text: _Text, whole: bool) -> bool:
    """Whether a bare host is meant as an address: it is all that a variable with such a name holds."""
    return whole and bool(_ADDRESS_WORDS & set(words_of(_variable(text))))


def _outside(
    workload: Workload, text: _Text, host: str, kind: DependencyKind, port: int | None, *, in_cluster: bool = False
) -> Dependency:
    return Dependency(workload.id, host, kind, in_cluster, None, None, port, text.where, text.path)


def _edge(
    workload: Workload, text: _Text, service: str, namespace: str, port: int | None, scheme: str | None
) -> Dependency:
    return Dependency(
        workload.id,
        f"{service}.{namespace}.svc",
        _kind(scheme, port, service),
        True,
        service,
        namespace,
        port,
        text.where,
        text.path,
    )


def _kind(scheme: str | None, port: int | None, name: str) -> DependencyKind:
    by_scheme = _KIND_OF_SCHEME.get((scheme or "").split(":")[-1])
    if by_scheme:
        return by_scheme
    if port is not None and port in _KIND_OF_PORT:
        return _KIND_OF_PORT[port]
    return next((_KIND_OF_WORD[w] for w in words_of(name) if w in _KIND_OF_WORD), "unknown")


def _resolved(
    edge: Dependency, workload: Workload, cluster: Cluster, called: Mapping[str, tuple[CalledPort, ...]]
) -> Dependency:
    """The edge with the workload behind its Service, and the kind that the Service's port tells."""
    behind = cluster.by_service.get((edge.namespace or "", edge.service or ""), ()) if edge.service else ()
    if not behind:
        return edge
    ports = [c for c in called.get(behind[0].id, ()) if c.exposure.service == edge.service]
    match = next((c for c in ports if c.port.port == edge.port), ports[0] if len(ports) == 1 else None)
    kind = edge.kind
    if match and kind in ("unknown", "http", "grpc"):
        by_speech: dict[str, DependencyKind] = {
            "http": "http", "https": "http", "grpc": "grpc", "h2c": "grpc", "h2": "grpc",
        }  # fmt: skip
        kind = by_speech.get(match.speaks) or (
            _KIND_OF_PORT.get(match.port.port, kind) if match.port.port in RAW_PORTS else kind
        )
    port = edge.port if edge.port is not None else match.port.port if match else None
    return Dependency(
        workload.id, behind[0].id, kind, True, edge.service, edge.namespace, port, edge.evidence, edge.path
    )


def _of_policies(workload: Workload, index: ClusterIndex) -> Iterator[Dependency]:
    """Egress of NetworkPolicies that select the pod and name the pods of exactly one Service."""
    for policy in workload.related.get("NetworkPolicy", ()):
        name = str(mapping(policy, "metadata").get("name"))
        for i, rule in objects(mapping(policy, "spec"), "egress"):
            for j, peer in objects(rule, "to"):
                labels = strings(mapping(peer, "podSelector", "matchLabels"))
                if not labels or "namespaceSelector" in peer:
                    continue
                for service, raw in index.services.get(workload.namespace, {}).items():
                    selector = strings(mapping(raw, "spec", "selector"))
                    if selector and selector == labels:
                        at = f"NetworkPolicy/{name} $.spec.egress[{i}].to[{j}]"
                        text = _Text(f"NetworkPolicy {name}", at, "", False)
                        yield _edge(workload, text, service, workload.namespace, None, None)
