"""Values that the API server fills in by itself: a default is nobody's wish.

The same workload from its manifest and from a live dump must get the same assessment, so what the server writes
(defaults, status, bookkeeping metadata, the token volume of a live pod) is taken out before anything is parsed.

Source: the defaulting functions of Kubernetes (pkg/apis/*/v1/defaults.go), the ServiceAccount and
DefaultTolerationSeconds admission plugins, and Knative's (pkg/apis/serving/v1/*_defaults.go).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from k2cr_analysis.openapi.field_tree import KNATIVE_SERVICE, root_name
from k2cr_analysis.platforms.cloud_run.annotations import CREATORS
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_TIMEOUT_S
from k2cr_analysis.platforms.gke.labels import (
    CONTROLLER_UID,
    JOB_NAME,
    JOB_TRACKING,
    LAST_APPLIED,
    NOT_READY,
    SCALER_CONDITIONS,
    SCALER_METRICS,
    STORAGE_PROVISIONER,
    UNREACHABLE,
)

Tree = dict[str, Any]


class _Each:
    """Every element of a list, or every value of a mapping, has these defaults."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree


class _Prune:
    """Defaults of an object that itself means nothing once it is empty."""

    def __init__(self, tree: Tree | None = None) -> None:
        self.tree = tree or {}


_PROBE: Tree = {
    "failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1, "initialDelaySeconds": 0,
    "httpGet": {"scheme": "HTTP"}, "grpc": {"service": ""},
}  # fmt: skip
_CONTAINER: Tree = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": _Prune({"limits": _Prune(), "requests": _Prune()}),
    "securityContext": _Prune({"privileged": False}),
    "ports": _Each({"protocol": "TCP", "hostPort": 0}),
    "env": _Each({"valueFrom": {"fieldRef": {"apiVersion": "v1"}}}),
    "volumeMounts": _Each({"readOnly": False, "recursiveReadOnly": "Disabled", "subPath": ""}),
    "livenessProbe": _PROBE,
    "readinessProbe": _PROBE,
    "startupProbe": _PROBE,
    "lifecycle": {"preStop": {"httpGet": {"scheme": "HTTP"}}, "postStart": {"httpGet": {"scheme": "HTTP"}}},
    "stdin": False, "stdinOnce": False, "tty": False,
}  # fmt: skip
_FILES: Tree = {"defaultMode": 420, "items": _Each({"fieldRef": {"apiVersion": "v1"}})}
_VOLUME: Tree = {
    "secret": {"defaultMode": 420},
    "configMap": {"defaultMode": 420},
    "downwardAPI": _FILES,
    "projected": {"defaultMode": 420, "sources": _Each({"serviceAccountToken": {"expirationSeconds": 3600}})},
    "hostPath": {"type": ""},
    "persistentVolumeClaim": {"readOnly": False},
}
_CLAIM: Tree = {"spec": {"volumeMode": "Filesystem"}, "status": _Prune({"phase": "Pending"})}
_METADATA: Tree = {"creationTimestamp": None}
_POD_SPEC: Tree = {
    "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30, "enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0, "hostNetwork": False, "hostPID": False, "hostIPC": False, "shareProcessNamespace": False,
    "securityContext": _Prune(),
    "containers": _Each(_CONTAINER), "initContainers": _Each(_CONTAINER), "ephemeralContainers": _Each(_CONTAINER),
    "volumes": _Each(_VOLUME),
}  # fmt: skip
# Knative turns the variables for Services off; a revision's own fields stand in its PodSpec.
_REVISION_SPEC: Tree = {
    **_POD_SPEC, "enableServiceLinks": False, "containerConcurrency": 0, "timeoutSeconds": DEFAULT_TIMEOUT_S,
}  # fmt: skip
_TEMPLATE: Tree = {"metadata": _METADATA, "spec": _POD_SPEC}
_ROLLING: Tree = {"type": "RollingUpdate"}
_JOB_SPEC: Tree = {
    "backoffLimit": 6, "completionMode": "NonIndexed", "completions": 1, "parallelism": 1, "suspend": False,
    "manualSelector": False, "podReplacementPolicy": "TerminatingOrFailed", "template": _TEMPLATE,
}  # fmt: skip

