"""From sources to a snapshot: read, redact, write; nothing else is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.snapshot.keeping import uid_of_cluster, write_keeping
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Provenance, Redaction, Unread
from k2cr_analysis.snapshot.redaction.redact import redact
from k2cr_analysis.snapshot.writer import place_of
from k2cr_analysis.sources.manifests import read_manifests
from k2cr_analysis.sources.table_files import read_table_file
from k2cr_analysis.sources.window import window as window_of

if TYPE_CHECKING:
    import pyarrow as pa


def collect_manifests(  # noqa: PLR0913 (the options of the verb, by name)
    paths: str | Path | Iterable[str | Path],
    out: str | Path,
    *,
    keep_going: bool = False,
    redact_mode: Redaction = "secrets",
    window: str = "30d",
    end: str | None = None,
    project: str | None = None,
    cluster: str | None = None,
    location: str | None = None,
    table_files: Mapping[str, str | Path] | None = None,
    tables: Mapping[str, pa.Table] | None = None,
    failed: Mapping[str, str] | None = None,
    replace: bool = False,
) -> tuple[Path, Provenance]:
    """Write a snapshot of manifests (files, folders, ``-``), and give its place and its provenance.

    ``table_files`` maps ``usage``, ``traffic`` and ``billing`` to Parquet or CSV files; ``tables`` holds rows that are
    there already, such as ``prices``; ``failed`` says why one of them is not. ``InputError`` for bad input: then
    nothing is written.
    """
    start, last = window_of(window, end)
    given = [paths] if isinstance(paths, str | Path) else paths
    loaded = {name: read_table_file(str(path), name) for name, path in (table_files or {}).items()}
    read = read_manifests([str(path) for path in given], keep_going=keep_going)
    redacted, count = _redacted(read.objects, redact_mode)
    absent = [name for name in ("usage", "traffic", "billing") if name not in {**loaded, **(tables or {})}]
    provenance = Provenance(
        source="manifests",
        window_start=start,
        window_end=last,
        project=project,
        cluster=cluster,
        location=location,
        cluster_uid=uid_of_cluster(item.object for item in redacted),
        redaction=redact_mode,
        redacted_values=count,
        skipped=tuple(read.skipped),
        problems=tuple(read.problems),
        superseded=tuple(read.superseded),
        gaps=(
            *(f"no {name} table was given" for name in absent if name not in (failed or {})),
            *(f"{name}: {why}" for name, why in (failed or {}).items()),
        ),
        unread=tuple(Unread(name, why) for name, why in (failed or {}).items()),
    )
    return write_keeping(place_of(out), redacted, {**loaded, **(tables or {})}, provenance, replace=replace)


def remote_tables(
    readers: Mapping[str, Callable[[], pa.Table]],
) -> tuple[dict[str, pa.Table], dict[str, RemoteError]]:
    """What each reader gives, by the table's name, and the errors of those that failed: each fails by itself."""
    found, failures = {}, {}
    for name, read in readers.items():
        try:
            found[name] = read()
        except RemoteError as error:
            failures[name] = error
    return found, failures


def _redacted(objects: list[SnapshotObject], mode: Redaction) -> tuple[list[SnapshotObject], int]:
    kept = []
    total = 0
    for item in objects:
        obj, count = redact(item.object, mode)
        kept.append(SnapshotObject(obj, item.source))
        total += count
    return kept, total
