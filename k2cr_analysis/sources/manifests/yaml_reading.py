"""YAML as Kubernetes reads it, from any file that anybody may hand in.

Texts become values by the rules of the YAML library in ``kubectl`` (sigs.k8s.io/yaml): dates and ``12:30`` stay texts,
``yes`` and ``on`` are booleans, ``0x1f`` and ``017`` are numbers, keys are texts. The values are built from the
parser's events without recursion, since nesting that is deep enough ends the process in a recursive reader.

Guards: nesting, aliases that multiply (one short file can stand for terabytes), an anchor inside itself, tags that
make other things than data, texts longer than the API server takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

import yaml

from k2cr_analysis.errors import InputError, Location

MAX_DEPTH: Final = 150  # schemas inside custom resource definitions reach about 60
MAX_TEXT_CHARACTERS: Final = 3 * 2**20  # the API server's limit for a whole request
_ALIAS_ALLOWANCE: Final = 1_000_000  # characters that aliases may add, beside ten times the file's own

# A lone y or n stays a text: writers of YAML leave it without quotes, and no field of Kubernetes is set by it.
_NAMED: Final[dict[str, Any]] = {
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NUMBER_START: Final = frozenset("+-.0123456789")
_INTEGER: Final = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]{0,19})")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF|nan|NaN|NAN)")
_CORE_TAG: Final = "tag:yaml.org,2002:"
_DATA_TAGS: Final = frozenset(
    _CORE_TAG + name
    for name in ("str", "int", "float", "bool", "null", "map", "seq", "binary", "timestamp", "set", "omap", "merge")
)
TEMPLATE_ADVICE: Final = "render it first: helm template CHART | k2cr collect --manifests - --out SNAP"
_MERGE: Final = object()
_NO_KEY: Final = object()


class _Anchored(NamedTuple):
    """A value with what an alias of it adds: characters and levels."""

    value: Any
    weight: int
    depth: int


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its value, the line it starts in, and the line of each item of a top-level ``items`` list."""

    value: Any
    line: int
    item_lines: tuple[int, ...] = ()


@dataclass(slots=True)
class _Frame:
    """A list or map that is being filled."""

    value: Any
    anchor: str | None
    weight: int = 1
    depth: int = 1  # levels of it, itself counted
    key: Any = _NO_KEY
    merged: list[Any] = field(default_factory=list)


