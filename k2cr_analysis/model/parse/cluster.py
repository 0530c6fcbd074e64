"""A snapshot's objects -> Cluster: which of them are workloads, and what belongs to each."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from k2cr_analysis.errors import Location
from k2cr_analysis.model.cluster import Cluster, Node, OwnedPod
from k2cr_analysis.model.objects.defaults import without_server_fields
from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, strings, text
from k2cr_analysis.model.parse.entrances.exposure import SERVICE_SPECS, exposure_of, knative_exposure, routes_by_service
from k2cr_analysis.model.parse.index import LabelIndex, ObjectIndex, kind_of, name_of, namespace_of
from k2cr_analysis.model.parse.moved import OnCloudRun, moved_to, on_cloud_run
from k2cr_analysis.model.parse.named import missing_objects, unseen_ends
from k2cr_analysis.model.parse.node import image_digests, is_running, owned_pod, parse_node
from k2cr_analysis.model.parse.others import other_objects, runs_on_cloud_run
from k2cr_analysis.model.parse.ownership import Ownership
from k2cr_analysis.model.parse.pod.environment import Environment
from k2cr_analysis.model.parse.pod.placement import ComputeClasses
from k2cr_analysis.model.parse.pod.spec import Surroundings, parse_pod
from k2cr_analysis.model.parse.pod.templates import (
    JOB_SPECS,
    KNATIVE_KINDS,
    REPLICATED_KINDS,
    WORKLOAD_KINDS,
    at_path,
    is_workload,
    pod_template,
)
from k2cr_analysis.model.parse.refused import RefusedByObject, refused_by_object, refused_of
from k2cr_analysis.model.parse.related import RelatedObjects, autoscaler_of, scaler_of_keda
from k2cr_analysis.model.parse.secret_writers import written_secrets
from k2cr_analysis.model.parse.unplaced import placed
from k2cr_analysis.model.routing.entrances import Entrances
from k2cr_analysis.model.workload import Autoscaler, Batch, Exposure, Pod, Reach, Workload
from k2cr_analysis.platforms.gke.cluster import is_autopilot_node
from k2cr_analysis.snapshot import Notice, SnapshotObject

_Addresses = Mapping[tuple[str, str, str], tuple[str, ...]]
# Kinds that the model reads, besides the workloads themselves.
READ_KINDS = frozenset(WORKLOAD_KINDS) | {
    "Service", "Ingress", "IngressClass", "GatewayClass", "MultiClusterService", "MultiClusterIngress", "Gateway",
    "HTTPRoute", "GRPCRoute",
    "TLSRoute", "TCPRoute", "UDPRoute", "VirtualService", "DestinationRule",
    "HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler", "PodDisruptionBudget", "PriorityClass",
    "NetworkPolicy", "BackendConfig", "FrontendConfig", "ManagedCertificate", "HealthCheckPolicy", "GCPBackendPolicy",
    "GCPGatewayPolicy",
    "ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret",
    "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "Node", "Namespace", "ComputeClass", "PodMonitoring",
    "PodMonitor", "ServiceMonitor", "Route",
    "APIService", "CustomResourceDefinition", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Draft:
    """A workload before Services and the rest are joined to it."""

    id: str
    kind: str
    raw: Raw
    source: Location
    pod: Pod


def workload_id(raw: Raw) -> str:
    """``namespace/Kind/name``; Knative's Service has the kind ``Service`` in its id, as kubectl would print it."""
    return f"{namespace_of(raw)}/{raw.get('kind')}/{name_of(raw)}"


