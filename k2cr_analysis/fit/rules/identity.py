"""Identity and the use of the Kubernetes API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.cluster_index import Grant, mounts_token
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping, texts
from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.images import parse_image

_IDENTITY = "https://docs.cloud.google.com/run/docs/securing/service-identity"
# Roles that Kubernetes gives to everybody who is signed in.
_DEFAULT_ROLES = frozenset(
    {"system:basic-user", "system:discovery", "system:public-info-viewer", "system:service-account-issuer-discovery"}
)
_KUBECTL_IMAGES = frozenset(
    {
        "helm",
        "k8s-helm",
        "helmfile",
        "kubectl",
        "hyperkube",
        "helm-kubectl",
        "kubectl-helm",
        "k8s-kubectl",
        "alpine-k8s",
        "k8s",
        "kubernetes-kubectl",
    }
)

_HELM_IMAGES = frozenset({"helm", "k8s-helm", "helm-kubectl", "kubectl-helm", "helmfile"})
_PROGRAMS = r"(kubectl|helm|helmfile|istioctl|oc|flux|velero|tkn)"
_CLIENT = re.compile(rf"(?:[\w./-]*/)?{_PROGRAMS}")
_CLIENT_IN_SHELL = re.compile(rf"(?:^|[\s;&|($`'\"])(?:/[\w./-]*/)?{_PROGRAMS.replace('|oc|flux', '')}[ \t]+[-\w]")
_LIBRARY = re.compile(
    r"load_incluster_config|from kubernetes import|@kubernetes/client-node|io\.fabric8\.kubernetes"
    r"|^--?in-?cluster(?:-config)?(?:=true)?$|https://kubernetes\.default"
)
# Variables that turn on a library's use of the API: Spring Cloud Kubernetes, Hazelcast's and Akka's discovery.
_ASKS_BY_VARIABLE = re.compile(
    r"SPRING_CLOUD_KUBERNETES_(?:(?:CONFIG|DISCOVERY|SECRETS|RELOAD|LEADER|LOADBALANCER)_)?ENABLED"
    r"|HZ_NETWORK_JOIN_KUBERNETES_ENABLED|HAZELCAST_KUBERNETES_ENABLED"
)
_HELM_ONLINE = frozenset(
    {"upgrade", "install", "uninstall", "delete", "rollback", "status", "list", "ls", "get", "test", "history"}
)
_HELM_OFFLINE = frozenset(
    {"template", "lint", "package", "show", "pull", "push", "repo", "version", "dependency", "search", "create", "help"}
)

# Flags of client-go's leader election, which takes a lock in the Kubernetes API.
_LEADER_ELECTION = re.compile(r"--?(?:enable-)?leader-elect(?:ion)?(?:=true)?")


def _client(container: Container) -> Iterator[Found]:
    """kubectl, helm and the like, by image or command, and client libraries that a command names."""
    for field, words in (("command", container.command), ("args", container.args)):
        for i, word in enumerate(words):
            found = _CLIENT_IN_SHELL.search(word) or (_CLIENT.fullmatch(word.strip()) if i == 0 else None)
            program = found.group(1) if found else None
            if program == "helm" and not _helm_talks(words if i == 0 else word.split()):
                continue
            at = f"{container.path}.{field}[{i}]"
            if program:
                yield Found(at, f"container {container.name} runs {program}; Cloud Run has no Kubernetes API")
                return
            if library := _LIBRARY.search(word):
                yield Found(
                    at,
                    f"container {container.name} uses the Kubernetes API ({library.group()}); Cloud Run has none",
                )
                return
    for variable in container.env:
        value = (variable.value or "").strip()
        if _LIBRARY.search(value) or (_ASKS_BY_VARIABLE.fullmatch(variable.name) and value.lower() in ("true", "1")):
            said = f"{variable.name}={value[:60]}"
            yield Found(
                variable.path, f"container {container.name} uses the Kubernetes API ({said}); Cloud Run has none"
            )
            return
    name = parse_image(container.image or "").name
    written = (*container.command, *container.args)
    if name in _KUBECTL_IMAGES and not container.command:
        program = "helm" if name in _HELM_IMAGES else "kubectl"
        if program == "kubectl" or _helm_talks(("helm", *written)):
            yield Found(
                f"{container.path}.image", f"container {container.name} runs {program}; Cloud Run has no Kubernetes API"
            )


def _helm_talks(words: Sequence[str]) -> bool:
    """Whether a call of helm reaches a cluster: `helm template` and the like work on files and registries alone."""
    asked = next((w for w in words if w in _HELM_OFFLINE or w in _HELM_ONLINE), None)
    return asked not in _HELM_OFFLINE


def _uses_api(grant: Grant) -> bool:
    """Whether a role lets a pod do anything with the API. ``use`` of a policy is for admission, not for the pod."""
    if grant.role_name in _DEFAULT_ROLES:
        return False
    return grant.rules is None or any(set(texts(r, "verbs")) - {"use"} for r in grant.rules)


def _what(grant: Grant) -> str:
    if grant.rules is None:
        return "whose rules are not in the snapshot"
    found: list[str] = []
    for r in grant.rules:
        found += [*texts(r, "resources"), *texts(r, "nonResourceURLs")]
    named = list(dict.fromkeys(found))
    return f"on {', '.join(named[:4])}{', ...' if len(named) > 4 else ''}"


@rule(
    id="kubernetes-api-used",
    severity="blocker",
    reads=(
        "PodSpec.serviceAccountName",
        "PodSpec.serviceAccount",
        "RoleBinding",
        "ClusterRoleBinding",
        "Role",
        "ClusterRole",
        "PodSpec.automountServiceAccountToken",
    ),
    docs=_IDENTITY,
)
def kubernetes_api_used(candidate: Candidate) -> Iterator[Found]:
    """The application uses the Kubernetes API.

    Why: On Cloud Run there is no API server beside the application, no mounted token and no Role. Leader election,
    discovery and watching by it cannot work.
    Remedy: Take the Role away, if it is a leftover. For leader election use a lock in a database; to manage a GKE
    cluster from outside, call its endpoint with IAM; otherwise it stays on GKE.
    Example: RoleBinding of Role pod-reader to the pod's `serviceAccountName`
    """
    if not mounts_token(candidate.workload):
        return
    for grant in candidate.index.grants(candidate.workload):
        if not grant.shared and _uses_api(grant):
            yield Found(
                grant.at,
                f"ServiceAccount {candidate.pod.service_account_name or 'default'} has {grant.role} by "
                f"{grant.binding} {_what(grant)}; Cloud Run has no Kubernetes API",
            )
    for container in candidate.moving:
        yield from _client(container)
    for container in candidate.moving:
        for field, words in (("command", container.command), ("args", container.args)):
            for i, word in enumerate(words):
                if _LEADER_ELECTION.fullmatch(word):
                    at = f"{container.path}.{field}[{i}]"
                    yield Found(
                        at, f"container {container.name} elects a leader by the Kubernetes API; Cloud Run has none"
                    )
    for edge in candidate.dependencies:
        if edge.kind == "kubernetes-api":
            yield Found(edge.path, f"{edge.evidence} names the API server; Cloud Run has no Kubernetes API")


@rule(id="default-account-has-role", severity="change", reads=("RoleBinding", "ClusterRoleBinding"), docs=_IDENTITY)
def default_account_has_role(candidate: Candidate) -> Iterator[Found]:
    """The pod has rights on the Kubernetes API that others have too: as the default account, or by a group.

    Why: Every pod of the namespace that names no account (or every account of the group) has this Role, so the manifest
    cannot show whether this one uses the Kubernetes API. If it does, it cannot move.
    Remedy: Say so: give the pods that use the API a `serviceAccountName` of their own, and bind the Role to that; or
    `automountServiceAccountToken: false` here, where it does not.
    Example: RoleBinding of a Role to ServiceAccount default, or to Group system:serviceaccounts:shop
    """
    for grant in candidate.index.grants(candidate.workload):
        if grant.shared and _uses_api(grant):
            account = candidate.pod.service_account_name or "default"
            yield Found(
                grant.at,
                f"ServiceAccount {account} has {grant.role} {_what(grant)}, as others have: does this workload use the "
                "Kubernetes API? Cloud Run has none",
            )


@rule(
    id="foreign-identity",
    severity="change",
    reads=(
        "ServiceAccount.metadata.annotations",
        "PodTemplateSpec.metadata.annotations",
        "PodTemplateSpec.metadata.labels",
        "Container.env[].name",
    ),
    docs=_IDENTITY,
)
def foreign_identity(candidate: Candidate) -> Iterator[Found]:
    """The pod has an identity of another cloud.

    Why: A Cloud Run service runs as a Google service account. Roles of AWS or Azure are not given to it.
    Remedy: Set up workload identity federation in the other cloud for the Google service account, or give the
    application keys from Secret Manager.
    Example: annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/app"}
    """
    for account in candidate.workload.related.get("ServiceAccount", ()):
        for key in mapping(account, "metadata", "annotations"):
            if key.startswith(("eks.amazonaws.com/", "azure.workload.identity/")):
                name = mapping(account, "metadata").get("name")
                yield Found(
                    f"ServiceAccount/{name} $.metadata.annotations['{key}']",
                    f"ServiceAccount {name} has an identity of another cloud ({key}); Cloud Run runs as a Google "
                    "service account",
                )
                return
    for field, values in (("annotations", candidate.pod.annotations), ("labels", candidate.pod.labels)):
        for key in values:
            if key in _IDENTITY_OF_PODS:
                yield Found(
                    bracketed(f"{candidate.metadata_path()}.{field}", key),
                    f"the pod has an identity of another cloud ({key}); Cloud Run runs as a Google service account",
                )
                return
    for container, variable in candidate.environment():
        if _IDENTITY_VARIABLE.fullmatch(variable.name) and variable.value:
            yield Found(
                variable.path,
                f"container {container.name} signs in to another cloud by a token of the cluster ({variable.name}); "
                "Cloud Run has none",
            )
            return


# kube2iam's and kiam's annotation, and the label that Azure's webhook looks for.
_IDENTITY_OF_PODS = ("iam.amazonaws.com/role", "azure.workload.identity/use")
_IDENTITY_VARIABLE = re.compile(r"AWS_ROLE_ARN|AWS_WEB_IDENTITY_TOKEN_FILE|AZURE_FEDERATED_TOKEN_FILE")
