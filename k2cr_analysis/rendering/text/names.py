"""Names on Google Cloud: services, folders, secrets, service accounts, labels. All deterministic, all legal."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.cloud_run.limits import MAX_SERVICE_NAME

SERVICE_ACCOUNT_LIMIT = 30  # IAM, "Create service accounts": 6 to 30 characters
SECRET_NAME_LIMIT = 255  # Secret Manager: letters, digits, hyphens, underscores
ALIAS_LIMIT, ALIASES_A_SECRET = 63, 50  # Secret Manager, "Assign an alias to a secret version"
CONTAINER_NAME_LIMIT = 63  # an RFC 1123 label, as in Kubernetes
HASH_LENGTH = 6

_CONTAINER_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")


def short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def dns_label(text: str) -> str:
    """Lower case, digits and hyphens, beginning with a letter and not ending in a hyphen."""
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"
    return label if label[0].isalpha() else f"x-{label}"


def cut(label: str, limit: int, identity: str) -> str:
    """``label`` within ``limit``; where it is cut it ends in a hash of ``identity``, so that two never meet."""
    if len(label) <= limit:
        return label
    return f"{label[: limit - HASH_LENGTH - 1].rstrip('-')}-{short_hash(identity)}"


def service_names(workloads: Iterable[Workload], template: str | None = None) -> Mapping[str, str]:
    """Workload id -> Cloud Run name, for all workloads that could meet in one region.

    The name; on a clash ``<namespace>-<name>``, then ``-<kind>``; cut to 49 characters with a hash of the id.
    ``template`` is ``[policy] naming``: ``{namespace}``, ``{kind}`` and ``{name}`` are filled in.
    """
    todo = sorted(workloads, key=lambda w: w.id)
    forms = ["{namespace}-{name}", "{namespace}-{name}-{kind}"]
    names = {w.id: _named(template or "{name}", w) for w in todo}
    for form in forms:
        crowded = {name for name, count in Counter(names.values()).items() if count > 1}
        names.update({w.id: _named(form, w) for w in todo if names[w.id] in crowded})
    crowded = {name for name, count in Counter(names.values()).items() if count > 1}
    return {i: cut(f"{n}-{short_hash(i)}" if n in crowded else n, MAX_SERVICE_NAME, i) for i, n in names.items()}


def _named(form: str, workload: Workload) -> str:
    fields = {"namespace": workload.namespace, "kind": workload.kind.lower(), "name": workload.name}
    plain = form.format_map(fields)
    legal = dns_label(plain)
    # A name that had to be mended could meet another one, so it carries a hash of what it was.
    mended = legal if legal == plain.lower() else f"{legal}-{short_hash(workload.id)}"
    return cut(mended, MAX_SERVICE_NAME, workload.id)


def container_names(names: Iterable[str]) -> Mapping[str, str]:
    """Name -> legal name of each container of one pod: its own, or a mended one with a hash, so that two never meet."""

    def legal(name: str) -> str:
        if _CONTAINER_NAME.fullmatch(name):
            return name
        return cut(f"{dns_label(name)}-{short_hash(name)}", CONTAINER_NAME_LIMIT, name)

    return {name: legal(name) for name in names}


def folder_name(workload: Workload) -> str:
    """``<namespace>--<kind>--<name>``, safe on any file system; a name that had to be mended carries a hash."""
    plain = f"{workload.namespace}--{workload.kind.lower()}--{workload.name}"
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", plain)
    if safe != plain or safe.startswith("."):
        safe = f"{safe.lstrip('.')}-{short_hash(workload.id)}"
    return cut(safe, 200, workload.id)


def secret_name(*parts: str) -> str:
    """One Secret Manager name for ``namespace, object, key``: joined by ``--``, other characters become ``-``.

    Where a part had to be mended, or itself holds ``--``, a hash of the parts keeps two keys apart.
    """
    mended = [re.sub(r"[^A-Za-z0-9_-]", "-", part) for part in parts]
    name = "--".join(mended)
    if mended != list(parts) or any("--" in part for part in parts):
        name += f"-{short_hash('/'.join(parts))}"
    return cut(name, SECRET_NAME_LIMIT, "/".join(parts))


def key_secret_name(kind: str, namespace: str, object_name: str, *key: str) -> str:
    """The secret for a key of a Secret, or of a ConfigMap: the two may have one name."""
    return secret_name(namespace, *(["configmap"] if kind == "ConfigMap" else []), object_name, *key)


def version_aliases(keys: Sequence[str]) -> tuple[str, ...]:
    """A name for the version of each key; their numbers, in their order, where a secret may not have so many."""
    if len(keys) > ALIASES_A_SECRET:
        return tuple(str(number) for number in range(1, len(keys) + 1))

    def alias(key: str) -> str:
        plain = re.sub(r"[^A-Za-z0-9_-]", "-", key)
        legal = plain if plain[:1].isalpha() and plain != "latest" else f"f-{plain}"
        return cut(legal, ALIAS_LIMIT, key)

    found = [alias(key) for key in keys]
    return tuple(a if found.count(a) == 1 else f"{a[:50]}-{short_hash(k)}" for a, k in zip(found, keys, strict=True))


def service_account_id(service: str) -> str:
    """The account id (before the @) of a service account made for one service."""
    name = cut(service, SERVICE_ACCOUNT_LIMIT, service)
    return name if len(name) >= 6 else f"{name}-service"


def is_label(key: str, value: str) -> bool:
    """Whether Google Cloud takes this as a resource label (so that it reaches the billing export)."""
    return bool(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value))
