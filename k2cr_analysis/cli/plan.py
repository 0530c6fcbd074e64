"""``k2cr plan``: which workloads move, in which waves, and what the bill really loses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k2cr_analysis.cli.terminal.completion import workload_names
from k2cr_analysis.cli.terminal.futures import answer_text, futures_table, interval_text, ways
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
from k2cr_analysis.listing import first_of

if TYPE_CHECKING:
    from k2cr_analysis.assessment.result import Assessment
    from k2cr_analysis.planning import Ending, Plan, Portfolio, Wave

_WAVES = (
    "wave",
    "from",
    "workloads",
    "on paper/month",
    "realised/month",
    "cumulative",
    "95 %",
    "over staying",
    "95 %",
    "effort days",
    "nodes that go",
)
_MOVES = ("wave", "moves", "cluster")
_BILL = ("what changes on the bill", "quantity", "unit", "rate", "amount/month")
_CLUSTERS = ("cluster", "can be deleted", "last pod takes along/month", "kept by")
_LEFT = ("left", "holds back/month", "why")
_WORK = ("work that leaves (-) and comes (+)", "hours/month", "evidence")
_SWINGS = ("what the saving hangs on", "at", "saving/month", "at", "saving/month", "turns it")
_EVEN = ("Cloud Run costs what GKE does for it at", "requests/month", "today", "of which today is")
_KEPT_SHOWN = 3


def register(app: typer.Typer) -> None:
    app.command("plan", help="The waves: which workloads move when, and what the bill really loses.")(plan)


def plan(
    snapshots: Annotated[list[Path], typer.Argument(metavar="SNAP...", help="One or more snapshots.")],
    config: ConfigOption = None,
    format: FormatOption = Format.TABLE,  # noqa: A002 (the option's name is in the contract)
    out: OutOption = None,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="WORKLOAD",
            help="Price the plan with this workload moved too; may repeat.",
            autocompletion=workload_names,
        ),
    ] = None,
    less: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="WORKLOAD",
            help="Price the plan without this workload; may repeat.",
            autocompletion=workload_names,
        ),
    ] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.planning import plan_and_portfolio
    from k2cr_analysis.report.json.plan_document import plan_document
    from k2cr_analysis.verdicts import assess_all

    settings = config_from(config)
    assessed = assess_all(snapshots, settings)
    made, whole = plan_and_portfolio(assessed)
    if more or less:
        give(_another_set(assessed, made, more or [], less or [], format), out)
        end_with_gaps(snapshots)
        return
    if format.is_document:
        give(as_document(plan_document(made), format), out)
    elif format.is_rows:
        give(
            as_rows(_WAVES, [_wave_row(wave, " ".join(wave.workloads), made.currency) for wave in made.waves], format),
            out,
        )
    else:
        give("\n".join([*_decision(whole), *_sections(made)]), out)
    say(_verdict(made))
    say_all([f"assumed: {note}" for note in made.assumptions])
    end_with_gaps(snapshots)


def _another_set(
    assessed: Sequence[Assessment], made: Plan, more: Sequence[str], less: Sequence[str], form: Format
) -> str:
    """What the plan would do to the bill with some workloads more and some less."""
    from k2cr_analysis.assessment.find import find_workload
    from k2cr_analysis.planning.sets.any_set import any_set
    from k2cr_analysis.report.json.plan_document import set_document

    out = {find_workload(assessed, name).id for name in less}
    kept = [name for name in made.workloads if name not in out]
    found = any_set(assessed, [*kept, *more], over_stay=True)
    if form.is_document:
        return as_document(set_document(found), form)
    rows = (
        ("leaves the bill", _cents(found.avoided_month, found.currency)),
        ("Cloud Run, after the free tier", _cents(-found.cloud_run_month, found.currency)),
        ("paths to what stays", _cents(-found.hops_month, found.currency)),
        ("off today's bill", _cents(found.realised_month, found.currency)),
        ("over staying", _cents(found.saving_over_stay_month, found.currency)),
        ("nodes that go", str(found.nodes_removed)),
        ("days of work, once", f"{found.effort_days:g}"),
        ("hours of work less a month", f"{found.hours_month:g}"),
    )
    names = (f"{len(found.workloads)} workloads", f"{found.currency}/month")
    return as_rows(names, rows, form) if form.is_rows else as_table(names, rows, right=(1,))


def _decision(whole: Portfolio) -> Iterator[str]:
    """The four futures and the answer; nothing over bills in several currencies."""
    if whole.answer is not None:
        yield answer_text(whole.answer)
        yield futures_table(whole.futures, whole.currency)
        yield from ways(whole.futures, whole.currency)


def _sections(made: Plan) -> Iterator[str]:
    """The waves and the money first; then the end of the cluster, what stays, and what all of it hangs on."""
    if made.without_wishes is not None:
        yield made.without_wishes.sentence + "\n"
    waves = [_wave_row(wave, len(wave.workloads), made.currency) for wave in made.waves]
    yield as_table(_WAVES, waves, right=(0, 2, 3, 4, 5, 7, 9, 10))
    moves = [(wave.wave, w, c) for wave in made.waves for w, c in zip(wave.workloads, wave.clusters, strict=True)]
    if moves:
        yield as_table(_MOVES, moves, right=(0,))
        yield as_table(_BILL, list(_bill_rows(made)), right=(1, 3, 4))
    yield as_table(_CLUSTERS, [_ending_row(ending, made.currency) for ending in made.endings], right=(2,))
    several = len({left.cluster for left in made.left}) > 1
    left = [(x.named(several=several), _in(x.holds_back_month, x.currency, made.currency), x.why) for x in made.left]
    yield as_table(_LEFT, left, right=(1,))
    work = [*(("-", i) for i in made.work.leaves), *(("+", i) for i in made.work.comes)]
    if work:
        yield as_table(_WORK, [(f"{sign} {i.item}", f"{i.hours_month:g}", i.evidence) for sign, i in work], right=(1,))
    swings = [
        (
            s.of,
            s.low_at,
            _cents(s.low_month, made.currency),
            s.high_at,
            _cents(s.high_month, made.currency),
            "yes" if made.objective is not None and s.turns(made.objective) else "",
        )
        for s in made.swings
    ]
    if swings:
        yield as_table(_SWINGS, swings, right=(2, 4))
    even = [_even_row(made, workload) for workload in sorted(made.break_even_requests)]
    if even:
        yield as_table(_EVEN, even, right=(1, 2, 3))


def _wave_row(wave: Wave, workloads: object, of_plan: str) -> tuple[object, ...]:
    return (
        wave.wave,
        wave.starts or "",
        workloads,
        _in(wave.attributed_month, wave.currency, of_plan),
        _in(wave.realised_month, wave.currency, of_plan),
        _in(wave.cumulative_realised_month, wave.currency, of_plan),
        interval_text(wave.cumulative_interval, wave.currency),
        _in(wave.cumulative_saving_over_stay_month, wave.currency, of_plan),
        interval_text(wave.cumulative_over_stay_interval, wave.currency),
        f"{wave.effort_days:g}",
        f"{wave.nodes_removed}, the cluster" if wave.cluster_goes else wave.nodes_removed,
    )


def _bill_rows(made: Plan) -> Iterator[tuple[object, ...]]:
    """What goes off today's bill and what comes on it; together they are what is realised."""
    for item in made.avoided:
        yield (
            f"- {item.sku}",
            f"{item.quantity:g}",
            item.unit,
            _cents(item.rate, ""),
            _in(-item.amount, item.currency, made.currency),
        )
    comes = (
        ("Cloud Run, after the free tier", made.cloud_run_month),
        ("paths to what stays", made.hops_month),
    )
    for name, month in comes:
        if month:
            yield (f"+ {name}", "", "", "", _cents(month, made.currency))


