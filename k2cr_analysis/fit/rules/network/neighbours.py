"""Neighbours: who is called, who calls, and what network policies say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.cluster_index import selects_no_pods
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.fit.rules.network.policies import refusing
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.addresses.address import RESOLVERS, Address
from k2cr_analysis.model.addresses.given_values import mounted_files
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.hop import IN_CLUSTER
from k2cr_analysis.model.parse.access import mapping, objects
from k2cr_analysis.model.parse.pod.templates import JOB_SPECS
from k2cr_analysis.model.workload import REDACTED
from k2cr_analysis.platforms.cloud_run.limits import FIRST_CONNECTION

_VPC = "https://docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc"


@rule(
    id="calls-into-cluster",
    severity="note",
    reads=("Container.env[].value", "Container.args", "Container.command", "ConfigMap.data"),
    docs=_VPC,
)
def calls_into_cluster(candidate: Candidate) -> Iterator[Found]:
    """The workload calls Services of the cluster.

    Why: Cluster addresses do not resolve on Cloud Run. What stays is reached through an internal load balancer and
    Direct VPC egress; what moves too, by its URL.
    Remedy: Nothing to decide: `gke-internal-lb.yaml` and the egress setting are written, and the Service's full name
    keeps answering through a private DNS zone (`network.sh`).
    Example: env: [{name: BACKEND_ADDR, value: "backend.shop.svc:8080"}]
    """
    for edge in candidate.dependencies:
        if edge.in_cluster and edge.kind != "kubernetes-api":
            port = f" on port {edge.port}" if edge.port else ""
            yield Found(
                edge.path,
                f"it calls {edge.target}{port}{_lacking(candidate, edge)} ({edge.evidence}); on Cloud Run the address "
                f"is another; where that stays, a new instance's first connection may take {FIRST_CONNECTION}",
            )
            # Of a call that the mesh counted and no manifest names: what is known more asks for no decision.
            if edge.only_counted:
                yield from refusing(candidate, edge)


def _lacking(candidate: Candidate, edge: Dependency) -> str:
    """What of the callee the snapshot lacks: its Service, the port that is called, or the pods behind it."""
    if not edge.seen:
        return ", of which the snapshot has no Service"
    spec = mapping(candidate.index.services.get(edge.namespace or "", {}).get(edge.service or ""), "spec")
    ports = sorted({str(p.get("port")) for _, p in objects(spec, "ports")})
    if (
        edge.port is not None
        and ports
        and str(edge.port) not in ports
        and not edge.pods
        and spec.get("clusterIP") != "None"
    ):
        return f", which Service {edge.service} does not have (it has {', '.join(ports)})"
    if edge.target not in candidate.index.workloads and spec.get("selector"):
        return ", behind which the snapshot has no pods"
    return ""


@rule(
    id="private-address",
    severity="note",
    reads=("Container.env[].value", "Container.args", "Container.command", "ConfigMap.data"),
    docs=_VPC,
)
def private_address(candidate: Candidate) -> Iterator[Found]:
    """The workload calls an address that only the VPC network reaches, outside the cluster.

    Why: A pod is in the VPC network by itself. A container on Cloud Run reaches private addresses (a database's private
    IP, Private Service Connect, a machine) through Direct VPC egress alone, and comes from the subnet's range: firewall
    rules and lists of allowed clients that name the cluster's range of pods do not let it in.
    Remedy: Nothing to decide: the egress setting is written; name `[project] network` and `subnet`, and let the subnet
    in where the address is.
    Example: env: [{name: DB_HOST, value: 10.80.0.3}]
    """
    for edge in candidate.dependencies:
        if edge.is_private:
            port = f" on port {edge.port}" if edge.port else ""
            yield Found(
                edge.path,
                f"it calls {edge.target}{port}, a private address ({edge.evidence}); Cloud Run reaches it through the "
                f"VPC network alone, from the subnet's addresses; a new instance's first "
                f"connection may take {FIRST_CONNECTION}",
            )


@rule(
    id="external-name",
    severity="note",
    reads=("Container.env[].value", "Container.args", "Container.command", "ConfigMap.data"),
    docs="https://kubernetes.io/docs/concepts/services-networking/service/#externalname",
)
def external_name(candidate: Candidate) -> Iterator[Found]:
    """The workload calls something outside the cluster by a Service that stands for it.

    Why: An ExternalName Service is an alias in the cluster's DNS, and one whose address is given by Endpoints leads to
    no pods; Cloud Run resolves neither.
    Remedy: Nothing to decide: the name or address that it stands for is written in its place.
    Example: kind: Service, spec: {type: ExternalName, externalName: db.example.com}
    """
    for edge in candidate.dependencies:
        if edge.alias_of:
            yield Found(
                edge.path,
                f"it calls {edge.alias_of} by the alias {edge.service} ({edge.evidence}); on Cloud Run the alias does "
                "not resolve",
            )


@rule(
    id="callee-selects-no-pods",
    severity="change",
    reads=("Container.env[].value", "Container.args", "ConfigMap.data"),
    docs=_VPC,
)
def callee_selects_no_pods(candidate: Candidate) -> Iterator[Found]:
    """The workload calls a Service that selects no pods, and where it leads is not in the snapshot.

    Why: Somebody gives such a Service its addresses (Endpoints, EndpointSlices), or an operator does. An internal load
    balancer in front of pods cannot be written for it.
    Remedy: Collect the Endpoints too (`kubectl get endpoints NAME -o yaml`): one address alone is written in the
    Service's place. Otherwise write where it leads into the variable, and say so:
    `callee-selects-no-pods = "..."` under `[workload."namespace/Kind/name".decided]`.
    Example: kind: Service, spec: {ports: [{port: 5432}]}, without a selector
    """
    for edge in candidate.dependencies:
        raw = candidate.index.services.get(edge.namespace or "", {}).get(edge.service or "")
        if raw is not None and edge.in_cluster and not edge.alias_of and selects_no_pods(raw):
            yield Found(
                edge.path,
                f"it calls {edge.target} ({edge.evidence}), a Service that selects no pods; where it leads is not in "
                "the snapshot",
            )


@rule(
    id="host-header-passed-on",
    severity="note",
    reads=("ConfigMap.data",),
    docs="https://docs.cloud.google.com/run/docs/triggering/https-request",
)
def host_header_passed_on(candidate: Candidate) -> Iterator[Found]:
    """A proxy's configuration passes its client's Host header on to what it calls.

    Why: Google's front end finds a Cloud Run service by the Host header. Called by its `run.app` URL with another host
    in the header, the request ends at 404, or comes back to the proxy itself. The old name, which `network.sh` keeps,
    is answered by a load balancer that takes any host.
    Remedy: Nothing to decide while callees keep their old names. Where a callee is called by its URL, pass the URL's
    host (`proxy_set_header Host SERVICE.run.app`) and the client's as `X-Forwarded-Host`.
    Example: proxy_set_header Host $http_host; proxy_pass http://api
    """
    called = {a.place.path for e in candidate.dependencies if e.in_cluster for a in e.addresses}
    for container in candidate.moving:
        for config_map, key, content in mounted_files(candidate.workload, container):
            at = f"ConfigMap/{config_map} $.data['{key}']"
            found = _PASSES_HOST.search(content)
            if found and at in called:
                yield Found(
                    at, f"{key} of ConfigMap {config_map} passes the client's Host on ({found.group().strip()})"
                )


_PASSES_HOST = re.compile(r"proxy_set_header\s+Host\s+\$(?:http_host|host)\b", re.IGNORECASE)


@rule(
    id="cluster-name-in-file",
    severity="change",
    reads=("ConfigMap.data", "Container.env[].value", "Container.args"),
    docs=_VPC,
)
def cluster_name_in_file(candidate: Candidate) -> Iterator[Found]:
    """A file of a ConfigMap, or a value, names a Service in a way that cannot be written anew.

    Why: On Cloud Run only the full name of a Service resolves. It is written in place of the short one; not so where
    a file or a variable holds a secret, which the snapshot lacks, or where the name is written with escapes.
    Remedy: Write the full name (`SERVICE.NAMESPACE.svc.cluster.local`) there yourself: it means the same in the
    cluster.
    Example: a ConfigMap's app.yaml with `password: <redacted>` and `host: redis`
    """
    for edge in candidate.dependencies:
        full = edge.alias_of or f"{edge.service}.{edge.namespace}.svc.cluster.local"
        for address in edge.addresses:
            short = ((edge.in_cluster and edge.service) or edge.alias_of) and address.host != full and not edge.pods
            what = {"config-map": "file", "env": "value, which holds a secret,"}.get(address.place.kind)
            blind = _is_written_with_escapes(address, edge)
            if short and (blind or (what and REDACTED in address.text)):
                yield Found(
                    address.place.path,
                    f"{address.place} names {address.host}, which Cloud Run does not resolve, and the "
                    f"{'value' if blind or not what else what} cannot be written anew: write {full} there",
                )


def _is_written_with_escapes(address: Address, edge: Dependency) -> bool:
    """Whether the host's letters stand nowhere in the value as they are."""
    others = (a for a in edge.addresses if a.place.path == address.place.path and a.host == address.host)
    return all(a.span is None for a in others)


