"""Where the pod template stands in each kind that has one, of Kubernetes and of its neighbours.

A kind of another API group is entered with that group: the same word may name something else elsewhere (``Rollout``,
``Configuration``). What is not here and holds containers all the same is listed by ``others``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from k2cr_analysis.model.parse.access import Raw, mapping

# Kind (as ``index.kind_of`` writes it) -> JSON path of its pod template.
WORKLOAD_KINDS: Mapping[str, str] = {
    "Deployment": "$.spec.template",
    "StatefulSet": "$.spec.template",
    "DaemonSet": "$.spec.template",
    "ReplicaSet": "$.spec.template",
    "ReplicationController": "$.spec.template",
    "Job": "$.spec.template",
    "CronJob": "$.spec.jobTemplate.spec.template",
    "Pod": "$",
    "KnativeService": "$.spec.template",
    "KnativeConfiguration": "$.spec.template",
    "KnativeRevision": "$",
    "Rollout": "$.spec.template",
    "DeploymentConfig": "$.spec.template",
    "CloneSet": "$.spec.template",
    "ScaledJob": "$.spec.jobTargetRef.template",
    "JobSet": "$.spec.replicatedJobs[0].template.spec.template",
}
KNATIVE_KINDS = ("KnativeService", "KnativeConfiguration", "KnativeRevision")
REPLICATED_KINDS = (
    "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout", "DeploymentConfig", "CloneSet",
)  # fmt: skip
# Kind -> JSON path of its JobSpec.
JOB_SPECS: Mapping[str, str] = {
    "Job": "$.spec",
    "CronJob": "$.spec.jobTemplate.spec",
    "ScaledJob": "$.spec.jobTargetRef",
    "JobSet": "$.spec.replicatedJobs[0].template.spec",
}
# Kinds of other groups that are read here, with their group.
FOREIGN_KINDS: Mapping[str, str] = {
    "Rollout": "argoproj.io",
    "DeploymentConfig": "apps.openshift.io",
    "CloneSet": "apps.kruise.io",
    "ScaledJob": "keda.sh",
    "JobSet": "jobset.x-k8s.io",
    "Route": "route.openshift.io",
}


def at_path(raw: Raw, path: str) -> Raw:
    """The object at a JSON path of plain steps and indexes; empty where there is none."""
    found: Any = raw
    for name, index in re.findall(r"\.([^.\[]+)|\[(\d+)\]", path):
        if name:
            found = found.get(name) if isinstance(found, Mapping) else None
        else:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
    return found if isinstance(found, Mapping) else {}


def pod_template(raw: Raw, kind: str) -> Raw:
    """The pod template of a workload's object: its metadata and its PodSpec."""
    return at_path(raw, WORKLOAD_KINDS[kind])


def is_workload(raw: Raw, kind: str) -> bool:
    """Whether an object of a kind that may hold a pod template holds one that can be assessed.

    A Rollout may refer to a Deployment's template instead, and a JobSet may hold several.
    """
    if kind == "JobSet":
        jobs = mapping(raw, "spec").get("replicatedJobs")
        return isinstance(jobs, list) and len(jobs) == 1
    return kind in WORKLOAD_KINDS and not (kind == "Rollout" and not mapping(raw, "spec", "template"))


def containers_in(value: Any) -> Iterator[Raw]:
    """Every container that stands anywhere in an object, by its form: an image, in a list or field that says so."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name in ("containers", "initContainers", "steps", "sidecars") and isinstance(item, list):
                yield from (c for c in item if isinstance(c, Mapping) and isinstance(c.get("image"), str))
            elif name in ("container", "script") and isinstance(item, Mapping) and isinstance(item.get("image"), str):
                yield item
            else:
                yield from containers_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from containers_in(item)
