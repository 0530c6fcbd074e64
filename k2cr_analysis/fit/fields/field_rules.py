"""Rules that look at one field: data, with no code of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, Rule, add
from k2cr_analysis.model.findings.finding import Severity
from k2cr_analysis.model.findings.rules import RulePage, parse_text
from k2cr_analysis.model.workload import Raw

_ROOTS = ("PodSpec", "Container")


@dataclass(frozen=True, slots=True)
class FieldRule:
    """``field`` is a schema path under PodSpec or Container. It fires where the field is set to anything but false, 0
    or
    empty; ``only``: where it is one of these values. ``message`` may name ``{container}`` and ``{value}``.
    """

    id: str
    severity: Severity
    field: str
    message: str
    text: str
    docs: str
    only: tuple[str, ...] = ()

    def check(self, candidate: Candidate) -> Iterator[Found]:
        root, _, path = self.field.partition(".")
        places = (
            [(candidate.pod.path, candidate.pod.raw, "")]
            if root == "PodSpec"
            else [(c.path, c.raw, c.name) for c in candidate.moving]
        )
        for at, raw, container in places:
            value = _value(raw, path)
            if value in self.only if self.only else bool(value):
                yield Found(f"{at}.{path}", self.message.format(container=container, value=_words(value)))


def _value(raw: Raw, path: str) -> Any:
    found: Any = raw
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(v.get("name", v)) if isinstance(v, Mapping) else str(v) for v in value)
    return str(value)


def register_all(*rules: FieldRule) -> None:
    """Register rules of the calling file of ``fit/rules/``."""
    defined_in = str(sys._getframe(1).f_globals["__name__"]).replace(".", "/") + ".py"
    for one in rules:
        if one.field.partition(".")[0] not in _ROOTS:
            raise ValueError(f"{one.id} looks at {one.field}, which is neither of the pod nor of a container")
        page = RulePage(one.id, one.severity, parse_text(one.text, one.id), (one.field,), one.docs, defined_in)
        add(Rule(page, one.check))
