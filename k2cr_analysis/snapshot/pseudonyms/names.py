"""Which names a snapshot holds that are somebody's own, and what each of them names first.

Not among them: what belongs to Kubernetes, to Google and to images that anybody may pull. Whatever is found by such a
name (a database by its image, a controller by its namespace) is found under the aliases too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from k2cr_analysis.platforms.gke.cluster import system_namespace
from k2cr_analysis.platforms.images import DOCKER_OFFICIAL, is_google, is_of_others, parse_image
from k2cr_analysis.snapshot.provenance import Provenance

# Domains of label and annotation keys that are the platform's.
_DOMAINS_TEXT: Final = """
    kubernetes.io k8s.io google.com gke.io googleapis.com knative.dev istio.io linkerd.io dapr.io helm.sh
    cert-manager.io datadoghq.com prometheus.io nginx.org traefik.io argoproj.io fluxcd.io
    """
PLATFORM_DOMAINS: Final = tuple(_DOMAINS_TEXT.split())
# Words that a name may be and that mean something where they stand.
_WORDS_TEXT: Final = """
    default none true false yes no on off http https http1 http2 h2c grpc grpc-web tcp udp web-socket ws tls ssl metrics
    health healthz healthcheck ready readyz live livez status admin api-server localhost latest stable main master head
    www com net org io svc cluster local internal example google googleapis gke gcr pkg docker
    helm kustomize kubectl tiller flux argocd terraform kube kubernetes k8s
    istio istio-proxy istio-init cloud-sql-proxy linkerd-proxy
    """
_WORDS: Final = frozenset(_WORDS_TEXT.split()) | DOCKER_OFFICIAL
# Label keys whose value names a thing of the team's, though the key is the platform's.
_NAMING_TEXT: Final = """
    app.kubernetes.io/name app.kubernetes.io/instance app.kubernetes.io/part-of app.kubernetes.io/component
    app.kubernetes.io/created-by cloud.google.com/gke-nodepool kubernetes.io/metadata.name kubernetes.io/hostname
    serving.knative.dev/service argocd.argoproj.io/instance
    """
_NAMING: Final = frozenset(_NAMING_TEXT.split())
_NOT_NAMING_TEXT: Final = """
    version tier track heritage env environment stage role chart pod-template-hash pod-template-generation
    controller-revision-hash controller-uid apps.kubernetes.io/pod-index
    """
_NOT_NAMING: Final = frozenset(_NOT_NAMING_TEXT.split())


def _by_word(text: str) -> dict[str, str]:
    """``role: field field`` a line, as field -> role."""
    lines = (line.split(":") for line in text.strip().splitlines())
    return {field: role.strip() for role, fields in lines for field in fields.split()}


# Fields whose text is a name.
_FIELDS: Final = _by_word(
    """
    namespace: namespace
    account: serviceAccountName serviceAccount
    secret: secretName
    volume: claimName volumeName
    config: configMapName
    cluster: clusterName
    node: nodeName
    bucket: bucketName
    name: subdomain generateName serviceName topic subscription
    """
)
# Lists of objects that have names.
_LISTS: Final = _by_word(
    """
    container: containers initContainers ephemeralContainers
    volume: volumes volumeClaimTemplates
    secret: imagePullSecrets secrets
    account: subjects
    name: parentRefs backendRefs
    """
)
# Objects that name another one.
_REFS: Final = _by_word(
    """
    secret: secretKeyRef secretRef
    config: configMapKeyRef configMapRef configMap
    volume: claimRef
    name: service scaleTargetRef targetRef roleRef backend issuerRef
    """
)
_ROLES: Final = _by_word(
    """
    namespace: Namespace
    node: Node
    secret: Secret
    config: ConfigMap
    account: ServiceAccount
    volume: PersistentVolume PersistentVolumeClaim
    workload: Deployment StatefulSet DaemonSet CronJob Job Pod
    """
)
# Objects whose names are the platform's, whoever made the cluster.
_PLATFORM_KINDS_TEXT: Final = """
    CustomResourceDefinition APIService StorageClass PriorityClass RuntimeClass IngressClass GatewayClass
    """
_PLATFORM_KINDS: Final = frozenset(_PLATFORM_KINDS_TEXT.split())
_HOSTS: Final = frozenset({"hosts", "hostnames", "domains", "dnsNames"})
_EMAIL: Final = re.compile(r"([A-Za-z0-9._%+-]+)@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_URL_HOST: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?([A-Za-z0-9.-]+)")
_PROJECT: Final = re.compile(r"projects/([a-z][a-z0-9-]{4,28}[a-z0-9])(?:/|$)")
# What stands behind the word for its kind in a resource's name, and an instance of Cloud SQL.
_RESOURCE: Final = re.compile(
    r"\b(?:topics|subscriptions|secrets|instances|buckets|datasets|tables|databases|queues|repositories|clusters|keyRings"
    r"|cryptoKeys|services|jobs|topic|subscription|bucket|queue)/([A-Za-z][A-Za-z0-9._-]*)"
)
_CONNECTION: Final = re.compile(r"\b([a-z][a-z0-9-]{4,28}[a-z0-9]):[a-z]+-[a-z]+\d+:([a-z][a-z0-9-]*)")
_OUR_SUFFIXES: Final = (
    ".googleapis.com",
    ".gserviceaccount.com",
    ".pkg.dev",
    ".gcr.io",
    ".google.com",
    ".svc",
    ".local",
)
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NOT_A_NAME: Final = re.compile(r"\d+(?:[.\-]\d+)*|v?\d+(?:\.\d+)*|[0-9a-f]{6,64}|.")

Found = tuple[str, str]  # what it names, name


def names_in(objects: Iterable[Mapping[str, Any]], provenance: Provenance) -> dict[str, str]:
    """Name -> what it names, the first time that it is met."""
    found: dict[str, str] = {}
    in_objects = (one for item in objects for one in _of_object(item))
    for role, name in (*_of_provenance(provenance), *in_objects):
        if is_a_name(name.strip()):
            found.setdefault(name.strip(), role)
    return {name: role for name, role in found.items() if not _is_composed(name, found)}


def _is_composed(name: str, names: Mapping[str, str]) -> bool:
    """``data-redis-0``, a claim of what a StatefulSet's template and name say: its parts have their aliases."""
    whole, _, number = name.rpartition("-")
    ends = [at for at, letter in enumerate(whole) if letter == "-"]
    return number.isdigit() and any(whole[:at] in names and whole[at + 1 :] in names for at in ends)


