"""``k2cr verify``: after the move, what Cloud Run measures against what was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k2cr_analysis.cli.terminal.completion import workload_names
from k2cr_analysis.cli.terminal.gaps import end_with_gaps
from k2cr_analysis.cli.terminal.output import (
    ConfigOption,
    Format,
    FormatOption,
    OutOption,
    as_document,
    as_rows,
    as_table,
    config_from,
    give,
)
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say, say_all

if TYPE_CHECKING:
    from k2cr_analysis.assessment.verify import Comparison, Verification
    from k2cr_analysis.latency.learning.calibration import Calibration

_HEADER = ("quantity", "unit", "predicted", "from", "to", "measured", "ratio", "inside")


def register(app: typer.Typer) -> None:
    app.command("verify", help="After the move: predicted against measured; what was learned goes to a file.")(verify)


def verify(
    snapshot: Annotated[Path, typer.Argument(metavar="SNAP", help="The snapshot from before the move.")],
    workload: Annotated[
        str | None,
        typer.Argument(
            metavar="[WORKLOAD]",
            help="namespace/Kind/name; without it, every one that was moved.",
            autocompletion=workload_names,
        ),
    ] = None,
    service: Annotated[
        str | None, typer.Option("--service", help="The Cloud Run service that it became; default: as render names it.")
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", help="Its metrics, Parquet or CSV (run_metrics in docs/glossary.md); else read."),
    ] = None,
    project: Annotated[str | None, typer.Option("--project", help="Where it runs; default: the snapshot's.")] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Its region; default: where the Run API has it.")
    ] = None,
    window: Annotated[str, typer.Option("--window", help="How long before the end to read: 7d, 12h.")] = "7d",
    end: Annotated[str | None, typer.Option("--end", metavar="TIME", help="End, UTC; default: now.")] = None,
    impersonate: Annotated[
        str | None, typer.Option("--impersonate-service-account", metavar="EMAIL", help="Ask as this account.")
    ] = None,
    quota_project: Annotated[str | None, typer.Option("--quota-project", help="Project whose quota is used.")] = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="Read what is known, and keep what is learned, in this file.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0.0, max=1.0, help="Share by which measured and predicted may differ.")
    ] = 0.25,
    config: ConfigOption = None,
    format: FormatOption = Format.TABLE,  # noqa: A002 (the option's name is in the contract)
    out: OutOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.assessment.verify import verify as run
    from k2cr_analysis.cli.terminal.moved import Where, moved_services, of_file
    from k2cr_analysis.latency.learning.calibration_file import write_calibration
    from k2cr_analysis.latency.learning.run_metrics import run_metrics
    from k2cr_analysis.remote.credentials import Caller
    from k2cr_analysis.verdicts import assess

    known = _known(snapshot, calibration)
    assessment = assess(snapshot, config_from(config))
    if metrics is not None:
        moved = of_file(metrics, workload, service)
    else:
        where = Where(project, region, window, end, Caller(impersonate, quota_project))
        moved = moved_services(assessment, workload, service, where)
    found = []
    for one in moved:
        measured = run_metrics(one.metrics, one.service)
        found.append(run(assessment, one.workload, measured, calibration=known, tolerance=tolerance))
        known = known.with_learned(found[-1].learned)
    give(_documents(found, format, is_one=workload is not None), out)
    say_all([f"assumed: {note}" for one in found for note in one.assumptions])
    if calibration is not None:
        write_calibration(known, calibration)
        say(f"written: {calibration}")
    _end(found, is_kept=calibration is not None)
    end_with_gaps([snapshot])


def _end(found: Sequence[Verification], *, is_kept: bool) -> None:
    """``PartialError`` where something measured is not where it was predicted."""
    from k2cr_analysis.errors import PartialError

    outside = [(one.service, c) for one in found for c in one.outside]
    if not outside:
        return
    several = len(found) > 1
    raise PartialError(
        ref="prediction-differs",
        found="; ".join(
            f"{f'{name}: ' if several else ''}{c.quantity}: measured {_cell(c.measured)} {c.unit}"
            for name, c in outside
        ),
        expected="; ".join(f"{_cell(c.low)} to {_cell(c.high)} {c.unit}" for _, c in outside),
        do="`k2cr assess --calibration FILE` uses what verify learned"
        if is_kept
        else "--calibration FILE keeps what was learned, for `k2cr assess --calibration FILE`",
    )


def _documents(found: Sequence[Verification], form: Format, *, is_one: bool) -> str:
    if is_one:
        return _document(found[0], form)
    if form.is_document:
        return as_document({"schema_version": 1, "services": [_entries(one) for one in found]}, form)
    header = ("service", *_HEADER)
    rows = [(one.service, *_row(c)) for one in found for c in one.comparisons]
    return as_rows(header, rows, form) if form.is_rows else as_table(header, rows, right=(3, 4, 5, 6, 7))


def _known(snapshot: Path, calibration: Path | None) -> Calibration:
    from k2cr_analysis.errors import UsageError
    from k2cr_analysis.latency.learning.calibration import Calibration
    from k2cr_analysis.latency.learning.calibration_file import read_calibration

    if calibration is None:
        return Calibration()
    if calibration.resolve().is_relative_to(snapshot.resolve()):
        raise UsageError(
            ref="calibration-in-snapshot",
            found=f"--calibration {calibration}, inside the snapshot",
            expected="a file elsewhere: a snapshot never changes",
        )
    return read_calibration(calibration) if calibration.exists() else Calibration()


def _document(found: Verification, form: Format) -> str:
    if form.is_document:
        return as_document({"schema_version": 1} | _entries(found), form)
    rows = [_row(c) for c in found.comparisons]
    return as_rows(_HEADER, rows, form) if form.is_rows else as_table(_HEADER, rows, right=(2, 3, 4, 5, 6))


def _entries(found: Verification) -> dict[str, object]:
    return {
        "workload": found.workload,
        "service": found.service,
        "tolerance": found.tolerance,
        "comparisons": [_entry(c) for c in found.comparisons],
        "assumptions": list(found.assumptions),
    }


def _entry(c: Comparison) -> dict[str, object]:
    return {
        "quantity": c.quantity,
        "unit": c.unit,
        "predicted": c.predicted,
        "interval": None if c.low is None else [c.low, c.high],
        "measured": c.measured,
        "ratio": c.ratio,
        "inside": c.inside,
    }


def _row(c: Comparison) -> tuple[object, ...]:
    inside = None if c.inside is None else "yes" if c.inside else "no"
    return (c.quantity, c.unit, *(_cell(v) for v in (c.predicted, c.low, c.high, c.measured, c.ratio)), inside)


def _cell(value: float | None) -> str | None:
    """Four significant digits, never in powers of ten."""
    if value is None:
        return None
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
