"""From sources to a snapshot: read, redact, write; nothing else is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.snapshot.keeping import uid_of_cluster, write_keeping
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Provenance, Redaction, Unread
from k2cr_analysis.snapshot.redaction.redact import redact
from k2cr_analysis.snapshot.writer import Rows, place_of
from k2cr_analysis.sources.checkpoint import unfinished
from k2cr_analysis.sources.manifests.reading import read_manifests
from k2cr_analysis.sources.prometheus.access import Access
from k2cr_analysis.sources.prometheus.read import read_prometheus
from k2cr_analysis.sources.reshaping.reshape import Reshape
from k2cr_analysis.sources.retry import RetryPolicy
from k2cr_analysis.sources.table_files import table_parts
from k2cr_analysis.sources.window import window as window_of

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Collected:
    """The snapshot's provenance, and the sources that failed: then the same command resumes.

    ``place``: where it was written; beside the snapshot that is there, where that has more.
    """

    provenance: Provenance
    place: Path
    failures: tuple[RemoteError, ...] = ()
    is_resumed: bool = False


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
    reshapes: Mapping[str, Reshape] | None = None,
    tables: Mapping[str, Rows] | None = None,
    failed: Mapping[str, RemoteError] | None = None,
    prometheus: Access | None = None,
    tell: Callable[[str], None] = lambda _: None,
    replace: bool = False,
) -> Collected:
    """Write a snapshot of manifests (files, folders, ``-``).

    ``table_files`` maps ``usage``, ``traffic`` and ``billing`` to Parquet or CSV files, which
    ``reshapes`` may make of another program's; ``tables`` holds rows that are
    there already, such as ``prices``; ``failed`` says why one of them is not; ``prometheus``: the metrics are read
    there, and kept until all of them are. ``InputError`` for bad input: then
    nothing is written.
    """
    start, last = window_of(window, end)
    given = [paths] if isinstance(paths, str | Path) else paths
    hows = reshapes or {}
    loaded = {name: table_parts(str(path), name, hows.get(name)) for name, path in (table_files or {}).items()}
    read = read_manifests([str(path) for path in given], keep_going=keep_going)
    redacted, count = _redacted(read.objects, redact_mode)
    wanted = [name for name in ("usage", "traffic") if name not in loaded] if prometheus else []
    target = place_of(out)
    refused = dict(failed or {})
    rows: dict[str, Rows] = {**loaded, **(tables or {})}
    with ExitStack() as kept:
        said: list[str] = []
        work = None
        if prometheus and wanted:
            asked = {"metrics": {"prometheus": prometheus.url, "cluster": cluster, "window": window, "end": end}}
            work = kept.enter_context(unfinished(target, asked, (start, last)))
            start, last = work.window
            metrics = read_prometheus(
                prometheus, [item.object for item in redacted], cluster, wanted, work, RetryPolicy(), tell
            )
            rows.update(metrics.tables)
            refused |= metrics.failed
            said = metrics.gaps
        absent = [name for name in ("usage", "traffic", "billing") if name not in rows and name not in refused]
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
                *(f"no {name} table was given" for name in absent if name not in wanted),
                *(f"{name}: {error.found}" for name, error in refused.items()),
                *said,
            ),
            unread=tuple(Unread(name, error.found) for name, error in refused.items()),
        )
        place, written = write_keeping(target, redacted, rows, provenance, replace=replace)
        if work is not None and not refused:
            work.remove()
    return Collected(written, place, tuple(refused.values()))


def remote_tables(
    readers: Mapping[str, Callable[[], Rows]],
) -> tuple[dict[str, Rows], dict[str, RemoteError]]:
    """What each reader gives, by the table's name, and the errors of those that failed: each fails by itself."""
    found: dict[str, Rows] = {}
    failures: dict[str, RemoteError] = {}
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
