"""The table of fit's rules: one small function each, beside its own documentation.

A rule is registered with its id (named for what it finds), its severity, the fields that it looks at (they feed the
account of fields) and the page of Google's documentation that it rests on. Its docstring is its page in
``docs/rules/``: one line that says what was found, then Why, Remedy and Example. The pages of all rules, fit's and the
others', are in ``model.rules``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.model.findings.finding import Severity
from k2cr_analysis.model.findings.rules import RulePage, RuleText, enter, file_of, parse_text

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
    """A rule of fit: its page, and what looks for it."""

    page: RulePage
    check: Check

    @property
    def id(self) -> str:
        return self.page.id

    @property
    def severity(self) -> Severity:
        return self.page.severity

    @property
    def text(self) -> RuleText:
        return self.page.text

    @property
    def reads(self) -> tuple[str, ...]:
        return self.page.reads


def rule(*, id: str, severity: Severity, reads: tuple[str, ...], docs: str) -> Callable[[Check], Check]:  # noqa: A002 (the rule's id)
    """Register a function as the rule ``id``; its docstring is its documentation page."""

    def register(check: Check) -> Check:
        add(Rule(RulePage(id, severity, parse_text(check.__doc__ or "", id), reads, docs, file_of(check)), check))
        return check

    return register


def add(new: Rule) -> None:
    """Put a rule into the table; rules that are data come in here too."""
    enter(new.page)
    _RULES[new.id] = new


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its id, in the order of the ids. Each file under ``fit/rules/`` is loaded: a new rule is one new
    file.
    """
    package = importlib.import_module("k2cr_analysis.fit.rules")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return dict(sorted(_RULES.items()))


def read_by(rules: Iterable[Rule]) -> Iterator[tuple[str, str]]:
    """(field, rule id) for the account of fields."""
    for one in rules:
        for field in one.reads:
            yield field, one.id
