"""``k2cr assess``: the five answers for each workload, and the portfolio."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k2cr_analysis.cli.terminal.assumed import assumed_text
from k2cr_analysis.cli.terminal.completion import names_a_workload, workload_names
from k2cr_analysis.cli.terminal.futures import answer_text, futures_table
from k2cr_analysis.cli.terminal.gaps import end_with_gaps
from k2cr_analysis.cli.terminal.output import (
    CalibrationOption,
    ConfigOption,
    Format,
    FormatOption,
    OutOption,
    VerdictName,
    as_document,
    as_rows,
    as_table,
    calibration_from,
    config_from,
    give,
    terminal_width,
)
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, is_verbose, say, say_all
from k2cr_analysis.errors import UsageError

if TYPE_CHECKING:
    from k2cr_analysis.assessment.result import Assessment, Cost, WorkloadAssessment
    from k2cr_analysis.planning import Portfolio

_HEADER = (
    "workload",
    "verdict",
    "target",
    "GKE/month",
    "Cloud Run/month",
    "saving/month",
    "p99 ms",
    "effort days",
    "first finding",
    "size",
)
_OF_FLEET = ("cluster", "currency")  # last, where there are several
_RIGHT = (3, 4, 5, 6, 7)
# Name of a column for --sort-by -> where it stands in a row.
SORTS = {"workload": 0, "verdict": 1, "target": 2, "gke": 3, "cloud-run": 4, "saving": 5, "p99": 6, "effort": 7}


def register(app: typer.Typer) -> None:
    app.command("assess", help="Fit, size, cost, latency and toil of each workload, and the portfolio.")(assess)


def assess(
    snapshots: Annotated[
        list[str],
        typer.Argument(
            metavar="SNAP... [WORKLOAD]",
            help="Snapshots; then, if wanted, one workload: its id or short name.",
            autocompletion=workload_names,
        ),
    ],
    explain: Annotated[
        bool, typer.Option("--explain", help="With a WORKLOAD: the account of every field of its objects.")
    ] = False,
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", "-n", help="Only workloads of this namespace; may repeat.")
    ] = None,
    verdict: Annotated[
        list[VerdictName] | None,
        typer.Option("--verdict", help="Only workloads with this verdict; may repeat."),
    ] = None,
    filter: Annotated[  # noqa: A002 (the option's name)
        str, typer.Option("--filter", metavar="TEXT", help="Only rows that hold this text, in any case.")
    ] = "",
    sort_by: Annotated[
        Literal["workload", "verdict", "target", "gke", "cloud-run", "saving", "p99", "effort"],
        typer.Option("--sort-by", help="Numbers from the greatest down, texts from a to z."),
    ] = "workload",
    config: ConfigOption = None,
    calibration: CalibrationOption = None,
    effort: Annotated[
        Literal["quick", "coarse", "full"],
        typer.Option(
            "--effort",
            help="Into configurations. quick: sized, closed forms; coarse: simulated, searched near the size where it "
            "misses an objective; full: the whole grid, seconds a service.",
        ),
    ] = "coarse",
    assume_rps: Annotated[
        str,
        typer.Option(
            "--assume-rps",
            metavar="LOW:HIGH",
            help="Where no requests are counted: the price at so many a second, and at the least and the most of them.",
        ),
    ] = "",
    format: FormatOption = Format.TABLE,  # noqa: A002 (the option's name is in the contract)
    out: OutOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.assessment.find import find_workload
    from k2cr_analysis.planning import cluster_names, portfolio
    from k2cr_analysis.report.assumed_range import without_requests
    from k2cr_analysis.verdicts import assess_all

    paths, named = split_arguments(snapshots)
    settings = config_from(config)
    learned = calibration_from(calibration)
    assumed = None
    if assume_rps:
        from k2cr_analysis.report.assumed_range import over_range, parse_rates

        rates = parse_rates(assume_rps)
        assumed = over_range(lambda one: assess_all(paths, one, learned, effort=effort), settings, rates)
        assessed = assumed.middle
    else:
        assessed = assess_all(paths, settings, learned, effort=effort)
    workload = None if named is None else find_workload(assessed, named).id
    if explain:
        give(_explanation(assessed, workload), out)
        return
    found = portfolio(assessed)
    of_clusters = [
        (w, (name, a.bill.currency) if len(assessed) > 1 else ())
        for name, a in zip(cluster_names(assessed), assessed, strict=True)
        for w in a.workloads
        if workload in (None, w.id)
        and (not namespace or w.workload.namespace in namespace)
        and (not verdict or w.fit.verdict in verdict)
    ]
    listed, header = [w for w, _ in of_clusters], _HEADER if len(assessed) == 1 else (*_HEADER, *_OF_FLEET)
    made = [(*_row(w), *whose) for w, whose in of_clusters]
    rows = _sorted([row for row in made if filter.lower() in " ".join(map(str, row)).lower()], sort_by)
    is_part = bool(namespace or verdict or filter)
    if format.is_document:
        from k2cr_analysis.report.json.documents import assess_document

        document = assess_document(assessed, found, workload)
        order = {_key(row): number for number, row in enumerate(rows)}
        document["workloads"] = sorted(
            (w for w in document["workloads"] if (w["id"], w.get("cluster")) in order),
            key=lambda w: 0 if sort_by == "workload" else order[w["id"], w.get("cluster")],
        )
        if assumed is not None:
            from k2cr_analysis.report.json.documents import assumed_range_document

            document["assumed_range"] = assumed_range_document(assumed)
        give(as_document(document, format), out)
    elif format.is_rows:
        give(as_rows(header, rows, format), out)
    else:
        width = terminal_width() if format is Format.TABLE and out is None else None
        text = _as_text(rows, assessed, workload, width)
        if assumed is not None:
            text += assumed_text(assumed, {str(row[0]) for row in rows})
        if workload is None and not is_part and found.answer is not None:
            text += f"\n{futures_table(found.futures, found.currency)}\n{answer_text(found.answer)}"
        give(text, out)
    _summary(assessed, found)
    if assumed is None and without_requests(listed):
        say(f"no price without requests: k2cr assess {paths[0]} --assume-rps 0.1:10 gives it for a range of them")
    if format in (Format.TABLE, Format.WIDE) and workload is None and rows:
        say(f"next: k2cr assess {paths[0]} {rows[0][0]} for one in depth; k2cr plan {paths[0]} for the waves")
    end_with_gaps(paths)


def split_arguments(arguments: Sequence[str]) -> tuple[list[Path], str | None]:
    """Snapshots, and the workload that may stand last: an id or a short name, which is no folder and no bucket."""
    last = arguments[-1]
    if len(arguments) > 1 and names_a_workload(last):
        return [Path(a) for a in arguments[:-1]], last
    return [Path(a) for a in arguments], None


def _sorted(rows: list[tuple[object, ...]], by: str) -> list[tuple[object, ...]]:
    """In the order that is wanted; what is not known last."""
    at = SORTS[by]
    if at == 0:
        return rows
    if at not in _RIGHT:
        return sorted(rows, key=lambda row: str(row[at]))
    return sorted(rows, key=lambda row: (row[at] is None, -float(str(row[at])) if row[at] is not None else 0.0))


def _key(row: Sequence[object]) -> tuple[str, str | None]:
    """A row's workload, and its cluster in a fleet."""
    return str(row[0]), str(row[len(_HEADER)]) if len(row) > len(_HEADER) else None


