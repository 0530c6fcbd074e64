"""``k2cr plan``: which workloads move, in which waves, and what the bill really loses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k2cr_analysis.cli.output import (
    ConfigOption,
    Format,
    FormatOption,
    OutOption,
    as_csv,
    as_json,
    as_table,
    config_from,
    give,
    say,
)

if TYPE_CHECKING:
    from k2cr_analysis.plan import Plan

_WAVES = ("wave", "workloads", "on paper/month", "realised/month", "cumulative", "effort days", "nodes that go")
_SWINGS = ("what the saving hangs on", "at", "saving/month", "at", "saving/month")
_LEFT = ("left", "holds back/month", "why")


def register(app: typer.Typer) -> None:
    app.command("plan", help="The waves: which workloads move when, and what the bill really loses.")(plan)


def plan(
    snapshots: Annotated[list[Path], typer.Argument(metavar="SNAP...", help="One or more snapshots.")],
    config: ConfigOption = None,
    format: FormatOption = Format.TABLE,  # noqa: A002 (the option's name is in the contract)
    out: OutOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notes on stderr.")] = False,
) -> None:
    from k2cr_analysis.assessment import assess
    from k2cr_analysis.plan import plan as make
    from k2cr_analysis.report.plan_document import plan_document

    settings = config_from(config)
    made = make([assess(path, settings) for path in snapshots])
    if format is Format.JSON:
        give(as_json(plan_document(made)), out)
    elif format is Format.CSV:
        give(as_csv(_WAVES, _wave_rows(made)), out)
    else:
        waves = as_table(_WAVES, _wave_rows(made), right=(0, 2, 3, 4, 5, 6))
        left = as_table(_LEFT, [(x.id, _cents(x.holds_back_month), x.why) for x in made.left], right=(1,))
        swings = [(s.of, s.low_at, _cents(s.low_month), s.high_at, _cents(s.high_month)) for s in made.swings]
        give("\n".join([waves, left, *([as_table(_SWINGS, swings, right=(2, 4))] if swings else [])]), out)
    if not quiet:
        say(_verdict(made))
        for note in made.assumptions:
            say(f"assumed: {note}")


def _wave_rows(made: Plan) -> list[tuple[object, ...]]:
    return [
        (
            wave.wave,
            " ".join(wave.workloads),
            _cents(wave.attributed_month),
            _cents(wave.realised_month),
            _cents(wave.cumulative_realised_month),
            f"{wave.effort_days:g}",
            "the cluster" if wave.cluster_goes else wave.nodes_removed,
        )
        for wave in made.waves
    ]


def _verdict(made: Plan) -> str:
    if made.objective is None:
        return "the snapshot does not tell which nodes would go: no saving is promised"
    bound = (
        "" if made.bound is None or made.gap is None else f"; no plan is above {made.bound:.2f} (gap {made.gap:.1%})"
    )
    return f"realised saving less effort: {made.objective:.2f} {made.currency} a month{bound}"


def _cents(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"
