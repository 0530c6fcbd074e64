"""The values of a configuration file with their keys: YAML, JSON, properties, XML, code, nginx, else its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import yaml

from k2cr_analysis.model.addresses.nginx import hosts_of_nginx, is_nginx

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRUCTURED = (".yaml", ".yml", ".json")
_CODE_FILES = (".php", ".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".lua", ".hcl", ".tf", ".groovy")
_NO_YAML = (
    ".sh",
    ".sql",
    ".html",
    ".xml",
    ".conf",
    ".properties",
    ".ini",
    ".cfg",
    ".env",
    ".toml",
    *_CODE_FILES,
)
_LARGEST = 200_000  # letters; a longer file is read by its lines
_PROPERTY = re.compile(
    r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.\-\[\]]*|\*)[ \t]*(?:=|:(?=[ \t]))[ \t]*(.*?)[ \t]*$", re.MULTILINE
)
_QUOTED = re.compile(r"""(['"])([^'"\n]*)\1[ \t]*(?:,|;.*|#.*)?""")  # with what may follow it on its line
# An array's element, an element that is set, a constant, a field, a variable: each with a quoted text.
_CODE = re.compile(
    r"""(?:['"]([A-Za-z_][\w.\-]*)['"][ \t]*(?:=>|:|\][ \t]*=)|\bdefine\([ \t]*['"](\w+)['"][ \t]*,"""
    r"""|(?<![\w.$'"-])\$?([A-Za-z_]\w*)[ \t]*(?::=?|=))[ \t]*(['"])([^'"\n]*)\4"""
)
_XML = re.compile(r"<(\w[\w.\-:]*)(?:\s[^<>]*)?>([^<>]+)</\1\s*>|(?<=\s)([A-Za-z_][\w.\-:]*)=(['\"])([^'\"<>]*)\4")
# Hadoop's and Spring's: the key is a value itself.
_XML_NAMED = re.compile(
    r"<name>\s*([\w.\-]+)\s*</name>\s*<value>([^<>]+)</value>|\bname=['\"]([\w.\-]+)['\"]\s+value=['\"]([^'\"<>]*)['\"]"
)
_XML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_COMMENT = re.compile(r"^[ \t]*(?:#|//|;|--|\*(?![ \t]*=)|/\*|<!--)")
_LINE = re.compile(r"[^\n]+")


@dataclass(frozen=True, slots=True)
class Leaf:
    """``key``: the path of keys, ``clusters[0].address``; empty for a line of a free text. ``parent``: what siblings
    share. ``offset``: where the text's letters begin in the file; None where they are written another way there.
    """

    key: str
    parent: str
    text: str
    offset: int | None


@lru_cache(maxsize=4096)
def leaves(name: str, text: str) -> tuple[Leaf, ...]:
    """The values of a file; a value that is one word or a sentence, each with its key where the file has keys."""
    if _is_structured(name, text):
        found = _of_yaml(text)
        if found is not None:
            return tuple(found)
    if name.lower().endswith(_CODE_FILES) or text.lstrip().startswith("<?php"):
        return tuple(_of_code(text))
    if text.lstrip().startswith("<") and text.rstrip().endswith(">"):
        return tuple(_of_xml(text))
    if is_nginx(text):
        hosts, rest = hosts_of_nginx(text)
        return (*(Leaf(key, "", word, at) for key, word, at in hosts), *_of_lines(rest))
    properties = [m for m in _PROPERTY.finditer(text) if not _COMMENT.match(m.group(0))]
    lines = _of_lines(text)
    return tuple(_of_properties(properties)) if properties and len(properties) * 2 >= len(lines) else lines


def _of_lines(text: str) -> tuple[Leaf, ...]:
    """Its lines that are neither empty nor a comment."""
    found = (m for m in _LINE.finditer(text) if m.group(0).strip() and not _COMMENT.match(m.group(0)))
    return tuple(Leaf("", "", m.group(0), m.start()) for m in found)


def _is_structured(name: str, text: str) -> bool:
    if len(text) > _LARGEST or ("\n" not in text.strip() and not text.lstrip().startswith(("{", "["))):
        return False
    return name.lower().endswith(_STRUCTURED) or not name.lower().endswith(_NO_YAML)


def _of_yaml(text: str) -> list[Leaf] | None:
    """None where it is no YAML, or nothing but a text."""
    try:
        documents = [d for d in yaml.compose_all(text, Loader=_LOADER) if d is not None]
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not documents or all(isinstance(d, yaml.ScalarNode) for d in documents):
        return None
    return [leaf for d in documents for leaf in _of_node(d, "", "", text, frozenset())]


def _of_node(node: yaml.Node, key: str, parent: str, text: str, above: frozenset[int]) -> Iterator[Leaf]:
    if id(node) in above:  # an alias within itself
        return
    inside = above | {id(node)}
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            word = str(name.value) if isinstance(name, yaml.ScalarNode) else ""
            yield from _of_node(value, f"{key}.{word}" if key else word, key, text, inside)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _of_node(value, f"{key}[{index}]", parent, text, inside)
    elif isinstance(node, yaml.ScalarNode) and node.value:
        yield from _of_scalar(node, key, parent, text)


def _of_scalar(node: yaml.ScalarNode, key: str, parent: str, text: str) -> Iterator[Leaf]:
    start, end = node.start_mark.index, node.end_mark.index
    written = text[start:end]
    if node.style in ("|", ">"):
        yield from (Leaf(key, parent, m.group(0), start + m.start()) for m in _LINE.finditer(written) if m.start())
        return
    inner = 1 if node.style in ("'", '"') else 0
    plain = written[inner : len(written) - inner].rstrip() if not inner else written[inner:-inner]
    yield Leaf(key, parent, node.value, start + inner if plain == node.value else None)


def _of_code(text: str) -> Iterator[Leaf]:
    """Of PHP and other languages: what has a key and is quoted; else its lines."""
    for line in _LINE.finditer(text):
        if _COMMENT.match(line.group(0)):
            continue
        found = list(_CODE.finditer(text, line.start(), line.end()))
        if not found:
            yield Leaf("", "", line.group(0), line.start())
        for match in found:
            if match.group(5):
                yield Leaf(match.group(1) or match.group(2) or match.group(3), "", match.group(5), match.start(5))


def _of_xml(text: str) -> Iterator[Leaf]:
    """Elements that hold a text alone, and attributes; a name with its value is a key with it."""
    text = _XML_COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    named = {}
    for match in _XML_NAMED.finditer(text):
        group = 2 if match[1] else 4
        named[match.start(group)] = match[group - 1]
    for match in _XML.finditer(text):
        group = 2 if match[1] else 5
        start = match.start(group)
        if match[group].strip():
            yield Leaf(named.get(start) or match[group - 1 if match[1] else 3], "", match[group], start)


def _of_properties(found: list[re.Match[str]]) -> Iterator[Leaf]:
    for match in found:
        start = match.start(2)
        text = match.group(2)
        if quoted := _QUOTED.fullmatch(text):
            start, text = start + 1, quoted[2]
        if text:
            yield Leaf(match.group(1), match.group(1).rpartition(".")[0], text, start)
