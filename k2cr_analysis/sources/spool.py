"""Tables on the disk as a stream of parts, for those that are larger than memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa


def write_parts(stream: IO[bytes], parts: Iterable[pa.Table]) -> None:
    """Write parts of one schema; of none, nothing."""
    writer = None
    for part in parts:
        if writer is None:
            writer = pa.ipc.new_stream(stream, part.schema, options=pa.ipc.IpcWriteOptions(compression="zstd"))
        writer.write_table(part)
    if writer is not None:
        writer.close()


def read_parts(file: Path) -> Iterator[pa.Table]:
    """The parts as they were written, one in memory at a time."""
    with file.open("rb") as stream:
        yield from _parts(stream)


def spooled(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same parts, taken to the disk at once: what fails fails now, and not where they are used."""
    stream = tempfile.TemporaryFile(prefix="k2cr-")  # noqa: SIM115 (it lives as long as what reads it)
    write_parts(stream, parts)
    stream.seek(0)
    return _parts(stream)


def _parts(stream: Any) -> Iterator[pa.Table]:
    try:
        reader = pa.ipc.open_stream(stream)
    except pa.ArrowInvalid:
        return  # nothing was written
    for batch in reader:
        yield pa.Table.from_batches([batch])
