"""Values within a value: a JSON text in a variable, ``a=b,c=d`` behind a flag, a list of words behind a plural."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.model.addresses.files import leaves
from k2cr_analysis.model.addresses.names import role_of_name, words_of_name
from k2cr_analysis.model.addresses.value import Value

_KEY = r"-{0,2}[A-Za-z_][\w.\-]*"
_ASSIGNMENTS = re.compile(rf"{_KEY}=[^,;\s]*(?:,[^\s]*)?")
_ASSIGNMENT = re.compile(rf"({_KEY})=(.*?)(?=,{_KEY}=|$)")
_WORD = re.compile(r"[^\s'\"]+")
_PLURALS = frozenset({"hosts", "hostnames", "servers", "addresses", "addrs", "endpoints", "brokers", "peers", "seeds"})
# What stands in these describes; nothing in it is called.
_DESCRIBE = frozenset({"attributes", "attribute", "labels", "label", "tags", "annotations", "headers", "metadata"})
_DEEPEST = 3


def within(value: Value, depth: int = 0) -> Iterator[Value]:
    """The values that ``value`` is put together of, each by its own name; none where it is one value."""
    if depth == _DEEPEST or set(words_of_name(value.name)) & _DESCRIBE:
        return
    if value.name and role_of_name(value.name) in ("own", "listens", "image"):
        return
    for found in _parts(value):
        yield found
        yield from within(found, depth + 1)


def _parts(value: Value) -> Iterator[Value]:
    text = value.text
    if text.lstrip()[:1] in ("{", "["):
        for leaf in leaves("", text):
            if leaf.key:
                separator = "" if leaf.key.startswith("[") or not value.name else "."
                yield _part(value, f"{value.name}{separator}{leaf.key}", leaf.parent, leaf.text, leaf.offset)
    elif _ASSIGNMENTS.fullmatch(text):
        yield from assignments(value)
    elif words_of_name(value.name)[-1:] and words_of_name(value.name)[-1] in _PLURALS and not re.search("[,;|]", text):
        words = list(_WORD.finditer(text))
        for match in words if len(words) > 1 else ():
            yield _part(value, value.name, "", match[0], match.start())


def assignments(value: Value) -> Iterator[Value]:
    """The values of ``a=b,c=d``, each by its own name."""
    for match in _ASSIGNMENT.finditer(value.text):
        yield _part(value, match[1], "", match[2], match.start(2))


def _part(value: Value, name: str, parent: str, text: str, start: int | None) -> Value:
    offset = None if start is None or value.offset is None else value.offset + start
    return Value(value.place, name, f"{value.group}/{value.name}/{parent}", text, value.whole, offset)
