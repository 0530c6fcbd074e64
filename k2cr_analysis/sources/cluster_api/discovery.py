"""Which version of each kind a cluster serves; the newest one is read.

Sources: "The Kubernetes API", discovery (``/api``, ``/apis``); "CustomResourceDefinition versioning", version priority.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from k2cr_analysis.snapshot.provenance import Unread
from k2cr_analysis.sources.cluster_api.connection import ApiServer, Refused, StaysBusy
from k2cr_analysis.sources.cluster_api.listed_kinds import CORE, Resource

_VERSION: Final = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STABILITY: Final = {"alpha": 0, "beta": 1, None: 2}
# Where a cluster does not let itself be asked for its versions: those that clusters of today serve.
_USUAL: Final = {"autoscaling": "v2", "keda.sh": "v1alpha1", "http.keda.sh": "v1alpha1"}


@dataclass(frozen=True, slots=True)
class Served:
    """One kind as the cluster serves it: ``path`` lists it in all namespaces.

    ``is_assumed``: the cluster did not say that it serves this kind; ``kind`` is then empty.
    """

    resource: Resource
    api_version: str
    kind: str
    is_assumed: bool = False

    @property
    def path(self) -> str:
        return f"{_root(self.api_version)}/{self.resource.plural}"


def served(server: ApiServer, wanted: Iterable[Resource]) -> tuple[list[Served], list[Unread]]:
    """The wanted kinds that the cluster has, in the given order, and what could not be asked.

    An aggregated API whose server is down answers 503 to its own discovery: that is a gap, not the end. Where discovery
    is refused, the kinds are taken to be there: listing them will tell.
    """
    versions = _group_versions(server)
    lists: dict[str, dict[str, str] | _Untold] = {}
    found, gaps = [], []
    for resource in wanted:
        known = versions.get(resource.group, []) if versions is not None else [_usual(resource.group)]
        for api_version in known:
            if api_version not in lists:
                lists[api_version] = _kinds(server, api_version) if versions is not None else _Untold.REFUSED
            kinds = lists[api_version]
            if kinds is _Untold.BUSY:
                gaps.append(Unread(str(resource), f"the cluster does not say what {api_version} holds"))
                break
            if kinds is _Untold.REFUSED:
                found.append(Served(resource, api_version, "", is_assumed=True))
                break
            if resource.plural in kinds:
                found.append(Served(resource, api_version, kinds[resource.plural]))
                break
    return found, gaps


def _group_versions(server: ApiServer) -> dict[str, list[str]] | None:
    """Group -> its served apiVersions, the newest first; None where the cluster does not tell."""
    try:
        groups = server.get("/apis")
    except Refused:
        return None
    found = {CORE: _core_versions(server)}
    for group in groups.get("groups") or ():
        versions = group.get("versions") or [group.get("preferredVersion") or {}]
        found[group["name"]] = [version["groupVersion"] for version in versions if version.get("groupVersion")]
    return {group: sorted(versions, key=_newness, reverse=True) for group, versions in found.items()}


def _core_versions(server: ApiServer) -> list[str]:
    try:
        return [str(version) for version in server.get("/api").get("versions") or ()] or ["v1"]
    except Refused:
        return ["v1"]


class _Untold(Enum):
    """Why a group does not say what it holds."""

    BUSY = "busy"
    REFUSED = "refused"


def _kinds(server: ApiServer, api_version: str) -> dict[str, str] | _Untold:
    """Plural -> kind, of what can be listed."""
    try:
        listed = server.get(_root(api_version))
    except Refused:
        return _Untold.REFUSED
    except StaysBusy:
        return _Untold.BUSY
    # A server that names no verbs is taken at its word that the kind is there.
    return {
        entry["name"]: entry["kind"]
        for entry in listed.get("resources") or ()
        if "/" not in entry["name"] and "list" in (entry.get("verbs") or ("list",))
    }


def _usual(group: str) -> str:
    version = _USUAL.get(group, "v1")
    return f"{group}/{version}" if group else version


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _newness(api_version: str) -> tuple[Any, ...]:
    """Stable before beta before alpha, then by number; what is no version of this form comes last."""
    version = api_version.rpartition("/")[2]
    match = _VERSION.fullmatch(version)
    if match is None:
        return (-1, 0, 0, version)
    return (_STABILITY[match[2]], int(match[1]), int(match[3] or 0), version)
