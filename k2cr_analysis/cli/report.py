"""``k2cr report``: the notebooks in batch, as pages with an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k2cr_analysis.cli.terminal.completion import names_a_workload, workload_names
from k2cr_analysis.cli.terminal.gaps import end_with_gaps
from k2cr_analysis.cli.terminal.output import ConfigOption, PseudonymsOption, VerdictName, say_pseudonyms
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say

if TYPE_CHECKING:
    from k2cr_analysis.assessment.result import Assessment

_SHARD = re.compile(r"(\d+)/(\d+)")


def register(app: typer.Typer) -> None:
    app.command("report", help="The portfolio and a page for each candidate, as HTML files that open offline.")(report)


def report(
    snapshots: Annotated[
        list[str],
        typer.Argument(
            metavar="SNAP... [WORKLOAD]...",
            help="Snapshots; then, if wanted, ids of workloads.",
            autocompletion=workload_names,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="A folder for the pages; index.html is the one to open.")],
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Pages that are made at the same time.")] = 1,
    shard: Annotated[
        str, typer.Option("--shard", metavar="I/N", help="Make every N-th page, from the I-th, counted from 0.")
    ] = "0/1",
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep pages that are whole and made from the same facts.")
    ] = False,
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", "-n", help="Pages of this namespace's workloads; may repeat.")
    ] = None,
    verdict: Annotated[
        list[VerdictName] | None,
        typer.Option("--verdict", help="Pages of workloads with this verdict; may repeat."),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Pages of the so many that save most on paper.")
    ] = None,
    config: ConfigOption = None,
    pseudonymise: PseudonymsOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.report.pages.batch import Selection, failed_pages, write_report
    from k2cr_analysis.report.pages.parameters import assess_many, default_config

    places, workloads = split_arguments(snapshots)
    settings = default_config(config)
    if pseudonymise is not None:
        places, settings, workloads, namespace = _aliased(places, settings, workloads, namespace, pseudonymise, out)
    if namespace or verdict or top:
        workloads += _chosen(assess_many(places, settings), namespace or [], verdict or [], top)
    selection = Selection(tuple(workloads), parse_shard(shard), resume, jobs)
    made = write_report(places, out, selection, config=settings, say=say)
    typer.echo(str(out / "index.html"))
    failed_pages(made)
    end_with_gaps(places)


def _aliased(
    places: list[Path], config: Path | None, workloads: list[str], namespaces: list[str] | None, key: Path, out: Path
) -> tuple[list[Path], Path | None, list[str], list[str]]:
    """The same question under the aliases of the key."""
    from k2cr_analysis.report.under_aliases import under_aliases

    asked = [*workloads, *(namespaces or [])]
    found = under_aliases(places, key, out, config=config, workloads=asked)
    say_pseudonyms(found.kept, key)
    named = list(found.workloads)
    return list(found.snapshots), found.config, named[: len(workloads)], named[len(workloads) :]


def _chosen(
    assessed: Sequence[Assessment], namespaces: Sequence[str], verdicts: Sequence[str], top: int | None
) -> list[str]:
    """Ids of the workloads that the options ask for; UsageError where there is none."""
    from k2cr_analysis.errors import UsageError

    found = [
        w
        for a in assessed
        for w in a.workloads
        if (not namespaces or w.workload.namespace in namespaces) and (not verdicts or w.fit.verdict in verdicts)
    ]
    if top is not None:
        saving = {w.id: w.cost.saving_month for w in found if w.cost and w.cost.saving_month is not None}
        found = sorted((w for w in found if w.id in saving), key=lambda w: (-saving[w.id], w.id))[:top]
    if not found:
        raise UsageError(
            ref="no-workload-chosen",
            found="no workload that --namespace, --verdict and --top leave",
            expected="one at least",
            do="`k2cr assess SNAP` lists all of them",
        )
    return [w.id for w in found]


def split_arguments(arguments: list[str]) -> tuple[list[Path], list[str]]:
    """Snapshots come first; what is written as an id or a short name, and is no folder, is a workload."""
    workloads = [a for a in arguments[1:] if names_a_workload(a)]
    return [Path(a) for a in arguments if a not in workloads], workloads


def parse_shard(text: str) -> tuple[int, int]:
    """``2/8`` as (2, 8); the form that $CLOUD_RUN_TASK_INDEX/$CLOUD_RUN_TASK_COUNT has."""
    from k2cr_analysis.errors import UsageError

    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) >= int(found[2]):
        raise UsageError(
            ref="not-a-shard", found=f"--shard {text}", expected="I/N, with I from 0 to N - 1: 0/4, 1/4, 2/4, 3/4"
        )
    return int(found[1]), int(found[2])
