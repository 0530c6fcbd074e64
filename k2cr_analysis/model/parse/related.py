"""Everything else that speaks of a workload: autoscalers, budgets, policies, identity, configuration, claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, strings, text, texts
from k2cr_analysis.model.parse.index import LabelIndex, ObjectIndex, name_of, namespace_of, selects, service_of_host
from k2cr_analysis.model.parse.other_policies import other_policies
from k2cr_analysis.model.parse.secret_writers import written_secrets
from k2cr_analysis.model.pod.secret_manager import target_of
from k2cr_analysis.model.pod.secret_reference import secret_references
from k2cr_analysis.model.routing.backend_configs import backend_configs
from k2cr_analysis.model.routing.controllers import GKE_INGRESS_CLASSES
from k2cr_analysis.model.routing.entrances import gateways_of
from k2cr_analysis.model.workload import Autoscaler, Exposure, Pod, Route, Unseen
from k2cr_analysis.platforms.gke.labels import (
    FRONTEND_CONFIG,
    MANAGED_CERTIFICATES,
)

_Related = dict[str, list[Raw]]
# Kinds that select pods by labels, and where their selector stands.
_SELECTING = {
    "PodDisruptionBudget": "selector",
    "NetworkPolicy": "podSelector",
    "PodMonitoring": "selector",
    "PodMonitor": "selector",
    "AuthorizationPolicy": "selector",
    "RequestAuthentication": "selector",
    "PeerAuthentication": "selector",
    "Sidecar": "workloadSelector",
    "EnvoyFilter": "workloadSelector",
}
# Where an empty or absent selector means every pod of the namespace; of the mesh's kinds, in its root namespace, all.
_SELECTING_ALL = (
    "NetworkPolicy", "AuthorizationPolicy", "RequestAuthentication", "PeerAuthentication", "Sidecar", "EnvoyFilter",
)  # fmt: skip
_MESH_ROOT = "istio-system"
_DEFAULT_GATEWAY = {"istio": "ingressgateway", "app": "istio-ingressgateway"}
# Kinds that name the workload they scale, and where.
_SCALING = {
    "HorizontalPodAutoscaler": "scaleTargetRef",
    "ScaledObject": "scaleTargetRef",
    "VerticalPodAutoscaler": "targetRef",
    "HTTPScaledObject": "scaleTargetRef",
}

OTHER_POLICIES = "OtherPolicy"  # the key of what ``other_policies`` finds, whatever its kind
# Routes of controllers' own kinds: that they lead somewhere is seen, what they do is not read.
FOREIGN_ROUTES = (
    "IngressRoute", "HTTPProxy", "Mapping", "ApisixRoute", "VirtualServer", "RouteGroup", "RouteTable", "APIRule",
)  # fmt: skip
_FRONTEND_CONFIG = (FRONTEND_CONFIG, "FrontendConfig")
_MANAGED_CERTIFICATES = (MANAGED_CERTIFICATES, "ManagedCertificate")


def autoscaler_of(raw: Raw) -> Autoscaler:
    """An HPA of any version: v2 and v2beta list metrics, v1 has a CPU target alone."""
    spec = mapping(raw, "spec")
    cpu = integer(spec, "targetCPUUtilizationPercentage")
    metrics: list[tuple[str, str]] = []
    for _, metric in objects(spec, "metrics"):
        kind = text(metric, "type") or ""
        body = mapping(metric, kind[:1].lower() + kind[1:])
        name = text(body, "name") or text(mapping(body, "metric"), "name") or text(body, "metricName") or ""
        metrics.append((kind, name))
        if kind == "Resource" and name == "cpu":
            cpu = (
                integer(mapping(body, "target"), "averageUtilization")
                or integer(body, "targetAverageUtilization")
                or cpu
            )
    return Autoscaler(
        name=name_of(raw),
        min_replicas=integer(spec, "minReplicas"),
        max_replicas=integer(spec, "maxReplicas") or 1,
        cpu_target_percent=cpu,
        metrics=tuple(metrics) or (("Resource", "cpu"),),
        raw=raw,
    )


# KEDA, "ScaledObject specification": the defaults of its least and most pods.
_KEDA_LEAST, _KEDA_MOST = 0, 100


def scaler_of_keda(raw: Raw) -> Autoscaler:
    """A ScaledObject: its CPU and memory triggers are resources, all others come from outside."""
    spec = mapping(raw, "spec")
    least, most = integer(spec, "minReplicaCount"), integer(spec, "maxReplicaCount")
    metrics: list[tuple[str, str]] = []
    cpu = None
    for _, trigger in objects(spec, "triggers"):
        kind = text(trigger, "type") or ""
        metrics.append(("Resource" if kind in ("cpu", "memory") else "External", kind))
        value = text(mapping(trigger, "metadata"), "value") or ""
        if kind == "cpu" and value.isdigit():
            cpu = int(value)
    return Autoscaler(
        name=name_of(raw),
        min_replicas=_KEDA_LEAST if least is None else least,
        max_replicas=_KEDA_MOST if most is None else most,
        cpu_target_percent=cpu,
        metrics=tuple(metrics),
        raw=raw,
        kind="ScaledObject",
    )


class RelatedObjects:
    """Joins, made once for the whole cluster and then asked for each workload."""

    def __init__(self, index: ObjectIndex, labels: LabelIndex) -> None:
        self._index = index
        self._selecting = _selecting(index, labels)
        self._scaling = _scaling(index)
        self._bindings = _bindings(index)
        self.written_secrets = written_secrets(index)

    def of(
        self,
        workload_id: str,
        namespace: str,
        kind: str,
        name: str,
        pod: Pod,
        exposures: Iterable[Exposure],
        *,
        placed: bool,
    ) -> Mapping[str, tuple[Raw, ...]]:
        found: _Related = defaultdict(list)
        for one in (self._selecting.get(workload_id, ()), self._scaling.get((namespace, kind, name), ())):
            for raw in one:
                found[str(raw.get("kind"))].append(raw)
        self._identity(found, namespace, pod, placed=placed)
        self._configuration(found, namespace, pod)
        self._exposure(found, namespace, exposures)
        self._policies_by_target(found, namespace, exposures)
        self._monitors(found, namespace, pod, exposures)
        services = [e.service for e in exposures]
        routes = [raw for kind in FOREIGN_ROUTES for raw in found.get(kind, ())]
        others = {id(raw): raw for raw in other_policies(self._index, namespace, pod.labels, services, routes)}
        if others:
            found[OTHER_POLICIES] = list(others.values())
        return {k: tuple(v) for k, v in sorted(found.items()) if v}

    def unseen(self, namespace: str, exposures: Iterable[Exposure]) -> tuple[Unseen, ...]:
        """Policies that the Services and entrances of a workload name, and that are not here to be read."""
        found: dict[Unseen, None] = {}
        for exposure in exposures:
            routes = [r for r in exposure.routes if r.reach != "mesh"]
            # Only GKE's own Ingress reads a BackendConfig; where no entrance is seen, one may be missing too.
            if not routes or any(_is_of_gke(r) for r in routes):
                for key, name in sorted(backend_configs(exposure.annotations)):
                    by = f"{exposure.kind} {exposure.service}"
                    at = f"{exposure.kind}/{exposure.service} $.metadata.annotations['{key}']"
                    found[Unseen("BackendConfig", namespace, name, by, at)] = None
            for route in routes:
                annotations = strings(mapping(route.raw, "metadata").get("annotations"))
                for key, kind in (_FRONTEND_CONFIG, _MANAGED_CERTIFICATES) if _is_of_gke(route) else ():
                    for name in filter(None, map(str.strip, annotations.get(key, "").split(","))):
                        at = f"{route.kind}/{route.name} $.metadata.annotations['{key}']"
                        found[Unseen(kind, namespace_of(route.raw), name, f"{route.kind} {route.name}", at)] = None
        return tuple(u for u in found if self._index.get(u.kind, u.namespace, u.name) is None)

    def _identity(self, found: _Related, namespace: str, pod: Pod, *, placed: bool) -> None:
        """``placed``: the object names its namespace. One that does not is applied to whichever its binding names."""
        account = pod.service_account_name or "default"
        self._add(found, "ServiceAccount", namespace, account)
        bound = [*self._bindings.get((namespace, account), ()), *self._bindings.get((namespace, ANY_ACCOUNT), ())]
        bound += self._bindings.get((ANY_NAMESPACE, ANY_ACCOUNT), ())
        if not placed and account != "default":
            named = {n for n, a in self._bindings if a == account and n not in (namespace, ANY_NAMESPACE)}
            for elsewhere in sorted(named):
                if self._index.get("ServiceAccount", elsewhere, account) is None:
                    bound += self._bindings[elsewhere, account]
        for binding in {id(b): b for b in bound}.values():
            found[str(binding.get("kind"))].append(binding)
            role = mapping(binding, "roleRef")
            self._add(found, text(role, "kind") or "", namespace, text(role, "name") or "")

    def _configuration(self, found: _Related, namespace: str, pod: Pod) -> None:
        names: dict[str, set[str]] = {"ConfigMap": set(), "Secret": set()}
        for reference in secret_references(pod):
            if reference.place != "imagePullSecrets":
                names[reference.kind].add(reference.name)
        for volume in pod.volumes:
            if volume.kind == "persistentVolumeClaim":
                self._add(found, "PersistentVolumeClaim", namespace, str(volume.source.get("claimName")))
            if volume.kind == "csi":
                provider = text(mapping(volume.source, "volumeAttributes"), "secretProviderClass")
                self._add(found, "SecretProviderClass", namespace, provider or "")
        for kind, wanted in names.items():
            for name in sorted(wanted):
                self._add(found, kind, namespace, name)
        self._external(found, namespace, names["Secret"])

    def _external(self, found: _Related, namespace: str, secrets: Iterable[str]) -> None:
        """ExternalSecrets that write one of the Secrets, and their stores."""
        for raw in self._index.by_kind.get("ExternalSecret", ()):
            if namespace_of(raw) == namespace and target_of(raw) in secrets:
                found["ExternalSecret"].append(raw)
                store = mapping(raw, "spec", "secretStoreRef")
                self._add(found, text(store, "kind") or "SecretStore", namespace, text(store, "name") or "")

    def _exposure(self, found: _Related, namespace: str, exposures: Iterable[Exposure]) -> None:
        for exposure in exposures:
            if exposure.type != "Knative":
                found[exposure.kind].append(exposure.raw)
            for _, name in sorted(backend_configs(exposure.annotations)):
                self._add(found, "BackendConfig", namespace, name)
            for policy in ("HealthCheckPolicy", "GCPBackendPolicy"):
                for raw in self._index.by_kind.get(policy, ()):
                    target = mapping(raw, "spec", "targetRef")
                    if namespace_of(raw) == namespace and text(target, "name") == exposure.service:
                        found[policy].append(raw)
            self._around(found, namespace, exposure.service)
            for route in exposure.routes:
                if route.raw is not exposure.raw and not any(route.raw is raw for raw in found[route.kind]):
                    found[route.kind].append(route.raw)
                    self._route(found, route.raw)
        for kind in [k for k, v in found.items() if not v]:
            del found[kind]

    def _monitors(self, found: _Related, namespace: str, pod: Pod, exposures: Iterable[Exposure]) -> None:
        """Scrapers that choose by the labels of Services, or in every namespace."""
        for raw in self._index.by_kind.get("ServiceMonitor", ()):
            chosen = mapping(raw, "spec", "namespaceSelector")
            names = texts(chosen, "matchNames") or [namespace_of(raw)]
            if chosen.get("any") is True or namespace in names:
                selector = mapping(raw, "spec", "selector")
                labels = (strings(mapping(e.raw, "metadata").get("labels")) for e in exposures)
                if any(selects(selector, one) for one in labels):
                    found["ServiceMonitor"].append(raw)
        for raw in self._index.by_kind.get("ClusterPodMonitoring", ()):
            if selects(mapping(raw, "spec", "selector"), pod.labels):
                found["ClusterPodMonitoring"].append(raw)

    def _around(self, found: _Related, namespace: str, service: str) -> None:
        """What a mesh, or a controller's own kind of route, says of a Service."""
        for raw in self._index.by_kind.get("DestinationRule", ()):
            host = text(mapping(raw, "spec"), "host") or ""
            if service_of_host(host, namespace_of(raw)) == (namespace, service):
                found["DestinationRule"].append(raw)
        for kind in FOREIGN_ROUTES:
            for raw in self._index.by_kind.get(kind, ()):
                if namespace_of(raw) == namespace and any(True for _ in ports_led_to(mapping(raw, "spec"), service)):
                    found[kind].append(raw)

    def _route(self, found: _Related, route: Raw) -> None:
        namespace = namespace_of(route)
        annotations = strings(mapping(route, "metadata").get("annotations"))
        for key, kind in (_FRONTEND_CONFIG, _MANAGED_CERTIFICATES):
            for name in annotations.get(key, "").split(","):
                self._add(found, kind, namespace, name.strip())
        for _, parent in objects(mapping(route, "spec"), "parentRefs"):
            self._gateway(found, text(parent, "namespace") or namespace, text(parent, "name") or "", istio=False)
        for gateway in texts(mapping(route, "spec"), "gateways"):
            of_namespace, _, name = gateway.rpartition("/")
            self._gateway(found, of_namespace or namespace, name, istio=True)
            if name != "mesh":
                self._policies_at(found, self._index.get("Gateway", of_namespace or namespace, name))

    def _gateway(self, found: _Related, namespace: str, name: str, *, istio: bool) -> None:
        """A Gateway with what stands on it beside the workload's own routes: its policies, and redirects."""
        for raw in gateways_of(self._index, istio=istio):
            if (namespace_of(raw), name_of(raw)) == (namespace, name) and not any(raw is g for g in found["Gateway"]):
                found["Gateway"].append(raw)
                for route in self._index.by_kind.get("HTTPRoute", ()) if not istio else ():
                    if _stands_on(route, raw) and not _has_backends(route) and route not in found["HTTPRoute"]:
                        found["HTTPRoute"].append(route)
                for policy in self._index.by_kind.get("GCPGatewayPolicy", ()):
                    target = mapping(policy, "spec", "targetRef")
                    if namespace_of(policy) == namespace and text(target, "name") == name:
                        found["GCPGatewayPolicy"].append(policy)

    def _policies_by_target(self, found: _Related, namespace: str, exposures: Iterable[Exposure]) -> None:
        """The mesh's policies that name a Service, or a Gateway that leads to one, instead of labels."""
        named = {("Service", e.service) for e in exposures} | {("Gateway", name_of(raw)) for raw in found["Gateway"]}
        for kind in ("AuthorizationPolicy", "RequestAuthentication"):
            for raw in self._index.by_kind.get(kind, ()):
                spec = mapping(raw, "spec")
                targets = [mapping(spec, "targetRef"), *(t for _, t in objects(spec, "targetRefs"))]
                asked = {(text(t, "kind") or "", text(t, "name") or "") for t in targets}
                if asked & named and namespace_of(raw) == namespace and not any(raw is o for o in found[kind]):
                    found[kind].append(raw)

    def _policies_at(self, found: _Related, gateway: Raw | None) -> None:
        """The mesh's policies on the pods of a Gateway: they check whoever comes in there."""
        pods = strings(mapping(gateway, "spec").get("selector")) or _DEFAULT_GATEWAY
        for kind in ("AuthorizationPolicy", "RequestAuthentication", "EnvoyFilter"):
            for raw in self._index.by_kind.get(kind, ()):
                selector = mapping(raw, "spec", _SELECTING[kind])
                chosen = selects(mapping(selector, "labels") or selector, pods)
                if chosen and not any(raw is other for other in found[kind]):
                    found[kind].append(raw)

    def _add(self, found: _Related, kind: str, namespace: str, name: str) -> None:
        raw = self._index.get(kind, namespace, name) or (
            self._index.get(kind, "default", name) if kind.startswith("Cluster") else None
        )
        if raw is not None and not any(raw is other for other in found[kind]):
            found[kind].append(raw)


