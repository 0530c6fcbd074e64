"""The raw objects of a snapshot, found again by kind, namespace, name and labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings
from k2cr_analysis.model.parse.pod.templates import FOREIGN_KINDS
from k2cr_analysis.platforms.cloud_run.annotations import SERVING_GROUP

# The API server's word for an object without a namespace in a namespaced kind.
DEFAULT_NAMESPACE = "default"


def namespace_of(raw: Raw) -> str:
    return str(mapping(raw, "metadata").get("namespace") or DEFAULT_NAMESPACE)


def name_of(raw: Raw) -> str:
    """``metadata.name``; ``<generateName>*`` for an object that has only that."""
    metadata = mapping(raw, "metadata")
    name, generated = metadata.get("name"), metadata.get("generateName")
    return str(name) if name else f"{generated}*" if generated else ""


def group_of(raw: Raw) -> str:
    """The API group: ``apps``, ``serving.knative.dev``; empty for the core group."""
    version = str(raw.get("apiVersion") or "")
    return version.rpartition("/")[0]


class ObjectIndex:
    """Objects by kind; and by (kind, namespace, name). Knative's Service has the kind ``KnativeService`` here."""

    def __init__(self, found: Iterable[Raw]) -> None:
        self.by_kind: dict[str, list[Raw]] = defaultdict(list)
        self._by_name: dict[tuple[str, str, str], Raw] = {}
        for raw in found:
            kind = kind_of(raw)
            self.by_kind[kind].append(raw)
            self._by_name[kind, namespace_of(raw), name_of(raw)] = raw

    def get(self, kind: str, namespace: str, name: str) -> Raw | None:
        return self._by_name.get((kind, namespace, name))

    def in_namespace(self, kind: str) -> Mapping[str, list[Raw]]:
        found: dict[str, list[Raw]] = defaultdict(list)
        for raw in self.by_kind.get(kind, ()):
            found[namespace_of(raw)].append(raw)
        return found


# Kinds that other API groups have too, with other fields: Kruise's StatefulSet, Volcano's Job, Calico's NetworkPolicy.
_SHARED_KINDS = frozenset({
    "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod", "Service",
    "Ingress", "NetworkPolicy", "ConfigMap", "Secret", "ServiceAccount", "Node", "Namespace",
})  # fmt: skip
_BUILT_IN_GROUPS = ("", "apps", "batch", "extensions", "networking.k8s.io")


_CLUSTER_DOMAINS = ("", "svc", "svc.cluster", "svc.cluster.local", "svc.cluster.local.")


def service_of_host(host: str, namespace: str) -> tuple[str, str]:
    """(namespace, name) of ``web``, ``web.shop``, ``web.shop.svc.cluster.local``; a name elsewhere is itself."""
    name, _, rest = host.partition(".")
    of_namespace, _, domain = rest.partition(".")
    return (of_namespace or namespace, name) if domain in _CLUSTER_DOMAINS else (namespace, host)


def kind_of(raw: Raw) -> str:
    """The kind; ``StatefulSet.apps.kruise.io`` for one that is only named like a kind of Kubernetes.

    Knative's Service is ``KnativeService``. A group of Kubernetes' own that is not the kind's is only a slip.
    """
    kind, group = str(raw.get("kind") or ""), group_of(raw)
    if group == SERVING_GROUP and kind in ("Service", "Configuration", "Revision"):
        return f"Knative{kind}"
    if kind in FOREIGN_KINDS and group != FOREIGN_KINDS[kind]:
        return f"{kind}.{group}"
    return f"{kind}.{group}" if kind in _SHARED_KINDS and group not in _BUILT_IN_GROUPS else kind


def selects(selector: Raw, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector, or a plain map of labels, selects these labels. An empty one selects nothing here."""
    if not selector:
        return False
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return all(labels.get(k) == v for k, v in strings(selector).items())
    wanted = strings(selector.get("matchLabels"))
    expressions = [e for _, e in objects(selector, "matchExpressions")]
    return (
        bool(wanted or expressions)
        and all(labels.get(k) == v for k, v in wanted.items())
        and all(_holds(e, labels) for e in expressions)
    )


def _holds(expression: Raw, labels: Mapping[str, str]) -> bool:
    key, operator = str(expression.get("key")), expression.get("operator")
    values = [str(v) for v in expression.get("values") or ()] if isinstance(expression.get("values"), list) else []
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) == (operator == "Exists")


class LabelIndex:
    """Which of many labelled things does a selector select? Looks only at those that share one of its labels."""

    def __init__(self, labelled: Iterable[tuple[str, Mapping[str, str], str]]) -> None:
        self._by_label: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._labels: dict[str, Mapping[str, str]] = {}
        self._by_namespace: dict[str, list[str]] = defaultdict(list)
        for namespace, labels, thing in labelled:
            self._labels[thing] = labels
            self._by_namespace[namespace].append(thing)
            for item in labels.items():
                self._by_label[namespace, *item].append(thing)

    def everything(self, namespace: str | None) -> Iterator[str]:
        """All that is labelled in a namespace; None: in every one."""
        if namespace is not None:
            yield from self._by_namespace.get(namespace, ())
        else:
            yield from self._labels

    def selected(self, namespace: str, selector: Raw) -> Iterator[str]:
        plain = (
            strings(selector.get("matchLabels"))
            if "matchLabels" in selector
            else strings(selector)
            if "matchExpressions" not in selector
            else {}
        )
        lists = [self._by_label.get((namespace, *item), []) for item in plain.items()]
        candidates = min(lists, key=len) if lists else self._by_namespace.get(namespace, [])
        return (thing for thing in candidates if selects(selector, self._labels[thing]))
