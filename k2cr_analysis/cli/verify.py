"""``k2cr verify``: after the move, what Cloud Run measures against what was predicted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    workload: Annotated[str, typer.Argument(metavar="WORKLOAD", help="namespace/Kind/name")],
    service: Annotated[str, typer.Option("--service", help="Name of the Cloud Run service that it became.")],
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", help="The service's metrics, Parquet or CSV: run_metrics in docs/glossary.md."),
    ] = None,
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
    from k2cr_analysis.errors import PartialError, UsageError
    from k2cr_analysis.latency.learning.calibration_file import write_calibration
    from k2cr_analysis.latency.learning.run_metrics import run_metrics
    from k2cr_analysis.sources.table_files import read_table_file
    from k2cr_analysis.verdicts import assess

    if metrics is None:
        raise UsageError(
            ref="no-metrics",
            found="no --metrics FILE",
            expected="the service's own metrics, as Parquet or CSV",
            do="export them from Cloud Monitoring: run_metrics in docs/glossary.md has the columns",
        )
    known = _known(snapshot, calibration)
    measured = run_metrics(read_table_file(str(metrics), "run_metrics"), service)
    found = run(assess(snapshot, config_from(config)), workload, measured, calibration=known, tolerance=tolerance)
    give(_document(found, format), out)
    say_all([f"assumed: {note}" for note in found.assumptions])
    if calibration is not None:
        write_calibration(known.with_learned(found.learned), calibration)
        say(f"written: {calibration}")
    if found.outside:
        raise PartialError(
            ref="prediction-differs",
            found="; ".join(f"{c.quantity}: measured {_cell(c.measured)} {c.unit}" for c in found.outside),
            expected="; ".join(f"{_cell(c.low)} to {_cell(c.high)} {c.unit}" for c in found.outside),
            do="`k2cr assess --calibration FILE` uses what verify learned" if calibration else
            "--calibration FILE keeps what was learned, for `k2cr assess --calibration FILE`",
        )  # fmt: skip
    end_with_gaps([snapshot])


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
        return as_document(
            {
                "schema_version": 1,
                "workload": found.workload,
                "service": found.service,
                "tolerance": found.tolerance,
                "comparisons": [_entry(c) for c in found.comparisons],
                "assumptions": list(found.assumptions),
            },
            form,
        )
    rows = [_row(c) for c in found.comparisons]
    return as_rows(_HEADER, rows, form) if form.is_rows else as_table(_HEADER, rows, right=(2, 3, 4, 5, 6))


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
