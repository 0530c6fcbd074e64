"""What in the cluster shows that there is work: pools, nodes, add-ons, API versions on their way out."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.parse.access import object_of
from k2cr_analysis.model.workload import Raw, Workload
from k2cr_analysis.platforms.gke.cluster import system_namespace

# Kubernetes, "Deprecated API Migration Guide" (kubernetes.io/docs/reference/using-api/deprecation-guide): version that
# no longer serves them. A whole group version, or some kinds of it.
_REMOVED = {
    ("extensions/v1beta1", "Ingress"): "1.22",
    ("extensions/v1beta1", None): "1.16",
    ("apps/v1beta1", None): "1.16",
    ("apps/v1beta2", None): "1.16",
    ("networking.k8s.io/v1beta1", None): "1.22",
    ("rbac.authorization.k8s.io/v1beta1", None): "1.22",
    ("policy/v1beta1", None): "1.25",
    ("batch/v1beta1", None): "1.25",
    ("discovery.k8s.io/v1beta1", None): "1.25",
    ("autoscaling/v2beta1", None): "1.25",
    ("autoscaling/v2beta2", None): "1.26",
}
# API groups that come with Kubernetes or GKE: their resource definitions are nobody's add-on.
_GOOGLES_GROUPS = ("gke.io", "k8s.io", "google.com")


def deprecated_apis(workload: Workload) -> list[str]:
    """Objects of the workload in an API version that Kubernetes has dropped, with the version that did."""
    objects = [object_of(workload), *(raw for kind in sorted(workload.related) for raw in workload.related[kind])]
    return [
        f"{raw.get('kind')} in {raw.get('apiVersion')}, gone in {version}"
        for raw in objects
        if (version := _removed_in(raw)) is not None
    ]


def _removed_in(raw: Raw) -> str | None:
    version, kind = str(raw.get("apiVersion")), str(raw.get("kind"))
    return _REMOVED.get((version, kind)) or _REMOVED.get((version, None))


def placement_fields(workload: Workload) -> list[str]:
    """The fields by which the workload chooses its nodes."""
    return list(workload.pod.placement.fields)


def pools(cluster: Cluster) -> list[str]:
    return sorted({node.pool for node in cluster.nodes if node.pool})


def addons(cluster: Cluster) -> list[str]:
    """DaemonSets that the team runs, and groups of custom resources that an operator of theirs serves."""
    daemon_sets = [
        w.id for w in cluster.workloads if w.kind == "DaemonSet" and system_namespace(w.namespace) != "google"
    ]
    return [*daemon_sets, *sorted(set(_resource_groups(cluster)))]


def _resource_groups(cluster: Cluster) -> Iterator[str]:
    for raw in cluster.objects.get("CustomResourceDefinition", ()):
        group = str((raw.get("spec") or {}).get("group") or "")
        if group and not group.endswith(_GOOGLES_GROUPS):
            yield group
