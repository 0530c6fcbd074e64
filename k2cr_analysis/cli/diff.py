"""``k2cr diff``: what changed between two snapshots in verdicts, cost and plan, and why."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
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
    from k2cr_analysis.comparison import Diff, FieldChange, FigureChange, Placement, WorkloadChange

_FIGURES = ("money a month", "before", "after", "change", "of which")
_LINES = ("bill", "before", "after", "change")
_VERDICTS = ("workload", "verdict", "now", "because of", "findings that came (+) and went (-)")
_COSTS = ("workload", "money a month", "before", "after", "change", "of which")
_WHY = ("where", "input", "what", "before", "after")
_PLAN = ("workload", "wave", "now", "why it stays now")
_CENT = Decimal("0.005")  # less does not show
_SHOWN = 40  # rows of changed inputs; JSON has all


def register(app: typer.Typer) -> None:
    app.command("diff", help="What changed between two snapshots in verdicts, cost and plan, and why.")(diff)


def diff(
    before: Annotated[Path, typer.Argument(metavar="SNAP1", help="The earlier snapshot.")],
    after: Annotated[Path, typer.Argument(metavar="SNAP2", help="The later snapshot.")],
    config: ConfigOption = None,
    config_before: Annotated[
        Path | None, typer.Option("--config-before", help="The k2cr.toml that held for SNAP1; default: the same.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the comparison as a page too.")
    ] = None,
    format: FormatOption = Format.TABLE,  # noqa: A002 (the option's name is in the contract)
    out: OutOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.comparison import diff as compare
    from k2cr_analysis.config import load_config
    from k2cr_analysis.report.json.diff_document import diff_document

    settings = config_from(config)
    found = compare(before, after, settings, None if config_before is None else load_config(config_before))
    if html is not None:
        _write_page(found, html, f"{before} and {after}")
    if format.is_document:
        give(as_document(diff_document(found), format), out)
    elif format.is_rows:
        give(as_rows(_COSTS, list(_cost_rows(found)), format), out)
    else:
        give("\n".join(_sections(found)) if found.changed else "nothing changed\n", out)
    say(_summary(found))
    say_all([f"note: {note}" for note in found.notes])
    end_with_gaps((before, after))


def _write_page(found: Diff, path: Path, names: str) -> None:
    from k2cr_analysis.atomic import write_whole
    from k2cr_analysis.report.display import heading, joined
    from k2cr_analysis.report.forms import diff_piece
    from k2cr_analysis.report.pages.summary import page_of

    body = joined([heading("What changed between two snapshots", names), diff_piece(found)])
    write_whole(path, page_of(body, "What changed"))
    say(f"written: {path}")


def _sections(found: Diff) -> Iterator[str]:
    """One table for each kind of change that there is."""
    figures = [row for f in found.figures if (row := _figure_row(f, found))]
    if figures:
        yield as_table(_FIGURES, figures, right=(1, 2, 3))
    lines = [(f.figure, *_three(f, found.currency)) for f in found.lines if f.changed]
    if lines:
        yield as_table(_LINES, lines, right=(1, 2, 3))
    verdicts = list(_verdict_rows(found))
    if verdicts:
        yield as_table(_VERDICTS, verdicts)
    costs = [(w.id, f.figure, *_moved(f, found)) for w in _by_money(found) for f in _telling(w)]
    if costs:
        yield as_table(_COSTS, costs, right=(2, 3, 4))
    why = list(_why_rows(found))
    if why:
        more = f"... and {len(why) - _SHOWN} more: --format json has all\n" if len(why) > _SHOWN else ""
        yield as_table(_WHY, why[:_SHOWN]) + more
    if found.plan.placements:
        yield as_table(_PLAN, [_plan_row(p) for p in found.plan.placements])


def _figure_row(figure: FigureChange, found: Diff) -> tuple[object, ...] | None:
    if not figure.changed:
        return None
    return (figure.figure, *_moved(figure, found))


def _moved(figure: FigureChange, found: Diff) -> tuple[object, ...]:
    def worded(cause: str) -> str:
        return f"{cause} ({found.reasons[cause]})" if cause in found.reasons else cause

    parts = ", ".join(
        f"{worded(part.cause)} {_cents(part.month, found.currency, sign=True)}"
        for part in figure.parts
        if abs(part.month) >= _CENT
    )
    return (*_three(figure, found.currency), parts)


def _three(figure: FigureChange, currency: str | None) -> tuple[str | None, ...]:
    change = _cents(figure.change, currency, sign=True)
    return (_cents(figure.before, currency), _cents(figure.after, currency), change)


def _verdict_rows(found: Diff) -> Iterator[tuple[object, ...]]:
    for workload in found.workloads:
        if workload.verdict is None and not (workload.appeared or workload.disappeared):
            continue
        rules = [*(f"+{f.rule}" for f in workload.appeared), *(f"-{f.rule}" for f in workload.disappeared)]
        verdict = workload.verdict
        sides = ("", "", "") if verdict is None else (verdict.before, verdict.after, ", ".join(verdict.causes))
        yield (workload.id, *sides, " ".join(dict.fromkeys(rules)))
    for identity in found.added:
        yield (identity, "", "added", "manifests", "")
    for identity in found.removed:
        yield (identity, "", "removed", "manifests", "")
    for old, new in found.renamed:
        yield (old, "", f"renamed to {new}", "manifests", "")


def _cost_rows(found: Diff) -> Iterator[tuple[object, ...]]:
    for workload in found.workloads:
        for figure in workload.figures:
            if figure.changed:
                yield (workload.id, figure.figure, *_moved(figure, found))


def _by_money(found: Diff) -> list[WorkloadChange]:
    """The workloads with the greatest change first."""

    def most(workload: WorkloadChange) -> Decimal:
        return max((abs(f.change or Decimal(0)) for f in _telling(workload)), default=Decimal(0))

    return sorted(found.workloads, key=lambda w: (-most(w), w.id))


def _telling(workload: WorkloadChange) -> list[FigureChange]:
    """The saving, which holds both sides; where it is not known on both, whatever changed. A cent is a change."""
    saving = next((f for f in workload.figures if f.figure == "saving_month" and f.change is not None), None)
    shown = [saving] if saving else [f for f in workload.figures if f.figure != "saving_month"]
    return [f for f in shown if f.changed and (f.change is None or abs(f.change) >= _CENT)]


def _why_rows(found: Diff) -> Iterator[tuple[object, ...]]:
    """Settings, then the workloads' own inputs and shapes, then prices, of which there are many."""
    yield from (_field_row("all", change) for change in found.shared_why if change.cause != "prices")
    for workload in _by_money(found):
        yield from (_field_row(workload.id, change) for change in workload.why)
        yield from (_field_row(f"{workload.id} on Cloud Run", change) for change in workload.recommended)
    yield from (_field_row("all", change) for change in found.shared_why if change.cause == "prices")


