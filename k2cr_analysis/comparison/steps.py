"""From one snapshot to the other, one input at a time: what each input does to a figure.

The inputs of the second snapshot are put in place of the first's in the order of ``CAUSES``; after each, everything is
assessed and planned anew. The difference that a step makes is that input's part of the change, so that the parts add up
to the whole by themselves; what two inputs do only together counts for the later one. An input that is the same in both
has no step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from k2cr_analysis.assessment.config_names import check_object_names
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.comparison.result import FigureChange, Part
from k2cr_analysis.config import Config
from k2cr_analysis.errors import K2crError
from k2cr_analysis.planning import Plan, Portfolio, plan_and_portfolio
from k2cr_analysis.snapshot import Snapshot
from k2cr_analysis.verdicts import assess

# In this order: what is paid for a unit, what is asked for, what is used, what comes in; last what GKE charged.
CAUSES = ("config", "prices", "manifests", "usage", "traffic", "bill")
_TABLE_OF = {"prices": "prices", "usage": "usage", "traffic": "traffic", "bill": "billing"}
_ZERO = Decimal(0)
_MOVES = ("ready", "changes")
BILLIONTH = Decimal("1e-9")  # the export's own precision: differences of such figures are exact


@dataclass(frozen=True)
class Step:
    """The whole answer after one input was put in; ``cause`` is empty for the first snapshot itself."""

    cause: str
    assessment: Assessment
    plan: Plan
    portfolio: Portfolio

    @cached_property
    def workloads(self) -> dict[str, WorkloadAssessment]:
        return {w.id: w for w in self.assessment.workloads}

    def workload(self, was: str, identity: str) -> WorkloadAssessment | None:
        """A workload under its name in the second snapshot, else under that in the first."""
        return self.workloads.get(identity) or self.workloads.get(was)


@dataclass(frozen=True)
class Chain:
    """The steps from the first snapshot to the second; ``skipped``: inputs that could not be put in by themselves.

    What a skipped input does counts for the next one.
    """

    steps: tuple[Step, ...]
    skipped: tuple[str, ...]

    @property
    def before(self) -> Step:
        return self.steps[0]

    @property
    def after(self) -> Step:
        return self.steps[-1]

    def figure(self, name: str, value: Callable[[Step], Decimal | None]) -> FigureChange:
        """The change of a figure and each step's part of it.

        A step at which the figure is not known (usage of the one snapshot does not fit the manifests of the other)
        hands its part on to the next at which it is.
        """
        values = [to_billionth(value(step)) for step in self.steps]
        before, after = values[0], values[-1]
        if before is None or after is None:
            return FigureChange(name, before, after, ())
        parts, last = [], before
        for step, found in zip(self.steps[1:], values[1:], strict=True):
            if found is not None and found != last:
                parts.append(Part(step.cause, found - last))
                last = found
        return FigureChange(name, before, after, tuple(parts))

    def causes(self, value: Callable[[Step], object]) -> tuple[str, ...]:
        """The steps at which a value turned into another."""
        found = [value(step) for step in self.steps]
        return tuple(s.cause for s, old, new in zip(self.steps[1:], found, found[1:], strict=False) if old != new)


def chain(before: Snapshot, after: Snapshot, configs: tuple[Config, Config]) -> Chain:
    """Assess the first snapshot, then with one input of the second after the other, up to the second itself."""
    differing = [cause for cause in CAUSES if _differs(cause, before, after, configs)]
    mixed, config, skipped = before, configs[0], []
    steps = [_step("", mixed, config)]
    for cause in differing:
        mixed, config = _with(cause, mixed, after, config, configs[1])
        is_last = cause == differing[-1]
        try:
            steps.append(_step(cause, after if is_last else mixed, config))
        except K2crError:
            if is_last:
                raise
            skipped.append(cause)
    both = [step.assessment.cluster for step in (steps[0], steps[-1])]
    for one in configs:
        check_object_names(one, both)
    return Chain(tuple(steps), tuple(skipped))


def _step(cause: str, snapshot: Snapshot, config: Config) -> Step:
    assessment = assess(snapshot, config, alone=False)
    return Step(cause, assessment, *plan_and_portfolio(assessment))


def _with(
    cause: str, mixed: Snapshot, after: Snapshot, config: Config, config_after: Config
) -> tuple[Snapshot, Config]:
    if cause == "config":
        return mixed, config_after
    if cause == "manifests":
        # The objects come with their own provenance: names, place, and what was wrong in them.
        return after.with_tables_of(mixed), config
    return mixed.with_tables_of(after, only=_TABLE_OF[cause]), config


def _differs(cause: str, before: Snapshot, after: Snapshot, configs: tuple[Config, Config]) -> bool:
    if cause == "config":
        return configs[0] != configs[1]
    if cause == "manifests":
        places = [(s.provenance.project, s.provenance.cluster, s.provenance.location) for s in (before, after)]
        return places[0] != places[1] or [o.object for o in before.objects()] != [o.object for o in after.objects()]
    return not before.has_same_table(after, _TABLE_OF[cause])


def to_billionth(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(BILLIONTH)


def summed(name: str, changes: Iterable[tuple[str, str, FigureChange]], came: Decimal, went: Decimal) -> FigureChange:
    """A figure of all workloads in sum; workloads that came or went, or are known on one side alone, are parts too.

    ``changes``: each with the workload's id and its verdict in the second snapshot.
    """
    parts = dict.fromkeys(CAUSES, _ZERO) | {"workloads added": came, "workloads removed": -went}
    before, after = went, came
    for identity, verdict, change in changes:
        before += change.before or _ZERO
        after += change.after or _ZERO
        for part in change.parts:
            parts[part.cause] += part.month
        if change.before is None:
            parts[f"{identity}, not known before"] = change.after or _ZERO
        elif change.after is None:
            why = "no longer known" if verdict in _MOVES else f"now {verdict}"
            parts[f"{identity}, {why}"] = -change.before
    return FigureChange(name, before, after, tuple(Part(cause, month) for cause, month in parts.items() if month))
