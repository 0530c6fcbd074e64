#!/usr/bin/env python3
"""Write ``docs/cli.md`` from the program itself: every verb with its arguments, options and examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from k2cr_analysis.cli import VERBS, app
from k2cr_analysis.cli.terminal.examples import EXAMPLES

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = """\
# Command line

Made by `scripts/write_cli_reference.py` from the program; a test holds the page to it. `k2cr VERB -h` shows the same.

`k2cr --install-completion` adds completion for bash, zsh or fish, ids of workloads included. Results go to stdout,
notes and progress to stderr. Verdicts have colours on a terminal; `NO_COLOR=1` takes them away. Where a workload is
named, its id `namespace/Kind/name` or a short name that is nobody else's (`frontend`, `portal/frontend`) is taken.

Exit codes: 0 done; 2 wrong usage; 3 bad input; 4 a remote API failed for good; 5 done, but some items failed or
differ; 1 a bug.
"""
_EVERYWHERE = {"help", "quiet", "verbose", "install_completion", "show_completion"}


def page() -> str:
    """The whole page."""
    program: Any = typer.main.get_command(app)
    parts = [HEAD]
    for verb in VERBS:
        command = program.commands[verb]
        nested = getattr(command, "commands", None)
        parts.append(f"## `k2cr {verb}`\n\n{_first(command.help)}\n")
        for name, one in [(f"{verb} {n}", c) for n, c in nested.items()] if nested else [(verb, command)]:
            if nested:
                parts.append(f"### `k2cr {name}`\n\n{_first(one.help)}\n")
            parts += _parameters(one)
        parts.append("```sh\n" + "\n".join(EXAMPLES[verb]) + "\n```\n")
    return "\n".join(parts)


def _parameters(command: Any) -> Iterator[str]:
    context = typer.Context(command)
    records = [p.get_help_record(context) for p in command.params if p.name not in _EVERYWHERE]
    rows = [f"| `{_cell(name)}` | {_cell(what)} |" for name, what in filter(None, records)]
    if rows:
        yield "| | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
