"""What a collect has read so far, beside the snapshot that it is to become: a kill loses one chunk at most.

A chunk is a file, written under another name and renamed when it is whole. The folder remembers the window, and by
what options each part (objects, metrics, billing, prices) was asked for; the next run goes on from there, in the same
window, whatever the day. A part whose options have been corrected is read again; the others are not.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from k2cr_analysis.atomic import cannot_write
from k2cr_analysis.errors import UsageError
from k2cr_analysis.sources.spool import read_parts, write_parts

if TYPE_CHECKING:
    import pyarrow as pa

_PLAN: Final = "asked.json"
Window = tuple[datetime, datetime]
Asked = Mapping[str, Mapping[str, str | None]]


class Unfinished:
    """The folder of an unfinished collect, locked by this run."""

    def __init__(self, folder: Path, window: Window, is_resumed: bool) -> None:
        self.folder = folder
        self.window = window
        self.is_resumed = is_resumed

    def chunk(self, name: str) -> bytes | None:
        """A chunk as it was kept; None where it has not been read yet."""
        file = self.folder / name
        return file.read_bytes() if file.is_file() else None

    def keep(self, name: str, content: bytes) -> None:
        """Keep a chunk: all of it, or nothing. ``InputError`` where the disk does not take it."""
        _write(self.folder / name, content)

    def keep_parts(self, name: str, parts: Iterable[pa.Table]) -> None:
        """Keep a table that comes in parts, of which memory holds one: all of it, or nothing."""

        def write(stream: BinaryIO) -> None:
            write_parts(stream, parts)

        _write(self.folder / name, write)

    def parts(self, name: str) -> Iterator[pa.Table] | None:
        """A table as it was kept, part by part; None where it has not been read yet."""
        file = self.folder / name
        return read_parts(file) if file.is_file() else None

    def remove(self) -> None:
        """The snapshot is whole: nothing is left to resume."""
        shutil.rmtree(self.folder, ignore_errors=True)


def unfinished_folder(target: Path) -> Path:
    return target.parent / f".{target.name}.unfinished"


@contextmanager
def unfinished(target: Path, asked: Asked, window: Window) -> Iterator[Unfinished]:
    """Start a collect, or resume the one that was broken off.

    What was read by other options is thrown away. ``UsageError`` where another run is at work on it.
    """
    folder = unfinished_folder(target)
    _made(folder)
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                ref="already-collecting",
                found=f"another run that writes {target}",
                expected="one run for a snapshot at a time",
                do="wait for it, or choose another --out",
            ) from None
        plan = folder / _PLAN
        earlier, before = _earlier(plan)
        same = {part for part in asked if earlier.get(part) == asked[part]}
        kept = [file for file in folder.iterdir() if file != plan and _part_of(file.name) in same]
        for file in folder.iterdir():
            if file not in kept and file != plan:
                file.unlink()
        taken = before if before is not None and "metrics" in same else window
        if same != asked.keys():
            times = [moment.isoformat() for moment in taken]
            _write(plan, json.dumps({"asked": asked, "window": times}, sort_keys=True).encode())
        yield Unfinished(folder, taken, bool(kept) or same == asked.keys())
    finally:
        _remove_if_empty(folder)
        os.close(lock)


def chunk_name(*parts: str) -> str:
    """A file name for a chunk: readable, and distinct whatever the parts hold."""
    text = "--".join(parts)
    plain = "".join(c if c.isalnum() or c in "-._" else "_" for c in text)
    return plain if plain == text else f"{plain[:120]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _part_of(chunk: str) -> str:
    """The part that a chunk belongs to, by the name that its reader gives it."""
    named = re.match(r"objects|billing|prices", chunk)
    return named[0] if named else "metrics"


def _earlier(plan: Path) -> tuple[Asked, Window | None]:
    """What an earlier run asked for, part by part, and its window; nothing where there was none."""
    try:
        content = json.loads(plan.read_bytes())
        start, end = (datetime.fromisoformat(text) for text in content["window"])
        return {part: dict(options) for part, options in content["asked"].items()}, (start, end)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, None


def _remove_if_empty(folder: Path) -> None:
    """A run that kept nothing leaves nothing."""
    if folder.is_dir() and all(file.name == _PLAN for file in folder.iterdir()):
        shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise cannot_write(folder, error) from None


def _write(file: Path, content: bytes | Callable[[BinaryIO], None]) -> None:
    partial = file.with_name(f"{file.name}.partial")
    try:
        with partial.open("wb") as stream:
            content(stream) if callable(content) else stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise cannot_write(file, error) from None
