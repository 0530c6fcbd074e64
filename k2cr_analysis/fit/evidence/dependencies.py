"""Who calls whom: hosts that a pod's values name, Google APIs and databases, and what the service mesh counted.

Each edge carries its evidence, and the places where it is written (``model.addresses`` finds them, ``resolve`` says
what they are).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from k2cr_analysis.fit.cluster_index import ClusterIndex
from k2cr_analysis.fit.evidence.known_images import RAW_PORTS, sidecar_kind
from k2cr_analysis.fit.evidence.members import goes_on_to_members
from k2cr_analysis.fit.evidence.observed_calls import Observed, by_caller, with_observed
from k2cr_analysis.fit.evidence.protocols import CalledPort
from k2cr_analysis.fit.evidence.resolve import Resolved, is_private_host, kind_of_call, kind_of_port, resolve
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.addresses.find import Named, named_hosts
from k2cr_analysis.model.addresses.given_values import values_of
from k2cr_analysis.model.addresses.names import words_of_name
from k2cr_analysis.model.addresses.value import Value
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.dependency import Dependency, DependencyKind
from k2cr_analysis.model.parse.access import mapping, objects, strings
from k2cr_analysis.model.workload import Container, Workload

_SERVICE_VARIABLE = re.compile(r"\b([A-Z][A-Z0-9_]*)_SERVICE_(?:HOST|PORT)\b")
_PUBSUB_VARIABLE = re.compile(r"PUBSUB|_SUBSCRIPTION(_ID|_NAME)?$|^SUBSCRIPTION(_ID|_NAME)?$")
_PUBSUB_VALUE = re.compile(r"projects/[^/\s]+/(subscriptions|topics)/[\w.~+%-]+")
_SQL_INSTANCE = re.compile(r"(?<![\w.:/-])[a-z][a-z0-9-]{4,}:[a-z]+-[a-z]+\d+:[a-z][a-z0-9-]+")
# As the proxy's own arguments write it, where no other colon is meant.
_PROXIED_INSTANCE = re.compile(r"(?<![\w.:/-])(?:[a-z][\w.-]*:)?[a-z][a-z0-9-]*:[a-z]+-[a-z]+\d+:[a-z][a-z0-9-]*")
# Values that name something of Google Cloud, and the API through which it is reached.
_GOOGLE_VALUES = (
    (re.compile(r"\bgs://[a-z0-9][a-z0-9._-]+"), "storage.googleapis.com"),
    (re.compile(r"projects/[^/\s]+/instances/[^/\s]+/databases/"), "spanner.googleapis.com"),
    (_SQL_INSTANCE, "sqladmin.googleapis.com"),
)
# The Cloud SQL and AlloyDB proxies reach the database by its private address, or by Private Service Connect, then.
# Source: github.com/GoogleCloudPlatform/cloud-sql-proxy, flags --private-ip and --psc; v1: -ip_address_types.
_PRIVATE_FLAG = re.compile(r"--?(?:private-ip|psc)(?:=true)?|-{1,2}ip_address_types=PRIVATE(?:,.*)?")
_PRIVATE_VARIABLES = ("CSQL_PROXY_PRIVATE_IP", "CSQL_PROXY_PSC", "ALLOYDB_PROXY_PSC")
_ALLOYDB_INSTANCE = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/clusters/[^/\s]+/instances/[\w-]+")
_SERVER_PROXY_PORT, _ALLOYDB_PROXY_PORT = 3307, 5433  # where the proxy asks the instance
_SHOWN = 3
# The cluster's own DNS servers, which configurations of proxies name as their resolver.
CLUSTER_DNS = frozenset({("kube-system", "kube-dns"), ("kube-system", "coredns")})


@dataclass(frozen=True, slots=True)
class CallGraph:
    """``by_source``: workload id -> what it calls. ``callers``: workload id -> the ids of those that call it.
    ``own``: workload id -> where it names a Service of its own as an address.

    A caller that the mesh names and the snapshot does not hold is there by the mesh's name for it.
    """

    by_source: Mapping[str, tuple[Dependency, ...]]
    callers: Mapping[str, tuple[str, ...]]
    own: Mapping[str, tuple[Dependency, ...]]


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
    own: dict[str, tuple[Dependency, ...]] = {}
    for workload in cluster.workloads:
        found = [_resolved(d, workload, cluster, called) for d in _edges(workload, index)]
        own[workload.id] = tuple(e for e in found if e.target == workload.id)
        written = _unique(e for e in found if e.target != workload.id)
        edges = with_observed(written, workload, counted.get(workload.id, {}), cluster, called)
        by_source[workload.id] = tuple(goes_on_to_members(edge, cluster, index) for edge in edges)
        for edge in edges:
            if edge.in_cluster and edge.target in cluster.by_id and edge.target != workload.id:
                callers[edge.target].add(workload.id)
    return CallGraph(by_source, {k: tuple(sorted(v)) for k, v in sorted(callers.items())}, own)


def _unique(edges: Iterable[Dependency]) -> list[Dependency]:
    """One edge a target and port, with all the places where it is written."""
    found: dict[tuple[str, int | None], list[Dependency]] = defaultdict(list)
    for edge in edges:
        found[edge.target, edge.port].append(edge)
    for target, port in [key for key in found if key[1] is None]:
        with_port = [key for key in found if key[0] == target and key[1] is not None]
        if with_port:
            found[with_port[0]] += found.pop((target, port))
    return sorted((_merged(group) for group in found.values()), key=lambda e: (e.target, e.port or 0))


def _merged(edges: Sequence[Dependency]) -> Dependency:
    first = edges[0]
    said = list(dict.fromkeys(e.evidence for e in edges))
    return replace(
        first,
        kind=next((e.kind for e in edges if e.kind != "unknown"), first.kind),
        evidence=first_of(said, _SHOWN),
        addresses=tuple(a for e in edges for a in e.addresses),
        pods=tuple(sorted({p for e in edges for p in e.pods})),
        is_private=any(e.is_private for e in edges),
    )


def _edges(workload: Workload, index: ClusterIndex) -> Iterator[Dependency]:
    for container in (*workload.pod.running, *workload.pod.init_containers):
        for named in named_hosts(workload, container):
            found = resolve(named, workload, index)
            if found is not None:
                yield _edge(workload, named, found)
        values = list(values_of(workload, container))
        for value in values:
            yield from _by_service_variables(workload, value, index)
            yield from _of_google(workload, value)
        yield from _of_sql_proxy(workload, container, values)
    yield from _of_policies(workload, index)


def _edge(workload: Workload, named: Named, found: Resolved) -> Dependency:
    address = named.address
    names = (found.service or found.host.partition(".")[0], named.name)
    port = address.port if address.port is not None else None
    kind = kind_of_call(address.scheme, port, *names)
    evidence, path = str(address.place), address.place.path
    if found.kind == "service" and (found.namespace, found.service) in CLUSTER_DNS:
        # Nothing in front of it would answer for names of the cluster: it is told, and not carried.
        target = f"{found.service}.{found.namespace}"
        return Dependency(workload.id, target, "external", False, None, None, port, evidence, path, (address,))
    if found.kind == "service" and found.alias_of:
        kind = "external" if kind in ("http", "grpc", "unknown") else kind
        return Dependency(
            workload.id, found.alias_of, kind, False, found.service, found.namespace, port,
            f"{evidence}, by Service {found.service}, which stands for it", path, (address,), alias_of=found.alias_of,
            is_private=is_private_host(found.alias_of),
        )  # fmt: skip
    if found.kind == "service":
        target = f"{found.service}.{found.namespace}.svc" if found.seen or "." not in found.host else found.host
        pods = (found.pod,) if found.pod else ()
        return Dependency(
            workload.id, target, kind, True, found.service, found.namespace, port, evidence, path, (address,),
            seen=found.seen, pods=pods,
        )  # fmt: skip
    if found.kind == "api-server":
        return Dependency(workload.id, found.host, "kubernetes-api", True, None, None, port, evidence, path, (address,))
    if found.kind == "google-api":
        return Dependency(workload.id, found.host, "google-api", False, None, None, port or 443, evidence, path)
    if found.kind == "external":
        kind = "external" if kind in ("http", "grpc", "unknown") else kind
    return Dependency(
        workload.id, found.host, kind, False, None, None, port, evidence, path, (address,),
        is_private=found.kind == "private",
    )  # fmt: skip


def _by_service_variables(workload: Workload, value: Value, index: ClusterIndex) -> Iterator[Dependency]:
    """``$(BACKEND_SERVICE_HOST)``: a variable that Kubernetes sets for each Service of the namespace."""
    own = index.services.get(workload.namespace, {})
    for match in _SERVICE_VARIABLE.finditer(value.text):
        service = match.group(1).lower().replace("_", "-")
        evidence, path = str(value.place), value.place.path
        if service in own:
            target = f"{service}.{workload.namespace}.svc"
            kind = kind_of_call(None, None, service)
            yield Dependency(workload.id, target, kind, True, service, workload.namespace, None, evidence, path)
        elif service == "kubernetes":
            yield Dependency(
                workload.id, "kubernetes.default.svc", "kubernetes-api", True, None, None, None, evidence, path
            )


def _of_google(workload: Workload, value: Value) -> Iterator[Dependency]:
    variable = value.name if value.place.kind == "env" else ""
    if _PUBSUB_VALUE.search(value.text) or (variable and value.text and _PUBSUB_VARIABLE.search(variable)):
        yield _google_api(workload, value, "pubsub.googleapis.com")
    for pattern, api in _GOOGLE_VALUES:
        if pattern.search(value.text):
            yield _google_api(workload, value, api)


def _google_api(workload: Workload, value: Value, api: str) -> Dependency:
    return Dependency(workload.id, api, "google-api", False, None, None, 443, str(value.place), value.place.path)


def _of_sql_proxy(workload: Workload, container: Container, values: Sequence[Value]) -> Iterator[Dependency]:
    """The database behind a proxy that reaches it by its private address: the VPC network must carry the calls."""
    if sidecar_kind(container.name, container.image) != "cloud-sql-proxy":
        return
    words = (*container.command, *container.args)
    instances = {i for v in values for i in _PROXIED_INSTANCE.findall(v.text)}
    clusters = {i for v in values for i in _ALLOYDB_INSTANCE.findall(v.text)}
    flag = next((w for w in words if _PRIVATE_FLAG.fullmatch(w)), None)
    variable = next((v.name for v in values if v.name in _PRIVATE_VARIABLES and v.text != "false"), None)
    asked = flag or variable
    # AlloyDB has private addresses alone, unless --public-ip asks for another.
    of_clusters = set() if "--public-ip" in words else clusters
    unnamed = set() if clusters else {"a Cloud SQL instance"}
    for instance in sorted(((instances or unnamed) if asked else set()) | of_clusters):
        port = _ALLOYDB_PROXY_PORT if instance in clusters else _SERVER_PROXY_PORT
        evidence = f"{asked or 'args'} of container {container.name}"
        yield Dependency(
            workload.id, instance, "database", False, None, None, port, evidence, f"{container.path}.args",
            is_private=True,
        )  # fmt: skip


def _resolved(
    edge: Dependency, workload: Workload, cluster: Cluster, called: Mapping[str, tuple[CalledPort, ...]]
) -> Dependency:
    """The edge with the workload behind its Service, and the kind that the Service's port tells."""
    behind = cluster.by_service.get((edge.namespace or "", edge.service or ""), ()) if edge.service else ()
    own_pods = edge.pods and all(pod.rpartition("-")[0] == workload.name for pod in edge.pods)
    if not behind or edge.alias_of or own_pods:
        return replace(edge, target=workload.id) if own_pods else edge
    ports = [c for c in called.get(behind[0].id, ()) if c.exposure.service == edge.service]
    match = next((c for c in ports if c.port.port == edge.port), ports[0] if len(ports) == 1 else None)
    kind = edge.kind
    if match and kind in ("unknown", "http", "grpc"):
        by_speech: dict[str, DependencyKind] = {
            "http": "http", "https": "http", "grpc": "grpc", "h2c": "grpc", "h2": "grpc",
        }  # fmt: skip
        kind = by_speech.get(match.speaks) or (
            kind_of_port(match.port.port, kind) if match.port.port in RAW_PORTS else kind
        )
    port = edge.port if edge.port is not None else match.port.port if match else None
    target = workload.id if workload in behind else behind[0].id
    return replace(edge, target=target, kind=kind, port=port)


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
                        target = f"{service}.{workload.namespace}.svc"
                        kind = kind_of_call(None, None, *words_of_name(service))
                        yield Dependency(
                            workload.id, target, kind, True, service, workload.namespace, None,
                            f"NetworkPolicy {name}", at,
                        )  # fmt: skip