def _ending_row(ending: Ending, currency: str) -> tuple[object, ...]:
    when = f"after wave {ending.wave}" if ending.wave else "no"
    kept = first_of(ending.kept_by, _KEPT_SHOWN)
    return (ending.cluster, when, _in(ending.last_pod_month, ending.currency, currency), kept)


def _even_row(made: Plan, workload: str) -> tuple[object, ...]:
    even, today = made.break_even_requests[workload], made.requests_month.get(workload)
    share = f"{today / even:.0%}" if today is not None and even else None
    return (workload, f"{even:f}", None if today is None else f"{today:.0f}", share)


def _verdict(made: Plan) -> str:
    from k2cr_analysis.planning.futures.cash_curve import paid_back

    if not made.currency:
        return "bills in several currencies: no sum is made over them"
    if made.objective is None:
        return "the snapshot does not tell which nodes would go: no saving is promised"
    bound = (
        ""
        if made.bound is None or made.gap is None
        else f"; no plan is above {_cents(made.bound, made.currency)} (gap {made.gap:.1%})"
    )
    parts = f"{over} over staying" if (over := _cents(made.saving_over_stay_month, made.currency)) else ""
    if made.labour_month or made.effort_month:
        labour, effort = (_cents(amount, made.currency) for amount in (made.labour_month, made.effort_month))
        parts += f", {labour} of hours that go less those that come, {effort} of effort"
    back = paid_back(made.cash)
    when = "" if not made.cash else f"; paid back in month {back}" if back else "; not paid back in three years"
    objective = f"{_cents(made.objective, made.currency)} {made.currency} a month"
    return f"objective: {objective} ({parts}){bound}; found by: {made.method}{when}"


def _in(amount: Decimal | None, own: str, of_plan: str) -> str | None:
    """With its currency where the plan has several."""
    found = _cents(amount, own or of_plan)
    return found if found is None or of_plan else f"{found} {own}"


def _cents(amount: Decimal | None, currency: str) -> str | None:
    from k2cr_analysis.model.money import plain_amount

    return None if amount is None else plain_amount(amount, currency)
