"""What fit looks up in the whole cluster, made once for all its workloads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.parse.access import Raw, mapping, objects, text, texts
from k2cr_analysis.model.parse.related import accounts_of
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.labels import ISTIO_REVISION, SERVICE_OF_SLICE

_WEBHOOK_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@dataclass(frozen=True, slots=True)
class Grant:
    """A binding that gives a workload's ServiceAccount a role. ``rules`` is None where the role is not in the
    snapshot. ``shared``: others have it too, as the namespace's default account, or by a group.
    """

    binding: str  # RoleBinding/web
    role: str  # Role/web
    role_name: str
    rules: tuple[Raw, ...] | None
    shared: bool

    @property
    def at(self) -> str:
        return f"{self.binding} $.roleRef"


@dataclass(frozen=True, slots=True)
class ClusterIndex:
    """``api_services``: (namespace, Service) -> what the control plane calls it for, and where that is written."""

    api_services: Mapping[tuple[str, str], tuple[str, str]]
    roles: Mapping[tuple[str, str, str], Raw]
    volumes: Mapping[str, Raw]
    storage_classes: Mapping[str, Raw]
    services: Mapping[str, Mapping[str, Raw]]  # namespace -> name -> Service
    given_addresses: Mapping[tuple[str, str], str | None]  # of Services that select no pods; None: not one alone
    injected: Mapping[str, str]  # namespace -> the label or annotation that injects a sidecar there
    workloads: Mapping[str, Workload]  # by id
    rolled_out: frozenset[tuple[str, str, str]]  # namespace, kind, name of what a Rollout refers to
    unread: frozenset[str]  # kinds that were asked of the cluster and not got
    namespaces: frozenset[str]  # those of a workload, a Service or a Namespace object
    placed: frozenset[tuple[str, str, str]]  # kind, namespace, name of objects that name no namespace themselves

    def grants(self, workload: Workload) -> Iterator[Grant]:
        """Every role that is bound to the workload's ServiceAccount; none where no container has its token."""
        if not mounts_token(workload):
            return
        account = workload.pod.service_account_name or "default"
        for kind in ("RoleBinding", "ClusterRoleBinding"):
            for binding in workload.related.get(kind, ()):
                reference = mapping(binding, "roleRef")
                role_kind, role_name = text(reference, "kind") or "Role", text(reference, "name") or ""
                namespace = _namespace(binding) if role_kind == "Role" else ""
                role = self.roles.get((role_kind, namespace, role_name))
                rules = None if role is None else tuple(r for _, r in objects(role, "rules"))
                named = {a for _, s in objects(binding, "subjects") for _, a in accounts_of(s, "")}
                shared = account == "default" or account not in named
                yield Grant(f"{kind}/{_name(binding)}", f"{role_kind}/{role_name}", role_name, rules, shared)


def mounts_token(workload: Workload) -> bool:
    """Whether the containers have a token for the Kubernetes API: mounted by itself, or by a projected volume."""
    projected = any(
        "serviceAccountToken" in source and "audience" not in mapping(source, "serviceAccountToken")
        for volume in workload.pod.volumes
        if volume.kind == "projected"
        for _, source in objects(volume.source, "sources")
    )
    of_pod = workload.pod.automounts_token
    accounts = workload.related.get("ServiceAccount", ())
    of_account = next((a.get("automountServiceAccountToken") for a in accounts), None)
    return projected or (of_pod if isinstance(of_pod, bool) else of_account) is not False


