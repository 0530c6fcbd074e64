"""The YAML form: what ``gcloud run services replace`` takes, in the style of Google's samples, with reasons beside it.

Written by hand rather than by a YAML library: the order, the comments and the quotes are for a reader, and every text
that is not plainly a word is quoted, so that no parser takes it for a number, a boolean or a date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from k2cr_analysis.rendering.forms.objects import ApiObject, Path

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@-]*(?::[A-Za-z0-9_./@-]+)*|[0-9]+(?:m|Ki|Mi|Gi)")
_WORDS_WITH_MEANING = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
# What a YAML single-quoted text cannot hold as it stands: control characters, line breaks, the byte order mark.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_COMMENT_WIDTH = 110


class LiteralText(str):
    """Text that is written as a block, line by line: a script inside YAML. It ends in one line break."""

    __slots__ = ()


def yaml_text(made: ApiObject, header: Sequence[str]) -> str:
    """The object as YAML, headed by comment lines."""
    lines = [f"# {line}".rstrip() for line in header]
    lines += _mapping(made.tree, 0, (), made.comments)
    return "\n".join(lines) + "\n"


def documents(objects: Sequence[ApiObject], header: Sequence[str]) -> str:
    """Several objects in one file."""
    bodies = ["\n".join(_mapping(o.tree, 0, (), o.comments)) for o in objects]
    return "\n".join(f"# {line}".rstrip() for line in header) + "\n" + "\n---\n".join(bodies) + "\n"


def scalar(value: object) -> str:
    """A scalar that every YAML 1.1 or 1.2 parser reads as the same value of the same type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS_WITH_MEANING:
        return value
    if _CONTROL.search(value):
        return '"' + re.sub(r'[\\"]|' + _CONTROL.pattern, _escape, value) + '"'
    return "'" + value.replace("'", "''") + "'"


def _escape(match: re.Match[str]) -> str:
    return _NAMED.get(match[0]) or (f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}")


def _mapping(tree: Mapping[str, Any], indent: int, path: Path, comments: Mapping[Path, str]) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        here = (*path, key)
        lines += _comment(comments.get(here), indent)
        lines += _pair(scalar(key), value, indent, here, comments)
    return lines


def _pair(key: str, value: Any, indent: int, path: Path, comments: Mapping[Path, str]) -> list[str]:
    pad = " " * indent
    if isinstance(value, Mapping):
        return [f"{pad}{key}:", *_mapping(value, indent + 2, path, comments)] if value else [f"{pad}{key}: {{}}"]
    if isinstance(value, list):
        return [f"{pad}{key}:", *_sequence(value, indent + 2, path, comments)] if value else [f"{pad}{key}: []"]
    return [f"{pad}{key}: {scalar(value)}"]


def _sequence(items: Sequence[Any], indent: int, path: Path, comments: Mapping[Path, str]) -> list[str]:
    lines: list[str] = []
    for index, item in enumerate(items):
        here = (*path, index)
        lines += _comment(comments.get(here), indent)
        if isinstance(item, Mapping):
            body = _mapping(item, indent + 2, here, comments)
            # The first key stands on the line of the hyphen; a comment above it goes above the hyphen.
            first = next(i for i, line in enumerate(body) if not line.lstrip().startswith("#"))
            lines += [line[2:] for line in body[:first]]
            lines += [f"{' ' * indent}- {body[first][indent + 2 :]}", *body[first + 1 :]]
        elif isinstance(item, LiteralText):
            lines += [f"{' ' * indent}- |", *(f"{' ' * (indent + 2)}{line}".rstrip() for line in item.splitlines())]
        else:
            lines.append(f"{' ' * indent}- {scalar(item)}")
    return lines


def _comment(text: str | None, indent: int) -> list[str]:
    if not text:
        return []
    lines, line = [], ""
    for word in _CONTROL.sub(" ", text).split():
        if line and len(line) + 1 + len(word) > _COMMENT_WIDTH - indent:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [f"{' ' * indent}# {text}" for text in [*lines, line]]