def parse_cluster(
    found: Iterable[SnapshotObject],
    problems: Iterable[Notice] = (),
    *,
    project: str | None = None,
    name: str | None = None,
    location: str | None = None,
    entrances: Mapping[str, Reach] | None = None,
    unread: Iterable[str] = (),
) -> Cluster:
    """All workloads of a snapshot, joined, in the order of their ids.

    ``problems`` are the provenance's: values that Kubernetes would refuse, without which the objects were stored.
    ``project``, ``name`` and ``location`` are the cluster's, where the snapshot's provenance knows them; what it does
    not know is read off the nodes. ``entrances``: a person's word on who may come in (``[entrances]`` of k2cr.toml).
    ``unread``: kinds that the cluster was asked for and did not give.
    """
    # By their names, so that a dump and manifests in any order of documents give the same cluster.
    read = list(found)
    with_namespace = placed(read)
    original = sorted(with_namespace, key=lambda o: (kind_of(o.object), namespace_of(o.object), name_of(o.object)))
    cleaned = [(without_server_fields(o.object), o) for o in original]
    index = ObjectIndex(raw for raw, _ in cleaned)
    ownership = Ownership((raw for raw, _ in cleaned), index, WORKLOAD_KINDS)
    drafts = _drafts(cleaned, index, ownership, _live_pods(original, ownership))
    labels = LabelIndex((namespace_of(d.raw), d.pod.labels, d.id) for d in drafts)
    live = _live_addresses(original)
    ways_in = Entrances(index, labels, {d.id: (namespace_of(d.raw), d.pod) for d in drafts}, live, entrances or {})
    exposures = _exposures(drafts, index, labels, ways_in)
    related = RelatedObjects(index, labels)
    refused = refused_by_object(problems)
    moved = on_cloud_run(raw for raw, _ in cleaned)
    workloads = [_workload(d, exposures.get(d.id, ()), related, refused, index, moved) for d in drafts]
    nodes = tuple(
        sorted((parse_node(o.object) for o in original if o.object.get("kind") == "Node"), key=lambda n: n.name)
    )
    return Cluster(
        workloads=tuple(sorted(workloads, key=lambda w: w.id)),
        nodes=nodes,
        pods=_owned_pods(original, ownership),
        objects={kind: tuple(raws) for kind, raws in sorted(index.by_kind.items())},
        other_kinds=dict(
            sorted(Counter(_kind_and_group(raw) for raw, _ in cleaned if kind_of(raw) not in READ_KINDS).items())
        ),
        name=name,
        location=location or _region_of(nodes),
        project=project or _project_of(nodes),
        is_autopilot=_is_autopilot(nodes),
        namespaces={name_of(raw): raw for raw in index.by_kind.get("Namespace", ())},
        others=(
            *other_objects((raw, not ownership.is_workload(raw)) for raw, _ in cleaned),
            *ownership.without_controller,
            *unseen_ends(index),
        ),
        unread=frozenset(unread),
        placed=frozenset(
            (kind_of(now.object), namespace_of(now.object), name_of(now.object))
            for before, now in zip(read, with_namespace, strict=True)
            if now is not before
        ),
    )


def _kind_and_group(raw: Raw) -> str:
    group = str(raw.get("apiVersion") or "").rpartition("/")[0]
    return f"{raw.get('kind')}.{group}" if group else str(raw.get("kind"))


def _drafts(
    cleaned: Sequence[tuple[Raw, SnapshotObject]],
    index: ObjectIndex,
    ownership: Ownership,
    digests: Mapping[str, dict[str, dict[str, str]]],
) -> list[_Draft]:
    environments = _environments(index)
    claims = {ns: {name_of(c): c for c in found} for ns, found in index.in_namespace("PersistentVolumeClaim").items()}
    classes = _compute_classes(index)
    drafts: dict[str, _Draft] = {}
    for raw, origin in cleaned:
        kind = kind_of(raw)
        if not is_workload(raw, kind) or not name_of(raw) or runs_on_cloud_run(raw):
            continue
        if not ownership.is_workload(raw):
            continue
        namespace, template = namespace_of(raw), pod_template(raw, kind)
        spec = mapping(template, "spec")
        seen = digests.get(workload_id(raw), {})
        path = f"{WORKLOAD_KINDS[kind]}.spec"
        around = Surroundings(
            namespace,
            kind,
            environments.get(namespace, Environment({}, {})),
            claims.get(namespace, {}),
            mapping(raw, "spec"),
            _digests_of(spec, seen),
            classes,
        )
        pod = parse_pod(spec, mapping(template, "metadata"), path, around)
        drafts[workload_id(raw)] = _Draft(workload_id(raw), kind, raw, origin.source, pod)
    return list(drafts.values())


def _compute_classes(index: ObjectIndex) -> ComputeClasses:
    return ComputeClasses(
        {name_of(raw): raw for raw in index.by_kind.get("ComputeClass", ())},
        {name_of(raw): strings(mapping(raw, "metadata").get("labels")) for raw in index.by_kind.get("Namespace", ())},
    )