def _row(assessed: WorkloadAssessment) -> tuple[object, ...]:
    from k2cr_analysis.model.findings.finding import rows_of

    cost, latency = assessed.cost, assessed.latency
    after = latency.cloud_run if latency else None
    return (
        assessed.id,
        assessed.fit.verdict,
        assessed.fit.target,
        *(_amounts(cost) if cost else (None, None, None)),
        None if after is None or after.p99_ms is None else f"{after.p99_ms:.0f}",
        None if assessed.effort_days is None else f"{assessed.effort_days:g}",
        next((row.rule for row in rows_of(assessed.findings)), ""),
        _size(assessed),
    )


def _amounts(cost: Cost) -> tuple[str | None, ...]:
    from k2cr_analysis.model.money import plain_amount

    months = (cost.gke_attributed_month, cost.cloud_run_month, cost.saving_month)
    return tuple(None if month is None else plain_amount(month, cost.currency) for month in months)


def _size(assessed: WorkloadAssessment) -> str | None:
    """``1 vCPU 512Mi x80``: the recommended size of an instance, and how many requests it takes at a time."""
    from k2cr_analysis.model.cloud_run import memory_text

    shape = assessed.shape
    if shape is None or not assessed.fit.moves:
        return None
    at_once = "" if shape.concurrency is None else f" x{shape.concurrency}"
    return f"{float(shape.cpu_cores):g} vCPU {memory_text(shape.memory_bytes)}{at_once}"


