"""Objects that name no namespace: where they are taken to be, and what that leaves open."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.index import kind_of, name_of

_NAMESPACES = "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/"


@rule(id="namespace-assumed", severity="note", reads=("Service.metadata.namespace",), docs=_NAMESPACES)
def namespace_assumed(candidate: Candidate) -> Iterator[Found]:
    """The workload and what leads to it are taken to be in one namespace, though only one of them names it.

    Why: `kubectl apply -n NAMESPACE`, Helm and a kustomization put what names no namespace beside what names one. The
    files alone do not show it.
    Remedy: Nothing to decide where that is so. Else collect what runs (`k2cr collect --context NAME`), or write the
    namespace into the objects.
    Example: kind: Service, metadata: {name: web}, and a Deployment in namespace shop whose labels it selects
    """
    workload = candidate.workload
    led = [("Service", e.service) for e in workload.exposures if e.kind == "Service"]
    led += [(r.kind, r.name) for e in workload.exposures for r in e.routes]
    related = [(kind_of(raw), name_of(raw)) for raws in workload.related.values() for raw in raws]
    found = [
        f"{kind} {name}"
        for kind, name in dict.fromkeys((*led, *related))
        if (kind, workload.namespace, name) in candidate.index.placed
    ]
    if found:
        yield Found(
            "$.metadata.namespace",
            f"{', '.join(found)} and the workload are taken to be in one namespace, which not all of them name",
        )
