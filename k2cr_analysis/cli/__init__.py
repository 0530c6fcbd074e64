"""The command line: one file per verb; this one knows the verbs and turns errors into exit codes.

Every verb module imports what is heavy inside its function, so that ``--help`` answers at once.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from importlib.metadata import version
from typing import Annotated

import typer

from k2cr_analysis.cli.terminal.examples import epilog
from k2cr_analysis.cli.terminal.progress import Progress
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption
from k2cr_analysis.errors import InputError, K2crError, Location
from k2cr_analysis.telling import listen

_LONGEST_SHOWN = 300  # of a path

VERBS = (
    "demo",
    "collect",
    "assess",
    "decide",
    "plan",
    "render",
    "report",
    "diff",
    "verify",
    "cost",
    "simulate",
    "prices",
    "explain",
    "init",
    "doctor",
)
_WITHOUT_SNAPSHOT = ("cost", "simulate", "prices")

app = typer.Typer(
    name="k2cr",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"k2cr {version('k2cr-analysis')}")
        raise typer.Exit


@app.callback()
def k2cr(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Which GKE workloads can move to Cloud Run, what that really saves, and the files to do it."""


for _verb in VERBS:
    _folder = "cli.without_snapshot" if _verb in _WITHOUT_SNAPSHOT else "cli"
    importlib.import_module(f"k2cr_analysis.{_folder}.{_verb}").register(app)
for _command in app.registered_commands:
    _command.epilog = epilog(_command.name or _command.callback.__name__) if _command.callback else None
for _group in app.registered_groups:
    _group.epilog = epilog(_group.name or "")


def _unusable(error: OSError) -> InputError:
    """A path that the system cannot work with: too long, or not ours to look at."""
    path = os.fsdecode(error.filename)
    return InputError(
        ref="cannot-use-path",
        where=Location(path if len(path) <= _LONGEST_SHOWN else f"{path[:_LONGEST_SHOWN]}..."),
        found=str(error.strerror or error),
        expected="a path that can be used here",
        do="check the path and its permissions",
    )


def main() -> None:
    """Run a verb; a K2crError becomes its text on stderr and its class's exit code."""
    listen(Progress().counted)
    try:
        app()
    except K2crError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            print(_unusable(error), file=sys.stderr)
            sys.exit(InputError.exit_code)
        traceback.print_exc()
        print("k2cr: this is a bug of k2cr: please report it, with the command and the lines above", file=sys.stderr)
        sys.exit(1)
