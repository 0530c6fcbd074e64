"""What a diff is: figures whose parts add up to their change, verdicts, fields, the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from k2cr_analysis.model.findings.finding import Finding


@dataclass(frozen=True, slots=True)
class Part:
    """What one cause does to a figure, money a month: a step of ``steps.CAUSES``, or workloads that came or went."""

    cause: str
    month: Decimal


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure, money a month, to the billionth; ``parts`` add up to ``change`` exactly.

    ``before`` or ``after`` is None where that side cannot tell it; then there is no ``change``, and no parts.
    """

    figure: str
    before: Decimal | None
    after: Decimal | None
    parts: tuple[Part, ...]

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that differs. ``cause``: which input it is in; ``path``: where in it; None: not there."""

    cause: str
    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """``causes``: the inputs whose change turned the verdict, in the order in which they were put in."""

    before: str
    after: str
    target_before: str
    target_after: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkloadChange:
    """One workload that is in both snapshots. ``verdict``: None where it is the same."""

    id: str
    verdict: VerdictChange | None
    appeared: tuple[Finding, ...]
    disappeared: tuple[Finding, ...]
    figures: tuple[FigureChange, ...]
    why: tuple[FieldChange, ...]  # of the workload's own inputs
    recommended: tuple[FieldChange, ...]  # of the recommended shape, each with the input that changed it
    renamed_from: str | None = None  # its id in the first snapshot, where it is another

    @property
    def changed(self) -> bool:
        """Whether anything that is said of the workload differs; inputs that change nothing count as well."""
        return bool(
            self.verdict
            or self.appeared
            or self.disappeared
            or self.why
            or self.recommended
            or any(f.changed for f in self.figures)
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a workload stands in the plans: its wave, or None and why it stays (or that it is not there)."""

    id: str
    wave_before: int | None
    wave_after: int | None
    why_before: str | None
    why_after: str | None


@dataclass(frozen=True, slots=True)
class PlanChange:
    """``placements``: workloads whose wave, or whose reason to stay, differs. Counts are over all waves."""

    placements: tuple[Placement, ...]
    waves: tuple[int, int]
    nodes_removed: tuple[int, int]
    cluster_goes: tuple[bool, bool]
    effort_days: tuple[float, float]


@dataclass(frozen=True)
class Diff:
    """Everything that differs; a snapshot against itself has nothing in any of these.

    ``figures`` are those of the portfolio and of all workloads in sum, each with its parts. ``inputs``: what of the
    inputs differs at all, in the order in which they are put in. ``lines``: the bill's, with their change alone.
    ``shared_why``: changes of prices and settings, which are nobody's own.
    """

    currency: str | None  # None: the two bills are in different currencies, and no money is compared
    snapshots: tuple[Mapping[str, object], Mapping[str, object]]
    inputs: tuple[str, ...]
    figures: tuple[FigureChange, ...]
    lines: tuple[FigureChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    workloads: tuple[WorkloadChange, ...]
    plan: PlanChange
    shared_why: tuple[FieldChange, ...]
    notes: tuple[str, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)  # cause -> what it is in words, where that says more

    @property
    def changed(self) -> bool:
        placed = self.plan.placements or self.plan.nodes_removed[0] != self.plan.nodes_removed[1]
        return bool(
            self.added
            or self.removed
            or self.renamed
            or self.workloads
            or self.shared_why
            or placed
            or any(f.changed for f in (*self.figures, *self.lines))
        )