def index_cluster(cluster: Cluster) -> ClusterIndex:
    services: dict[str, dict[str, Raw]] = {}
    for raw in cluster.objects.get("Service", ()):
        services.setdefault(_namespace(raw), {})[_name(raw)] = raw
    return ClusterIndex(
        api_services=dict(_api_services(cluster)),
        roles={
            (k, _namespace(r) if k == "Role" else "", _name(r)): r
            for k in ("Role", "ClusterRole")
            for r in cluster.objects.get(k, ())
        },
        volumes={_name(v): v for v in cluster.objects.get("PersistentVolume", ())},
        storage_classes={_name(s): s for s in cluster.objects.get("StorageClass", ())},
        services=services,
        given_addresses={
            (namespace, name): _given_address(raw, cluster)
            for namespace, named in services.items()
            for name, raw in named.items()
            if selects_no_pods(raw)
        },
        injected=dict(_injected(cluster)),
        workloads=cluster.by_id,
        rolled_out=frozenset(
            (_namespace(r), text(ref, "kind") or "Deployment", text(ref, "name") or "")
            for r in cluster.objects.get("Rollout", ())
            if (ref := mapping(r, "spec", "workloadRef"))
        ),
        unread=cluster.unread,
        namespaces=frozenset({*services, *cluster.namespaces, *(w.namespace for w in cluster.workloads)}),
        placed=cluster.placed,
    )


def selects_no_pods(service: Raw) -> bool:
    """Whether somebody gives its addresses by hand (Endpoints), or an operator does."""
    spec = mapping(service, "spec")
    return not spec.get("selector") and spec.get("type") != "ExternalName"


def _given_address(service: Raw, cluster: Cluster) -> str | None:
    """The one address that Endpoints, or an EndpointSlice, give it, where its ports are the Service's."""
    namespace, name = _namespace(service), _name(service)
    found: set[str] = set()
    ports: set[object] = set()
    for raw in cluster.objects.get("Endpoints", ()):
        if (_namespace(raw), _name(raw)) == (namespace, name):
            for _, part in objects(raw, "subsets"):
                found |= {ip for _, one in objects(part, "addresses") if (ip := text(one, "ip"))}
                ports |= {one.get("port") for _, one in objects(part, "ports")}
    for raw in cluster.objects.get("EndpointSlice", ()):
        labels = mapping(raw, "metadata", "labels")
        if _namespace(raw) == namespace and labels.get(SERVICE_OF_SLICE) == name:
            found |= {ip for _, one in objects(raw, "endpoints") for ip in texts(one, "addresses")}
            ports |= {one.get("port") for _, one in objects(raw, "ports")}
    called = {port.get("port") for _, port in objects(mapping(service, "spec"), "ports")}
    return next(iter(found)) if len(found) == 1 and called <= ports else None


def _namespace(raw: Raw) -> str:
    return str(mapping(raw, "metadata").get("namespace") or "default")


def _name(raw: Raw) -> str:
    return str(mapping(raw, "metadata").get("name") or "")


def _api_services(cluster: Cluster) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    for kind in _WEBHOOK_KINDS:
        for raw in cluster.objects.get(kind, ()):
            for i, webhook in objects(raw, "webhooks"):
                yield from _called(
                    mapping(webhook, "clientConfig", "service"), kind, raw, f"$.webhooks[{i}].clientConfig.service"
                )
    for raw in cluster.objects.get("APIService", ()):
        yield from _called(mapping(raw, "spec", "service"), "APIService", raw, "$.spec.service")
    for raw in cluster.objects.get("CustomResourceDefinition", ()):
        for keys in (("webhook", "clientConfig", "service"), ("webhookClientConfig", "service")):
            yield from _called(
                mapping(raw, "spec", "conversion", *keys), "CustomResourceDefinition", raw, "$.spec.conversion"
            )


def _called(service: Raw, kind: str, raw: Raw, path: str) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    if service:
        where = f"{kind}/{_name(raw)}"
        yield (str(service.get("namespace") or "default"), str(service.get("name"))), (where, f"{where} {path}")


def _injected(cluster: Cluster) -> Iterator[tuple[str, str]]:
    for name, raw in cluster.namespaces.items():
        labels, annotations = mapping(raw, "metadata", "labels"), mapping(raw, "metadata", "annotations")
        if labels.get("istio-injection") == "enabled" or labels.get(ISTIO_REVISION):
            yield name, f"Namespace/{name} $.metadata.labels"
        elif annotations.get("linkerd.io/inject") == "enabled":
            yield name, f"Namespace/{name} $.metadata.annotations"