def ports_led_to(value: object, service: str) -> Iterator[str | None]:
    """The ports of a Service that a route of a controller's own kind leads to; None where it names none."""
    if isinstance(value, list):
        for item in value:
            yield from ports_led_to(item, service)
    elif isinstance(value, Mapping):
        said = value.get("service") or value.get("serviceName") or value.get("name")
        _, _, address = said.rpartition("//") if isinstance(said, str) else ("", "", "")
        host, _, written = address.partition(":")
        if host.partition(".")[0] == service:
            port = written or value.get("port") or value.get("servicePort")
            yield None if port is None else str(port)
        for item in value.values():
            yield from ports_led_to(item, service)


def _stands_on(route: Raw, gateway: Raw) -> bool:
    return any(
        (text(p, "namespace") or namespace_of(route), text(p, "name")) == (namespace_of(gateway), name_of(gateway))
        for _, p in objects(mapping(route, "spec"), "parentRefs")
    )


def _has_backends(route: Raw) -> bool:
    return any(rule.get("backendRefs") for _, rule in objects(mapping(route, "spec"), "rules"))


def _is_of_gke(route: Route) -> bool:
    """Whether GKE itself serves the Ingress: another controller reads none of GKE's annotations."""
    of_class = route.entrance.key.removeprefix("IngressClass/")
    return route.kind == "MultiClusterIngress" or (route.kind == "Ingress" and of_class in GKE_INGRESS_CLASSES)


