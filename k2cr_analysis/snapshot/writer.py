"""Writes a snapshot: all of it, or nothing; the same content in the same bytes."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from k2cr_analysis.atomic import folder_in_progress
from k2cr_analysis.errors import Location, SnapshotError, UsageError
from k2cr_analysis.snapshot import objects as objects_file
from k2cr_analysis.snapshot.conform import conformed
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.parquet import write_table
from k2cr_analysis.snapshot.provenance import SCHEMA_VERSION, FileRecord, Provenance
from k2cr_analysis.snapshot.reader import PROVENANCE_FILE
from k2cr_analysis.snapshot.tables import TABLES

# A path has had its double slash made one.
_URL = re.compile(r"[a-z][a-z0-9+]+:/")
Rows: TypeAlias = "pa.Table | Iterable[pa.Table]"


def write_snapshot(
    path: str | Path, objects: Iterable[SnapshotObject], tables: Mapping[str, Rows], provenance: Provenance
) -> Provenance:
    """Write a snapshot folder in one step, and give the provenance as written.

    Objects keep their order and must be redacted already; the rows of a table are sorted as its declaration says.
    ``tables`` maps names of ``snapshot.tables.TABLES`` to a table, or to parts of one that are in memory one at a time;
    a name that is not there makes an absent table.
    ``InputError`` for a table that is not as declared, ``SnapshotError`` where ``path`` holds something else.
    """
    target = place_of(path)
    _refuse_foreign(target, str(path))
    counted: Counter[str] = Counter()
    with folder_in_progress(target) as folder:
        objects_file.write_objects(_counting(objects, counted), folder / objects_file.FILE)
        rows = {"objects": counted.total()}
        for name in sorted(tables):
            declared = TABLES[name]
            given = tables[name]
            parts = (given,) if isinstance(given, pa.Table) else given
            whole = (conformed(part, declared, Location(f"table {name}")) for part in parts)
            (folder / name).mkdir()
            rows[name] = write_table(whole, declared, folder / name / "part-0.parquet")
        written = replace(
            provenance,
            rows=rows,
            object_kinds=dict(sorted(counted.items())),
            files=_records(folder),
            tool_version=version("k2cr-analysis"),
            schema_version=SCHEMA_VERSION,
        )
        (folder / PROVENANCE_FILE).write_text(written.to_json(), encoding="utf-8")
    return written


def place_of(path: str | Path) -> Path:
    """Where a snapshot of that name is written: behind a symbolic link, where it leads. ``UsageError`` for a URL."""
    if _URL.match(str(path)):
        raise UsageError(
            ref="out-is-a-url",
            found=f"--out {path}",
            expected="a folder of this machine",
            do="write it here, then copy it: gcloud storage cp -r SNAP gs://BUCKET/",
        )
    return Path(os.path.realpath(path))


def _counting(objects: Iterable[SnapshotObject], counted: Counter[str]) -> Iterator[SnapshotObject]:
    for item in objects:
        counted[str(item.object.get("kind"))] += 1
        yield item


def _records(folder: Path) -> dict[str, FileRecord]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder).as_posix()): record_of(path) for path in files}


def record_of(path: Path) -> FileRecord:
    with path.open("rb") as stream:
        return FileRecord(path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def _refuse_foreign(target: Path, shown: str) -> None:
    """A folder with other things in it is somebody's work: never replace it."""
    if not target.exists() and not target.is_symlink():
        return
    if target.is_dir() and ((target / PROVENANCE_FILE).is_file() or not any(target.iterdir())):
        return
    raise SnapshotError(
        ref="out-is-not-a-snapshot",
        where=Location(shown),
        found="a folder that holds other files" if target.is_dir() else "something that is not a folder",
        expected="a new name, an empty folder, or an older snapshot to replace",
        do="choose another --out",
    )
