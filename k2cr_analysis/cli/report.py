"""``k2cr report``: the notebooks in batch, as pages with an index."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from k2cr_analysis.cli.terminal.gaps import end_with_gaps
from k2cr_analysis.cli.terminal.output import ConfigOption
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say

_SHARD = re.compile(r"(\d+)/(\d+)")


def register(app: typer.Typer) -> None:
    app.command("report", help="The portfolio and a page for each candidate, as HTML files that open offline.")(report)


def report(
    snapshots: Annotated[
        list[str], typer.Argument(metavar="SNAP... [WORKLOAD]...", help="Snapshots; then, if wanted, ids of workloads.")
    ],
    out: Annotated[Path, typer.Option("--out", help="A folder for the pages; index.html is the one to open.")],
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Pages that are made at the same time.")] = 1,
    shard: Annotated[
        str, typer.Option("--shard", metavar="I/N", help="Make every N-th page, from the I-th, counted from 0.")
    ] = "0/1",
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep pages that are whole and made from the same facts.")
    ] = False,
    config: ConfigOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.report.pages.batch import Selection, failed_pages, write_report
    from k2cr_analysis.report.pages.parameters import default_config

    places, workloads = split_arguments(snapshots)
    selection = Selection(tuple(workloads), parse_shard(shard), resume, jobs)
    made = write_report(places, out, selection, config=default_config(config), say=say)
    typer.echo(str(out / "index.html"))
    failed_pages(made)
    end_with_gaps(places)


def split_arguments(arguments: list[str]) -> tuple[list[Path], list[str]]:
    """Snapshots come first; what is written as an id and is not also a folder is a workload."""
    from k2cr_analysis.report.pages.parameters import WORKLOAD_ID

    workloads = [a for a in arguments if WORKLOAD_ID.fullmatch(a) and not Path(a).exists()]
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
