"""Opens a snapshot: checks every file against ``snapshot.json`` once, then reads what is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from k2cr_analysis.atomic import standing
from k2cr_analysis.errors import Location, SnapshotError
from k2cr_analysis.snapshot import objects as objects_file
from k2cr_analysis.snapshot.bucket import local_copy
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.parquet import check_file
from k2cr_analysis.snapshot.provenance import FileRecord, Provenance
from k2cr_analysis.snapshot.tables import TABLES

PROVENANCE_FILE: Final = "snapshot.json"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable folder of one cluster over one window. ``sha256`` names its content, whatever the folder's name."""

    path: Path
    provenance: Provenance
    sha256: str
    _files: Mapping[str, tuple[Path, ...]] = field(repr=False)

    def objects(self) -> Iterator[SnapshotObject]:
        """The Kubernetes objects, in a stable order."""
        return objects_file.read_objects(self.path / objects_file.FILE)

    def table_files(self, name: str) -> list[Path]:
        """The Parquet files of a table, for a query engine; empty where the table is absent."""
        return list(self._files.get(name, ()))

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """A table with its declared schema, or the named columns of it; None where the snapshot has none."""
        files = self.table_files(name)
        if not files:
            return None
        parts = [pq.read_table(file, columns=None if columns is None else list(columns)) for file in files]
        return pa.concat_tables(parts)

    def has_same_table(self, other: Snapshot, name: str) -> bool:
        """Whether a table has the same rows in both; both absent is the same.

        Equal files are equal tables. Others are read side by side, a batch at a time, up to the first difference: the
        writer's version changes bytes, and not rows.
        """
        if self._hashes(name) == other._hashes(name):
            return True
        if self.provenance.rows.get(name) != other.provenance.rows.get(name):
            return False
        sides = (_batches(s.table_files(name)) for s in (self, other))
        return all(one is not None and one == two for one, two in zip_longest(*sides))

    def _hashes(self, name: str) -> tuple[str, ...]:
        files = self.provenance.files
        return tuple(record.sha256 for file, record in sorted(files.items()) if file.startswith(f"{name}/"))

    def with_tables_of(self, other: Snapshot, only: str | None = None) -> Snapshot:
        """This snapshot's objects beside another's tables, or with that one of its tables in place of its own."""
        if only is None:
            return replace(self, _files=other._files)
        files = {name: paths for name, paths in self._files.items() if name != only}
        return replace(self, _files=files | {name: p for name, p in other._files.items() if name == only})

    @property
    def tables(self) -> Mapping[str, pa.Table]:
        """All tables that are there, read whole."""
        return {name: data for name in self._files if (data := self.table(name)) is not None}


def open_snapshot(path: str | Path) -> Snapshot:
    """Open and check a snapshot: a folder, or a ``gs://`` address, of which a copy is opened.

    ``SnapshotError`` where there is none, where a file is missing, truncated or changed, where the folder belongs to
    another program, or where a newer k2cr wrote it.
    """
    folder = standing(local_copy(path, PROVENANCE_FILE))
    text = _provenance_text(folder)
    provenance = Provenance.from_json(text, Location(str(folder / PROVENANCE_FILE)))
    if objects_file.FILE not in provenance.files:
        raise SnapshotError(
            ref="snapshot-damaged",
            where=Location(str(folder / PROVENANCE_FILE)),
            found=f"a list of files without {objects_file.FILE}",
            expected="the list of files that `k2cr collect` wrote",
            do="collect the snapshot again",
        )
    for name, record in sorted(provenance.files.items()):
        _check(folder / name, record)
    files = {name: _table_files(folder, provenance, name) for name in TABLES}
    for name, paths in files.items():
        for file in paths:
            check_file(file, TABLES[name])
    return Snapshot(
        path=folder,
        provenance=provenance,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        _files={name: paths for name, paths in files.items() if paths},
    )


def _batches(files: Sequence[Path], rows: int = 2**17) -> Iterator[pa.RecordBatch]:
    """The rows of a table's files in batches of an even size, wherever its row groups end."""
    left: pa.Table | None = None
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=rows):
            more = _plain(pa.Table.from_batches([batch]))
            left = more if left is None else pa.concat_tables([left, more])
            while left.num_rows >= rows:
                yield left.slice(0, rows).combine_chunks().to_batches()[0]
                left = left.slice(rows)
    if left is not None and left.num_rows:
        yield left.combine_chunks().to_batches()[0]


def _plain(table: pa.Table) -> pa.Table:
    """The table without dictionaries, which number equal texts in the order in which they came."""
    plain = [pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
    return table.cast(pa.schema(plain))


def _provenance_text(folder: Path) -> str:
    file = folder / PROVENANCE_FILE
    if not folder.exists():
        raise SnapshotError(
            ref="no-snapshot",
            where=Location(str(folder)),
            found="nothing there",
            expected="a folder that `k2cr collect --out` wrote",
            do="check the path, or run `k2cr collect` first",
        )
    if not file.is_file():
        raise SnapshotError(
            ref="not-a-snapshot",
            where=Location(str(folder)),
            found="a folder without snapshot.json" if folder.is_dir() else "a file",
            expected="a folder that `k2cr collect --out` wrote",
            do=f"run `k2cr collect --manifests {folder} --out SNAP`, and name SNAP here",
        )
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotError(
            ref="snapshot-damaged",
            where=Location(str(file)),
            found=str(error),
            expected="the snapshot.json that `k2cr collect` wrote",
            do="collect the snapshot again",
        ) from error


def _check(file: Path, record: FileRecord) -> None:
    found = _difference(file, record)
    if found:
        raise SnapshotError(
            ref="snapshot-changed",
            where=Location(str(file)),
            found=found,
            expected="the file as `k2cr collect` wrote it; a snapshot is immutable",
            do="restore the file, or collect the snapshot again",
        )


def _difference(file: Path, record: FileRecord) -> str:
    if not file.is_file():
        return "no such file, though snapshot.json lists it"
    size = file.stat().st_size
    if size != record.bytes:
        return f"{size} bytes, not {record.bytes}"
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return "" if digest == record.sha256 else "other bytes than those whose sha256 stands in snapshot.json"


def _table_files(folder: Path, provenance: Provenance, name: str) -> tuple[Path, ...]:
    return tuple(folder / file for file in sorted(provenance.files) if file.startswith(f"{name}/"))
