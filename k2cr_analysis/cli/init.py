"""``k2cr init``: a commented config and the notebooks, in the user's repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    out: Annotated[Path, typer.Option(help="A folder, or the config file itself (ends in .toml).")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that differ.")] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Write a commented k2cr.toml and copies of the notebooks; files that are there already are kept."""
    from k2cr_analysis.config.starter import write_starter
    from k2cr_analysis.errors import PartialError

    done = write_starter(out, overwrite=force)
    for path in done.written:
        typer.echo(str(path))
    if not done.written and not done.kept:
        typer.echo("nothing to do: every file is there already", err=True)
    if done.kept:
        listed = ", ".join(str(path) for path in done.kept)
        raise PartialError(
            ref="files-kept",
            found=f"already there, with other content: {listed}",
            do="k2cr init --force overwrites them",
        )