def _environments(index: ObjectIndex) -> Mapping[str, Environment]:
    maps, secrets = index.in_namespace("ConfigMap"), index.in_namespace("Secret")
    written: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for (namespace, name), keys in written_secrets(index).items():
        if keys is not None:
            written[namespace][name] = keys
    return {
        namespace: Environment(
            {name_of(c): c for c in maps.get(namespace, ())},
            written.get(namespace, {})
            | {
                name_of(s): tuple(sorted({*mapping(s, "data"), *mapping(s, "stringData")}))
                for s in secrets.get(namespace, ())
            },
        )
        for namespace in {*maps, *secrets, *written}
    }


def _live_pods(original: list[SnapshotObject], ownership: Ownership) -> Mapping[str, dict[str, dict[str, str]]]:
    """Workload id -> container name -> image in the spec -> digest; a container that runs two digests has neither."""
    seen: dict[str, dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    for origin in original:
        root = ownership.root(origin.object) if origin.object.get("kind") == "Pod" else None
        if root is not None:
            owner = workload_id(root)
            for key, digest in image_digests(origin.object).items():
                seen[owner][key].add(digest)
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for owner, containers in seen.items():
        for (container, image), digests in containers.items():
            if len(digests) == 1:
                found[owner][container][image] = next(iter(digests))
    return found


def _digests_of(spec: Raw, seen: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    found = {}
    for _, container in objects(spec, "containers"):
        name, image = str(container.get("name")), str(container.get("image"))
        if image in seen.get(name, {}):
            found[name] = seen[name][image]
    return found


def _live_addresses(original: Iterable[SnapshotObject]) -> _Addresses:
    """(kind, namespace, name) -> the addresses that a load balancer has today, as its object's status tells."""
    found: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for origin in original:
        status = mapping(origin.object, "status")
        ips = [text(i, "ip") for _, i in objects(mapping(status, "loadBalancer"), "ingress")]
        ips += [text(a, "value") for _, a in objects(status, "addresses") if kind_of(origin.object) == "Gateway"]
        if any(ips):
            key = kind_of(origin.object), namespace_of(origin.object), name_of(origin.object)
            found[key] = tuple(ip for ip in ips if ip)
    return found


def _exposures(
    drafts: list[_Draft], index: ObjectIndex, labels: LabelIndex, ways_in: Entrances
) -> Mapping[str, tuple[Exposure, ...]]:
    by_id = {d.id: d for d in drafts}
    found: dict[str, list[Exposure]] = defaultdict(list)
    for draft in drafts:
        if draft.kind in KNATIVE_KINDS:
            found[draft.id].append(knative_exposure(draft.raw, draft.pod))
    for kind, where in SERVICE_SPECS.items():
        routes = routes_by_service(index, kind, ways_in)
        for service in index.by_kind.get(kind, ()):
            namespace, selector = namespace_of(service), mapping(service, *where, "selector")
            for selected in labels.selected(namespace, selector) if selector else ():
                if by_id[selected].kind not in JOB_SPECS:
                    leading = routes.get((namespace, name_of(service)), ())
                    found[selected].append(exposure_of(service, by_id[selected].pod, leading, ways_in))
    return {key: tuple(sorted(value, key=lambda e: (e.service, e.kind))) for key, value in found.items()}


def _workload(
    draft: _Draft,
    exposures: tuple[Exposure, ...],
    related: RelatedObjects,
    refused: RefusedByObject,
    index: ObjectIndex,
    moved: Sequence[OnCloudRun],
) -> Workload:
    namespace, kind, name = namespace_of(draft.raw), str(draft.raw.get("kind")), name_of(draft.raw)
    metadata, spec = mapping(draft.raw, "metadata"), mapping(draft.raw, "spec")
    joined = related.of(
        draft.id,
        namespace,
        kind,
        name,
        draft.pod,
        exposures,
        placed=bool(metadata.get("namespace")),
    )
    return Workload(
        id=draft.id,
        namespace=namespace,
        kind=kind,
        name=name,
        api_version=str(draft.raw.get("apiVersion") or ""),
        labels=strings(metadata.get("labels")),
        annotations=strings(metadata.get("annotations")),
        pod=draft.pod,
        replicas=_replicas(draft, any(joined.get(kind) for kind in ("HorizontalPodAutoscaler", "ScaledObject"))),
        exposures=exposures,
        autoscaler=_autoscaler(joined),
        batch=_batch(draft),
        related=joined,
        complete=bool(draft.pod.containers) and all(c.image for c in draft.pod.containers),
        refused=refused_of(draft.id, joined, refused),
        source=draft.source,
        raw=draft.raw,
        service_name=text(spec, "serviceName"),
        strategy=text(mapping(spec, "strategy"), "type") or text(mapping(spec, "updateStrategy"), "type"),
        release_style=next((s for s in _RELEASE_STYLES if kind == "Rollout" and s in mapping(spec, "strategy")), None),
        triggers=tuple(text(t, "type") or "" for _, t in objects(spec, "triggers")) if kind == "ScaledJob" else (),
        unseen=related.unseen(namespace, exposures),
        missing=missing_objects(index, related.written_secrets, namespace, draft.pod, joined),
        moved_to=moved_to(namespace, name, [c.image for c in draft.pod.running], moved),
    )


_RELEASE_STYLES = ("canary", "blueGreen")


def _replicas(draft: _Draft, scaled: bool) -> int | None:
    """What the manifest asks for; 1 where it says nothing and no autoscaler does. None for kinds without replicas."""
    if draft.kind in REPLICATED_KINDS:
        asked = integer(mapping(draft.raw, "spec"), "replicas")
        return asked if asked is not None else None if scaled else 1
    return 1 if draft.kind == "Pod" else None


def _autoscaler(joined: Mapping[str, tuple[Raw, ...]]) -> Autoscaler | None:
    """KEDA's word goes before that of the HorizontalPodAutoscaler which it makes itself, whose least is never 0."""
    if scaled := joined.get("ScaledObject"):
        return scaler_of_keda(scaled[-1])
    scalers = joined.get("HorizontalPodAutoscaler")
    return autoscaler_of(scalers[-1]) if scalers else None


def _batch(draft: _Draft) -> Batch | None:
    if draft.kind not in JOB_SPECS:
        return None
    spec = mapping(draft.raw, "spec")
    job = at_path(draft.raw, JOB_SPECS[draft.kind])
    return Batch(
        parallelism=integer(job, "parallelism"),
        completions=integer(job, "completions"),
        backoff_limit=integer(job, "backoffLimit"),
        active_deadline_s=integer(job, "activeDeadlineSeconds"),
        completion_mode=text(job, "completionMode"),
        schedule=text(spec, "schedule"),
        time_zone=text(spec, "timeZone"),
        concurrency_policy=text(spec, "concurrencyPolicy"),
        starting_deadline_s=integer(spec, "startingDeadlineSeconds"),
        suspend=spec.get("suspend") is True,
        path=JOB_SPECS[draft.kind],
        has_failure_policy=bool(mapping(job, "podFailurePolicy")),
        copies=next((n for _, one in objects(spec, "replicatedJobs") if (n := integer(one, "replicas"))), 1),
    )


def _owned_pods(original: list[SnapshotObject], ownership: Ownership) -> tuple[OwnedPod, ...]:
    live = [o.object for o in original if o.object.get("kind") == "Pod" and is_running(o.object)]
    pods = [owned_pod(raw, workload_id(ownership.root(raw) or raw)) for raw in live]
    return tuple(sorted(pods, key=lambda p: (p.namespace, p.name)))


def _region_of(nodes: tuple[Node, ...]) -> str | None:
    regions = {n.region for n in nodes if n.region}
    return next(iter(regions)) if len(regions) == 1 else None


def _project_of(nodes: tuple[Node, ...]) -> str | None:
    """From a node's provider id, ``gce://project/zone/name``."""
    projects = {
        m.group(1)
        for n in nodes
        if (m := re.match(r"gce://([^/]+)/", str(mapping(n.raw, "spec").get("providerID") or "")))
    }
    return next(iter(projects)) if len(projects) == 1 else None


def _is_autopilot(nodes: tuple[Node, ...]) -> bool | None:
    kinds = {is_autopilot_node(n.name) for n in nodes}
    # A Standard cluster has nodes of both kinds where pods of its own run in Autopilot classes.
    return False if False in kinds else True if True in kinds else None
