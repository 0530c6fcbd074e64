"""How verbs give their results: to stdout or a file, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from k2cr_analysis.atomic import write_whole
from k2cr_analysis.cli.terminal.verbosity import say
from k2cr_analysis.config import Config, load_config

if TYPE_CHECKING:
    from k2cr_analysis.latency.learning.calibration import Calibration


class Format(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    CSV = "csv"
    YAML = "yaml"
    NAME = "name"
    MARKDOWN = "markdown"

    @property
    def is_document(self) -> bool:
        """All of it, in the names of the contract."""
        return self in (Format.JSON, Format.YAML)

    @property
    def is_rows(self) -> bool:
        """The main table alone."""
        return self in (Format.CSV, Format.NAME, Format.MARKDOWN)


class VerdictName(StrEnum):
    READY = "ready"
    CHANGES = "changes"
    BLOCKED = "blocked"
    KEEP = "keep"


FormatOption = Annotated[
    Format,
    typer.Option("--format", "-o", help="How to print the result; wide: a table that is not cut to the terminal."),
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Write the result to this file instead of stdout.")]
PseudonymsOption = Annotated[
    Path | None,
    typer.Option(
        "--pseudonymise",
        metavar="KEY",
        help="Write aliases in place of names; KEY is the file that tells them, and stays with you.",
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A k2cr.toml; default: k2cr.toml of this folder, where there is one.")
]

CalibrationOption = Annotated[
    Path | None, typer.Option("--calibration", help="What `k2cr verify` learned from services that have moved.")
]


def calibration_from(path: Path | None) -> Calibration | None:
    if path is None:
        return None
    from k2cr_analysis.latency.learning.calibration_file import read_calibration

    return read_calibration(path)


def config_from(path: Path | None) -> Config:
    """The config that was named; else ``k2cr.toml`` of the working directory, where there is one."""
    here = Path("k2cr.toml")
    return load_config(path or (here if here.is_file() else None))


def give(text: str, out: Path | None) -> None:
    """Print to stdout, or write to a file and say so on stderr."""
    if out is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    write_whole(out, text if text.endswith("\n") else text + "\n")
    say(f"written: {out}")


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False)


def as_csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue()


def as_document(document: Mapping[str, Any], form: Format) -> str:
    """JSON, or the same as YAML."""
    if form is not Format.YAML:
        return as_json(document)
    import yaml

    return yaml.safe_dump(json.loads(as_json(document)), sort_keys=False, allow_unicode=True, width=120)


def say_pseudonyms(kept: Collection[str], key: Path) -> None:
    """Where the key is, and which names stay, since they are words of the trade."""
    say(f"names are aliases; {key} tells them: keep it to yourself")
    if kept:
        say(f"kept, since anybody's workload may be called so: {', '.join(sorted(kept))}")


def as_rows(header: Sequence[str], rows: Sequence[Sequence[object]], form: Format) -> str:
    """CSV, a Markdown table, or the first column alone."""
    if form is Format.NAME:
        return "".join(f"{row[0]}\n" for row in rows)
    if form is Format.MARKDOWN:
        cells = [[_in_markdown(c) for c in row] for row in (header, *rows)]
        rule = ["---"] * len(header)
        return "".join(f"| {' | '.join(line)} |\n" for line in (cells[0], rule, *cells[1:]))
    return as_csv(header, rows)


def _in_markdown(cell: object) -> str:
    return "" if cell is None else str(cell).replace("|", "\\|").replace("\n", " ")


def as_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = (), width: int | None = None
) -> str:
    """Columns as wide as their longest cell; the columns numbered in ``right`` are set flush right.

    ``width``: a terminal's; the widest columns of text are cut to it, so that no line breaks.
    """
    cells = [[str(h) for h in header], *(["-" if c is None else str(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    if width is not None:
        widths = _fitted(widths, width, [i for i in range(len(header)) if i not in right])
    lines = []
    for number, row in enumerate(cells):
        parts = [
            _aligned(c, w, flush_right=i in right, painted=number > 0)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines) + "\n"


_LEAST = 12  # characters that a cut column keeps


def _fitted(widths: Sequence[int], width: int, texts: Sequence[int]) -> list[int]:
    """The widths, those of the widest texts less until a line fits, or nothing more can be cut.

    The first column names what the line is of, so that it is cut last.
    """
    found = list(widths)
    for some in ([i for i in texts if i], [i for i in texts if not i]):
        while some and sum(found) + 2 * (len(found) - 1) > width:
            widest = max(some, key=lambda i: found[i])
            if found[widest] <= _LEAST:
                break
            found[widest] -= 1
    return found


def _aligned(text: str, width: int, *, flush_right: bool, painted: bool) -> str:
    shown = text if len(text) <= width else text[: width - 1] + "\u2026"
    aligned = shown.rjust(width) if flush_right else shown.ljust(width)
    return aligned.replace(shown, paint(shown), 1) if painted and shown in _COLOURS else aligned


_COLOURS = {"ready": 32, "changes": 34, "blocked": 31, "keep": 90}


def paint(verdict: str) -> str:
    """The verdict in its colour, on a terminal that has not been asked for none."""
    return f"\x1b[{_COLOURS[verdict]}m{verdict}\x1b[0m" if is_coloured() else verdict


def is_coloured() -> bool:
    """https://no-color.org: any value that is not empty means none."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width() -> int | None:
    """Columns of the terminal that the result goes to; None where it goes to a file or a pipe, and nothing is cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
