"""``k2cr render``: the files of each selected workload, ready to review."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k2cr_analysis.cli.output import ConfigOption, config_from
from k2cr_analysis.cli.verbosity import QuietOption, VerboseOption, say

if TYPE_CHECKING:
    from k2cr_analysis.model.finding import Target


def register(app: typer.Typer) -> None:
    app.command("render", help="Service, commands, network, cutover and rollback of each selected workload.")(render)


def render(
    snapshot: Annotated[Path, typer.Argument(metavar="SNAP", help="A snapshot.")],
    workloads: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORKLOAD]...", help="Ids, namespace/Kind/name; default: every one that moves."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="A folder; each workload gets one of its own in it.")] = Path(
        "rendered"
    ),
    project: Annotated[
        str | None, typer.Option("--project", help="The project's id; default: k2cr.toml's, else the snapshot's.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="The region; default: k2cr.toml's, else the snapshot's.")
    ] = None,
    config: ConfigOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Give both forms to the real gcloud, offline, and compare.")
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.assessment import assess
    from k2cr_analysis.rendering import render as write
    from k2cr_analysis.rendering import waiting

    assessment = assess(snapshot, config_from(config))
    folders = write(assessment, workloads or (), out, project=project, region=region)
    for folder in folders.values():
        typer.echo(str(folder))
    say(f"{len(folders)} of {len(assessment.workloads)} workloads rendered to {out}")
    for name in waiting(assessment) if not workloads else ():
        say(f'not rendered: {name}: say which container takes its requests: [workload."{name}"] ingress_container')
    if check:
        _check(folders, {one.id: one.fit.target for one in assessment.workloads})


def _check(folders: Mapping[str, Path], targets: Mapping[str, Target]) -> None:
    from k2cr_analysis.errors import PartialError
    from k2cr_analysis.rendering.check import check_folders

    different = []
    for name, checked in zip(folders, check_folders(list(folders.values())), strict=True):
        typer.echo(f"{name}: {'same ' + targets[name].replace('-', ' ') if checked.same else 'different'}")
        for line in checked.differences:
            typer.echo(f"  {line}")
        different += [] if checked.same else [name]
    if different:
        raise PartialError(
            ref="forms-differ",
            found=f"{len(different)} of {len(folders)} folders give gcloud two different things: "
            f"{', '.join(different[:5])}",
            expected="service.yaml and deploy.sh to make the same object",
            do="this is a bug of k2cr: please report it with the lines above",
        )
