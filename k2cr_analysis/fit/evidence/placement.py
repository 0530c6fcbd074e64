"""Which nodes a pod may run on, as far as its labels say so."""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.model.parse.access import mapping, objects, strings, texts
from k2cr_analysis.model.workload import Pod

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The values of a node label that a pod may run on, and where that is written."""

    values: frozenset[str]
    at: str


def allowed_values(pod: Pod, label: str) -> Allowed | None:
    """The values of ``label`` that the node selector or the required node affinity allow; None where neither says.

    Terms of an affinity are alternatives: one that does not speak of the label allows every value.
    """
    chosen = strings(pod.raw.get("nodeSelector")).get(label)
    if chosen is not None:
        return Allowed(frozenset({chosen}), f"{pod.path}.nodeSelector['{label}']")
    required = mapping(pod.raw, "affinity", "nodeAffinity", _REQUIRED)
    values: set[str] = set()
    terms = objects(required, "nodeSelectorTerms")
    for _, term in terms:
        in_term = [
            texts(e, "values")
            for _, e in objects(term, "matchExpressions")
            if e.get("key") == label and e.get("operator") == "In"
        ]
        if not in_term:
            return None
        values.update(in_term[0])
    return Allowed(frozenset(values), f"{pod.path}.affinity.nodeAffinity.{_REQUIRED}") if values else None


def excluded_at(pod: Pod, label: str, value: str) -> str | None:
    """Where the pod is kept off nodes whose ``label`` has ``value``, by every term of its required affinity."""
    terms = objects(mapping(pod.raw, "affinity", "nodeAffinity", _REQUIRED), "nodeSelectorTerms")
    excluding = [
        any(
            e.get("key") == label and e.get("operator") == "NotIn" and value in texts(e, "values")
            for _, e in objects(term, "matchExpressions")
        )
        for _, term in terms
    ]
    return f"{pod.path}.affinity.nodeAffinity.{_REQUIRED}" if excluding and all(excluding) else None