def _selecting(index: ObjectIndex, labels: LabelIndex) -> Mapping[str, list[Raw]]:
    found: dict[str, list[Raw]] = defaultdict(list)
    for kind, field in _SELECTING.items():
        for raw in index.by_kind.get(kind, ()):
            spec, namespace = mapping(raw, "spec"), namespace_of(raw)
            selector = mapping(spec, field)
            selector = mapping(selector, "labels") if field == "workloadSelector" else selector
            selected: Iterable[str] = labels.selected(namespace, selector)
            if kind in _SELECTING_ALL and not any(selector.values()) and not ({"targetRef", "targetRefs"} & set(spec)):
                # In its root namespace a policy of the mesh is one for all.
                selected = labels.everything(None if namespace == _MESH_ROOT and kind != "NetworkPolicy" else namespace)
            for workload_id in selected:
                found[workload_id].append(raw)
    return found


def _scaling(index: ObjectIndex) -> Mapping[tuple[str, str, str], list[Raw]]:
    found: dict[tuple[str, str, str], list[Raw]] = defaultdict(list)
    for kind, field in _SCALING.items():
        for raw in index.by_kind.get(kind, ()):
            target = mapping(raw, "spec", field)
            # KEDA 1 (keda.k8s.io) wrote deploymentName.
            name = text(target, "name") or text(target, "deploymentName") or ""
            found[namespace_of(raw), text(target, "kind") or "Deployment", name].append(raw)
    return found


