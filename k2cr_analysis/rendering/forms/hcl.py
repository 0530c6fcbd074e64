"""HCL as ``terraform fmt`` would write it: blocks, attributes, strings, in which nothing is a template by accident."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from k2cr_analysis.rendering.text.scripts import comment

Body = Sequence["tuple[str, Any] | Block"]


@dataclass(frozen=True, slots=True)
class Block:
    """A nested block: ``name { ... }``. Attributes whose value is None are left out."""

    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class Explained:
    """A value with the reason that a comment above it gives; without one it is the plain value."""

    value: Any
    why: str


def because(value: Any, why: str | None) -> Any:
    return Explained(value, why) if why and value is not None else value


@dataclass(frozen=True, slots=True)
class Expression:
    """HCL that is not a literal: ``var.region``."""

    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """A string with variables in it: literal text and ``Expression``s, in their order."""

    parts: tuple[str | Expression, ...]


def with_variables(body: Body, words: Callable[[str], Mapping[str, str]]) -> Body:
    """The body with whole words of its strings as expressions.

    ``words``: the attribute's name -> literal -> expression, for what is looked for in it.
    """
    return tuple(
        replace(part, body=with_variables(part.body, words))
        if isinstance(part, Block)
        else (part[0], _with_expressions(part[1], words(part[0])))
        for part in body
    )


def _with_expressions(given: Any, words: Mapping[str, str]) -> Any:
    if isinstance(given, Explained):
        return replace(given, value=_with_expressions(given.value, words))
    if isinstance(given, Mapping):
        return {key: _with_expressions(one, words) for key, one in given.items()}
    if isinstance(given, list):
        return [_with_expressions(one, words) for one in given]
    if not isinstance(given, str) or not words:
        return given
    longest = sorted(words, key=len, reverse=True)
    found = re.compile(rf"(?<![A-Za-z0-9_$({{-])({'|'.join(map(re.escape, longest))})(?![A-Za-z0-9_-])")
    if not found.search(given):
        return given
    return Template(tuple(Expression(words[p]) if p in words else p for p in found.split(given) if p))


def block_lines(head: str, body: Body) -> list[str]:
    """A block at the top of a file, with an empty line after it."""
    return [f"{head} {{", *lines_of(body, 2), "}", ""]


def lines_of(body: Sequence[tuple[str, Any] | Block], indent: int) -> list[str]:
    """Attributes aligned as ``terraform fmt`` does, blocks after a blank line."""
    lines: list[str] = []
    pad = " " * indent
    run: list[tuple[str, str]] = []

    def flush() -> None:
        width = max((len(n) for n, _ in run), default=0)
        lines.extend(f"{pad}{n.ljust(width)} = {v}" for n, v in run)
        run.clear()

    for part in body:
        if isinstance(part, Block):
            flush()
            if lines:
                lines.append("")
            lines += [f"{pad}{part.name} {{", *lines_of(part.body, indent + 2), f"{pad}}}"]
            continue
        name, value = part
        if isinstance(value, Explained):
            flush()
            lines.append(f"{pad}{comment(value.why)}")
            value = value.value
        if isinstance(value, Mapping):
            flush()
            width = max(len(_key(k)) for k in value)
            lines += [
                f"{pad}{name} = {{",
                *(f"{pad}  {_key(k).ljust(width)} = {_value(v)}" for k, v in value.items()),
                f"{pad}}}",
            ]
        elif value is not None:
            run.append((name, _value(value)))
    flush()
    return lines


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and not key[0].isdigit() else quoted(key)


def _value(value: Any) -> str:
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Template):
        return _template(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_value(v) for v in value)}]"
    return str(value) if isinstance(value, int) else quoted(value)


def _template(value: Template) -> str:
    if len(value.parts) == 1 and isinstance(value.parts[0], Expression):
        return value.parts[0].text
    texts = (f"${{{p.text}}}" if isinstance(p, Expression) else _escaped(p) for p in value.parts)
    return f'"{"".join(texts)}"'


def quoted(text: str) -> str:
    """A quoted HCL string: JSON's escapes, and ``${`` and ``%{`` doubled, so that nothing is a template."""
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    escaped = "".join(named.get(c) or (c if c.isprintable() else _unicode(c)) for c in text)
    return escaped.replace("${", "$${").replace("%{", "%%{")


def _unicode(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
