"""The folders of selected workloads, in one call: what the verb, the deploy notebook and a person at a notebook use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.platforms.gcloud_flags import NEWEST
from k2cr_analysis.rendering.context import context_of
from k2cr_analysis.rendering.folder import render_workload, write_folders
from k2cr_analysis.rendering.select import select


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

    Raises InputError or UsageError where an id is unknown or its workload stays; then nothing is written.
    """
    chosen = select(assessment, workloads)
    context = context_of(assessment, project=project, region=region, gcloud=gcloud)
    # All of it is rendered before any of it is written: a bug leaves the folder as it was.
    folders = write_folders(Path(out), [(one, render_workload(one, context)) for one in chosen])
    return {one.id: folder for one, folder in zip(chosen, folders, strict=True)}
