"""Which version of each kind a cluster serves; the newest one is read.

Sources: "The Kubernetes API", discovery (``/api``, ``/apis``); "CustomResourceDefinition versioning", version priority.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from k2cr_analysis.sources.cluster_api.connection import ApiServer, Refused
from k2cr_analysis.sources.cluster_api.resources import CORE, Resource

_VERSION: Final = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STABILITY: Final = {"alpha": 0, "beta": 1, None: 2}


@dataclass(frozen=True, slots=True)
class Served:
    """One kind as the cluster serves it: ``path`` lists it in all namespaces."""

    resource: Resource
    api_version: str
    kind: str

    @property
    def path(self) -> str:
        return f"{_root(self.api_version)}/{self.resource.plural}"


def served(server: ApiServer, wanted: Iterable[Resource]) -> tuple[list[Served], list[str]]:
    """The wanted kinds that the cluster has, in the given order, and what could not be asked.

    An aggregated API whose server is down answers 503 to its own discovery: that is a gap, not the end.
    """
    versions = _group_versions(server)
    resources: dict[str, dict[str, str] | None] = {}
    found, gaps = [], []
    for resource in wanted:
        for api_version in versions.get(resource.group, ()):
            if api_version not in resources:
                resources[api_version] = _kinds(server, api_version)
            kinds = resources[api_version]
            if kinds is None:
                gaps.append(f"{resource}: the cluster does not say what {api_version} holds")
                break
            if resource.plural in kinds:
                found.append(Served(resource, api_version, kinds[resource.plural]))
                break
    return found, gaps


def _group_versions(server: ApiServer) -> dict[str, list[str]]:
    """Group -> its served apiVersions, the newest first."""
    core = server.get("/api")
    groups = server.get("/apis")
    found = {CORE: [str(version) for version in core.get("versions") or ()]}
    for group in groups.get("groups") or ():
        found[group["name"]] = [version["groupVersion"] for version in group.get("versions") or ()]
    return {group: sorted(versions, key=_newness, reverse=True) for group, versions in found.items()}


def _kinds(server: ApiServer, api_version: str) -> dict[str, str] | None:
    """Plural -> kind, of what can be listed; None where the group does not answer."""
    try:
        listed = server.get(_root(api_version))
    except Refused:
        return None
    return {
        entry["name"]: entry["kind"] for entry in listed.get("resources") or () if "list" in (entry.get("verbs") or ())
    }


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _newness(api_version: str) -> tuple[Any, ...]:
    """Stable before beta before alpha, then by number; what is no version of this form comes last."""
    version = api_version.rpartition("/")[2]
    match = _VERSION.fullmatch(version)
    if match is None:
        return (-1, 0, 0, version)
    return (_STABILITY[match[2]], int(match[1]), int(match[3] or 0), version)
