"""``k2cr demo``: the bundled, made-up cluster, from snapshot to pages and files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say


def register(app: typer.Typer) -> None:
    app.command("demo", help="Assess, plan, render and report the bundled, made-up cluster.")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="A folder for the pages and the files.")] = Path("reports/demo"),
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Pages that are made at the same time.")] = 2,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.report.pages.batch import Selection, failed_pages, write_report
    from k2cr_analysis.report.pages.parameters import assess_many
    from k2cr_analysis.resources import bundled

    snapshot = bundled("data", "demo")
    say("assessing the demo cluster (made-up data)")
    assess_many([snapshot], None)
    made = write_report([snapshot], out, Selection(jobs=jobs, deploy=out / "rendered"), say=say)
    typer.echo(f"open {(out / 'index.html').resolve().as_uri()}")
    failed_pages(made)