def read_yaml(text: str, file: str) -> list[Document]:
    """The documents of a YAML text; an empty one has the value None.

    ``InputError`` with file, line and column for a text that is no YAML, or that a guard stops.
    """
    try:
        return list(_Builder(text, file).documents())
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, file) from None
    except yaml.reader.ReaderError as error:
        # The library gives the character as its number, or as itself.
        character = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or " ")
        line = text.count("\n", 0, error.position) + 1
        raise InputError(
            ref="not-yaml",
            where=Location(file, line),
            found=f"a character that YAML does not allow (#x{character:04x})",
            expected="printable text in UTF-8",
            do="remove the character",
        ) from None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and how it is written; ``text`` is None for a list or map."""

    line: int
    column: int
    text: str | None


def find_place(text: str, document: int, steps: tuple[str | int, ...]) -> Place | None:
    """The place of the value that ``steps`` lead to in a document that was read before; None where not found."""
    nodes = _nodes(text)
    node = nodes[document] if document < len(nodes) else None
    for step in steps:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == str(step)), None)
        else:
            node = None
    if node is None:
        return None
    plain_text = node.value if isinstance(node, yaml.ScalarNode) else None
    return Place(node.start_mark.line + 1, node.start_mark.column + 1, plain_text)


@lru_cache(maxsize=1)
def _nodes(text: str) -> tuple[yaml.Node, ...]:
    """The nodes of a text whose nesting is known to be small; a file with several problems is composed once."""
    try:
        return tuple(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return ()


class _Builder:
    """Builds values from events; keeps count of what aliases add."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.parser = yaml.CSafeLoader(text)
        self.is_template = "{{" in text
        self.allowance = _ALIAS_ALLOWANCE + 10 * len(text)
        self.anchors: dict[str, _Anchored | None] = {}
        self.frames: list[_Frame] = []
        self.root: Any = None
        self.item_lines: list[int] = []

    def documents(self) -> Iterator[Document]:
        line = 1
        while (event := self.parser.get_event()) is not None:
            match event:
                case yaml.DocumentStartEvent():
                    line, self.root, self.anchors, self.item_lines = 0, None, {}, []
                case yaml.DocumentEndEvent():
                    yield Document(self.root, line or _line(event), tuple(self.item_lines))
                case yaml.StreamStartEvent() | yaml.StreamEndEvent():
                    continue
                case _:
                    line = line or _line(event)
                    self.take(event)

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                value = self.scalar(event)
                taken = _Anchored(value, len(event.value) + 1, 0)
                self.remember(event.anchor, taken)
                self.add(taken, event)
            case yaml.AliasEvent():
                self.add(self.aliased(event), event)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self.open(event)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.close(event)

    def open(self, event: yaml.CollectionStartEvent) -> None:
        self.check_tag(event)
        self.check_depth(1, event)
        if event.anchor:
            self.anchors[event.anchor] = None
        if len(self.frames) == 2 and self.frames[0].value.__class__ is dict and self.frames[0].key == "items":
            self.item_lines.append(_line(event))
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.frames.append(_Frame(value, event.anchor))

    def check_depth(self, more: int, event: yaml.Event) -> None:
        """Levels count through aliases too: each can bring all those of its anchor."""
        if len(self.frames) + more > MAX_DEPTH:
            raise self.refused(event, "nested-too-deep", f"more than {MAX_DEPTH} levels", "a Kubernetes manifest")

    def close(self, event: yaml.Event) -> None:
        frame = self.frames.pop()
        if frame.merged:
            frame.value = self.merge(frame, event)
        taken = _Anchored(frame.value, frame.weight, frame.depth)
        self.remember(frame.anchor, taken)
        self.add(taken, event)

    def merge(self, frame: _Frame, event: yaml.Event) -> dict[str, Any]:
        """The map with the maps of its ``<<`` keys: its own keys first, then those of the earlier map."""
        merged: dict[str, Any] = {}
        for given in frame.merged:
            sources = given if isinstance(given, list) else [given]
            if not all(isinstance(source, dict) for source in sources):
                raise self.refused(event, "merge-of-no-map", "a << whose value is no map", "a map, or a list of maps")
            for source in sources:
                merged = source | merged
        merged.update(frame.value)
        return merged

    def add(self, taken: _Anchored, event: yaml.Event) -> None:
        value = taken.value
        if not self.frames:
            self.root = None if value is _MERGE else value
            return
        frame = self.frames[-1]
        frame.weight += taken.weight
        frame.depth = max(frame.depth, taken.depth + 1)
        if isinstance(frame.value, list):
            frame.value.append("<<" if value is _MERGE else value)
        elif frame.key is _NO_KEY:
            frame.key = value if value is _MERGE else self.key(value, event)
        else:
            if frame.key is _MERGE:
                frame.merged.append(value)
            else:
                frame.value[frame.key] = "<<" if value is _MERGE else value
            frame.key = _NO_KEY

    def key(self, value: Any, event: yaml.Event) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            if self.is_template:
                raise self.refused(event, "template-not-rendered", "a template with {{ }}", "a rendered manifest")
            raise self.refused(event, "key-is-no-text", "a list or map as a key", "a text as a key")
        if isinstance(value, bool) or value is None:
            return {True: "true", False: "false", None: "null"}[value]
        return str(value)

    def remember(self, anchor: str | None, taken: _Anchored) -> None:
        if anchor:
            self.anchors[anchor] = taken

    def aliased(self, event: yaml.AliasEvent) -> _Anchored:
        if event.anchor not in self.anchors:
            raise self.refused(event, "not-yaml", f"the alias *{event.anchor}", f"an anchor &{event.anchor} before it")
        known = self.anchors[event.anchor]
        if known is None:
            raise self.refused(event, "alias-in-itself", f"*{event.anchor} inside &{event.anchor}", "an end")
        self.check_depth(known.depth, event)
        self.allowance -= known.weight
        if self.allowance < 0:
            raise self.refused(
                event, "aliases-multiply", "aliases that make the document many times longer", "a Kubernetes manifest"
            )
        return known

    def scalar(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        if len(text) > MAX_TEXT_CHARACTERS:
            raise self.refused(
                event, "text-too-long", f"a text of {len(text):,} characters", f"at most {MAX_TEXT_CHARACTERS:,}"
            )
        if event.tag and event.tag != "!":
            return self.tagged(event)
        if event.tag or not event.implicit[0]:
            return text
        if text == "<<":
            return _MERGE
        if _NOT_FINITE.fullmatch(text):
            raise self.refused(event, "not-a-json-number", text, "a finite number, or a text in quotes")
        return plain(text)

    def tagged(self, event: yaml.ScalarEvent) -> Any:
        self.check_tag(event)
        if event.tag in (f"{_CORE_TAG}int", f"{_CORE_TAG}float", f"{_CORE_TAG}bool", f"{_CORE_TAG}null"):
            return plain(event.value)
        return event.value

    def check_tag(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None) or ""
        if tag.startswith(_CORE_TAG) and tag not in _DATA_TAGS:
            shown = "!!" + tag.removeprefix(_CORE_TAG)
            raise self.refused(event, "tag-not-allowed", f"the tag {shown[:80]}", "plain data without tags")

    def refused(self, event: yaml.Event, ref: str, found: str, expected: str) -> InputError:
        column = event.start_mark.column + 1 if event.start_mark else None
        do = TEMPLATE_ADVICE if ref == "template-not-rendered" else "mend the file, or leave it out"
        where = Location(self.file, _line(event), column)
        return InputError(ref=ref, where=where, found=found, expected=expected, do=do)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def plain(text: str) -> Any:
    """The value of a text without quotes: a boolean, a number, None, or the text."""
    if text in _NAMED:
        return _NAMED[text]
    if text[0] not in _NUMBER_START:
        return text
    bare = text.replace("_", "")
    integer = _INTEGER.fullmatch(bare)
    if integer:
        number = _integer(integer[1], integer[2])
        if -(2**63) <= number < 2**64:
            return number
    if _FLOAT.fullmatch(bare):
        value = float(bare)
        if value.is_integer() and abs(value) < 1e15:
            return int(value)  # as it stands in the JSON that reaches the API server
        return value if abs(value) != float("inf") else text
    return text


def _integer(sign: str, digits: str) -> int:
    lower = digits.lower()
    if lower.startswith(("0x", "0b", "0o")):
        value = int(lower, 0)
    elif lower.startswith("0") and len(lower) > 1:
        value = int(lower, 8)
    else:
        value = int(lower)
    return -value if sign == "-" else value


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> InputError:
    mark = error.problem_mark or error.context_mark
    where = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
    if "{{" in text:
        return InputError(
            ref="template-not-rendered",
            where=where,
            found="a template with {{ }}, which is not YAML yet",
            expected="a rendered manifest",
            do=TEMPLATE_ADVICE,
        )
    if "maximum nesting depth" in str(error.problem):  # the library's own guard, which looks further ahead than ours
        return InputError(
            ref="nested-too-deep",
            where=where,
            found=f"more than {MAX_DEPTH} levels",
            expected="a Kubernetes manifest",
            do="mend the file, or leave it out",
        )
    found = " ".join(part for part in (error.context, error.problem) if part)
    line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
    return InputError(
        ref="not-yaml",
        where=where,
        found=found,
        expected="YAML",
        do="replace tabs by spaces" if "\t" in line else "mend the file, or leave it out",
    )
