"""The table of rules: one small function each, beside its own documentation.

A rule is registered with its id (named for what it finds), its severity, the fields that it looks at (they feed the
account of fields) and the page of Google's documentation that it rests on. Its docstring is its page in
``docs/rules/``: one line that says what was found, then Why, Remedy and Example.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.model.finding import Severity
from k2cr_analysis.model.rule_text import RuleText, parse_text

_RULES: dict[str, Rule] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule yields: the place, the found value with the limit it meets, and a way out of its own, if any."""

    at: str
    message: str
    remediation: str | None = None


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


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its id, in the order of the ids. Each file of ``fit/rules/`` is loaded: a new rule is one new
    file.
    """
    package = importlib.import_module("k2cr_analysis.fit.rules")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_RULES.items()))


def read_by(rules: Iterable[Rule]) -> Iterator[tuple[str, str]]:
    """(field, rule id) for the account of fields."""
    for one in rules:
        for field in one.reads:
            yield field, one.id