def _bindings(index: ObjectIndex) -> Mapping[tuple[str, str], list[Raw]]:
    found: dict[tuple[str, str], list[Raw]] = defaultdict(list)
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for raw in index.by_kind.get(kind, ()):
            for account in sorted({a for _, s in objects(raw, "subjects") for a in accounts_of(s, namespace_of(raw))}):
                found[account].append(raw)
    return found


# In place of a name: every account of a namespace, and every namespace.
ANY_ACCOUNT, ANY_NAMESPACE = "*", "*"
_GROUP_OF_ACCOUNTS = "system:serviceaccounts"
_USER_OF_ACCOUNT = "system:serviceaccount:"


def accounts_of(subject: Raw, namespace: str) -> Iterator[tuple[str, str]]:
    """(namespace, account) of a binding's subject, by whatever name: an account, its user name, a group that it is in.

    Source: Kubernetes, "Using RBAC Authorization", referring to subjects.
    """
    kind, name = text(subject, "kind"), text(subject, "name") or ""
    if kind == "ServiceAccount":
        yield text(subject, "namespace") or namespace, name
    elif kind == "User" and name.startswith(_USER_OF_ACCOUNT):
        of_namespace, _, account = name.removeprefix(_USER_OF_ACCOUNT).partition(":")
        yield of_namespace, account
    elif kind == "Group" and name in (_GROUP_OF_ACCOUNTS, "system:authenticated"):
        yield ANY_NAMESPACE, ANY_ACCOUNT
    elif kind == "Group" and name.startswith(f"{_GROUP_OF_ACCOUNTS}:"):
        yield name.removeprefix(f"{_GROUP_OF_ACCOUNTS}:"), ANY_ACCOUNT
