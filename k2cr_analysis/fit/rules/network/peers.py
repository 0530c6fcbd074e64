"""Names and addresses of single pods: instances of Cloud Run have none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.evidence.dependencies import CLUSTER_DNS
from k2cr_analysis.fit.evidence.known_images import raw_server
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.pod.environment import variables_of


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
    take the headless Service out; or leave the workload on GKE. Instances of a worker pool with Direct VPC ingress have
    a private IP each, so peers could reach each other there; nothing gives out the list of them, as the headless
    Service does, and it changes with every instance.
    Example: clusterIP: None, and env PEERS=web-headless.shop.svc of the same pods
    """
    for exposure in candidate.workload.exposures:
        if exposure.headless:
            evidence = _peer_evidence(candidate, exposure.service) or (
                "publishNotReadyAddresses" if exposure.publishes_not_ready else None
            )
            if evidence:
                yield Found(
                    f"Service/{exposure.service} $.spec.clusterIP",
                    f"the pods find each other by the headless Service {exposure.service} ({evidence}); Cloud "
                    "Run's instances cannot",
                )
    yield from _clusters_by_settings(candidate)
    if _names_its_pods(candidate):
        yield Found(
            f"{candidate.pod.path}.subdomain",
            f"each pod has a name of its own under {candidate.pod.subdomain}; Cloud Run's instances have none",
        )


def _clusters_by_settings(candidate: Candidate) -> Iterator[Found]:
    """Libraries that make one cluster of all pods, turned on by a variable: JGroups, Hazelcast, Akka, libcluster."""
    if not _has_peers(candidate):
        return
    for container in candidate.moving:
        for variable in variables_of(candidate.workload, container):
            value = (variable.value or "").strip()
            asks = _CLUSTERS.search(variable.name) and value.lower() not in ("", "false", "0", "local", "none", "off")
            if asks or _CLUSTER_FLAGS.search(value):
                yield Found(
                    variable.path,
                    f"the pods find each other ({variable.name} of container {container.name}); Cloud Run's instances "
                    "cannot",
                )
                return


# Keycloak (a stack of JGroups), WildFly, Hazelcast, Akka and Pekko, Elixir's libcluster and dns_cluster.
_CLUSTERS = re.compile(
    r"^KC_CACHE_STACK$|^JGROUPS_(?:DISCOVERY_PROTOCOL|PING_PROTOCOL)$|^HZ_NETWORK_JOIN_\w+_(?:ENABLED|SERVICEDNS)$"
    r"|^DNS_CLUSTER_QUERY$|^LIBCLUSTER_\w+|^(?:AKKA|PEKKO)_(?:CLUSTER_BOOTSTRAP|SEED_NODES)\w*$"
    r"|^KUBERNETES_SERVICE_DNS$|^OPENSHIFT_(?:DNS|KUBE)_PING_\w+"
)
_CLUSTER_FLAGS = re.compile(r"-Djgroups\.dns\.query=|-Dhazelcast\.kubernetes|kubernetes\.KUBE_PING|dns\.DNS_PING")


def _names_its_pods(candidate: Candidate) -> bool:
    """Whether a subdomain gives the pods names: with a headless Service of that name, or as an indexed Job means it."""
    subdomain = candidate.pod.subdomain
    found = candidate.index.services.get(candidate.workload.namespace, {}).get(str(subdomain))
    batch = candidate.workload.batch
    indexed = batch is not None and batch.completion_mode == "Indexed"
    return bool(subdomain) and (indexed or mapping(found, "spec").get("clusterIP") == "None")


