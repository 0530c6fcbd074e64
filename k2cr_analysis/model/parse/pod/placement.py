"""Selectors, affinities, tolerations and the compute class of a PodSpec -> Placement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, strings, text, texts
from k2cr_analysis.model.pod.placement import (
    ComputeClass,
    LabelRequirement,
    MachineRule,
    NodeTerm,
    Placement,
    PodTerm,
    SpreadConstraint,
    Toleration,
)
from k2cr_analysis.platforms.gke.cluster import (
    COMPUTE_CLASS,
    DEFAULT_COMPUTE_CLASS,
    DEFAULT_COMPUTE_CLASS_BUT_DAEMON_SETS,
)

_FIELDS = ("nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "priorityClassName")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class ComputeClasses:
    """The ComputeClass objects of a cluster by name, and the labels of its namespaces."""

    objects: Mapping[str, Raw] = field(default_factory=dict)
    namespace_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, placement: Placement, namespace: str, kind: str) -> ComputeClass | None:
        """The class of a pod; its own word goes before its namespace's."""
        allowed = placement.allowed(COMPUTE_CLASS)
        if allowed is not None and len(allowed.values) == 1:
            return self._class(next(iter(allowed.values)), allowed.at)
        label, name = self._default(namespace, kind)
        if allowed is None and name:
            return self._class(name, f"Namespace/{namespace} $.metadata.labels['{label}']")
        return None

    def _default(self, namespace: str, kind: str) -> tuple[str, str | None]:
        """(label, class) that a namespace gives its pods."""
        labels = self.namespace_labels.get(namespace, {})
        if kind != "DaemonSet" and labels.get(DEFAULT_COMPUTE_CLASS_BUT_DAEMON_SETS):
            return DEFAULT_COMPUTE_CLASS_BUT_DAEMON_SETS, labels[DEFAULT_COMPUTE_CLASS_BUT_DAEMON_SETS]
        return DEFAULT_COMPUTE_CLASS, labels.get(DEFAULT_COMPUTE_CLASS)

    def _class(self, name: str, at: str) -> ComputeClass:
        raw = self.objects.get(name)
        if raw is None:
            return ComputeClass(name, at)
        spec = mapping(raw, "spec")
        rules = tuple(_rule(r, f"ComputeClass/{name} $.spec.priorities[{i}]") for i, r in objects(spec, "priorities"))
        return ComputeClass(name, at, rules, mapping(spec, "autopilot").get("enabled") is True)


def parse_placement(spec: Raw, path: str, namespace: str, kind: str, classes: ComputeClasses) -> Placement:
    """What a PodSpec asks of nodes and neighbours; a compute class is looked up among the cluster's."""
    found = _of_spec(spec, path, namespace)
    return replace(found, compute_class=classes.of(found, namespace, kind))


def _of_spec(spec: Raw, path: str, namespace: str) -> Placement:
    affinity = mapping(spec, "affinity")
    node, anti = mapping(affinity, "nodeAffinity"), mapping(affinity, "podAntiAffinity")
    node_path, anti_path = f"{path}.affinity.nodeAffinity", f"{path}.affinity.podAntiAffinity"
    return Placement(
        node_selector=strings(spec.get("nodeSelector")),
        node_terms=node_terms(mapping(node, _REQUIRED), f"{node_path}.{_REQUIRED}"),
        preferred_node_terms=tuple(
            _node_term(mapping(t, "preference"), f"{node_path}.{_PREFERRED}[{i}].preference")
            for i, t in objects(node, _PREFERRED)
        ),
        tolerations=tuple(_toleration(t, f"{path}.tolerations[{i}]") for i, t in objects(spec, "tolerations")),
        affinity=tuple(
            _pod_term(t, f"{path}.affinity.podAffinity.{_REQUIRED}[{i}]", namespace)
            for i, t in objects(mapping(affinity, "podAffinity"), _REQUIRED)
        ),
        anti_affinity=tuple(
            _pod_term(t, f"{anti_path}.{_REQUIRED}[{i}]", namespace) for i, t in objects(anti, _REQUIRED)
        ),
        preferred_anti_affinity=tuple(
            _pod_term(mapping(t, "podAffinityTerm"), f"{anti_path}.{_PREFERRED}[{i}].podAffinityTerm", namespace)
            for i, t in objects(anti, _PREFERRED)
        ),
        spread=tuple(
            SpreadConstraint(
                text(c, "topologyKey") or "",
                integer(c, "maxSkew") or 1,
                (text(c, "whenUnsatisfiable") or "DoNotSchedule") == "DoNotSchedule",
                f"{path}.topologySpreadConstraints[{i}]",
                integer(c, "minDomains") or 1,
                _requirements(mapping(c, "labelSelector"), labels="matchLabels", expressions="matchExpressions")
                if "labelSelector" in c
                else None,
            )
            for i, c in objects(spec, "topologySpreadConstraints")
        ),
        runtime_class=text(spec, "runtimeClassName"),
        scheduler=text(spec, "schedulerName"),
        priority_class=text(spec, "priorityClassName"),
        node_name=text(spec, "nodeName"),
        os=text(mapping(spec, "os"), "name"),
        fields=tuple(name for name in _FIELDS if spec.get(name)),
        path=path,
    )


def _requirements(selector: Raw, path: str = "", *, labels: str, expressions: str) -> tuple[LabelRequirement, ...]:
    exact = (LabelRequirement(k, "In", (v,)) for k, v in strings(selector.get(labels)).items())
    listed = (
        LabelRequirement(
            str(e.get("key") or ""), str(e.get("operator") or ""), texts(e, "values"), f"{path}.{expressions}[{i}]"
        )
        for i, e in objects(selector, expressions)
    )
    return (*exact, *listed)


def node_terms(raw: Raw, path: str) -> tuple[NodeTerm, ...]:
    """The terms of a node selector: of a pod's required affinity, or of a volume."""
    return tuple(_node_term(t, f"{path}.nodeSelectorTerms[{i}]") for i, t in objects(raw, "nodeSelectorTerms"))


def _node_term(raw: Raw, path: str) -> NodeTerm:
    return NodeTerm(_requirements(raw, path, labels="", expressions="matchExpressions"), path)


def _pod_term(raw: Raw, path: str, namespace: str) -> PodTerm:
    """A term that names no namespaces means the pod's own."""
    anywhere = "namespaceSelector" in raw
    return PodTerm(
        text(raw, "topologyKey") or "",
        _requirements(mapping(raw, "labelSelector"), labels="matchLabels", expressions="matchExpressions"),
        None if anywhere else texts(raw, "namespaces") or (namespace,),
        path,
    )


def _toleration(raw: Raw, path: str) -> Toleration:
    return Toleration(
        text(raw, "key"),
        "Exists" if raw.get("operator") == "Exists" else "Equal",
        str(raw.get("value") or ""),
        text(raw, "effect"),
        path,
    )


def _rule(raw: Raw, path: str) -> MachineRule:
    gpu, tpu = mapping(raw, "gpu"), mapping(raw, "tpu")
    spot = raw.get("spot")
    return MachineRule(
        text(raw, "machineFamily"),
        text(raw, "machineType"),
        text(raw, "podFamily"),
        spot if isinstance(spot, bool) else None,
        text(gpu, "type"),
        integer(gpu, "count"),
        text(tpu, "type"),
        texts(raw, "nodepools") or texts(raw, "nodePools"),
        path,
    )
