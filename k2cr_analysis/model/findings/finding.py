"""What an analysis says of a workload: findings, verdict, target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["blocker", "change", "note"]
Verdict = Literal["ready", "changes", "blocked", "keep"]
Target = Literal["service", "worker-pool", "job", "none"]

SEVERITIES: tuple[Severity, ...] = ("blocker", "change", "note")
VERDICTS: tuple[Verdict, ...] = ("ready", "changes", "blocked", "keep")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one place, with its way out.

    ``path`` is a JSON path in the object, ``$.spec.template.spec.hostNetwork``; where the finding comes of another
    object, ``path`` starts with that object's id: ``Service/web $.spec.ports[0]``. ``of_snapshot``: it holds for every
    workload alike, and is said once, for the snapshot.
    """

    rule: str
    severity: Severity
    path: str | None
    message: str
    remediation: str | None = None
    docs: str | None = None
    of_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class FindingRow:
    """All that one rule found in one workload, as a page says it: once, with its places. ``found`` has one at least."""

    found: tuple[Finding, ...]

    @property
    def rule(self) -> str:
        return self.found[0].rule

    @property
    def severity(self) -> Severity:
        return self.found[0].severity

    @property
    def docs(self) -> str | None:
        return self.found[0].docs

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f.path for f in self.found if f.path))

    @property
    def path(self) -> str | None:
        """The first place."""
        return next(iter(self.places), None)

    @property
    def messages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f.message for f in self.found))

    @property
    def message(self) -> str:
        return "; ".join(self.messages)

    def short(self, most: int = 4) -> str:
        """The message for a page: of many places the first few, and how many more there are."""
        more = f"; and {len(self.messages) - most} more" if len(self.messages) > most else ""
        return "; ".join(self.messages[:most]) + more

    @property
    def remediation(self) -> str | None:
        return " ".join(dict.fromkeys(f.remediation for f in self.found if f.remediation)) or None


def rows_of(findings: Iterable[Finding]) -> tuple[FindingRow, ...]:
    """The rows of one workload, gravest first; what is said for the whole snapshot is in none of them."""
    by_rule: dict[tuple[Severity, str], list[Finding]] = {}
    for one in findings:
        if not one.of_snapshot:
            by_rule.setdefault((one.severity, one.rule), []).append(one)
    order = sorted(by_rule, key=lambda key: SEVERITIES.index(key[0]))
    return tuple(FindingRow(tuple(by_rule[key])) for key in order)