_BY_KIND: dict[str, Tree] = {
    "Deployment": {
        "spec": {
            "replicas": 1, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10, "template": _TEMPLATE,
            "strategy": _Prune({**_ROLLING, "rollingUpdate": _Prune({"maxSurge": "25%", "maxUnavailable": "25%"})}),
        }
    },
    "ReplicaSet": {"spec": {"replicas": 1, "template": _TEMPLATE}},
    "ReplicationController": {"spec": {"replicas": 1, "template": _TEMPLATE}},
    "StatefulSet": {
        "spec": {
            "replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10, "template": _TEMPLATE,
            "updateStrategy": _Prune({**_ROLLING, "rollingUpdate": _Prune({"partition": 0})}),
            "persistentVolumeClaimRetentionPolicy": _Prune({"whenDeleted": "Retain", "whenScaled": "Retain"}),
            "volumeClaimTemplates": _Each(_CLAIM),
        }
    },
    "DaemonSet": {
        "spec": {
            "revisionHistoryLimit": 10, "template": _TEMPLATE,
            "updateStrategy": _Prune({**_ROLLING, "rollingUpdate": _Prune({"maxSurge": 0, "maxUnavailable": 1})}),
        }
    },
    "Job": {"spec": _JOB_SPEC},
    "CronJob": {
        "spec": {
            "concurrencyPolicy": "Allow", "failedJobsHistoryLimit": 1, "successfulJobsHistoryLimit": 3,
            "suspend": False, "jobTemplate": {"metadata": _METADATA, "spec": _JOB_SPEC},
        }
    },
    "Pod": {"spec": _POD_SPEC},
    "Service": {
        "spec": {
            "type": "ClusterIP", "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "allocateLoadBalancerNodePorts": True,
            "externalTrafficPolicy": "Cluster", "publishNotReadyAddresses": False,
            "ports": _Each({"protocol": "TCP"}),
        }
    },
    KNATIVE_SERVICE: {
        "spec": {
            "template": {
                "metadata": _METADATA,
                "spec": _REVISION_SPEC,
            },
            "traffic": [{"latestRevision": True, "percent": 100}],
        }
    },
    "PersistentVolumeClaim": _CLAIM,
}  # fmt: skip

_SERVER_METADATA = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "deletionTimestamp",
)
_SERVER_ANNOTATIONS = (
    LAST_APPLIED,
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    JOB_TRACKING,
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    STORAGE_PROVISIONER,
    SCALER_CONDITIONS,
    SCALER_METRICS,
    *CREATORS,
)  # fmt: skip
_SERVER_LABELS = (
    "pod-template-hash",
    "controller-revision-hash",
    "controller-uid",
    CONTROLLER_UID,
    "pod-template-generation",
)
_TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 (a path)
_ADMITTED_TOLERATIONS = (NOT_READY, UNREACHABLE)


