"""A cluster's objects, kind by kind; what may not be read is a gap, and the rest is read all the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from k2cr_analysis.errors import InputError, Location, RemoteError
from k2cr_analysis.openapi.validate import as_server_reads
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Notice, Redaction, Unread
from k2cr_analysis.snapshot.redaction.redact import redact
from k2cr_analysis.sources.cluster_api.connection import ApiServer, Refused
from k2cr_analysis.sources.cluster_api.discovery import Served, served
from k2cr_analysis.sources.cluster_api.listed_kinds import RESOURCES
from k2cr_analysis.sources.cluster_api.listing import PAGE_SIZE, list_objects
from k2cr_analysis.sources.manifests.object_identity import identity, shown_identity, why_not_an_object

_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class KindObjects:
    """The redacted objects of one kind, sorted by namespace and name."""

    kind: Served
    objects: tuple[SnapshotObject, ...] = ()
    problems: tuple[Notice, ...] = ()
    redacted_values: int = 0
    gap: str = ""
    forbidden: bool = False


def kinds_of(server: ApiServer) -> tuple[list[Served], list[Unread]]:
    """The kinds to read that this cluster serves, and what it does not say."""
    return served(server, RESOURCES)


def read_kind(server: ApiServer, kind: Served, redaction: Redaction, page_size: int = PAGE_SIZE) -> KindObjects:
    """Read one kind; what is refused (403) or gone (404) is a gap."""
    try:
        listed = list_objects(server, kind, page_size)
    except Refused as refused:
        if refused.status == _NOT_FOUND and kind.is_assumed:
            return KindObjects(kind)
        if refused.status == _NOT_FOUND:
            return KindObjects(kind, gap=f"{kind.resource}: gone from the cluster since it was asked what it serves")
        why = refused.message or f"the cluster answered {refused.status}"
        return KindObjects(kind, gap=f"{kind.resource}: not readable: {why}", forbidden=True)
    objects, problems, count = [], [], 0
    # A list that goes on in a newer state of the cluster may show an object twice.
    each = {identity(raw): raw for raw in listed.objects if not why_not_an_object(raw)}
    for _, raw in sorted(each.items()):
        kept, refusals = as_server_reads(raw)
        shown = shown_identity(raw)
        for problem in refusals:
            where = Location(kind.path, path=problem.path)
            # The value itself is not shown: it has not been looked at for secrets.
            error = InputError(ref=problem.ref, where=where, found="another value", expected=problem.expected, do="")
            problems.append(replace(Notice.of(error), object=shown))
        clean, gone = redact(kept, redaction)
        objects.append(SnapshotObject(clean, Location(kind.path)))
        count += gone
    return KindObjects(kind, tuple(objects), tuple(problems), count, listed.gap)


def refuse_unreadable(found: list[KindObjects]) -> None:
    """``RemoteError`` where not one kind may be read: that is no cluster with gaps."""
    if found and all(one.forbidden for one in found):
        raise refusal_of(found[0], "cluster-not-readable")


def refusal_of(found: KindObjects, ref: str = "cluster-kind-refused") -> RemoteError:
    """The error of a kind that may not be listed."""
    return RemoteError(
        ref=ref,
        found=found.gap,
        expected="the right to list",
        do="`kubectl apply` the ClusterRole of data/rbac.yaml and bind it to you, or have roles/container.viewer",
    )
