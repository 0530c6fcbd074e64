"""``k2cr render``: the files of each selected workload, ready to review."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k2cr_analysis.cli.terminal.completion import workload_names
from k2cr_analysis.cli.terminal.gaps import end_with_gaps
from k2cr_analysis.cli.terminal.output import ConfigOption, PseudonymsOption, config_from, say_pseudonyms
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say

if TYPE_CHECKING:
    from k2cr_analysis.assessment.result import Assessment
    from k2cr_analysis.rendering.context import RenderContext


def register(app: typer.Typer) -> None:
    app.command("render", help="Service, commands, network, cutover and rollback of each selected workload.")(render)


def render(
    snapshot: Annotated[Path, typer.Argument(metavar="SNAP", help="A snapshot.")],
    workloads: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORKLOAD]...",
            help="Ids, namespace/Kind/name; default: every one that moves.",
            autocompletion=workload_names,
        ),
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
    gcloud: Annotated[
        str | None,
        typer.Option(
            "--gcloud",
            metavar="VERSION|installed",
            help="Keep to the flags of this gcloud (588, or the installed one); default: the newest that is known. "
            "What it lacks goes by the YAML form.",
        ),
    ] = None,
    config: ConfigOption = None,
    pseudonymise: PseudonymsOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Give both forms to the real gcloud, offline, and compare.")
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.rendering import context_of, render_what_is_taken, waiting
    from k2cr_analysis.verdicts import assess

    version = _version(gcloud)
    if pseudonymise is not None:
        from k2cr_analysis.report.pages.parameters import default_config
        from k2cr_analysis.report.under_aliases import under_aliases

        aliased = under_aliases([snapshot], pseudonymise, out, config=default_config(config), workloads=workloads or ())
        say_pseudonyms(aliased.kept, pseudonymise)
        (snapshot,), config, workloads = aliased.snapshots, aliased.config, list(aliased.workloads)
    assessment = assess(snapshot, config_from(config))
    made = render_what_is_taken(assessment, workloads or (), out, project=project, region=region, gcloud=version)
    folders = made.folders
    for folder in folders.values():
        typer.echo(str(folder))
    say(f"{len(folders)} of {len(assessment.workloads)} workloads rendered to {out}")
    for name in waiting(assessment) if not workloads else ():
        say(f'not rendered: {name}: say which container takes its requests: [workload."{name}"] ingress_container')
    if check:
        _check(folders, assessment, context_of(assessment, project=project, region=region, gcloud=version))
    made.require_all()
    end_with_gaps([snapshot])


def _version(asked: str | None) -> int:
    from k2cr_analysis.errors import UsageError
    from k2cr_analysis.platforms.cloud_run.gcloud_flags import NEWEST, OLDEST, major_version

    if asked is None:
        return NEWEST
    if asked == "installed":
        from k2cr_analysis.rendering.check.gcloud import installed_version

        return installed_version()
    version = major_version(asked)
    if version is None or version < OLDEST:
        raise UsageError(
            ref="not-a-gcloud-version",
            found=f'--gcloud "{asked}"',
            expected=f"a version from {OLDEST} on, such as {NEWEST} or {NEWEST}.0.0, or installed",
            do="see `gcloud version`, or leave --gcloud out",
        )
    return version


def _check(folders: Mapping[str, Path], assessment: Assessment, context: RenderContext) -> None:
    from k2cr_analysis.errors import PartialError
    from k2cr_analysis.rendering.check import check_folders, subject_of
    from k2cr_analysis.rendering.check.gcloud import installed_version

    installed = installed_version()
    subjects = [subject_of(folder, context.assessed[name], context, installed) for name, folder in folders.items()]
    targets = {one.id: one.fit.target for one in assessment.workloads}
    different = []
    for name, checked in zip(folders, check_folders(subjects, installed), strict=True):
        typer.echo(f"{name}: {'same ' + targets[name].replace('-', ' ') if checked.same else 'different'}")
        for line in checked.differences:
            typer.echo(f"  {line}")
        for line in checked.not_judged:
            typer.echo(f"  not judged: {line}")
        different += [] if checked.same else [name]
    if different:
        raise PartialError(
            ref="forms-differ",
            found=f"{len(different)} of {len(folders)} folders give gcloud two different things: "
            f"{', '.join(different[:5])}",
            expected="service.yaml and deploy.sh to make the same object",
            do="this is a bug of k2cr: please report it with the lines above",
        )