def _field_row(where: str, change: FieldChange) -> tuple[object, ...]:
    return (where, change.cause, change.path, change.before, change.after)


def _plan_row(placed: Placement) -> tuple[object, ...]:
    before, after = (
        wave or ("stays" if why else "not there")
        for wave, why in ((placed.wave_before, placed.why_before), (placed.wave_after, placed.why_after))
    )
    return (placed.id, before, after, placed.why_after or "")


def _summary(found: Diff) -> str:
    if not found.changed:
        return "nothing changed"
    verdicts = sum(w.verdict is not None for w in found.workloads)
    counts = (
        (len(found.added), "added"),
        (len(found.removed), "removed"),
        (len(found.renamed), "renamed"),
        (len(found.workloads), "changed"),
        (verdicts, "with another verdict"),
        (len(found.plan.placements), "placed otherwise in the plan"),
    )
    inputs = f"; inputs that differ: {', '.join(found.inputs)}" if found.inputs else ""
    return "workloads: " + ", ".join(f"{count} {what}" for count, what in counts if count) + inputs


def _cents(amount: Decimal | None, currency: str | None, *, sign: bool = False) -> str | None:
    from k2cr_analysis.model.money import plain_amount

    return None if amount is None else plain_amount(amount, currency or "", sign=sign)
