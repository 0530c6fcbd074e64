"""``k2cr decide``: what is still to be decided, as lines to paste into ``k2cr.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from k2cr_analysis.cli.terminal.completion import workload_names
from k2cr_analysis.cli.terminal.gaps import end_with_gaps
from k2cr_analysis.cli.terminal.output import ConfigOption, OutOption, config_from, give
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say


def register(app: typer.Typer) -> None:
    app.command("decide", help="The open decisions of workloads, as lines to paste into k2cr.toml.")(decide)


def decide(
    snapshot: Annotated[Path, typer.Argument(metavar="SNAP", help="A snapshot.")],
    workloads: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORKLOAD]...",
            help="Ids, namespace/Kind/name; default: every one that moves.",
            autocompletion=workload_names,
        ),
    ] = None,
    config: ConfigOption = None,
    out: OutOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.assessment.find import find_workload
    from k2cr_analysis.assessment.findings.decisions import decision_lines, open_decisions
    from k2cr_analysis.verdicts import assess

    assessment = assess(snapshot, config_from(config))
    chosen = [find_workload([assessment], one) for one in workloads or ()] or list(assessment.workloads)
    give("\n".join(decision_lines(assessment, chosen)) + "\n", out)
    say(f"{sum(len(open_decisions(one)) for one in chosen)} open decisions of {len(chosen)} workloads")
    end_with_gaps([snapshot])