def is_a_name(text: str) -> bool:
    """Somebody's own word: no number, no hash, nothing that the platform means something by."""
    if text.lower() in _WORDS or not _NAME.fullmatch(text) or _NOT_A_NAME.fullmatch(text):
        return False
    return system_namespace(text) is None


def is_platform_key(key: str) -> bool:
    domain, slash, _ = key.partition("/")
    return bool(slash) and any(domain == ours or domain.endswith(f".{ours}") for ours in PLATFORM_DOMAINS)


def _of_provenance(provenance: Provenance) -> Iterator[Found]:
    for role, name in (("project", provenance.project), ("cluster", provenance.cluster)):
        if name:
            yield role, name


def _of_object(item: Mapping[str, Any]) -> Iterator[Found]:
    kind = str(item.get("kind") or "")
    given = item.get("metadata")
    metadata: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    if system_namespace(namespace) or (kind == "Namespace" and system_namespace(name)):
        return
    # What a controller made is called after it.
    if kind not in _PLATFORM_KINDS and not name.startswith("system:") and not metadata.get("ownerReferences"):
        yield _ROLES.get(kind, "name"), name
    yield from _below(item, "")


def _below(value: Any, field: str) -> Iterator[Found]:
    if isinstance(value, Mapping):
        if field in ("labels", "matchLabels", "nodeSelector", "selector", "annotations"):
            yield from _of_labels(value, field)
        if field in _REFS and isinstance(value.get("name"), str):
            yield _REFS[field], value["name"]
        for name, inside in value.items():
            if field not in ("labels", "annotations"):
                yield from _below(inside, str(name))
    elif isinstance(value, list):
        for one in value:
            if field in _LISTS and isinstance(one, Mapping) and isinstance(one.get("name"), str):
                yield _LISTS[field], one["name"]
            yield from _host(one) if field in _HOSTS and isinstance(one, str) else _below(one, field)
    elif isinstance(value, str):
        yield from _of_text(value, field)


def _of_text(value: str, field: str) -> Iterator[Found]:
    if field == "image":
        yield from _of_image(value)
        return
    if field in ("host", "hostname"):
        yield from _host(value)
    elif field in _FIELDS:
        yield _FIELDS[field], value.rstrip("-")
    yield from in_text(value)


def in_text(value: str) -> Iterator[Found]:
    """What a free text names beyond doubt: people, hosts of addresses, projects and their resources."""
    for person, domain in _EMAIL.findall(value):
        yield "account", person
        yield from _host(domain)
        if domain.endswith(".iam.gserviceaccount.com"):
            yield "project", domain.partition(".")[0]
    for host in _URL_HOST.findall(value):
        yield from _host(host)
    yield from (("project", project) for project in _PROJECT.findall(value))
    yield from (("name", name) for name in _RESOURCE.findall(value))
    for project, instance in _CONNECTION.findall(value):
        yield from (("project", project), ("name", instance))


def _of_labels(labels: Mapping[str, Any], field: str) -> Iterator[Found]:
    for key, value in labels.items():
        if not isinstance(value, str):
            continue
        ours = is_platform_key(key)
        if "/" in key and not ours:
            yield from _host(key.partition("/")[0])
        if field == "annotations":
            yield from in_text(value)
        elif key in _NAMING or (not ours and key not in _NOT_NAMING):
            yield ("team" if key in ("team", "owner", "squad") else "name"), value


def _host(host: str) -> Iterator[Found]:
    """The parts of a host that are somebody's: the ending (``.com``, ``.example``) is nobody's."""
    name = host.lower().removeprefix("*.").rstrip(".")
    if name.endswith(_OUR_SUFFIXES) or re.fullmatch(r"[\d.]+", name):
        return
    parts = name.split(".")
    for part in parts[:-1] if len(parts) > 1 else parts:
        yield "host", part


def _of_image(text: str) -> Iterator[Found]:
    """The parts of an image of one's own: project, repositories and name."""
    if is_of_others(text):
        return
    image = parse_image(text)
    if image.registry and not is_google(image.host):
        yield from _host(image.host.partition(":")[0])
    parts = image.repository.split("/")
    for at, part in enumerate(parts):
        yield ("project" if at == 0 and is_google(image.host) else "image"), part
