"""How verbs give their results: to stdout or a file, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
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
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print the result.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Write the result to this file instead of stdout.")]
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


def as_table(header: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> str:
    """Columns as wide as their longest cell; the columns numbered in ``right`` are set flush right."""
    cells = [[str(h) for h in header], *(["-" if c is None else str(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = []
    for row in cells:
        parts = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines) + "\n"
