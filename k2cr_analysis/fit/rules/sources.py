"""What the snapshot's sources did not give."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.addresses.names import role_of_name, words_of_name
from k2cr_analysis.model.pod.environment import variables_of
from k2cr_analysis.model.workload import EnvVar

_RBAC = "https://docs.cloud.google.com/kubernetes-engine/docs/how-to/role-based-access-control"
_SHOWN = 6


@rule(id="kind-not-read", severity="change", reads=(), docs=_RBAC)
def kind_not_read(candidate: Candidate) -> Iterator[Found]:
    """The cluster was asked for kinds of objects and did not give them.

    Why: What a verdict rests on may be among them: a Service, an Ingress, a policy or a ConfigMap that nobody saw is
    not one that is not there.
    Remedy: Give the reader the ClusterRole of `data/rbac.yaml` (or `roles/container.viewer`), and run the same
    `k2cr collect` again: what it has is kept, and the kinds that were refused are asked for again.
    Example: services: not readable: services is forbidden: User "reader" cannot list resource "services"
    """
    unread = sorted(candidate.index.unread)
    if unread:
        yield Found("$", f"the cluster did not give: {first_of(unread, _SHOWN)}")


@rule(
    id="address-in-secret",
    severity="note",
    reads=("Container.env[].valueFrom.secretKeyRef", "Container.envFrom[].secretRef"),
    docs="https://docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc",
)
def address_in_secret(candidate: Candidate) -> Iterator[Found]:
    """Addresses that the workload calls come from Secrets, or were taken out as secrets.

    Why: Whom it calls cannot be seen. A Service of the cluster has no name outside it, and a private address needs the
    VPC network; both would fail after the move without a word before.
    Remedy: Nothing to decide before the files are made. Look at the values before the cut-over: where one names a
    Service of the cluster, give that an internal load balancer and a name, and the secret the new address; where one
    is private, set `[project] network` and `subnet`.
    Example: env: [{name: DATABASE_URL, valueFrom: {secretKeyRef: {name: db, key: url}}}]
    """
    own, hidden = set(words_of_name(candidate.workload.name)), dict[str, EnvVar]()
    edges = (*candidate.dependencies, *candidate.own_addresses)
    seen = {(a.place.container, a.place.name) for edge in edges for a in edge.addresses}
    for container in candidate.moving:
        for variable in variables_of(candidate.workload, container):
            hides = variable.source in ("secret", "redacted") and _names_address(variable)
            hides = hides and (container.name, variable.name) not in seen and not _is_no_host(variable)
            if hides and not own <= set(words_of_name(variable.name)):  # ACCOUNTS_DB_URI of accounts-db is its own
                hidden.setdefault(variable.name, variable)
    if hidden:
        first = next(iter(hidden.values()))
        names = first_of(list(hidden), _SHOWN)
        yield Found(
            first.path,
            f"whom it calls by {names} is not known: the value is a secret; is it in the cluster, or behind a private "
            "address?",
        )


def _names_address(variable: EnvVar) -> bool:
    """By the variable's name, or by the Secret's key where the variable's says nothing: CONN of key postgres-dsn."""
    says_else = _NO_ADDRESS & set(words_of_name(variable.name))
    return "called" in (role_of_name(variable.name), "other" if says_else else role_of_name(variable.ref_key or ""))


_NO_ADDRESS = frozenset({"password", "pass", "pwd", "token", "secret", "key", "user", "username", "name", "port"})


def _is_no_host(variable: EnvVar) -> bool:
    """Whether an "address" was taken out whole, by its form: of a wallet or a contract, since no host has that form."""
    return variable.source == "redacted" and words_of_name(variable.name)[-1] in ("address", "addresses", "addr")


@rule(
    id="secret-in-manifest",
    severity="note",
    reads=("Container.env[].value", "ConfigMap.data"),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/secrets",
)
def secret_in_manifest(candidate: Candidate) -> Iterator[Found]:
    """Passwords or keys stand in plain text in the manifest, or in a ConfigMap.

    Why: The snapshot does not hold them, so no file can carry them over. They become secrets of Secret Manager, whose
    values somebody must enter; whoever may read the manifests knows the old ones.
    Remedy: Nothing to decide before the files are made: `prepare.sh` makes the secrets and asks for each value. Change
    the passwords at the same time.
    Example: env: [{name: DB_PASSWORD, value: correct-horse}]
    """
    found: dict[str, EnvVar] = {}
    for container in candidate.moving:
        for variable in variables_of(candidate.workload, container):
            if variable.source == "redacted":
                found.setdefault(variable.name, variable)
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        yield Found(
            next(iter(found.values())).path,
            f"{', '.join(list(found)[:_SHOWN])}{more} looked like a secret in plain text and was not stored; "
            "prepare.sh makes a secret of each and asks for its value",
        )


@rule(
    id="named-and-not-seen",
    severity="note",
    reads=(
        "PodSpec.serviceAccountName",
        "PodSpec.volumes[].secret",
        "PodSpec.volumes[].configMap",
        "PodSpec.volumes[].csi",
    ),
    docs=_RBAC,
)
def named_and_not_seen(candidate: Candidate) -> Iterator[Found]:
    """Objects that the workload names are not in the snapshot.

    Why: What nobody saw is unknown, not absent: which Google identity a ServiceAccount has, which keys a Secret has,
    which certificate an Ingress shows, what a class means.
    Remedy: Nothing to decide before the files are made: Secrets are copied by `prepare.sh` where they are. Collect the
    rest too, so that the files say it.
    Example: serviceAccountName: web, and no ServiceAccount web
    """
    missing = candidate.workload.missing
    if missing:
        listed = "; ".join(f"{one.kind} {one.name} ({one.lacks})" for one in missing)
        yield Found(missing[0].path, f"named, and not in the snapshot: {listed}")
