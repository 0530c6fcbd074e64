"""Puts a finished folder in the place of another in one step: a crash leaves the old one or the new one, whole."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2  # linux/fs.h; renamex_np's RENAME_SWAP has the same value


@contextmanager
def folder_in_progress(target: Path) -> Iterator[Path]:
    """A new empty folder beside ``target``, which takes its place when the block ends without an exception.

    The folder is locked while it is written, so that the next run can tell what a crash left behind and removes it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(target)
    partial = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    lock = os.open(partial, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield partial
        partial.chmod(0o755)
        _flush(partial)
        _put(partial, target)
    finally:
        # After an exchange this is the old folder; after a failure the half-written one; after a rename nothing.
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)


def _prefix(target: Path) -> str:
    return f".{target.name}.partial-"


def _remove_abandoned(target: Path) -> None:
    for left in target.parent.glob(f"{_prefix(target)}*"):
        lock = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            continue  # another run is writing it
        finally:
            os.close(lock)


def _put(partial: Path, target: Path) -> None:
    try:
        # Takes the place of nothing and of an empty folder.
        partial.rename(target)
    except OSError:
        if not _exchanged(partial, target):
            # No exchange on this file system: for the moment between two renames neither stands under its name.
            aside = partial.with_name(f"{partial.name}.old")
            target.rename(aside)
            partial.rename(target)
            shutil.rmtree(aside, ignore_errors=True)
    _flush_folder(target.parent)


def _exchanged(one: Path, other: Path) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        call = getattr(libc, "renamex_np", None)
        return call is not None and call(first, second, _RENAME_EXCHANGE) == 0
    call = getattr(libc, "renameat2", None)
    return call is not None and call(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE) == 0


def _flush(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _flush_folder(path)
    _flush_folder(folder)


def _flush_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