def without_server_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an object as its author wrote it: no status, no server metadata, no defaults, no nulls.

    A Secret comes as it is: redaction has left its key names alone, with nulls behind them.
    """
    if raw.get("kind") == "Secret":
        return dict(raw)
    kept: dict[str, Any] = _without_nulls(raw)
    kept.pop("status", None)
    kind = root_name(str(kept.get("apiVersion") or ""), str(kept.get("kind") or ""))
    _clean_metadata(kept.get("metadata"))
    if kind in _BY_KIND:
        _strip(kept, _BY_KIND[kind])
    for spec in _pod_specs(kept):
        _clean_pod_spec(spec, live=kind == "Pod")
    _KIND_CLEANERS.get(kind, _nothing)(kept)
    return kept


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        # `emptyDir:` with nothing behind it is a volume all the same
        return {
            str(k): {} if v is None else _without_nulls(v) for k, v in value.items() if v is not None or k == "emptyDir"
        }
    if isinstance(value, list):
        return [_without_nulls(v) for v in value if v is not None]
    return value


def _clean_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict):
        return
    for key in _SERVER_METADATA:
        metadata.pop(key, None)
    for field, ours in (("annotations", _SERVER_ANNOTATIONS), ("labels", _SERVER_LABELS)):
        values = metadata.get(field)
        if isinstance(values, dict):
            for key in [k for k in values if k.startswith(ours)]:
                del values[key]
            if not values:
                del metadata[field]


def _strip(value: Any, defaults: Tree) -> None:
    """Take out of ``value``, in place, what equals its default."""
    if not isinstance(value, dict):
        return
    for key, default in defaults.items():
        if key not in value:
            continue
        found = value[key]
        if isinstance(default, _Each):
            for element in found if isinstance(found, list) else ():
                _strip(element, default.tree)
        elif isinstance(default, _Prune):
            _strip(found, default.tree)
            if found in ({}, []):
                del value[key]
        elif isinstance(default, dict):
            _strip(found, default)
        elif type(found) is type(default) and found == default:
            del value[key]


def _pod_specs(obj: Any) -> list[dict[str, Any]]:
    """The PodSpecs of a workload object: one, or none."""
    if obj.get("kind") == "Pod":
        candidates = [obj.get("spec")]
    else:
        spec = obj.get("spec")
        spec = spec if isinstance(spec, dict) else {}
        job = spec.get("jobTemplate")
        inner = job.get("spec") if isinstance(job, dict) else spec
        template = inner.get("template") if isinstance(inner, dict) else None
        candidates = [template.get("spec")] if isinstance(template, dict) else []
        if isinstance(template, dict):
            _clean_metadata(template.get("metadata"))
    return [c for c in candidates if isinstance(c, dict)]


def _clean_pod_spec(spec: dict[str, Any], *, live: bool) -> None:
    if spec.get("serviceAccount") == spec.get("serviceAccountName"):
        spec.pop("serviceAccount", None)
    for field in ("containers", "initContainers"):
        for container in _dicts(spec.get(field)):
            if container.get("imagePullPolicy") == _default_pull_policy(container.get("image")):
                del container["imagePullPolicy"]
    if live:
        _clean_live_pod(spec)


def _default_pull_policy(image: Any) -> str:
    name = str(image or "").rpartition("/")[2]
    return "Always" if "@" not in name and (":" not in name or name.endswith(":latest")) else "IfNotPresent"


def _clean_live_pod(spec: dict[str, Any]) -> None:
    """What admission and the scheduler add to a pod itself."""
    if spec.get("serviceAccountName") == "default":
        del spec["serviceAccountName"]
    tolerations = [
        t
        for t in _dicts(spec.get("tolerations"))
        if t.get("key") not in _ADMITTED_TOLERATIONS or t.get("tolerationSeconds") != 300
    ]
    _replace(spec, "tolerations", tolerations)
    token_volumes = {
        v.get("name")
        for v in _dicts(spec.get("volumes"))
        if str(v.get("name")).startswith(("kube-api-access-", "default-token-"))
    }
    _replace(spec, "volumes", [v for v in _dicts(spec.get("volumes")) if v.get("name") not in token_volumes])
    for field in ("containers", "initContainers"):
        for container in _dicts(spec.get(field)):
            mounts = [
                m
                for m in _dicts(container.get("volumeMounts"))
                if m.get("mountPath") != _TOKEN_MOUNT or m.get("name") not in token_volumes
            ]
            _replace(container, "volumeMounts", mounts)


def _replace(owner: dict[str, Any], field: str, values: list[dict[str, Any]]) -> None:
    if values:
        owner[field] = values
    elif isinstance(owner.get(field), list):
        del owner[field]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _clean_service(obj: dict[str, Any]) -> None:
    """Addresses and node ports that the server assigned; ``clusterIP: None`` is a wish and stays.

    A ``targetPort`` stays, even where it is the port itself: it says which of the two leads to the pods.
    """
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    if spec.get("clusterIP") != "None":
        spec.pop("clusterIP", None)
        spec.pop("clusterIPs", None)
    elif spec.get("clusterIPs") == ["None"]:
        del spec["clusterIPs"]


def _clean_job(obj: dict[str, Any]) -> None:
    """The selector and labels that the Job controller makes from the Job's uid."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    labels = (spec.get("selector") or {}).get("matchLabels") if isinstance(spec.get("selector"), dict) else None
    if isinstance(labels, dict) and any(k.endswith("controller-uid") for k in labels):
        del spec["selector"]
    template = spec.get("template")
    metadata = template.get("metadata") if isinstance(template, dict) else None
    if isinstance(metadata, dict) and isinstance(metadata.get("labels"), dict):
        for key in (JOB_NAME, "job-name"):
            metadata["labels"].pop(key, None)


def _clean_knative(obj: dict[str, Any]) -> None:
    """The readiness probe that Knative gives a container without one: TCP on the container's own port."""
    for spec in _pod_specs(obj):
        for container in _dicts(spec.get("containers")):
            if container.get("readinessProbe") == {"tcpSocket": {"port": 0}}:
                del container["readinessProbe"]


def _nothing(_obj: dict[str, Any]) -> None:
    return


_KIND_CLEANERS: dict[str, Callable[[dict[str, Any]], None]] = {
    "Service": _clean_service,
    "Job": _clean_job,
    KNATIVE_SERVICE: _clean_knative,
}