def _with_currency(row: Sequence[object], currency: str) -> tuple[object, ...]:
    """The amounts of a row with their currency beside them."""
    money = (3, 4, 5)
    return tuple(f"{v} {currency}" if at in money and v is not None else v for at, v in enumerate(row))


def _total(rows: Sequence[Sequence[object]]) -> tuple[object, ...]:
    """The sum of what is known, under the columns of money and work."""
    sums = []
    for at in (3, 4, 5, 7):
        known = [Decimal(str(row[at])) for row in rows if row[at] is not None]
        places = max((-int(k.as_tuple().exponent) for k in known), default=0)
        sums.append(f"{sum(known, Decimal(0)):.{places}f}" if known else None)
    gke, run, saving, effort = sums
    return (f"total of {len(rows)}", "", "", gke, run, saving, "", effort and f"{float(effort):g}", "", "")


def _as_text(
    rows: Sequence[Sequence[object]], assessed: Sequence[Assessment], workload: str | None, width: int | None
) -> str:
    """The table, and under it one workload's findings, or what is not assessed; last what holds for all."""
    from k2cr_analysis.assessment.find import find_workload

    # Amounts of two currencies have no sum, and each its currency.
    several = len({a.bill.currency for a in assessed}) > 1
    if several:
        rows = [_with_currency(row, str(row[-1])) for row in rows]
    header = _HEADER if len(assessed) == 1 else (*_HEADER, *_OF_FLEET)
    blank = ("",) * (len(header) - len(_HEADER))
    with_total = [*rows, (*_total(rows), *blank)] if len(rows) > 1 and not several else rows
    text = as_table(header, with_total, right=_RIGHT, width=width)
    if workload is not None:
        text += _choice(find_workload(assessed, workload)) + _findings(
            find_workload(assessed, workload), whole=is_verbose()
        )
    elif others := [(o.id, o.holds, o.how) for a in assessed for o in a.others]:
        text += "\n" + as_table(("not assessed", "what it holds", "how to see what runs"), others)
    return text + _once(assessed)


def _choice(assessed: WorkloadAssessment) -> str:
    """The objective, what more or less of it costs, and within what the figures lie."""
    from k2cr_analysis.report.objective import objective_words, within_words

    currency = assessed.cost.currency if assessed.cost else ""
    said = [words for words in (objective_words(assessed.choice, currency), within_words(assessed)) if words]
    return "".join("\n" + "\n".join(textwrap.wrap(words, 110)) for words in said) + ("\n" if said else "")


