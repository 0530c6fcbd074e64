"""All objects of one kind, page by page, over every namespace.

A continue token lives for some minutes. When it has expired (410), the list is started once more, so that it is of one
moment; when that expires too, the token that the answer carries goes on from the same place in a newer state of the
cluster, and the list is said not to be of one moment. Source: "Kubernetes API concepts", retrieving large result sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from k2cr_analysis.sources.cluster_api.connection import ApiServer, Refused
from k2cr_analysis.sources.cluster_api.discovery import Served

PAGE_SIZE: Final = 500
_EXPIRED: Final = 410


@dataclass(slots=True)
class Listed:
    """The objects of one kind, each with apiVersion and kind; ``gap`` where they are not all, or not of one moment."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    gap: str = ""

    def add(self, page: Mapping[str, Any], kind: Served) -> None:
        """The items of a page; those of a typed list do not say what they are."""
        own = {
            "apiVersion": kind.api_version,
            "kind": kind.kind or str(page.get("kind") or "").removesuffix("List"),
        }
        self.objects += [own | item for item in page.get("items") or ()]


def list_objects(server: ApiServer, kind: Served, page_size: int = PAGE_SIZE) -> Listed:
    """List a kind. ``Refused`` where it may not be read (403) or is not there any more (404)."""
    listed = Listed()
    token = ""
    restarted = False
    while True:
        query: dict[str, str | int] = {"limit": page_size} | ({"continue": token} if token else {})
        try:
            page = server.get(kind.path, query)
        except Refused as refused:
            if refused.status != _EXPIRED or not token:
                raise
            newer = (refused.status_object.get("metadata") or {}).get("continue") or ""
            if restarted and newer:
                token = newer
                listed.gap = f"{kind.resource}: the list took longer than the cluster keeps it: not of one moment"
            elif restarted:
                listed.gap = f"{kind.resource}: the list took longer than the cluster keeps it: cut short"
                return listed
            else:
                listed, token, restarted = Listed(), "", True
            continue
        listed.add(page, kind)
        token = (page.get("metadata") or {}).get("continue") or ""
        if not token:
            return listed
