"""The folders of selected workloads, in one call: what the verb, the deploy notebook and a person at a notebook use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import PartialError
from k2cr_analysis.platforms.cloud_run.gcloud_flags import NEWEST
from k2cr_analysis.processes import in_processes
from k2cr_analysis.rendering.context import RenderContext, context_of
from k2cr_analysis.rendering.folder import RefusedSpecError, render_workload, write_folders
from k2cr_analysis.rendering.select import select


@dataclass(frozen=True, slots=True)
class Rendered:
    """``folders``: id -> folder, in the order of the ids; ``refused``: id -> what the API would refuse in it."""

    folders: Mapping[str, Path]
    refused: Mapping[str, tuple[str, ...]]

    def require_all(self) -> None:
        """``PartialError`` where a workload could not be written."""
        if self.refused:
            raise PartialError(
                ref="refused-by-cloud-run",
                found="; ".join(f"{name}: {', '.join(said[:3])}" for name, said in self.refused.items()),
                expected="values that the Cloud Run API takes",
                do="change them in the manifests and collect again; all other workloads are written",
            )


def render(
    assessment: Assessment,
    workloads: Sequence[str] = (),
    out: str | Path = "rendered",
    *,
    project: str | None = None,
    region: str | None = None,
    gcloud: int = NEWEST,
) -> dict[str, Path]:
    """Write a folder for each workload; give id -> folder, in the order of the ids.

    Parameters
    ----------
    workloads : ids, ``namespace/Kind/name``; none: every one that moves
    out : a folder; each workload gets one of its own in it
    project, region : where it goes; None: the config's, else the snapshot's
    gcloud : the version of gcloud whose flags the scripts keep to, 588; what it lacks goes by the YAML form

    Raises InputError or UsageError where an id is unknown or its workload stays; then nothing is written. Raises
    PartialError, when all others are written, where the Cloud Run API would refuse what was made of a workload.
    """
    made = render_what_is_taken(assessment, workloads, out, project=project, region=region, gcloud=gcloud)
    made.require_all()
    return dict(made.folders)


def render_what_is_taken(
    assessment: Assessment,
    workloads: Sequence[str] = (),
    out: str | Path = "rendered",
    *,
    project: str | None = None,
    region: str | None = None,
    gcloud: int = NEWEST,
) -> Rendered:
    """As ``render``; what the Cloud Run API would refuse is left out and listed."""
    chosen = select(assessment, workloads)
    context = context_of(assessment, project=project, region=region, gcloud=gcloud)
    # All of it is rendered before any of it is written: a bug leaves the folder as it was.
    files: list[tuple[WorkloadAssessment, Mapping[str, str]]] = []
    refused: dict[str, tuple[str, ...]] = {}
    for one, made in zip(chosen, in_processes(partial(_made, context=context), chosen), strict=True):
        if isinstance(made, tuple):
            refused[one.id] = made
        else:
            files.append((one, made))
    folders = write_folders(Path(out), files)
    return Rendered({one.id: folder for (one, _), folder in zip(files, folders, strict=True)}, refused)


def _made(one: WorkloadAssessment, context: RenderContext) -> Mapping[str, str] | tuple[str, ...]:
    """The files of one; what the API would refuse in them where it would."""
    try:
        return render_workload(one, context)
    except RefusedSpecError as error:
        return error.problems