def _findings(assessed: WorkloadAssessment, *, whole: bool) -> str:
    """What blocks and what must be decided, each once with its places; notes by their names, or ``whole`` as well."""
    from k2cr_analysis.model.findings.finding import rows_of

    lines, notes = [""], []
    for row in rows_of(assessed.findings):
        if row.severity == "note" and not whole:
            notes.append(row.rule)
            continue
        others = len(row.places) - 1
        more = f" and {others} more place{'s' if others > 1 else ''}" if others > 0 else ""
        lines.append(f"{row.severity:8} {row.rule}  {row.path or ''}{more}")
        lines.append(f"         {row.message if whole else row.short()}")
        if row.remediation:
            lines.append(f"         do: {row.remediation}")
    if notes:
        known = f"good to know ({len(notes)}; --verbose for their text): {', '.join(notes)}"
        lines += textwrap.wrap(known, 110, subsequent_indent="  ")
    return "\n".join(lines) + "\n"


def _once(assessed: Sequence[Assessment]) -> str:
    """What holds for every workload of a snapshot."""
    from k2cr_analysis.assessment.findings.said_once import findings_of_snapshot

    said = dict.fromkeys(f"{f.message}. {f.remediation}" for a in assessed for f in findings_of_snapshot(a))
    return "".join(f"\nof the whole snapshot: {text}" for text in said) + ("\n" if said else "")


def _explanation(assessed: Sequence[Assessment], workload: str | None) -> str:
    if workload is None:
        raise UsageError(
            ref="explain-needs-a-workload",
            found="--explain without a workload",
            expected="k2cr assess SNAP namespace/Kind/name --explain",
        )
    from k2cr_analysis.assessment.find import find_workload

    one = find_workload(assessed, workload)
    rows = [(use.path, use.how, use.by) for use in one.fit.fields]
    whose = next(a for a in assessed if any(w is one for w in a.workloads))
    fields = as_table(("field", "account", "by or why"), rows)
    return fields + _findings(one, whole=True) + "\n" + _money_explained(whose, one)


def _money_explained(assessment: Assessment, one: WorkloadAssessment) -> str:
    """Every line of both sides: quantity x rate, and the counts that the quantity is made of; sums; the difference."""
    from k2cr_analysis.assessment.explained import CLOUD_RUN, GKE, explained
    from k2cr_analysis.model.money import decimal_text

    if one.cost is None:
        return ""
    rows = [
        (
            line.side,
            line.item.sku,
            f"{line.item.quantity:,.4f}",
            line.item.unit,
            decimal_text(line.item.rate),
            f"{line.item.amount:.4f}",
            line.counts,
        )
        for line in explained(assessment, one)
    ]
    for side, month in (
        (GKE, one.cost.gke_attributed_month),
        (CLOUD_RUN, one.cost.cloud_run_month),
        ("saving on paper", one.cost.saving_month),
    ):
        told = "not known" if month is None else f"{month:.4f}"
        rows.append((side, f"in sum, {one.cost.currency} a month", "", "", "", told, ""))
    return as_table(
        ("side", "line", "quantity", "unit", "rate", "amount", "quantity is made of"), rows, right=(2, 4, 5)
    )


def _summary(assessed: Sequence[Assessment], found: Portfolio) -> None:
    from k2cr_analysis.model.money import plain_amount
    from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
    from k2cr_analysis.report.wording import share

    say(", ".join(f"{count} {verdict}" for verdict, count in found.counts.items()))
    if found.fields.seen:
        accounted = found.fields.accounted / found.fields.seen
        say(f"fields accounted for: {found.fields.accounted} of {found.fields.seen} ({share(accounted)})")
    else:
        others = sum(len(a.others) for a in assessed)
        say(f"no workload in the snapshot to assess; objects that hold or make workloads elsewhere: {others}")
    for cluster, one in found.as_billed:
        whole = "" if one.whole else ", a part of the invoice"
        paid, back = (plain_amount(amount, one.currency) for amount in (one.paid, one.credits))
        say(
            f"as billed, {cluster}, invoice {one.month}: {paid} {one.currency} (credits {back}),"
            f" {one.first:%Y-%m-%d} to {one.last:%Y-%m-%d}{whole}; figures are of a month of {HOURS_PER_MONTH} h"
        )
    say_all([f"assumed: {note}" for note in sorted({text for a in assessed for text in a.assumptions})])
