"""Does a workload belong to the cluster by nature? Only on evidence, and the evidence is what the finding says.

In this order: the config's word, a DaemonSet, a service that the control plane itself calls (webhook, APIService), a
controller of custom resources, a system namespace, a known image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k2cr_analysis.config.settings import WorkloadSettings
from k2cr_analysis.fit.cluster_index import ClusterIndex, Grant
from k2cr_analysis.fit.evidence.known_images import cluster_machinery, sidecar_kind
from k2cr_analysis.model.parse.access import texts
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.cluster import system_namespace
from k2cr_analysis.platforms.gke.labels import ISTIO_TEMPLATES

# API groups that the API server itself serves; any other group is made of custom resources.
_BUILT_IN_GROUPS = frozenset({
    "", "*", "apps", "batch", "autoscaling", "policy", "extensions", "networking.k8s.io", "rbac.authorization.k8s.io",
    "storage.k8s.io", "coordination.k8s.io", "discovery.k8s.io",
    "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "admissionregistration.k8s.io",
    "apiextensions.k8s.io", "apiregistration.k8s.io", "certificates.k8s.io",
    "node.k8s.io", "scheduling.k8s.io", "flowcontrol.apiserver.k8s.io", "resource.k8s.io", "internal.apiserver.k8s.io",
    "storagemigration.k8s.io", "metrics.k8s.io",
    "custom.metrics.k8s.io", "external.metrics.k8s.io", "security.openshift.io",
})  # fmt: skip
_WRITES = frozenset({"update", "patch", "*"})
_MAKES = frozenset({"create", "update", "patch", "*"})
_CONTROL_PLANE = {
    "apiextensions.k8s.io": "customresourcedefinitions",
    "admissionregistration.k8s.io": "webhookconfigurations",
    "apiregistration.k8s.io": "apiservices",
}


@dataclass(frozen=True, slots=True)
class Belonging:
    at: str
    why: str


def belonging(workload: Workload, settings: WorkloadSettings, index: ClusterIndex) -> Belonging | None:
    """The evidence that a workload belongs to its cluster; None where there is none, or the config says otherwise."""
    if settings.keep is not None:
        return Belonging("$", "k2cr.toml says that it stays") if settings.keep else None
    for evidence in (_by_kind, _by_caller, _by_custom_resources, _by_namespace, _by_image):
        found = evidence(workload, index)
        if found:
            return found
    return None


def _by_kind(workload: Workload, _index: ClusterIndex) -> Belonging | None:
    return Belonging("$.kind", "a DaemonSet runs a pod on each node") if workload.kind == "DaemonSet" else None


def _by_caller(workload: Workload, index: ClusterIndex) -> Belonging | None:
    for exposure in workload.exposures:
        caller = index.api_services.get((workload.namespace, exposure.service))
        if caller:
            return Belonging(caller[1], f"the API server calls it: {caller[0]} names its Service {exposure.service}")
    return None


def _by_custom_resources(workload: Workload, index: ClusterIndex) -> Belonging | None:
    for grant in index.grants(workload):
        if grant.shared:
            continue
        for what in _controlled(grant, runs_to_its_end=workload.batch is not None):
            return Belonging(grant.at, f"it controls {what} ({grant.role})")
    return None


def _controlled(grant: Grant, *, runs_to_its_end: bool) -> Iterator[str]:
    """What a grant lets a workload control. A job that writes custom resources uses them; it controls none."""
    for rule in grant.rules or ():
        groups, resources, verbs = texts(rule, "apiGroups"), texts(rule, "resources"), set(texts(rule, "verbs"))
        for group in groups:
            if not runs_to_its_end and group not in _BUILT_IN_GROUPS and _is_control(resources, verbs):
                yield f"custom resources of {group}"
            wanted = _CONTROL_PLANE.get(group)
            if wanted and verbs & _MAKES and any(r == "*" or wanted in r for r in resources):
                yield f"{wanted} of {group}"


def _is_control(resources: tuple[str, ...], verbs: set[str]) -> bool:
    """A controller watches and writes, or writes status and finalizers; a reader or a creator is an application."""
    if not verbs & _WRITES:
        return False
    return bool(verbs & {"watch", "*"}) or any(r.endswith(("/status", "/finalizers")) for r in resources)


def _by_namespace(workload: Workload, _index: ClusterIndex) -> Belonging | None:
    if system_namespace(workload.namespace):
        return Belonging("$.metadata.namespace", f"{workload.namespace} is a system namespace")
    return None


def _by_image(workload: Workload, _index: ClusterIndex) -> Belonging | None:
    if workload.pod.annotations.get(ISTIO_TEMPLATES) == "gateway":
        at = f"{workload.pod.path.removesuffix('spec')}metadata.annotations['inject.istio.io/templates']"
        return Belonging(at, "Istio makes a mesh gateway of it")
    for container in workload.pod.containers:
        machinery = cluster_machinery(container.image)
        if machinery:
            return Belonging(f"{container.path}.image", f"the image {container.image} is known: {machinery}")
    only = workload.pod.containers[0] if len(workload.pod.containers) == 1 else None
    if only and sidecar_kind(only.name, only.image) == "mesh":
        return Belonging(f"{only.path}.image", f"the image {only.image} alone in a pod is a mesh gateway")
    return None
