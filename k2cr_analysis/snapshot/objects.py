"""The Kubernetes objects of a snapshot: one JSON line each, with the place where the object was read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from k2cr_analysis.errors import Location, SnapshotError

FILE: Final = "objects.jsonl.zst"


@dataclass(frozen=True, slots=True)
class SnapshotObject:
    """One redacted object, and where it came from."""

    object: dict[str, Any]
    source: Location


def write_objects(objects: Iterable[SnapshotObject], path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        for item in objects:
            stream.write(_line(item).encode("ascii"))


def read_objects(path: Path) -> Iterator[SnapshotObject]:
    """The objects in their stored order, one at a time."""
    line_number = 1
    try:
        with pa.CompressedInputStream(str(path), "zstd") as stream:
            for line in io.BufferedReader(stream, 2**20):
                entry = json.loads(line)
                source = entry["source"]
                yield SnapshotObject(entry["object"], Location(source.get("file"), source.get("line")))
                line_number += 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(
            ref="snapshot-damaged",
            where=Location(str(path), line_number),
            found=f"{type(error).__name__}: {error}",
            expected="one JSON object a line, compressed with zstd",
            do="collect the snapshot again",
        ) from error


def _line(item: SnapshotObject) -> str:
    source = {"file": item.source.file, "line": item.source.line}
    entry = {"object": item.object, "source": source}
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"