@rule(
    id="resolved-without-dns",
    severity="change",
    reads=("Container.env[].value", "Container.args", "ConfigMap.data"),
    docs="https://docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc",
)
def resolved_without_dns(candidate: Candidate) -> Iterator[Found]:
    """A Service is named for another resolver than DNS: a mesh's control plane, the Kubernetes API, a registry.

    Why: That resolver knows the name as it is written, and is itself in the cluster: neither the name nor another one
    in its place is answered on Cloud Run.
    Remedy: Let the client ask DNS: `dns:///SERVICE.NAMESPACE.svc.cluster.local:PORT` for gRPC, `http://` for others.
    Example: env: [{name: BACKEND, value: "xds:///backend:9090"}]
    """
    for edge in candidate.dependencies:
        full = f"{edge.service}.{edge.namespace}.svc.cluster.local"
        for address in edge.addresses:
            if address.scheme in RESOLVERS and edge.in_cluster and edge.service:
                yield Found(
                    address.place.path,
                    f"{address.place} names {address.written} behind {address.scheme}:, for which Cloud Run has no "
                    f"resolver; to DNS it is {full}",
                )


@rule(id="calls-single-pods", severity="change", reads=("Container.env[].value", "Container.args"), docs=_VPC)
def calls_single_pods(candidate: Candidate) -> Iterator[Found]:
    """The workload calls the single pods of a Service: brokers, or members of a replica set or a cluster.

    Why: One internal load balancer and one name stand for one address. A client that goes on to the single pods needs
    an address for each, under the name that the pods themselves give (Kafka: `advertised.listeners`; MongoDB: the
    members of the replica set; Redis: the nodes of the cluster).
    Remedy: `gke-internal-lb.yaml` has an internal load balancer for each pod (a Service that selects
    `statefulset.kubernetes.io/pod-name`), and `network.sh out` enters its full name in the private zone: let the pods
    give that name; or move the data to a managed service.
    Example: env: [{name: KAFKA_BROKERS, value: "kafka-0.kafka.data:9092,kafka-1.kafka.data:9092"}]
    """
    for edge in candidate.dependencies:
        if edge.members:
            yield Found(
                edge.path,
                f"it calls {edge.target} ({edge.evidence}), and {edge.members}; each of these pods needs an address of "
                "its own that Cloud Run reaches",
            )