def _peer_evidence(candidate: Candidate, service: str) -> str | None:
    """Where the pod itself names its headless Service as an address. One pod alone has no peers."""
    if not _has_peers(candidate):
        return None
    named = next((e.evidence for e in candidate.own_addresses if e.service == service), None)
    if named:
        return named
    servers = [c.image for c in candidate.moving if raw_server(c.image)]
    return f"image {servers[0]}, more than one pod" if servers and len(candidate.moving) == 1 else None


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
    Deployment; otherwise use a managed service or leave it on GKE. A worker pool with Direct VPC ingress gives each
    instance a private IP, but no name that stays and no disk that outlives it.
    Example: kind: StatefulSet
    """
    if candidate.workload.kind == "StatefulSet":
        service = candidate.workload.service_name
        at = "$.spec.serviceName" if service else "$.kind"
        yield Found(
            at,
            f"a StatefulSet gives its pods an identity each{f' under {service}' if service else ''}; Cloud Run's "
            "instances have none",
        )


@rule(
    id="host-names-set",
    severity="change",
    reads=("PodSpec.hostAliases", "PodSpec.dnsConfig", "PodSpec.dnsPolicy", "PodSpec.subdomain", "ConfigMap.data"),
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
    if candidate.pod.host_aliases:
        yield Found(
            f"{candidate.pod.path}.hostAliases", "the pod sets host names of its own; Cloud Run resolves by DNS alone"
        )
    subdomain = candidate.pod.subdomain
    if subdomain and not _names_its_pods(candidate):
        yield Found(
            f"{candidate.pod.path}.subdomain",
            f"the pod wants a name under {subdomain}, and no headless Service of that name is in the snapshot; Cloud "
            "Run's instances have no names",
        )
    for edge in candidate.dependencies:
        if edge.target in {f"{name}.{space}" for space, name in CLUSTER_DNS}:
            yield Found(
                edge.path,
                f"it asks the cluster's own DNS server ({edge.evidence}); Cloud Run resolves by the VPC network's DNS, "
                "at 169.254.169.254",
            )
    for field in ("nameservers", "searches"):
        if field in candidate.pod.dns_fields:
            yield Found(
                f"{candidate.pod.path}.dnsConfig.{field}",
                f"the pod sets {field} of DNS; Cloud Run resolves by the VPC network's DNS",
            )


@rule(
    id="registers-itself",
    severity="change",
    reads=("Container.env[].value", "Container.args", "Container.command", "ConfigMap.data"),
    docs="https://docs.cloud.google.com/run/docs/triggering/https-request",
)
def registers_itself(candidate: Candidate) -> Iterator[Found]:
    """The application enters its own address in a registry (Eureka, Nacos, Consul, Dubbo's), and others look it up.

    Why: What it enters is the address of its pod. An instance of Cloud Run has none that others reach: who takes it
    from the registry gets no answer.
    Remedy: Let callers use the service's URL (`SimpleDiscoveryClient`, or a plain base URL), and turn the registration
    off (`eureka.client.register-with-eureka: false`); or enter the URL as host name, with port 443.
    Example: env: [{name: EUREKA_CLIENT_SERVICEURL_DEFAULTZONE, value: "http://eureka:8761/eureka/"}]
    """
    if candidate.target != "service":
        return
    off = {c.name for c, v in candidate.environment() if _REGISTERS.search(v.name) and (v.value or "") == "false"}
    told: set[str] = set()
    for edge in candidate.dependencies:
        for address in edge.addresses:
            container = address.place.container
            named = _REGISTRY_NAME.search(address.place.name.replace("-", "_").replace(".", "_"))
            if container in off | told or not (named or _REGISTRY_URL.search(address.text)):
                continue
            told.add(container)
            yield Found(
                address.place.path,
                f"container {container} enters its own address in the registry at {edge.target} ({address.place}); an "
                "instance of Cloud Run has none that others reach",
            )


_REGISTRY_NAME = re.compile(
    r"EUREKA|NACOS(?!_CONFIG)|DUBBO_REGISTRY|CLOUD_CONSUL(?!_CONFIG)|CLOUD_ZOOKEEPER", re.IGNORECASE
)
_REGISTRY_URL = re.compile(r"/eureka(?:/|\b)", re.IGNORECASE)
_REGISTERS = re.compile(
    r"REGISTER_?WITH_?EUREKA|EUREKA_?CLIENT_?ENABLED|DISCOVERY_?(?:ENABLED|REGISTER)", re.IGNORECASE
)
