"""The files that a person names: files, folders and standard input, in the order of their paths."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.named_file import at_most, opened

SUFFIXES: Final = (".yaml", ".yml", ".json")
STANDARD_INPUT: Final = "-"
_BOMS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class InputFile:
    """``shown`` is the path as it was given; the path inside a folder is joined to the folder as given."""

    shown: str
    content: str | None = None  # what stands for the file's text: of a kustomization that was built

    @property
    def is_json(self) -> bool:
        return self.shown.lower().endswith(".json")

    def text(self) -> str:
        """The file's text; ``InputError`` where it cannot be read, or is no text."""
        if self.content is not None:
            return self.content
        data = self._data()
        encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8-sig")
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            raise self._not_text(f"the byte 0x{data[error.start]:02x} at offset {error.start:,}") from None
        if "\0" in text:
            raise self._not_text(f"a NUL at character {text.index(chr(0)):,}")
        return text

    def _data(self) -> bytes:
        """All bytes, up to the limit: a pipe or a terminal may never end."""
        try:
            if self.shown == STANDARD_INPUT:
                return at_most(sys.stdin.buffer, self.shown)
            with opened(Path(self.shown)) as stream:
                return at_most(stream, self.shown)
        except OSError as error:
            raise InputError(
                ref="cannot-read",
                where=Location(self.shown),
                found=str(error.strerror or error),
                expected="a file that can be read",
                do="check the path and its permissions",
            ) from None

    def _not_text(self, found: str) -> InputError:
        return InputError(
            ref="not-text",
            where=Location(self.shown),
            found=found,
            expected="a manifest as text in UTF-8",
            do="leave the file out",
        )


def input_files(paths: Iterable[str]) -> list[InputFile]:
    """The files below the given paths, each once, sorted by path; those of a folder by their suffix."""
    found: dict[object, str] = {}
    for path in sorted(paths):
        for file in [path] if path == STANDARD_INPUT or not Path(path).is_dir() else _below(path):
            found.setdefault(_identity(file), file)
    return [InputFile(file) for file in sorted(found.values(), key=_order)]


def _below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) or name == "Kustomization":
                file = os.path.normpath(Path(parent, name))
                if not _is_special(file):
                    yield file


def _is_special(file: str) -> bool:
    """A pipe, socket or device among the files of a folder, which would be waited for without end."""
    try:
        mode = Path(file).stat().st_mode
    except OSError:
        return False  # reading it tells why
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _identity(file: str) -> object:
    """One file under two names is read once; what is no regular file (a pipe) is itself."""
    if file == STANDARD_INPUT:
        return file
    try:
        status = Path(file).stat()
    except OSError:
        return file
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else file


def _order(file: str) -> tuple[str, ...]:
    return Path(file).parts
