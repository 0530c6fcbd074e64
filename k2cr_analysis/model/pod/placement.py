"""Where a pod may run: what its spec asks of nodes and of the pods beside it, each wish with its JSON path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

_NO_SCHEDULE = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class LabelRequirement:
    """One match expression of a selector. ``matchLabels`` read as ``In`` with one value."""

    key: str
    operator: str  # In, NotIn, Exists, DoesNotExist, Gt, Lt
    values: tuple[str, ...] = ()
    path: str = ""

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it. ``Gt`` and ``Lt`` are rare, and are taken to hold."""
        found = labels.get(self.key)
        match self.operator:
            case "In":
                return found in self.values
            case "NotIn":
                return found not in self.values
            case "Exists":
                return found is not None
            case "DoesNotExist":
                return found is None
        return True


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """Requirements that a node must meet all of."""

    requirements: tuple[LabelRequirement, ...]
    path: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        return all(r.holds(labels) for r in self.requirements)


@dataclass(frozen=True, slots=True)
class PodTerm:
    """Pods that this one must be with, or must not be with, in one domain: ``topology_key`` says which.

    ``namespaces`` is None where a namespace selector makes it any namespace.
    """

    topology_key: str
    requirements: tuple[LabelRequirement, ...]
    namespaces: tuple[str, ...] | None
    path: str

    def selects(self, namespace: str, labels: Mapping[str, str]) -> bool:
        within = self.namespaces is None or namespace in self.namespaces
        return within and all(r.holds(labels) for r in self.requirements)


@dataclass(frozen=True, slots=True)
class SpreadConstraint:
    """``requirements`` is None where the constraint has no selector, and so counts no pods."""

    topology_key: str
    max_skew: int
    required: bool  # whenUnsatisfiable: DoNotSchedule, which is the default
    path: str
    min_domains: int = 1
    requirements: tuple[LabelRequirement, ...] | None = None

    def counts(self, labels: Mapping[str, str]) -> bool:
        """Whether it counts pods with these labels."""
        return self.requirements is not None and all(r.holds(labels) for r in self.requirements)


@dataclass(frozen=True, slots=True)
class Toleration:
    key: str | None  # None: every taint
    operator: Literal["Equal", "Exists"]
    value: str
    effect: str | None  # None: every effect
    path: str

    def tolerates(self, key: str, value: str, effect: str) -> bool:
        if self.effect not in (None, effect):
            return False
        if self.operator == "Exists":
            return self.key in (None, key)
        return self.key == key and self.value == value


@dataclass(frozen=True, slots=True)
class MachineRule:
    """One priority of a ComputeClass: the machines that it allows. None and empty: it does not say."""

    machine_family: str | None
    machine_type: str | None
    pod_family: str | None
    spot: bool | None
    gpu: str | None
    gpu_count: int | None
    tpu: str | None
    node_pools: tuple[str, ...]
    path: str  # ComputeClass/NAME $.spec.priorities[0]


@dataclass(frozen=True, slots=True)
class ComputeClass:
    """The compute class that a pod runs in, and where that is written (its selector, affinity or its namespace).

    ``rules`` is None where the class's object is not in the snapshot: built into GKE, or not collected.
    """

    name: str
    at: str
    rules: tuple[MachineRule, ...] | None = None
    autopilot: bool = False  # spec.autopilot.enabled


@dataclass(frozen=True, slots=True)
class AllowedValues:
    """The values of a node label that a pod may run on, or may not, and where that is written: ``at`` first."""

    values: frozenset[str]
    places: tuple[str, ...]

    @property
    def at(self) -> str:
        return self.places[0]


@dataclass(frozen=True, slots=True)
class Placement:
    """What a pod asks of its node and of its neighbours. Required rules alone, unless the name says otherwise."""

    node_selector: Mapping[str, str] = field(default_factory=dict)
    node_terms: tuple[NodeTerm, ...] = ()  # of the required node affinity; they are alternatives
    preferred_node_terms: tuple[NodeTerm, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    affinity: tuple[PodTerm, ...] = ()
    anti_affinity: tuple[PodTerm, ...] = ()
    preferred_anti_affinity: tuple[PodTerm, ...] = ()
    spread: tuple[SpreadConstraint, ...] = ()
    compute_class: ComputeClass | None = None
    runtime_class: str | None = None
    scheduler: str | None = None
    priority_class: str | None = None
    node_name: str | None = None
    os: str | None = None
    fields: tuple[str, ...] = ()  # of the PodSpec that choose nodes, as they are written
    path: str = "$.spec.template.spec"

    @property
    def _selector_path(self) -> str:
        return f"{self.path}.nodeSelector"

    def allowed(self, label: str) -> AllowedValues | None:
        """The values of ``label`` that selector or required affinity allow; None where neither says.

        Terms of an affinity are alternatives: one that does not speak of the label allows every value.
        """
        chosen = self.node_selector.get(label)
        if chosen is not None:
            return AllowedValues(frozenset({chosen}), (f"{self._selector_path}['{label}']",))
        values: set[str] = set()
        places: list[str] = []
        for term in self.node_terms:
            named = _requirements_of(term, label, "In")
            if not named:
                return None
            values |= frozenset.intersection(*(frozenset(r.values) for r in named))
            places += [r.path for r in named]
        return AllowedValues(frozenset(values), tuple(places)) if values else None

    def preferred(self, label: str) -> AllowedValues | None:
        """The values of ``label`` that preferred affinity names: a wish, which a node without it may grant."""
        wishes = [r for term in self.preferred_node_terms for r in _requirements_of(term, label, "In")]
        values = frozenset(v for r in wishes for v in r.values)
        return AllowedValues(values, tuple(r.path for r in wishes)) if values else None

    def excluded(self, label: str) -> AllowedValues | None:
        """The values of ``label`` whose nodes the pod is kept off, by every term of its required affinity."""
        named = [_requirements_of(term, label, "NotIn") for term in self.node_terms]
        if not named or not all(named):
            return None
        values = frozenset.intersection(*(frozenset(v for r in term for v in r.values) for term in named))
        return AllowedValues(values, tuple(r.path for term in named for r in term)) if values else None

    def asks_of(self, labels: Iterable[str]) -> str | None:
        """Where selector or required affinity speak of one of these node labels; None where they do not."""
        wanted = frozenset(labels)
        named = next((key for key in self.node_selector if key in wanted), None)
        if named is not None:
            return f"{self._selector_path}['{named}']"
        return next((t.path for t in self.node_terms for r in t.requirements if r.key in wanted), None)

    def bears(self, label: str) -> bool:
        """Whether it asks for nodes with this label, or tolerates the taint of that name by its name."""
        return self.node_selector.get(label) == "true" or any(t.key == label for t in self.tolerations)

    def takes_node(self, labels: Mapping[str, str], taints: Iterable[tuple[str, str, str]]) -> bool:
        """Whether a node with these labels and taints (key, value, effect) may run the pod."""
        selected = all(labels.get(key) == value for key, value in self.node_selector.items())
        matches = not self.node_terms or any(term.holds(labels) for term in self.node_terms)
        return selected and matches and self.tolerates(taints)

    def tolerates(self, taints: Iterable[tuple[str, str, str]]) -> bool:
        return all(
            effect not in _NO_SCHEDULE or any(t.tolerates(key, value, effect) for t in self.tolerations)
            for key, value, effect in taints
        )


def _requirements_of(term: NodeTerm, label: str, operator: str) -> list[LabelRequirement]:
    return [r for r in term.requirements if r.key == label and r.operator == operator]
