"""What a person at a notebook calls: ``assess``, ``plan``, ``portfolio`` and ``recommend`` take what one has at hand.

That is a folder that `k2cr collect` wrote, an opened snapshot, an assessment, or a list of any of these; what they
cannot take they say in a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from k2cr_analysis import planning
from k2cr_analysis.assessment import recommend as search_one
from k2cr_analysis.assessment.config_names import check_object_names
from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.over_a_fleet import counted_once
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config import Config, Objectives, load_config
from k2cr_analysis.errors import UsageError
from k2cr_analysis.snapshot import Snapshot
from k2cr_analysis.verdicts import assess as assess_one

if TYPE_CHECKING:
    from k2cr_analysis.latency.learning.calibration import Calibration
    from k2cr_analysis.latency.predict import Effort
    from k2cr_analysis.latency.search.search import Recommendation

Settings = Config | str | Path | None
One = Snapshot | Assessment | str | Path
_TAKEN = "the folder of a snapshot, an opened snapshot, an assessment, or a list of these"


class Assessments(list[Assessment]):
    """Assessments of several clusters; a workload is found by its id or short name, as in one."""

    def __getitem__(self, key: Any) -> Any:
        return find_workload(self, key) if isinstance(key, str) else super().__getitem__(key)

    @property
    def workloads(self) -> tuple[WorkloadAssessment, ...]:
        return tuple(w for a in self for w in a.workloads)


@overload
def assess(
    snapshot: One,
    config: Settings = None,
    calibration: Calibration | None = None,
    *,
    effort: Effort = ...,
) -> Assessment: ...
@overload
def assess(
    snapshot: list[One] | tuple[One, ...],
    config: Settings = None,
    calibration: Calibration | None = None,
    *,
    effort: Effort = ...,
) -> Assessments: ...
def assess(
    snapshot: One | list[One] | tuple[One, ...],
    config: Settings = None,
    calibration: Calibration | None = None,
    *,
    effort: Effort = "coarse",
) -> Assessment | Assessments:
    """Assess every workload: fit, size, cost, latency, toil.

    Parameters
    ----------
    snapshot : a folder that `k2cr collect` wrote, or an opened snapshot; a list of them gives a list
    config : path of a k2cr.toml, or a loaded one; None: no config
    calibration : what services that have moved taught (`k2cr verify`)
    effort : "quick" (closed forms, no search), "coarse" (each service is searched near its size), "full"
    """
    settings = _settings(config)
    if isinstance(snapshot, list | tuple):
        return Assessments(_fleet(snapshot, settings, calibration, effort))
    return _assessed(snapshot, settings, calibration, effort)


def plan(assessments: One | Sequence[One], config: Settings = None) -> planning.Plan:
    """The set that saves most, in waves, over one cluster or several."""
    return planning.plan(_several(assessments, config))


def portfolio(assessments: One | Sequence[One], config: Settings = None) -> planning.Portfolio:
    """The whole bill, and what the plan makes of it."""
    return planning.portfolio(_several(assessments, config))


def recommend(
    assessment: One | Sequence[One] | WorkloadAssessment,
    workload: str | None = None,
    objectives: Objectives | None = None,
    *,
    config: Settings = None,
) -> Recommendation:
    """The configuration of one service: ``recommend(a, "frontend")``, ``recommend("snapshot/", "portal/frontend")``.

    Also ``recommend(a["frontend"])``, for what `assess` has found already. ``objectives``: in place of the config's.
    """
    if isinstance(assessment, WorkloadAssessment):
        if objectives is not None or assessment.choice is None:
            raise UsageError(
                ref="needs-the-assessment",
                found=f"the assessment of {assessment.id} alone"
                + ("" if objectives is None else ", and other objectives"),
                expected="the whole assessment and the workload's name, since a search needs requests and prices",
                do=f'recommend(a, "{assessment.id}")',
            )
        return assessment.choice
    if not isinstance(workload, str):
        raise UsageError(
            ref="no-workload-named",
            found=f"workload = {workload!r}",
            expected='the id or the short name of one workload: recommend(a, "frontend")',
        )
    several = _several(assessment, config)
    one = find_workload(several, workload)
    holder = next(a for a in several if any(w is one for w in a.workloads))
    return search_one(holder, one.id, objectives)


def _settings(config: Settings) -> Config | None:
    if config is None or isinstance(config, Config):
        return config
    if isinstance(config, str | Path):
        return load_config(Path(config))
    raise UsageError(
        ref="not-a-config", found=f"config = {_shown(config)}", expected="the path of a k2cr.toml, or a loaded one"
    )


def _several(given: Any, config: Settings) -> list[Assessment]:
    return _fleet(given if isinstance(given, list | tuple) else [given], _settings(config), None, "coarse")


def _fleet(
    given: Sequence[Any], config: Config | None, calibration: Calibration | None, effort: Effort
) -> list[Assessment]:
    """Each assessed; what the config names must be in one of them."""
    if not given:
        raise UsageError(ref="nothing-given", found="an empty list", expected=_TAKEN)
    found = counted_once([_assessed(one, config, calibration, effort, alone=len(given) == 1) for one in given])
    if config is not None and len(found) > 1:
        check_object_names(config, [a.cluster for a in found])
    return found


def _assessed(
    one: Any, config: Config | None, calibration: Calibration | None, effort: Effort, *, alone: bool = True
) -> Assessment:
    if isinstance(one, Assessment):
        if config is not None or calibration is not None:
            raise UsageError(
                ref="assessed-already",
                found="an assessment, and a config or a calibration for it",
                expected="the snapshot that it is of, to assess it anew",
            )
        return one
    if isinstance(one, Snapshot | str | Path):
        return assess_one(one, config, calibration, effort=effort, alone=alone)
    raise UsageError(ref="not-a-snapshot", found=_shown(one), expected=_TAKEN)


def _shown(value: Any) -> str:
    """The value where it is short, with its type: what a person will recognise."""
    text = repr(value)
    kind = type(value).__name__
    return f"{text} ({kind})" if len(text) <= 60 else f"a {kind}"
