"""A fleet as a file says it: ``[[cluster]]`` for each cluster, ``[[project]]`` for all of a project's, ``[defaults]``.

::

    [defaults]
    billing_table = "billing-prod.export.gcp_billing_export_resource_v1_0123AB"
    metrics_project = "scoping-prod"

    [[cluster]]
    context = "gke_shop-prod_europe-west1_shop"

    [[cluster]]
    name = "tools"
    context = "tools"
    project = "tools-prod"
    cluster = "tools"
    location = "europe-west1-b"

    [[project]]
    project = "data-prod"
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from k2cr_analysis.errors import InputError, Location, RemoteError
from k2cr_analysis.named_file import named_text
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.sources.cluster_api.connection import contexts_of
from k2cr_analysis.sources.fleet.clusters import ClusterName, Found, context_of
from k2cr_analysis.sources.live import LiveCluster
from k2cr_analysis.sources.prometheus.access import Access, access_of

_SHARED: Final = (
    "project",
    "kubeconfig",
    "metrics_project",
    "billing_project",
    "quota_project",
    "impersonate_service_account",
    "billing_table",
    "prometheus",
)
_KEYS: Final = {
    "defaults": _SHARED,
    "cluster": ("name", "context", "cluster", "location", *_SHARED),
    "project": _SHARED,
}


@dataclass(frozen=True, slots=True)
class Member:
    """One cluster of a fleet. ``name``: the folder of its snapshot; ``trouble``: why it cannot even be asked."""

    name: str
    live: LiveCluster
    billing_table: str | None = None
    prometheus: Access | None = None
    trouble: RemoteError | None = None


ListClusters = Callable[[str, Sequence[str], Caller], Found]


def members_of(
    file: Path, list_clusters: ListClusters, defaults: Mapping[str, str | None]
) -> tuple[list[Member], list[str]]:
    """The members that a file names, and what is to be told. ``defaults``: the verb's own options, which give way.

    ``InputError`` for what is no such file, with its line or key.
    """
    document = _read(file)
    common = {**{k: v for k, v in defaults.items() if v}, **_table(file, "defaults", document.get("defaults", {}))}
    found: list[Member] = []
    said: list[str] = []
    for number, entry in enumerate(_list(file, "cluster", document), start=1):
        given = common | _table(file, "cluster", entry, number)
        if not given.get("context"):
            raise _refused(file, f"cluster {number} without context", 'context = "gke_PROJECT_LOCATION_CLUSTER"')
        found.append(_member(given, given["context"], given.get("name")))
    for number, entry in enumerate(_list(file, "project", document), start=1):
        given = common | _table(file, "project", entry, number)
        if not given.get("project"):
            raise _refused(file, f"project {number} without its id", 'project = "PROJECT"')
        more, told = members_of_project(given, list_clusters)
        found += more
        said += told
    if not found:
        raise _refused(file, "no cluster", "[[cluster]] with a context, or [[project]] with the id of a project")
    return _named_apart(found), said


def members_of_project(given: Mapping[str, str], list_clusters: ListClusters) -> tuple[list[Member], list[str]]:
    """A member for each cluster of a project."""
    contexts = contexts_of(given.get("kubeconfig"))
    found = list_clusters(given["project"], contexts, _caller(given))
    members = []
    for cluster in found.clusters:
        try:
            members.append(_member(given, context_of(cluster, contexts), None, cluster))
        except RemoteError as error:
            members.append(replace(_member(given, cluster.context, None, cluster), trouble=error))
    told = [found.said] if found.said else []
    return _named_apart(members), told


def _member(given: Mapping[str, str], context: str, name: str | None, cluster: ClusterName | None = None) -> Member:
    project = cluster.project if cluster else given.get("project")
    if cluster is None and LiveCluster.of_context(context, None, None, None, None, Caller()).project:
        project = None  # what a context says of itself is truer than what all have in common
    live = LiveCluster.of_context(
        context,
        given.get("kubeconfig"),
        project,
        cluster.name if cluster else given.get("cluster"),
        cluster.location if cluster else given.get("location"),
        _caller(given),
    )
    live = replace(live, metrics_project=given.get("metrics_project"), billing_project=given.get("billing_project"))
    url = given.get("prometheus")
    return Member(
        _folder(name or live.cluster or context),
        live,
        given.get("billing_table"),
        access_of(url, caller=live.caller) if url else None,
    )


def _caller(given: Mapping[str, str]) -> Caller:
    return Caller(given.get("impersonate_service_account"), given.get("quota_project"))


def _folder(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "cluster"


def _named_apart(members: Sequence[Member]) -> list[Member]:
    """Two of one name get their place, and their project where that is not enough."""
    for part in ("location", "project"):
        count = Counter(member.name for member in members)
        members = [
            replace(m, name=_folder(f"{m.name}-{getattr(m.live, part)}"))
            if count[m.name] > 1 and getattr(m.live, part)
            else m
            for m in members
        ]
    count = Counter()
    apart = []
    for member in members:
        count[member.name] += 1
        apart.append(member if count[member.name] == 1 else replace(member, name=f"{member.name}-{count[member.name]}"))
    return apart


def _read(file: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(named_text(file))
    except OSError as error:
        raise _refused(file, error.strerror or str(error), "a TOML file that lists clusters") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _refused(file, str(error), "TOML, https://toml.io") from None
    unknown = sorted(document.keys() - _KEYS.keys())
    if unknown:
        raise _refused(file, f"the table {unknown[0]!r}", "[defaults], [[cluster]] and [[project]]")
    return document


def _list(file: Path, name: str, document: Mapping[str, Any]) -> list[Any]:
    entries = document.get(name, [])
    if not isinstance(entries, list):
        raise _refused(file, f"[{name}]", f"[[{name}]], with two brackets: there may be several")
    return entries


def _table(file: Path, name: str, entry: Any, number: int = 0) -> dict[str, str]:
    what = f"{name} {number}" if number else name
    if not isinstance(entry, dict):
        raise _refused(file, f"{what} that is {type(entry).__name__}", "a table")
    for key, value in entry.items():
        if key not in _KEYS[name]:
            raise _refused(file, f"the key {key!r} of {what}", ", ".join(_KEYS[name]))
        if not isinstance(value, str) or not value:
            raise _refused(file, f"{key} = {value!r} of {what}", "a text in quotes")
    return dict(entry)


def _refused(file: Path, found: str, expected: str) -> InputError:
    return InputError(
        ref="not-a-fleet",
        where=Location(str(file)),
        found=found,
        expected=expected,
        do="see docs/collect.md, Several clusters",
    )
