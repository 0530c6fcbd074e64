"""Which documents are objects of a cluster, which of them are whole, and when two are the same object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# Where the pod template stands in each kind that has one.
_TEMPLATE_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
        ("spec", "template", "spec"),
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "Pod": ("spec",),
}
# Tools' own files, that no cluster takes, by API group or by the whole apiVersion and kind.
_TOOL_GROUPS: Final[Mapping[str, str]] = {
    "kustomize.config.k8s.io": "Kustomize's file: run `kustomize build` and collect its output",
    "builtin": "Kustomize's file: run `kustomize build` and collect its output",
    "skaffold": "Skaffold's file",
    "kind.x-k8s.io": "kind's cluster file",
    "k3d.io": "k3d's cluster file",
    "eksctl.io": "eksctl's cluster file",
    "kpt.dev": "kpt's file",
    "kubeadm.k8s.io": "kubeadm's file",
    "kubelet.config.k8s.io": "a kubelet's configuration",
    "kubeproxy.config.k8s.io": "kube-proxy's configuration",
    "apiserver.config.k8s.io": "the API server's configuration",
    "audit.k8s.io": "the API server's audit policy",
    "client.authentication.k8s.io": "a client's credential",
}
_FORMER_GROUP: Final = "extensions"
_MOVED: Final[Mapping[str, str]] = {
    "Ingress": "networking.k8s.io",
    "NetworkPolicy": "networking.k8s.io",
    "PodSecurityPolicy": "policy",
}

Identity = tuple[str, str, str, str]  # group, kind, namespace, name


def why_not_an_object(document: Any) -> str:
    """Why a document is no object of a cluster, as a sentence's end; empty where it is one."""
    if not isinstance(document, Mapping):
        return "a document that is empty" if document is None else f"a document that is a plain {_form(document)}"
    for field in ("kind", "apiVersion"):
        if not isinstance(document.get(field), str) or not document[field]:
            return f"a document without {field}"
    tool = _tool(document)
    if tool:
        return tool
    metadata = document.get("metadata")
    if not isinstance(metadata, Mapping):
        return f"a {document['kind']} without metadata"
    if metadata.get("name") in (None, "") and metadata.get("generateName") in (None, ""):
        return f"a {document['kind']} without a name"
    return ""


def list_items(document: Any) -> list[Any] | None:
    """The items of a list object (``kind: List``, ``PodList``, ...), each with apiVersion and kind; else None."""
    if not isinstance(document, Mapping) or not str(document.get("kind") or "").endswith("List"):
        return None
    items = document.get("items")
    if not isinstance(items, list) and (items is not None or "items" not in document):
        return None
    kind = str(document["kind"]).removesuffix("List")
    own = {"apiVersion": document.get("apiVersion"), "kind": kind} if kind else {}
    # The items of a typed list, such as RoleList, need not say what they are.
    return [{**own, **item} if isinstance(item, dict) else item for item in items or []]


def identity(obj: Mapping[str, Any]) -> Identity:
    """What makes two documents the same object: group (whatever its version), kind, namespace and name."""
    group = str(obj["apiVersion"]).rpartition("/")[0]
    kind = str(obj["kind"])
    if group == _FORMER_GROUP:
        group = _MOVED.get(kind, "apps")
    return group, kind, namespace_of(obj), name_of(obj)


def shown_identity(obj: Mapping[str, Any]) -> str:
    """``namespace/Kind/name``, as everywhere."""
    return f"{namespace_of(obj)}/{obj['kind']}/{name_of(obj)}"


def name_of(obj: Mapping[str, Any]) -> str:
    metadata = obj["metadata"]
    return _text(metadata.get("name")) or f"{_text(metadata.get('generateName'))}*"


def namespace_of(obj: Mapping[str, Any]) -> str:
    return _text(obj["metadata"].get("namespace")) or "default"


def is_complete(obj: Mapping[str, Any]) -> bool:
    """Whether the object could be applied by itself. A partial one is a patch: containers or images lack."""
    spec = obj.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    match obj["kind"]:
        case kind if kind in _TEMPLATE_PATHS:
            return _has_images(obj, _TEMPLATE_PATHS[kind])
        case "Service":
            return bool(spec.get("ports") or spec.get("externalName") or spec.get("template"))
        case "Ingress":
            return bool(spec.get("rules") or spec.get("defaultBackend") or spec.get("backend"))
        case "HorizontalPodAutoscaler":
            return bool(spec.get("scaleTargetRef"))
    return True


def _has_images(obj: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    value: Any = obj
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    containers = value.get("containers") if isinstance(value, Mapping) else None
    if not isinstance(containers, list) or not containers:
        return False
    return all(isinstance(container, Mapping) and container.get("image") for container in containers)


def _tool(document: Mapping[str, Any]) -> str:
    api_version, kind = document["apiVersion"], document["kind"]
    if api_version == "v1" and kind == "Config":
        return "a kubeconfig"
    return _TOOL_GROUPS.get(api_version.partition("/")[0], "")


def _form(value: object) -> str:
    return "list" if isinstance(value, list) else "text" if isinstance(value, str) else "value"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
