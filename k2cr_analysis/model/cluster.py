"""A whole cluster as the analyses see it: workloads, nodes, and what else the snapshot holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from k2cr_analysis.model.workload import Raw, Resources, Workload

# Kinds that are, or make, the load of the nodes; ``cluster``: nothing of it could be read.
_LOADS = frozenset({
    "cluster", "nodes", "pods", "replicationcontrollers", "deployments.apps", "statefulsets.apps", "daemonsets.apps",
    "replicasets.apps", "jobs.batch", "cronjobs.batch", "rollouts.argoproj.io", "deploymentconfigs.apps.openshift.io",
    "clonesets.apps.kruise.io", "jobsets.jobset.x-k8s.io", "scaledjobs.keda.sh", "services.serving.knative.dev",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A node as ``kubectl get nodes`` shows it. ``allocatable`` is what pods can request, ``max_pods`` their number."""

    name: str
    machine_type: str | None
    pool: str | None
    zone: str | None
    region: str | None
    spot: bool
    capacity: Resources
    allocatable: Resources
    max_pods: int
    labels: Mapping[str, str]
    taints: tuple[tuple[str, str, str], ...]  # key, value, effect
    raw: Raw
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeenStart:
    """How long a container took on GKE until its pod was ready, seen by a probe that asks every ``period_s``. [s]

    ``before_s``: from the pod's place on a node to the container's start: the image, volumes and init containers.
    None where the pod does not tell.
    """

    container: str
    after_s: float
    period_s: float
    before_s: float | None = None


@dataclass(frozen=True, slots=True)
class OwnedPod:
    """A live pod of a workload: where it runs, what it requests after admission, how it started where that shows."""

    namespace: str
    name: str
    workload: str  # id
    node: str | None
    requests: Resources
    start: SeenStart | None = None


@dataclass(frozen=True, slots=True)
class OtherObject:
    """What holds or makes workloads and is not assessed: ``holds`` says what is in it, ``how`` how to see what runs."""

    id: str
    kind: str
    holds: str
    how: str


@dataclass(frozen=True)
class Cluster:
    """All workloads of a snapshot in the order of their ids, and the objects that they are joined to.

    ``others``: objects that hold or make workloads which are not among them. ``unread``: kinds (``deployments.apps``)
    that were asked of its API and not got. ``placed``: (kind, namespace, name) of objects that name no namespace and
    are taken to be in the one where they are used.

    ``objects`` are the raw objects by kind. ``other_kinds`` counts what the model does not know. ``is_autopilot`` is
    None where the snapshot cannot tell.
    """

    workloads: tuple[Workload, ...]
    nodes: tuple[Node, ...]
    pods: tuple[OwnedPod, ...]
    objects: Mapping[str, tuple[Raw, ...]]
    other_kinds: Mapping[str, int]
    name: str | None = None
    location: str | None = None
    project: str | None = None
    is_autopilot: bool | None = None
    namespaces: Mapping[str, Raw] = field(default_factory=dict)
    others: tuple[OtherObject, ...] = ()
    unread: frozenset[str] = frozenset()
    placed: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether all workloads, their pods and the nodes are here: else nothing can be said of nodes that go."""
        return not self.unread & _LOADS

    @cached_property
    def by_id(self) -> Mapping[str, Workload]:
        return {w.id: w for w in self.workloads}

    @cached_property
    def by_service(self) -> Mapping[tuple[str, str], tuple[Workload, ...]]:
        """(namespace, Service name) -> the workloads that it selects."""
        found: dict[tuple[str, str], list[Workload]] = {}
        for workload in self.workloads:
            for exposure in (e for e in workload.exposures if e.kind == "Service"):
                found.setdefault((workload.namespace, exposure.service), []).append(workload)
        return {key: tuple(value) for key, value in found.items()}
