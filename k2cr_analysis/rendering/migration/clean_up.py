"""What to delete on GKE afterwards, in dependency order: what points at a thing goes before the thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import mapping, strings
from k2cr_analysis.model.parse.index import name_of, namespace_of
from k2cr_analysis.model.workload import Raw, Workload
from k2cr_analysis.platforms.cloud_run.annotations import SERVING_GROUP
from k2cr_analysis.platforms.gke.labels import GLOBAL_STATIC_IP, REGIONAL_STATIC_IP
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.text.shell import quote

# In the order in which they go: scaling, doors, the pods, and then what the pods used.
_FIRST = ("HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy")
_DOORS = ("Ingress", "HTTPRoute", "GRPCRoute", "VirtualService", "MultiClusterIngress")
_OF_DOORS = ("ManagedCertificate", "FrontendConfig", "GCPBackendPolicy", "HealthCheckPolicy")
_LAST = ("BackendConfig", "ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount")
# Reserved addresses by the annotation that names them, and where they stand.
_STATIC_ADDRESSES = {
    GLOBAL_STATIC_IP: "--global",
    REGIONAL_STATIC_IP: "--region={region}",
}


@dataclass(frozen=True, slots=True)
class Step:
    """``command``; ``once``: what must have come to pass before, since others still need the thing."""

    command: str
    once: str | None = None


def steps(build: Build) -> list[Step]:
    """All objects of the snapshot that only this workload, and those merged into it, need."""
    workloads = (build.workload, *build.context.parts_of(build.workload))
    found: dict[str, Step] = {}
    for kinds in (_FIRST, _DOORS, _OF_DOORS):
        for workload in workloads:
            for kind in kinds:
                for raw in workload.related.get(kind, ()):
                    found.update({s.command: s for s in _object(kind, raw, build)})
    for workload in workloads:
        found.update({s.command: s for s in _services(workload, build)})
        made = Step(_delete(kubectl_kind(workload), workload.name, workload.namespace))
        found[made.command] = made
    for workload in workloads:
        for kind in _LAST:
            for raw in workload.related.get(kind, ()):
                if not (kind == "ServiceAccount" and name_of(raw) == "default"):
                    found.update({s.command: s for s in _object(kind, raw, build)})
    return list(found.values())


def callers(build: Build) -> tuple[str, ...]:
    """Ids of the workloads that call this one."""
    return build.context.callers.get(build.workload.id, ())


def account_users(build: Build) -> list[str]:
    """Ids of other workloads that run as the same Kubernetes service account."""
    return sorted(
        {u for raw in build.workload.related.get("ServiceAccount", ()) for u in _others("ServiceAccount", raw, build)}
    )


def kubectl_kind(workload: Workload) -> str:
    """What kubectl calls its kind."""
    return f"services.{SERVING_GROUP}" if workload.kind == "Service" else workload.kind.lower()


def _services(workload: Workload, build: Build) -> Iterator[Step]:
    calling = ", ".join(callers(build))
    led = {(n.service.namespace, n.service.name) for n in (build.reached.names if build.reached else ())}
    for exposure in workload.exposures:
        if exposure.type == "Knative":
            continue
        once = f"{calling} call the new address"
        # network.sh callers made it the way to Cloud Run, under the name that they know
        if (workload.namespace, exposure.service) in led:
            once = f"{calling} have moved too, or call another name: until then this Service leads them to Cloud Run"
        yield Step(_delete(exposure.kind.lower(), exposure.service, workload.namespace), once if calling else None)


def _object(kind: str, raw: Raw, build: Build) -> Iterator[Step]:
    name, namespace = name_of(raw), namespace_of(raw)
    users = _others(kind, raw, build)
    command = _delete(kind.lower(), name, namespace)
    yield Step(command, f"{', '.join(users)} no longer need it" if users else None)
    annotations = strings(mapping(raw, "metadata").get("annotations"))
    for key, place in _STATIC_ADDRESSES.items() if kind == "Ingress" and not users else ():
        if address := annotations.get(key):
            where = place.format(
                region=re.sub(r"-[a-z]$", "", build.context.cluster_location or build.context.region_literal)
            )
            once = f"nobody uses the old address any more; what network.sh made has other names than {address}"
            project = build.context.project_literal
            yield Step(f"gcloud compute addresses delete {quote(address)} {where} --project={project}", once)


def _others(kind: str, raw: Raw, build: Build) -> list[str]:
    """Ids of other workloads that the same object is joined to."""
    own = {build.workload.id, *(w.id for w in build.context.parts_of(build.workload))}
    joined = build.context.joined_to.get((kind, namespace_of(raw), name_of(raw)), ())
    return sorted({workload.id for workload in joined} - own)


def _delete(kind: str, name: str, namespace: str) -> str:
    return f"kubectl delete {kind} {quote(name)} --namespace={quote(namespace)}"