@rule(
    id="called-from-cluster",
    severity="note",
    reads=("Service.metadata.name",),
    docs="https://docs.cloud.google.com/run/docs/authenticating/service-to-service",
)
def called_from_cluster(candidate: Candidate) -> Iterator[Found]:
    """Other workloads of the cluster call this one.

    Why: On Cloud Run it has a URL with TLS and asks callers for an identity (IAM), unless its ingress is internal and
    the check is off.
    Remedy: Give each caller the URL and, if the check stays on, an ID token and `roles/run.invoker`; or keep the old
    name by an internal load balancer and Cloud DNS.
    Example: a frontend whose env names this Service
    """
    if candidate.callers:
        listed = first_of(candidate.callers, 5)
        yield Found("$.metadata.name", f"called by {listed}; on Cloud Run they need its URL and an identity")


@rule(
    id="only-caller",
    severity="note",
    reads=(),
    docs="https://docs.cloud.google.com/run/docs/deploying#multicontainer-yaml",
)
def only_caller(candidate: Candidate) -> Iterator[Found]:
    """Only one other workload calls this one, by HTTP or gRPC.

    Why: Both could be one Cloud Run service of several containers: the call then goes over localhost, without TLS, a
    load balancer or a second cold start.
    Remedy: If they scale alike, list it in `merge` under the caller's `[workload."namespace/Kind/name"]` in k2cr.toml:
    both are then assessed and written as one service. Kept apart, each call pays a hop.
    Example: a frontend and the renderer that only it calls
    """
    asked_by_http = bool(candidate.called) and all(c.is_web and not c.routed for c in candidate.called)
    if candidate.target != "service" or len(candidate.callers) != 1 or not asked_by_http:
        return
    caller = candidate.callers[0]
    if _can_be_one_with(caller, candidate):
        yield Found(
            "$.metadata.name",
            f"only {caller} calls it: as one service of several containers each call stays on localhost. That saves "
            f"one hop a call (today {IN_CLUSTER.name}, {IN_CLUSTER.low_ms:g} to {IN_CLUSTER.high_ms:g} ms there and "
            "back; as two services a call by URL with TLS, for which there is no published figure) and the second "
            "cold start",
        )


def _can_be_one_with(caller: str, candidate: Candidate) -> bool:
    """Another namespace is another owner's, and what runs to its end or on every node serves no requests."""
    parts = caller.split("/")
    same_owner = len(parts) == 3 and parts[0] == candidate.workload.namespace
    return same_owner and parts[1] not in ("DaemonSet", *JOB_SPECS)
