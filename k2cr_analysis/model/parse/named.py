"""Objects that a workload, or what is joined to it, names and the snapshot does not hold: unknown, not absent.

Policies of the entrances (BackendConfig and its like) hold up the move and are found in ``related``; these do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from k2cr_analysis.model.cluster import OtherObject
from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings, text
from k2cr_analysis.model.parse.index import DEFAULT_NAMESPACE, ObjectIndex, name_of, namespace_of
from k2cr_analysis.model.parse.secret_writers import names_no_namespace
from k2cr_analysis.model.pod.secret_reference import secret_references
from k2cr_analysis.model.routing.controllers import GKE_INGRESS_CLASSES, families_of_class, gke_gateway_reach
from k2cr_analysis.model.workload import Pod, Unseen
from k2cr_analysis.platforms.gke.autopilot import BY_NODE, BY_POD, POD_CLASSES
from k2cr_analysis.platforms.gke.cluster import BUILT_IN_STORAGE_CLASSES, COMPUTE_CLASS
from k2cr_analysis.platforms.gke.labels import CLAIM_CLASS, GATEWAY_CERT_MANAGER_CERTS, INGRESS_CLASS

# Not listed from a live cluster (``data/rbac.yaml``): there they are what the pods run with, seen or not.
_NOT_LISTED = frozenset({
    "Secret", "RuntimeClass", "ClusterIssuer", "Issuer", "Middleware", "TriggerAuthentication",
    "ClusterTriggerAuthentication",
})  # fmt: skip
# Kinds of the whole cluster: the index has them under the namespace of whatever names none.
_OF_CLUSTER = frozenset({
    "StorageClass", "PriorityClass", "RuntimeClass", "ComputeClass", "IngressClass", "GatewayClass", "ClusterIssuer",
    "ClusterTriggerAuthentication",
})  # fmt: skip
_BUILT_IN_COMPUTE_CLASSES = frozenset({*BY_POD, *BY_NODE, *POD_CLASSES})
_GVISOR = "gvisor"
_ISSUERS = {"cert-manager.io/cluster-issuer": "ClusterIssuer", "cert-manager.io/issuer": "Issuer"}
_LOGINS = "imagePullSecrets"  # what these need is said of the image


def missing_objects(
    index: ObjectIndex,
    written: Mapping[tuple[str, str], object],
    namespace: str,
    pod: Pod,
    joined: Mapping[str, tuple[Raw, ...]],
) -> tuple[Unseen, ...]:
    """Each kind and name once, at the first place that names it, with what is not known for want of it.

    ``written``: (namespace, name) of the Secrets that objects of the snapshot write (``secret_writers``).
    """
    found: dict[tuple[str, str, str], Unseen] = {}
    is_live = bool(index.by_kind.get("Node"))
    named = chain(
        _by_pod(pod, namespace),
        _by_claims(pod, namespace),
        *(by(joined) for by in (_by_entrances, _by_gateways, _by_policies, _by_scalers)),
    )
    for one in named:
        where = "default" if one.kind in _OF_CLUSTER else one.namespace
        told = (is_live and one.kind in _NOT_LISTED) or (
            one.kind == "Secret" and bool({(one.namespace, one.name), ("", one.name)} & written.keys())
        )
        if one.name and not told and not _is_there(index, one.kind, where, one.name):
            found.setdefault((one.kind, one.namespace, one.name), one)
    return tuple(found.values())


def _is_there(index: ObjectIndex, kind: str, namespace: str, name: str) -> bool:
    """In its namespace, or without any: a kustomization or ``kubectl -n`` says which one it is put into then."""
    if index.get(kind, namespace, name) is not None:
        return True
    unplaced = index.get(kind, DEFAULT_NAMESPACE, name)
    return unplaced is not None and names_no_namespace(unplaced)


def _by_pod(pod: Pod, namespace: str) -> Iterator[Unseen]:
    if pod.service_account_name not in (None, "default"):
        at = f"{pod.path}.serviceAccountName"
        yield Unseen(
            "ServiceAccount", namespace, str(pod.service_account_name), "pod", at, "which Google identity it has"
        )
    for reference in secret_references(pod):
        of_files = reference.place in ("volume", "projected")
        # Variables of a ConfigMap, and all keys of a Secret as variables, have rules of their own.
        told = reference.place == "envFrom" or (reference.kind == "ConfigMap" and not of_files)
        named = reference.kind in ("Secret", "ConfigMap") and reference.place != _LOGINS and not reference.optional
        if named and not told:
            lacks = "which files it has" if of_files else "whether it has the key"
            yield Unseen(reference.kind, namespace, reference.name, "pod", reference.at, lacks)
    placement = pod.placement
    priority = placement.priority_class or ""
    if not priority.startswith("system-"):
        yield Unseen("PriorityClass", "", priority, "pod", f"{pod.path}.priorityClassName", "what its pods displace")
    runtime = placement.runtime_class or ""
    if runtime != _GVISOR:
        yield Unseen("RuntimeClass", "", runtime, "pod", f"{pod.path}.runtimeClassName", "by which runtime it runs")
    chosen = placement.node_selector.get(COMPUTE_CLASS, "")
    if chosen not in _BUILT_IN_COMPUTE_CLASSES:
        at = f"{pod.path}.nodeSelector['{COMPUTE_CLASS}']"
        yield Unseen("ComputeClass", "", chosen, "pod", at, "which machines it takes")


def _by_claims(pod: Pod, namespace: str) -> Iterator[Unseen]:
    for volume in pod.volumes:
        provider = text(mapping(volume.source, "volumeAttributes"), "secretProviderClass") or ""
        if volume.kind == "csi":
            yield Unseen("SecretProviderClass", namespace, provider, "pod", volume.path, "which secrets it brings")
        elif volume.claim is not None:
            annotations = strings(mapping(volume.claim, "metadata").get("annotations"))
            chosen = text(mapping(volume.claim, "spec"), "storageClassName") or annotations.get(CLAIM_CLASS) or ""
            if chosen not in BUILT_IN_STORAGE_CLASSES:
                yield Unseen("StorageClass", "", chosen, "claim", volume.path, "which kind of storage it gives")


def _by_entrances(joined: Mapping[str, tuple[Raw, ...]]) -> Iterator[Unseen]:
    for raw in joined.get("Ingress", ()):
        by, spec, namespace = f"Ingress/{name_of(raw)}", mapping(raw, "spec"), namespace_of(raw)
        annotations = strings(mapping(raw, "metadata").get("annotations"))
        for i, tls in objects(spec, "tls"):
            secret, at = text(tls, "secretName") or "", f"{by} $.spec.tls[{i}].secretName"
            yield Unseen("Secret", namespace, secret, by, at, "which certificate it holds")
        for key, kind in _ISSUERS.items():
            at = f"{by} $.metadata.annotations['{key}']"
            yield Unseen(kind, namespace, annotations.get(key, ""), by, at, "who signs the certificate")
        chosen = text(spec, "ingressClassName") or ""
        known = chosen in GKE_INGRESS_CLASSES or INGRESS_CLASS in annotations or families_of_class(chosen)
        if not known:
            yield Unseen("IngressClass", "", chosen, by, f"{by} $.spec.ingressClassName", "which controller serves it")


def _by_gateways(joined: Mapping[str, tuple[Raw, ...]]) -> Iterator[Unseen]:
    for raw in joined.get("Gateway", ()):
        by, spec, namespace = f"Gateway/{name_of(raw)}", mapping(raw, "spec"), namespace_of(raw)
        chosen = text(spec, "gatewayClassName") or ""
        if gke_gateway_reach(chosen) is None and not families_of_class(chosen):
            at = f"{by} $.spec.gatewayClassName"
            yield Unseen("GatewayClass", "", chosen, by, at, "which controller serves it")
        for i, listener in objects(spec, "listeners"):
            options = strings(mapping(listener, "tls").get("options"))
            for name in filter(None, map(str.strip, options.get(GATEWAY_CERT_MANAGER_CERTS, "").split(","))):
                at = f"{by} $.spec.listeners[{i}].tls.options['{GATEWAY_CERT_MANAGER_CERTS}']"
                yield Unseen("Certificate Manager certificate", "", name, by, at, "which names it holds")
            for j, one in objects(mapping(listener, "tls"), "certificateRefs"):
                at, where = f"{by} $.spec.listeners[{i}].tls.certificateRefs[{j}]", text(one, "namespace") or namespace
                kind = text(one, "kind") or "Secret"
                yield Unseen(kind, where, text(one, "name") or "", by, at, "which certificate it holds")


def _by_policies(joined: Mapping[str, tuple[Raw, ...]]) -> Iterator[Unseen]:
    for raw in joined.get("BackendConfig", ()):
        by, login = f"BackendConfig/{name_of(raw)}", mapping(raw, "spec", "iap", "oauthclientCredentials")
        at = f"{by} $.spec.iap.oauthclientCredentials.secretName"
        yield Unseen("Secret", namespace_of(raw), text(login, "secretName") or "", by, at, "which OAuth client IAP has")
    for raw in joined.get("IngressRoute", ()):
        by, namespace = f"IngressRoute/{name_of(raw)}", namespace_of(raw)
        for i, route in objects(mapping(raw, "spec"), "routes"):
            for j, one in objects(route, "middlewares"):
                at, where = f"{by} $.spec.routes[{i}].middlewares[{j}]", text(one, "namespace") or namespace
                yield Unseen("Middleware", where, text(one, "name") or "", by, at, "what it does with requests")


def _by_scalers(joined: Mapping[str, tuple[Raw, ...]]) -> Iterator[Unseen]:
    for raw in joined.get("ScaledObject", ()):
        by = f"ScaledObject/{name_of(raw)}"
        for i, trigger in objects(mapping(raw, "spec"), "triggers"):
            login = mapping(trigger, "authenticationRef")
            kind, at = text(login, "kind") or "TriggerAuthentication", f"{by} $.spec.triggers[{i}].authenticationRef"
            yield Unseen(kind, namespace_of(raw), text(login, "name") or "", by, at, "how it reads the queue")


def unseen_ends(index: ObjectIndex) -> Iterator[OtherObject]:
    """Scalers and Ingresses whose end is not here: a workload may be missing."""
    for kind, field in (("HorizontalPodAutoscaler", "scaleTargetRef"), ("ScaledObject", "scaleTargetRef"),
                        ("VerticalPodAutoscaler", "targetRef")):  # fmt: skip
        for raw in index.by_kind.get(kind, ()):
            end = mapping(raw, "spec", field)
            of_kind, name = text(end, "kind") or "Deployment", text(end, "name") or ""
            if name and index.get(of_kind, namespace_of(raw), name) is None:
                yield _without_end(raw, kind, f"scales {of_kind} {name}")
    for raw in index.by_kind.get("Ingress", ()):
        namespace = namespace_of(raw)
        names = sorted({n for n in _backends(mapping(raw, "spec")) if index.get("Service", namespace, n) is None})
        if names:
            yield _without_end(raw, "Ingress", f"leads to Service {', '.join(names)}")


def _without_end(raw: Raw, kind: str, does: str) -> OtherObject:
    said = f"it {does}, which is not in the snapshot"
    return OtherObject(f"{namespace_of(raw)}/{kind}/{name_of(raw)}", kind, said, "collect that too, if it runs")


def _backends(spec: Raw) -> Iterator[str]:
    """The Services that an Ingress leads to, of networking.k8s.io/v1 or as it was before."""
    ends = [mapping(spec, "defaultBackend"), mapping(spec, "backend")]
    ends += [mapping(p, "backend") for _, r in objects(spec, "rules") for _, p in objects(mapping(r, "http"), "paths")]
    for end in ends:
        name = text(mapping(end, "service"), "name") or text(end, "serviceName")
        if name:
            yield name
