"""Scripts that are killed, or whose calls fail, at each command: run again they come to the same end, and so does the
way back, whatever the step. Against the project and the cluster that remember (``stand_in.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rendering.stand_in import HOWS, Fault, How, Ran, StandIn
from tests.rendering.test_scripts import CASES, folder_of

Made = Mapping[str, list[str]]
SUSPEND = 'kubectl patch cronjob report --namespace=shop --patch=\'{"spec":{"suspend":true}}\''
SMALL = ("a scheduled job", "called by the name of its Service")


@dataclass(frozen=True)
class Step:
    """One step of cutover.md: a script, or a line that a person types."""

    script: str
    words: tuple[str, ...] = ()

    def run(self, stand_in: StandIn, folder: Path, variables: Mapping[str, str], fault: Fault | None = None) -> Ran:
        command = folder / self.script if self.script.endswith(".sh") else self.script
        return stand_in.run(command, *self.words, fault=fault, **variables)


PREPARE, DEPLOY, SCHEDULE, SUSPENDED = Step("prepare.sh"), Step("deploy.sh"), Step("scheduler.sh"), Step(SUSPEND)
OUT, IN, CALLERS = (Step("network.sh", (word,)) for word in ("out", "in", "callers"))
BACK = Step("rollback.sh")


class Move:
    """One workload's move, with what stands after each step that nothing disturbs."""

    def __init__(self, case: str, folder: Path) -> None:
        subject, context, self.variables = CASES[case]
        self.folder = folder_of(folder / "out", subject, context)
        self.stand_in = StandIn(folder / "bin")
        # Pods run, the CronJob is on: what is there before.
        self.steps = tuple(self._there())
        self.before: list[Made] = []
        self.after: list[Made] = []
        self.calls: list[int] = []
        for step in self.steps:
            self.before.append(self.stand_in.made)
            ran = step.run(self.stand_in, self.folder, self.variables)
            assert ran.code == 0, ran.said
            self.after.append(self.stand_in.made)
            self.calls.append(len(ran.calls))

    def _there(self) -> Iterator[Step]:
        for step in (PREPARE, OUT, DEPLOY, IN, CALLERS, SCHEDULE):
            path = self.folder / step.script
            if path.exists() and all(f"  {word}) " in path.read_text() for word in step.words):
                yield step
        if (self.folder / "scheduler.sh").exists():
            yield SUSPENDED

    def again(self, step: Step, made: Made) -> Made:
        """What stands after an undisturbed run on what is there."""
        self.stand_in.made = made  # type: ignore[assignment]
        ran = step.run(self.stand_in, self.folder, self.variables)
        assert ran.code == 0, f"{step.script} {step.words}: {ran.said}"
        return self.stand_in.made

    def struck(self, step: Step, made: Made, fault: Fault) -> tuple[Ran, Made]:
        self.stand_in.made = made  # type: ignore[assignment]
        ran = step.run(self.stand_in, self.folder, self.variables, fault)
        return ran, self.stand_in.made


def is_on_gke(made: Made) -> list[str]:
    """What is not as it should be once a workload is back on GKE."""
    wrong = [
        f"{k} is suspended" for k, holds in made.items() if k.startswith("kubectl cronjob") and "suspended" in holds
    ]
    wrong += [f"{k} has no pods" for k, h in made.items() if k.startswith("kubectl service") and "selector={}" in h]
    wrong += [f"{k} has none" for k, holds in made.items() if "replicas=0" in holds]
    scheduled = [k for k, h in made.items() if k.startswith("scheduler jobs") and "paused" not in h]
    return wrong + [f"{k} still starts it" for k in scheduled]


def faults(calls: int, hows: Sequence[How]) -> Iterator[Fault]:
    yield from (Fault(at, how) for at in range(calls) for how in hows)


def check(case: str, folder: Path, hows: Sequence[How]) -> None:
    move = Move(case, folder)
    for step, before, after, calls in zip(move.steps, move.before, move.after, move.calls, strict=True):
        for fault in faults(calls, hows):
            where = f"{step.script} {step.words} {fault}"
            ran, left = move.struck(step, before, fault)
            if fault.how == "silent" and "list" in ran.calls[fault.at]:
                continue  # a list that says nothing is an empty list
            assert _sorted(move.again(step, left)) == _sorted(after), f"{where}: {ran.said}"
            if fault.how in ("killed before", "killed after"):
                assert is_on_gke(move.again(BACK, left)) == [], where
    end = move.after[-1]
    back = move.again(BACK, end)
    assert is_on_gke(back) == []
    move.stand_in.made = end  # type: ignore[assignment]
    for fault in faults(len(BACK.run(move.stand_in, move.folder, move.variables).calls), hows):
        ran, left = move.struck(BACK, end, fault)
        if ran.code >= 0:  # not killed: whatever failed, the CronJob runs
            assert [w for w in is_on_gke(left) if "suspended" in w and fault.at] == [], f"{fault}: {ran.said}"
        assert _sorted(move.again(BACK, left)) == _sorted(back), f"{BACK.script} {fault}: {ran.said}"
    # And forward once more.
    made = back
    for step in move.steps:
        made = move.again(step, made)
    assert {k: v for k, v in made.items() if k.startswith("scheduler")} == {
        k: v for k, v in end.items() if k.startswith("scheduler")
    }


def _sorted(made: Made) -> Made:
    return {key: sorted(holds) for key, holds in sorted(made.items())}


@pytest.mark.parametrize("case", [c if c in SMALL else pytest.param(c, marks=pytest.mark.soak) for c in CASES])
def test_a_run_that_is_killed_at_any_command_is_run_again_or_taken_back(case: str, tmp_path: Path) -> None:
    check(case, tmp_path, ("killed before", "killed after"))


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES)
def test_a_call_that_fails_or_says_odd_things_leaves_nothing_that_a_second_run_does_not_mend(
    case: str, tmp_path: Path
) -> None:
    check(case, tmp_path, [how for how in HOWS if not how.startswith("killed")])
