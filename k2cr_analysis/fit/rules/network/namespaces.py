"""Objects that name no namespace: where they are taken to be, and what that leaves open."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping, strings
from k2cr_analysis.model.parse.index import DEFAULT_NAMESPACE, kind_of, name_of, selects

_NAMESPACES = "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/"


@rule(id="namespace-assumed", severity="note", reads=("Service.metadata.namespace",), docs=_NAMESPACES)
def namespace_assumed(candidate: Candidate) -> Iterator[Found]:
    """Objects that name no namespace are taken to be in the workload's, since only it uses them.

    Why: `kubectl apply -n NAMESPACE`, Helm and a kustomization put what names no namespace beside what names one. The
    files alone do not show it.
    Remedy: Nothing to decide where that is so. Else collect what runs (`k2cr collect --context NAME`), or write the
    namespace into the objects.
    Example: kind: Service, metadata: {name: web}, and a Deployment in namespace shop whose labels it selects
    """
    workload = candidate.workload
    services = [("Service", e.service) for e in workload.exposures if e.kind == "Service"]
    related = [(kind_of(raw), name_of(raw)) for raws in workload.related.values() for raw in raws]
    found = [
        f"{kind} {name}"
        for kind, name in dict.fromkeys((*services, *related))
        if (kind, workload.namespace, name) in candidate.index.placed
    ]
    if found:
        yield Found(
            "$.metadata.namespace",
            f"{', '.join(found)}: no namespace is named, and {workload.namespace} is assumed, where alone it is used",
        )


@rule(
    id="selected-from-another-namespace",
    severity="change",
    reads=("Service.metadata.namespace", "Service.spec.selector"),
    docs=_NAMESPACES,
)
def selected_from_another_namespace(candidate: Candidate) -> Iterator[Found]:
    """A Service of another namespace selects the pod's labels and finds no pods there.

    Why: A Service selects pods of its own namespace alone. Where `kubectl apply -n NAMESPACE` puts both together,
    callers reach the pod by it, and it is a service; as the files stand nobody calls it.
    Remedy: Write the namespace into the workload too, and collect again; or collect what runs.
    Example: kind: Service, metadata: {name: web, namespace: shop}, and a Deployment web without a namespace
    """
    workload, index = candidate.workload, candidate.index
    if workload.namespace != DEFAULT_NAMESPACE or workload.exposures or workload.batch is not None:
        return
    for namespace, services in index.services.items():
        for name, raw in services.items():
            selector = mapping(raw, "spec", "selector")
            if namespace == DEFAULT_NAMESPACE or not selects(selector, candidate.pod.labels):
                continue
            if not any(selects(selector, w.pod.labels) for w in index.workloads.values() if w.namespace == namespace):
                yield Found(
                    "$.metadata.namespace",
                    f"Service {namespace}/{name} selects {', '.join(f'{k}={v}' for k, v in strings(selector).items())},"
                    f" which no pod of {namespace} has and this one does; it names no namespace of its own",
                )
                return
