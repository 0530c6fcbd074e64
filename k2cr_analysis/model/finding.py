"""What an analysis says of a workload: findings, verdict, target."""

from __future__ import annotations

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
    object, ``path`` starts with that object's id: ``Service/web $.spec.ports[0]``.
    """

    rule: str
    severity: Severity
    path: str | None
    message: str
    remediation: str | None = None
    docs: str | None = None
