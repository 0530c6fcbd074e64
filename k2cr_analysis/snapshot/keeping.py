"""Whether a new snapshot may take the place of the one that is there: a good one is never lost unasked."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from k2cr_analysis.atomic import said_when_full, standing
from k2cr_analysis.errors import Location, SnapshotError
from k2cr_analysis.snapshot.bucket import local_copy
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Provenance, Unread
from k2cr_analysis.snapshot.reader import PROVENANCE_FILE
from k2cr_analysis.snapshot.writer import Rows, write_snapshot

_SYSTEM_NAMESPACE: Final = "kube-system"  # every cluster has it, as long as it lives
_NAMES: Final = ("project", "cluster", "location")


def refuse_another_cluster(target: Path, new: Provenance) -> None:
    """``SnapshotError`` where ``target`` is the snapshot of another cluster: by its ``kube-system``'s uid where both
    know it, else by its names."""
    old = provenance_at(target)
    if old is None or _is_same(old, new):
        return
    raise SnapshotError(
        ref="out-is-another-clusters",
        where=Location(str(target)),
        found=f"a snapshot of {_named(old)}",
        expected=f"a new name, or a snapshot of {_named(new)}",
        do="choose another --out, or put the new one in its place with --replace",
    )


def write_keeping(
    target: Path, objects: Iterable[SnapshotObject], tables: Mapping[str, Rows], new: Provenance, *, replace: bool
) -> tuple[Path, Provenance]:
    """Write a snapshot, and give its place and its provenance as written.

    Where the snapshot that is there has what the new one was asked for and did not get, the new one is kept beside it.
    """
    if not replace:
        refuse_another_cluster(target, new)
    place = beside(target) if lost_by(target, new) and not replace else target
    with said_when_full(target):
        written = write_snapshot(place, objects, tables, new)
    if place == target:
        left = beside(target)
        if provenance_at(left) is not None:
            shutil.rmtree(left, ignore_errors=True)
    return place, written


def uid_of_cluster(objects: Iterable[Mapping[str, Any]]) -> str | None:
    """What tells a cluster from all others; None where its namespaces were not read."""
    for obj in objects:
        metadata = obj.get("metadata") or {}
        if obj.get("kind") == "Namespace" and metadata.get("name") == _SYSTEM_NAMESPACE:
            return str(metadata["uid"]) if metadata.get("uid") else None
    return None


def lost_by(target: Path, new: Provenance) -> tuple[str, ...]:
    """What the snapshot at ``target`` has and the new one was asked for and did not get."""
    old = provenance_at(target)
    if old is None:
        return ()
    lacking = {one.what for one in old.unread}
    asked = (one for one in new.unread if one.what not in lacking)
    return tuple(one.what for one in asked if not one.is_table or one.what in old.rows)


def beside(target: Path) -> Path:
    """Where an incomplete snapshot is kept that may not take the place of a whole one."""
    return target.with_name(f"{target.name}.incomplete")


def unread_of(path: str | Path) -> tuple[Unread, ...]:
    """What the snapshot at a path, or a ``gs://`` address, was asked for and did not get."""
    found = provenance_at(local_copy(path, PROVENANCE_FILE))
    return found.unread if found else ()


def provenance_at(folder: Path) -> Provenance | None:
    """What is said of the snapshot there; None where there is none, or none that can be read."""
    file = standing(folder) / PROVENANCE_FILE
    try:
        return Provenance.from_json(file.read_text(encoding="utf-8"), Location(str(file)))
    except (OSError, UnicodeDecodeError, SnapshotError):
        return None


def _is_same(old: Provenance, new: Provenance) -> bool:
    if old.cluster_uid and new.cluster_uid:
        return old.cluster_uid == new.cluster_uid
    return all(getattr(old, name) in (None, getattr(new, name)) for name in _NAMES)


def _named(one: Provenance) -> str:
    known = [text for name in _NAMES if (text := getattr(one, name))]
    return "cluster " + "/".join(known) if known else f"a cluster without a name, read from {one.source}"
