"""Puts finished files and folders in the place of others in one step: a crash leaves the old or the new, whole."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from k2cr_analysis.errors import InputError, Location

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2  # linux/fs.h; renamex_np's RENAME_SWAP has the same value
_LONGEST: Final = 100  # of a name, within the 255 bytes that file systems take


@contextmanager
def folder_in_progress(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """A new empty folder beside ``target``, which takes its place when the block ends without an exception.

    The folder is locked while it is written, so that the next run can tell what a crash left behind and removes it.
    ``durable``: what was written outlives a power cut too, and what crashes left is looked for; without it, many
    folders in a row are quick, and call ``remove_abandoned`` once.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if durable:
        remove_abandoned(target.parent, target.name)
    put_back(target)
    partial = Path(tempfile.mkdtemp(prefix=_prefix(target.name), dir=target.parent))
    lock = os.open(partial, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield partial
        partial.chmod(0o755)
        if durable:
            _flush(partial)
        _put(partial, target)
        if durable:
            _flush_one(target.parent)
    finally:
        # After an exchange this is the old folder; after a failure the half-written one; after a rename nothing.
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)


def write_whole(path: Path, text: str) -> None:
    """Write a text file in one step, and the folders that it lies in. What is no plain file (a terminal, a pipe) is
    written as it is. ``InputError`` where the disk does not take it: then the old file stands."""
    with said_when_full(path, "text"):
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8", newline="\n")
            return
        partial = target.with_name(f"{_prefix(target.name)}{os.getpid()}")
        try:
            with partial.open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def standing(target: Path) -> Path:
    """Where to read a folder: under its name, or where it stood aside when a crash fell between two renames."""
    aside = _aside(target)
    return aside if aside.is_dir() and not target.exists() else target


def put_back(target: Path) -> None:
    """Where a crash fell between the two renames of a file system without exchange: the old folder under its name."""
    if standing(target) != target:
        _aside(target).rename(target)


def remove_abandoned(parent: Path, name: str = "*") -> None:
    """Remove what crashes left half-written for a target of that name."""
    escaped = name if name == "*" else glob.escape(name[:_LONGEST])
    for left in parent.glob(f".{escaped}.partial-*"):
        if not left.is_dir():
            continue
        lock = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            continue  # another run is writing it
        finally:
            os.close(lock)


@contextmanager
def said_when_full(target: Path, what: str = "snapshot") -> Iterator[None]:
    """Turns a write that the disk does not take into ``InputError``."""
    try:
        yield
    except OSError as error:
        raise cannot_write(target, error, what) from None


def cannot_write(file: Path, error: OSError, what: str = "snapshot") -> InputError:
    """The error of a file that could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    kept = ": what was read is kept" if what == "snapshot" else ": what was there before is unchanged"
    return InputError(
        ref="disk-full" if full else "cannot-write",
        where=Location(str(file)),
        found=str(error.strerror or error),
        expected=f"room for the {what}" if full else "a place that can be written",
        do=f"make room and run the same command again{kept}" if full else "choose another --out",
    )


def _prefix(name: str) -> str:
    return f".{name[:_LONGEST]}.partial-"


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name[:_LONGEST]}.old")


def _put(partial: Path, target: Path) -> None:
    try:
        # Takes the place of nothing and of an empty folder.
        partial.rename(target)
    except OSError:
        if not target.exists():
            raise
        if not _exchanged(partial, target):
            # No exchange on this file system: between two renames the old one stands aside, and is put back.
            aside = _aside(target)
            shutil.rmtree(aside, ignore_errors=True)
            target.rename(aside)
            try:
                partial.rename(target)
            except OSError:
                aside.rename(target)
                raise
            shutil.rmtree(aside, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    libc = _libc()
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        call = getattr(libc, "renamex_np", None)
        return call is not None and call(first, second, _RENAME_EXCHANGE) == 0
    call = getattr(libc, "renameat2", None)
    return call is not None and call(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE) == 0


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _flush(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _flush_one(path)
    _flush_one(folder)


def _flush_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
