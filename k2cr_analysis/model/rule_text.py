"""A rule's documentation is its docstring: one line that says what was found, then Why, Remedy and, mostly, Example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.model.finding import Severity

_SECTIONS = ("Why", "Remedy", "Example")


@dataclass(frozen=True, slots=True)
class RuleText:
    """The parts of a rule's page. ``remedy`` is the remediation of its findings, unless one brings its own."""

    what: str
    why: str
    remedy: str
    example: str | None


@dataclass(frozen=True, slots=True)
class RulePage:
    """What a rule's page says. ``defined_in``: the file; ``docs``: the page of Google's that it rests on, if any."""

    id: str
    severity: Severity
    text: RuleText
    reads: tuple[str, ...]
    docs: str | None
    defined_in: str


def parse_text(docstring: str, rule_id: str, *, needs_example: bool = True) -> RuleText:
    """The parts of a docstring; ValueError, which stops the tests, where one is missing."""
    what, _, rest = docstring.strip().partition("\n")
    parts = re.split(rf"^\s*({'|'.join(_SECTIONS)}):\s*", rest, flags=re.MULTILINE)
    found: Mapping[str, str] = {
        name: _unwrapped(body, keep_lines=name == "Example")
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    needed = _SECTIONS if needs_example else _SECTIONS[:2]
    missing = [s for s in needed if not found.get(s)]
    if missing or not what:
        raise ValueError(f"the text of rule {rule_id} lacks {', '.join(missing) or 'its first line'}")
    return RuleText(what.strip(), found["Why"], found["Remedy"], found.get("Example"))


def _unwrapped(body: str, *, keep_lines: bool) -> str:
    lines = [line.strip() for line in body.strip().splitlines()]
    return ("\n" if keep_lines else " ").join(lines)
