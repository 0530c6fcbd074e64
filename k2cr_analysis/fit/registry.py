"""The table of rules: one small function each, beside its own documentation.

A rule is registered with its id (named for what it finds), its severity, the fields that it looks at (they feed the
account of fields) and the page of Google's documentation that it rests on. Its docstring is its page in
``docs/rules/``: one line that says what was found, then Why, Remedy and Example.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from k2cr_analysis.errors import UsageError
from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.model.finding import Severity

_SECTIONS = ("Why", "Remedy", "Example")
_RULES: dict[str, Rule] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule yields: the place, the found value with the limit it meets, and a way out of its own, if any."""

    at: str
    message: str
    remediation: str | None = None


@dataclass(frozen=True, slots=True)
class RuleText:
    """The parts of a rule's page. ``remedy`` is the remediation of its findings, unless one brings its own."""

    what: str
    why: str
    remedy: str
    example: str


Check = Callable[[Candidate], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    severity: Severity
    reads: tuple[str, ...]
    docs: str
    text: RuleText
    check: Check
    subject: str  # the file of fit/rules/ that holds it


def rule(*, id: str, severity: Severity, reads: tuple[str, ...], docs: str) -> Callable[[Check], Check]:  # noqa: A002 (the rule's id)
    """Register a function as the rule ``id``; its docstring is its documentation page."""

    def register(check: Check) -> Check:
        add(
            Rule(
                id,
                severity,
                reads,
                docs,
                parse_text(check.__doc__ or "", id),
                check,
                check.__module__.rpartition(".")[2],
            )
        )
        return check

    return register


def add(new: Rule) -> None:
    """Put a rule into the table; rules that are data come in here too."""
    if new.id in _RULES:
        raise ValueError(f"two rules are called {new.id}")
    _RULES[new.id] = new


def parse_text(docstring: str, rule_id: str) -> RuleText:
    """A docstring of one line and the paragraphs ``Why:``, ``Remedy:``, ``Example:`` -> its parts."""
    what, _, rest = docstring.strip().partition("\n")
    parts = re.split(rf"^\s*({'|'.join(_SECTIONS)}):\s*", rest, flags=re.MULTILINE)
    found = {
        name: _unwrapped(body, keep_lines=name == "Example")
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    missing = [s for s in _SECTIONS if not found.get(s)]
    if missing or not what:
        raise ValueError(f"the text of rule {rule_id} lacks {', '.join(missing) or 'its first line'}")
    return RuleText(what.strip(), found["Why"], found["Remedy"], found["Example"])


def _unwrapped(body: str, *, keep_lines: bool) -> str:
    lines = [line.strip() for line in body.strip().splitlines()]
    return ("\n" if keep_lines else " ").join(lines)


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its id, in the order of the ids. Each file of ``fit/rules/`` is loaded: a new rule is one new
    file.
    """
    package = importlib.import_module("k2cr_analysis.fit.rules")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_RULES.items()))


def find_rule(rule_id: str) -> Rule:
    """The rule of that id.

    Raises
    ------
    UsageError  No rule has that id; the message names close ones.
    """
    rules = all_rules()
    if rule_id in rules:
        return rules[rule_id]
    close = close_matches(rule_id)
    raise UsageError(
        ref="unknown-rule",
        found=f'"{rule_id}"',
        expected=f"one of the {len(rules)} rules" + (f", perhaps {' or '.join(close)}" if close else ""),
        do="run `k2cr explain` alone for the list of rules",
    )


def close_matches(rule_id: str) -> list[str]:
    """Ids that look like ``rule_id``, best first."""
    return difflib.get_close_matches(rule_id, all_rules(), n=3, cutoff=0.5)


def read_by(rules: Iterable[Rule]) -> Iterator[tuple[str, str]]:
    """(field, rule id) for the account of fields."""
    for one in rules:
        for field in one.reads:
            yield field, one.id
