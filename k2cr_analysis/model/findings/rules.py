"""The one registry of rules: whatever can be a finding is entered here, with its documentation.

A rule's documentation is its docstring: one line that says what was found, then Why, Remedy and Example. Rules of fit
enter by ``fit.registry.rule``, what the other analyses have to say by ``notice``.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ParamSpec

from k2cr_analysis.model.findings.finding import Finding, Severity

_P = ParamSpec("_P")

_SECTIONS = ("Why", "Remedy", "Example")


@dataclass(frozen=True, slots=True)
class RuleText:
    """The parts of a rule's page. ``remedy`` is the remediation of its findings, unless one brings its own."""

    what: str
    why: str
    remedy: str
    example: str


@dataclass(frozen=True, slots=True)
class RulePage:
    """What a rule's page says. ``defined_in``: the file; ``docs``: the page of Google's (or Kubernetes') behind it."""

    id: str
    severity: Severity
    text: RuleText
    reads: tuple[str, ...]
    docs: str
    defined_in: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a notice says of one workload. ``remediation``: a way out of its own, else the page's remedy."""

    message: str
    path: str | None = None
    remediation: str | None = None


_PAGES: dict[str, RulePage] = {}


def registered_pages() -> Mapping[str, RulePage]:
    """All that was entered so far, by id in order; the modules that enter rules have to be imported before."""
    return dict(sorted(_PAGES.items()))


def docs_of(rule_id: str) -> str:
    """Where the page of a rule is written: what a finding's ``docs`` says."""
    return f"docs/rules/{rule_id}.md"


def enter(page: RulePage) -> None:
    """Enter a rule; ValueError where another one has its id."""
    if page.id in _PAGES:
        raise ValueError(f"two rules are called {page.id}")
    _PAGES[page.id] = page


def file_of(function: Callable[..., object]) -> str:
    """The file that defines a function, as from the repository's top."""
    return function.__module__.replace(".", "/") + ".py"


def notice(*, docs: str, severity: Severity = "note") -> Callable[[Callable[_P, Said]], Callable[_P, Finding]]:
    """Enter a function as the rule that it is named like; called, it makes the rule's finding."""

    def register(say: Callable[_P, Said]) -> Callable[_P, Finding]:
        rule_id = say.__name__.replace("_", "-")
        text = parse_text(inspect.getdoc(say) or "", rule_id)
        enter(RulePage(rule_id, severity, text, (), docs, file_of(say)))

        @functools.wraps(say)
        def finding(*args: _P.args, **kwargs: _P.kwargs) -> Finding:
            said = say(*args, **kwargs)
            return Finding(
                rule_id, severity, said.path, said.message, said.remediation or text.remedy, docs_of(rule_id)
            )

        return finding

    return register


def parse_text(docstring: str, rule_id: str) -> RuleText:
    """The parts of a docstring; ValueError, which stops the tests, where one is missing."""
    what, _, rest = docstring.strip().partition("\n")
    parts = re.split(rf"^\s*({'|'.join(_SECTIONS)}):\s*", rest, flags=re.MULTILINE)
    found: Mapping[str, str] = {
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
