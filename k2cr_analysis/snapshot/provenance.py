"""Where a snapshot comes from: what ``snapshot.json`` says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal

from k2cr_analysis.errors import InputError, K2crError, Location, SnapshotError

FORMAT: Final = "k2cr-snapshot"
SCHEMA_VERSION: Final = 2
# The first version whose text names its own hash; before it nothing tells that the text was changed.
_SEALED_FROM: Final = 2
Redaction = Literal["secrets", "all"]
_TABLES: Final = frozenset({"usage", "traffic", "billing", "prices"})


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size and hash of one file of the snapshot."""

    bytes: int
    sha256: str


# Ref of a notice: a kustomization whose files were read one by one.
KUSTOMIZATION = "kustomization"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in the input that was left out, or kept although it is wrong: where, what, and what to do.

    ``object`` is the id of the object that it was found in, ``namespace/Kind/name``, where there is one.
    """

    ref: str
    file: str | None
    line: int | None
    column: int | None
    path: str | None
    found: str
    expected: str
    do: str
    object: str | None = None

    @classmethod
    def of(cls, error: K2crError) -> Notice:
        where = error.where or Location()
        return cls(error.ref, where.file, where.line, where.column, where.path, error.found, error.expected, error.do)

    def as_error(self) -> InputError:
        """The same as an error, whose text a person reads."""
        where = Location(self.file, self.line, self.column, self.path)
        return InputError(ref=self.ref, where=where, found=self.found, expected=self.expected, do=self.do)


@dataclass(frozen=True, slots=True)
class Superseded:
    """Two different objects with one identity were read: ``kept`` stands, ``dropped`` does not. Both ``file:line``."""

    id: str
    kept: str
    dropped: str


@dataclass(frozen=True, slots=True)
class Unread:
    """What was asked of an API and not got: a kind (``deployments.apps``) or a table (``usage``), and why."""

    what: str
    why: str

    @property
    def is_table(self) -> bool:
        return self.what in _TABLES

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Source, window and contents of a snapshot. The window is half open, in UTC.

    ``skipped``: files and documents that are not in the snapshot. ``problems``: values that Kubernetes would refuse;
    the object is in the snapshot without them. ``gaps``: what is not there, in words. ``unread``: those of
    them that were asked of an API and not got: a later run may get them. ``made_up``: demonstration data.
    ``cluster_uid``: the uid of the namespace ``kube-system``, which no other cluster has.
    ``rows``, ``object_kinds``, ``files``, ``tool_version`` and ``schema_version`` are filled in by the writer.
    """

    source: str
    window_start: datetime
    window_end: datetime
    project: str | None = None
    cluster: str | None = None
    location: str | None = None
    cluster_uid: str | None = None
    made_up: bool = False
    redaction: Redaction = "secrets"
    redacted_values: int = 0
    skipped: tuple[Notice, ...] = ()
    problems: tuple[Notice, ...] = ()
    superseded: tuple[Superseded, ...] = ()
    gaps: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    object_kinds: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    tool_version: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def window_days(self) -> float:
        return (self.window_end - self.window_start).total_seconds() / 86400

    def to_json(self) -> str:
        """The text of ``snapshot.json``: sorted keys, so that equal content is equal bytes."""
        content = asdict(self) | {
            "format": FORMAT,
            "window_start": _time_text(self.window_start),
            "window_end": _time_text(self.window_end),
        }
        return _text(content | {"checksum": _checksum(content)})

    @classmethod
    def from_json(cls, text: str, where: Location) -> Provenance:
        """Read ``snapshot.json``; ``SnapshotError`` for what is not one, or is of a newer k2cr."""
        content = _content(text, where)
        known = {f.name: content[f.name] for f in fields(cls) if f.name in content}
        try:
            return cls(
                **known
                | {
                    "window_start": _time(content["window_start"]),
                    "window_end": _time(content["window_end"]),
                    "skipped": tuple(Notice(**item) for item in content["skipped"]),
                    "problems": tuple(Notice(**item) for item in content["problems"]),
                    "superseded": tuple(Superseded(**item) for item in content["superseded"]),
                    "gaps": tuple(content["gaps"]),
                    "unread": tuple(Unread(**item) for item in content.get("unread", ())),
                    "files": {name: FileRecord(**record) for name, record in content["files"].items()},
                }
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SnapshotError(
                ref="snapshot-damaged",
                where=where,
                found=f"a snapshot.json whose contents are not whole ({type(error).__name__}: {error})",
                expected="the file that `k2cr collect` wrote",
                do="collect the snapshot again",
            ) from error


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(content).encode()).hexdigest()


def _content(text: str, where: Location) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise SnapshotError(
            ref="snapshot-damaged",
            where=where,
            found=f"text that is not JSON ({error})",
            expected="the snapshot.json that `k2cr collect` wrote",
            do="collect the snapshot again",
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SnapshotError(
            ref="not-a-snapshot",
            where=where,
            found="a snapshot.json that k2cr did not write",
            expected=f'an object with "format": "{FORMAT}"',
            do="name the folder that `k2cr collect --out` wrote",
        )
    version = content.get("schema_version")
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        raise SnapshotError(
            ref="snapshot-too-new",
            where=where,
            found=f"schema version {version!r}, written by k2cr {content.get('tool_version')}",
            expected=f"schema version {SCHEMA_VERSION} or older",
            do="install the newer k2cr, or collect the snapshot again with this one",
        )
    if version >= _SEALED_FROM:
        rest = {name: value for name, value in content.items() if name != "checksum"}
        if content.get("checksum") != _checksum(rest) or text != _text(content):
            raise SnapshotError(
                ref="snapshot-changed",
                where=where,
                found="another text than the one whose checksum stands in it",
                expected="the snapshot.json that `k2cr collect` wrote; a snapshot is immutable",
                do="restore the file, or collect the snapshot again",
            )
    return content


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
