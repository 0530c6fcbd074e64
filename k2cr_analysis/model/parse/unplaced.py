"""Objects that name no namespace, beside workloads that name one.

``kubectl apply -n shop`` (and Helm, and a kustomization's ``namespace``) puts what names no namespace beside what names
``shop``. So an object without one belongs where it is used, if that is in one namespace alone; and a Service, a route
or an autoscaler that names one and means nothing there goes to the workloads without one that it means. A workload's
own namespace is never guessed: it is part of its id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings, text
from k2cr_analysis.model.parse.index import DEFAULT_NAMESPACE, LabelIndex, kind_of, name_of, namespace_of
from k2cr_analysis.model.parse.pod.templates import WORKLOAD_KINDS, is_workload, pod_template
from k2cr_analysis.model.parse.secret_writers import names_no_namespace
from k2cr_analysis.snapshot import SnapshotObject

# Where each kind says which pods, which workload or which Services it is about.
_SELECTORS: Mapping[str, str] = {
    "Service": "selector", "PodDisruptionBudget": "selector", "NetworkPolicy": "podSelector", "PodMonitor": "selector",
    "PodMonitoring": "selector", "AuthorizationPolicy": "selector", "RequestAuthentication": "selector",
}  # fmt: skip
_TARGETS: Mapping[str, str] = {
    "HorizontalPodAutoscaler": "scaleTargetRef", "ScaledObject": "scaleTargetRef", "VerticalPodAutoscaler": "targetRef",
}  # fmt: skip
_ROUTES = ("Ingress", "HTTPRoute", "GRPCRoute", "Route")
_NAMED_BY_PODS = ("ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim")
# Fields of a PodSpec that name an object of one of these kinds.
_NAME_FIELDS: Mapping[str, str] = {
    "secretName": "Secret", "claimName": "PersistentVolumeClaim", "serviceAccountName": "ServiceAccount",
}  # fmt: skip
_NAMING: Mapping[str, str] = {
    "configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap", "configMap": "ConfigMap", "secretRef": "Secret",
    "secretKeyRef": "Secret", "secret": "Secret",
}  # fmt: skip


def placed(found: Sequence[SnapshotObject]) -> list[SnapshotObject]:
    """The objects, each in the namespace of those that use it, where one of the two names none."""
    if not any(names_no_namespace(o.object) for o in found):
        return list(found)
    users = _Users(o.object for o in found)
    there = {(kind_of(o.object), namespace_of(o.object), name_of(o.object)) for o in found}
    given: list[SnapshotObject] = []
    for one in found:
        namespace = users.namespace(one.object)
        known = namespace is None or (kind_of(one.object), namespace or DEFAULT_NAMESPACE, name_of(one.object)) in there
        given.append(one if known else replace(one, object=_moved(one.object, namespace or "")))
    return given


def _moved(raw: dict[str, Any], namespace: str) -> dict[str, Any]:
    metadata = {key: value for key, value in mapping(raw, "metadata").items() if key != "namespace"}
    return raw | {"metadata": {**metadata, "namespace": namespace} if namespace else metadata}


class _Users:
    """Which namespaces use an object; the empty text stands for workloads that name none themselves."""

    def __init__(self, found: Iterable[Raw]) -> None:
        pods: list[tuple[str, Mapping[str, str], str]] = []
        self._scaled: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._named: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._services: dict[str, set[str]] = defaultdict(set)
        services: list[Raw] = []
        for raw in found:
            kind, own = kind_of(raw), str(mapping(raw, "metadata").get("namespace") or "")
            if kind in WORKLOAD_KINDS and is_workload(raw, kind):
                template = pod_template(raw, kind)
                pods.append((own, strings(mapping(template, "metadata", "labels")), f"{own}/{kind}/{name_of(raw)}"))
                self._scaled[kind, name_of(raw)].add(own)
                for named in _named_in(mapping(template, "spec")):
                    self._named[named].add(own)
            elif kind == "Service":
                services.append(raw)
        self._namespaces = {own for own, _, _ in pods}
        self._pods = LabelIndex(pods)
        for raw in services:
            own, moved = str(mapping(raw, "metadata").get("namespace") or ""), self.namespace(raw)
            self._services[name_of(raw)].add(own if moved is None else moved)

    def namespace(self, raw: Raw) -> str | None:
        """The one namespace where it is used (the empty text: where none is named); None where it stays.

        What names a namespace and is used by nothing there is moved only if it leads to pods, or scales them.
        """
        own, using = str(mapping(raw, "metadata").get("namespace") or ""), self._using(raw)
        if len(using) != 1 or own in using:
            return None
        found = next(iter(using))
        leads = kind_of(raw) in (*_SELECTORS, *_TARGETS, *_ROUTES)
        return found if not own or (not found and leads) else None

    def _using(self, raw: Raw) -> set[str]:
        kind, name, spec = kind_of(raw), name_of(raw), mapping(raw, "spec")
        if kind in _SELECTORS:
            selector = mapping(spec, _SELECTORS[kind])
            # An empty selector means all pods, or none: nothing says where.
            return {n for n in self._namespaces if selector and any(self._pods.selected(n, selector))}
        if kind in _TARGETS:
            target = mapping(spec, _TARGETS[kind])
            return self._scaled.get((text(target, "kind") or "Deployment", text(target, "name") or ""), set())
        if kind in _ROUTES:
            return {n for service in _backends(spec) for n in self._services.get(service, {""})}
        return self._named.get((kind, name), set()) if kind in _NAMED_BY_PODS else set()


def _named_in(value: object) -> Iterator[tuple[str, str]]:
    """(kind, name) of what a PodSpec names by its name."""
    if isinstance(value, Mapping):
        for field, item in value.items():
            if field in _NAME_FIELDS and isinstance(item, str):
                yield _NAME_FIELDS[field], item
            elif field in _NAMING and isinstance(item, Mapping) and isinstance(item.get("name"), str):
                yield _NAMING[field], item["name"]
            elif field == "imagePullSecrets":
                yield from (("Secret", str(one.get("name"))) for one in item if isinstance(one, Mapping))
            if not isinstance(item, str):
                yield from _named_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named_in(item)


def _backends(value: object) -> Iterator[str]:
    """The Services that a route leads to, in every form of Ingress, Gateway API and OpenShift."""
    spec = value if isinstance(value, Mapping) else {}
    for field, item in spec.items():
        if field in ("backend", "defaultBackend"):
            yield from _of_backend(item)
        elif field == "to" and isinstance(item, Mapping) and isinstance(item.get("name"), str):
            yield item["name"]
        elif field == "backendRefs":
            yield from (n for _, ref in objects(spec, field) if (n := text(ref, "name")) and not text(ref, "namespace"))
        elif isinstance(item, Mapping):
            yield from _backends(item)
        elif isinstance(item, list):
            for one in item:
                yield from _backends(one)


def _of_backend(item: object) -> Iterator[str]:
    backend = item if isinstance(item, Mapping) else {}
    name = text(mapping(backend, "service"), "name") or text(backend, "serviceName")
    if name:
        yield name
