"""What belongs to the cluster, and objects that are only a part of themselves or hold what nobody can use."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.belongs import belonging
from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule


@rule(
    id="belongs-to-cluster",
    severity="note",
    reads=(
        "Workload.kind",
        "Workload.metadata.namespace",
        "DaemonSet.spec",
        "Role.rules",
        "ClusterRole.rules",
        "RoleBinding",
        "ClusterRoleBinding",
    ),
    docs="https://docs.cloud.google.com/run/docs/migrate/from-kubernetes",
)
def belongs_to_cluster(candidate: Candidate) -> Iterator[Found]:
    """The workload belongs to its cluster by nature and stays with it.

    Why: It serves the nodes or the Kubernetes API itself: a DaemonSet, the backend of a webhook or an APIService, a
    controller of custom resources,
    something in a system namespace, or a known part of a cluster's machinery. Cloud Run has no cluster for it to serve.
    Remedy: Nothing to do. It goes when the cluster goes. If the evidence misleads, set `keep = false` under
    `[workload."namespace/Kind/name"]` in k2cr.toml.
    Example: kind: DaemonSet
    """
    found = belonging(candidate.workload, candidate.settings, candidate.index)
    if found:
        yield Found(found.at, f"it stays with the cluster: {found.why}")


@rule(
    id="incomplete-object",
    severity="change",
    reads=("PodSpec.containers", "Container.image"),
    docs="https://kubernetes.io/docs/tasks/manage-kubernetes-objects/kustomization/",
)
def incomplete_object(candidate: Candidate) -> Iterator[Found]:
    """The object is only a part: it has no containers, or containers without an image.

    Why: A kustomize patch or an overlay is not a workload. What it lacks (ports, probes, volumes) may hold blockers
    that nobody can see here.
    Remedy: Collect the rendered object: `kubectl kustomize DIR | k2cr collect --manifests - --out SNAP`, or collect
    from the live cluster.
    Example: containers: [{name: web, resources: {limits: {cpu: "2"}}}]
    """
    if candidate.workload.complete:
        return
    without = [c for c in candidate.pod.containers if not c.image]
    at = without[0].path if without else f"{candidate.pod.path}.containers"
    what = f"container {without[0].name} has no image" if without else "the pod has no containers"
    yield Found(at, f"{what}: a partial object, as a patch is")


@rule(
    id="unknown-field",
    severity="note",
    reads=(),
    docs="https://kubernetes.io/docs/reference/kubernetes-api/",
)
def unknown_field(candidate: Candidate) -> Iterator[Found]:
    """A field that Kubernetes' schema does not have, or that no rule accounts for.

    Why: What nobody reads may matter. A field with a typing mistake has no effect in the cluster either; a field of a
    newer Kubernetes release may have one.
    Remedy: Correct the field's name, or take it out. If it is right, it is newer than the schema that k2cr ships: check
    by hand what it asks for.
    Example: terminationGracePeriod: 60
    """
    for use in candidate.fields:
        if use.how == "unaccounted":
            yield Found(use.path, f"nobody accounts for this field ({use.by})")


@rule(
    id="refused-value",
    severity="change",
    reads=(),
    docs="https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
)
def refused_value(candidate: Candidate) -> Iterator[Found]:
    """Kubernetes would refuse a value of the object, so it was read without it.

    Why: Mostly a placeholder that nobody filled in, such as `${REPLICAS}`. What it stands for may decide the verdict,
    the size or the ports.
    Remedy: Fill in the value (envsubst, helm template, kubectl kustomize) and collect again.
    Example: containerPort: "${PORT}"
    """
    for value in candidate.workload.refused:
        yield Found(value.path, f"Kubernetes would refuse {value.found}: it takes {value.expected}", value.do or None)


@rule(
    id="moved-already",
    severity="note",
    reads=("Workload.metadata.name", "Workload.metadata.namespace", "Container.image"),
    docs="https://docs.cloud.google.com/run/docs/managing/services",
)
def moved_already(candidate: Candidate) -> Iterator[Found]:
    """The workload runs on Cloud Run already.

    Why: A service, job or worker pool of the project carries the labels that `k2cr render` writes, with this
    workload's namespace and name, or has its name and one of its images. A plan does not propose it again. What its
    pods here still cost goes when they are deleted.
    Remedy: Finish the cut-over (cutover.md), delete the workload here, and compare with `k2cr verify`.
    Example: a Cloud Run service with the labels k8s-namespace=shop, k8s-workload=web beside shop/Deployment/web
    """
    for there in candidate.workload.moved_to:
        yield Found("$.metadata.name", f"it runs on Cloud Run already, as {there}")
