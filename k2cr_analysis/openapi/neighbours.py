"""Types of kinds from other API groups that hold a pod template, or lead to one, beside Kubernetes' own field tree.

Only the shape down to the template is typed; what belongs to the controller alone is ``any``. Where they are
documented: the custom resource definitions of Argo Rollouts, KEDA, JobSet and Kruise, and OpenShift's API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_OBJECT: Final = {"apiVersion": "string", "kind": "string", "metadata": "ObjectMeta", "status": "any"}


def _any(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "any")


KINDS: Final[Mapping[str, str]] = {
    "argoproj.io/Rollout": "Rollout",
    "apps.openshift.io/DeploymentConfig": "DeploymentConfig",
    "apps.kruise.io/CloneSet": "CloneSet",
    "keda.sh/ScaledJob": "ScaledJob",
    "jobset.x-k8s.io/JobSet": "JobSet",
    "route.openshift.io/Route": "OpenShiftRoute",
    "serving.knative.dev/Configuration": "KnativeConfiguration",
}
TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "Rollout": _OBJECT | {"spec": "RolloutSpec"},
    "RolloutSpec": _any(
        "analysis minReadySeconds paused progressDeadlineAbort progressDeadlineSeconds restartAt revisionHistoryLimit "
        "rollbackWindow strategy workloadRef"
    )
    | {"replicas": "int", "selector": "LabelSelector", "template": "PodTemplateSpec"},
    "DeploymentConfig": _OBJECT | {"spec": "DeploymentConfigSpec"},
    "DeploymentConfigSpec": _any("minReadySeconds paused revisionHistoryLimit strategy test triggers")
    | {"replicas": "int", "selector": "{string}", "template": "PodTemplateSpec"},
    "CloneSet": _OBJECT | {"spec": "CloneSetSpec"},
    "CloneSetSpec": _any(
        "lifecycle minReadySeconds paused progressDeadlineSeconds revisionHistoryLimit scaleStrategy updateStrategy "
        "volumeClaimTemplates"
    )
    | {"replicas": "int", "selector": "LabelSelector", "template": "PodTemplateSpec"},
    "ScaledJob": _OBJECT | {"spec": "ScaledJobSpec"},
    "ScaledJobSpec": _any(
        "envSourceContainerName failedJobsHistoryLimit maxReplicaCount minReplicaCount pollingInterval rollout "
        "rolloutStrategy scalingStrategy successfulJobsHistoryLimit triggers"
    )
    | {"jobTargetRef": "JobSpec"},
    "JobSet": _OBJECT | {"spec": "JobSetSpec"},
    "JobSetSpec": _any(
        "coordinator failurePolicy managedBy network startupPolicy successPolicy suspend ttlSecondsAfterFinished "
        "volumeClaimPolicies"
    )
    | {"replicatedJobs": "[ReplicatedJob]"},
    "ReplicatedJob": {"dependsOn": "any", "groupName": "string", "name": "string", "replicas": "int",
                      "template": "JobTemplateSpec"},
    "OpenShiftRoute": _OBJECT | {"spec": "OpenShiftRouteSpec"},
    "OpenShiftRouteSpec": _any("alternateBackends host httpHeaders path port subdomain tls to wildcardPolicy"),
    "KnativeConfiguration": _OBJECT | {"spec": "KnativeConfigurationSpec"},
    "KnativeConfigurationSpec": {"template": "RevisionTemplateSpec"},
}  # fmt: skip
