"""Reads a file that a person names: what never ends, or has nobody at its other end, is refused and not waited for."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from k2cr_analysis.errors import InputError, Location

MAX_BYTES: Final = 512 * 2**20
SETTINGS_BYTES: Final = 16 * 2**20  # of a file that a person writes by hand


def named_text(path: Path, most: int = SETTINGS_BYTES, encoding: str = "utf-8-sig") -> str:
    """The text of a file. ``InputError`` for a device, a pipe that nobody writes to, and what is larger than ``most``;
    ``OSError`` and ``UnicodeDecodeError`` as ``Path.read_text`` has them."""
    with opened(path) as stream:
        return at_most(stream, str(path), most).decode(encoding)


def opened(path: Path) -> BinaryIO:
    """A stream of a file, a terminal or a pipe that somebody writes to."""
    refuse_device(path)
    return _of_pipe(path) if stat.S_ISFIFO(path.stat().st_mode) else path.open("rb")


def _of_pipe(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        try:
            first = os.read(descriptor, 2**16)
        except BlockingIOError:
            first = None  # somebody is there, and has not written yet
        if first == b"":
            raise InputError(
                ref="not-a-file",
                where=Location(str(path)),
                found="a pipe that nobody writes to",
                expected="a file, or a pipe with a program at its other end",
                do="start the program first, or write its output to a file",
            )
        os.set_blocking(descriptor, True)
        return io.BytesIO((first or b"") + stream.read(MAX_BYTES + 1))


def refuse_special(path: Path) -> None:
    """``InputError`` for what cannot be read twice, from its end or its beginning: a pipe, a device."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(
            ref="not-a-file",
            where=Location(str(path)),
            found="a pipe or a device",
            expected="a file, which is read more than once",
            do="write it to a file first",
        )


def refuse_device(path: Path) -> None:
    """``InputError`` for a device that is no terminal: it may never end."""
    mode = path.stat().st_mode
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not os.path.realpath(path).startswith("/dev/pts/")):
        raise InputError(
            ref="not-a-file",
            where=Location(str(path)),
            found="a device",
            expected="a file, a folder, a pipe or - (standard input)",
            do="leave it out",
        )


def at_most(stream: BinaryIO, shown: str, most: int = MAX_BYTES) -> bytes:
    """All bytes of a stream, where they are not more than ``most``."""
    data = stream.read(most + 1)
    if len(data) > most:
        raise InputError(
            ref="file-too-large",
            where=Location(shown),
            found=f"more than {most:,} bytes",
            expected=f"at most {most:,}",
            do="split the file",
        )
    return data
