"""One screen for whoever has thirty seconds, as a page and as Markdown; and all tables of a report as CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.atomic import write_whole
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.findings.finding import VERDICTS
from k2cr_analysis.planning import Plan, Portfolio
from k2cr_analysis.report import tables
from k2cr_analysis.report.decision import FUTURES, decision, futures_shown, futures_tiles, turning
from k2cr_analysis.report.display import Html, bullets, heading, joined, made_up_label, paragraph
from k2cr_analysis.report.headings import assumed_in, is_made_up
from k2cr_analysis.report.pages.html import HOME, template_page
from k2cr_analysis.report.wording import between, count, money

PAGE, TEXT, TABLES = "summary.html", "summary.md", "tables"
_SHOWN = 3


def write_summary(out: Path, assessed: Sequence[Assessment], plan: Plan, portfolio: Portfolio) -> None:
    """``summary.html`` and ``summary.md``, and ``tables/*.csv``."""
    title = "In short: " + ", ".join(str(a.snapshot.get("cluster") or "cluster") for a in assessed)
    facts = list(_facts(assessed, plan, portfolio))
    body = joined(
        [
            *([made_up_label()] if is_made_up(assessed) else []),
            heading(title),
            paragraph(decision(portfolio), kind="lead"),
            futures_tiles(portfolio),
            assumed_in([w for a in assessed for w in a.workloads if w.fit.moves]),
            bullets(facts),
        ]
    )
    write_whole(out / PAGE, page_of(body, title, home=HOME))
    write_whole(out / TEXT, markdown_of(title, portfolio, facts, made_up=is_made_up(assessed)))
    write_tables(out / TABLES, assessed, plan, portfolio)


def page_of(body: Html, title: str, *, home: str = "") -> str:
    """A page of its own around a piece."""
    return template_page("piece.html.j2", title=title, body=body.html, home=home)


def markdown_of(title: str, portfolio: Portfolio, facts: Sequence[str], *, made_up: bool) -> str:
    """The same for a pull request or a chat."""
    rows = [
        f"| {FUTURES[f.future][0]} | {money(f.month, portfolio.currency, cents=False)} "
        f"| {money(f.saving_over_stay_month, portfolio.currency, cents=False, sign=True)}"
        f"{between(f.interval, portfolio.currency)} |"
        for f in futures_shown(portfolio)
    ]
    lines = [f"## {title}", "", *(["_Made-up data._", ""] if made_up else []), f"**{decision(portfolio)}**", ""]
    if rows:
        lines += ["| | a month | over staying |", "|---|---:|---:|", *rows, ""]
    return "\n".join([*lines, *(f"- {fact}" for fact in facts)]) + "\n"


def _facts(assessed: Sequence[Assessment], plan: Plan, portfolio: Portfolio) -> Iterator[str]:
    """What a manager asks next: when, how much work, what first, what is in the way, what would turn it."""
    workloads = [w for a in assessed for w in a.workloads]
    verdicts = Counter(w.fit.verdict for w in workloads)
    yield f"{count(len(workloads), 'workload')}: " + ", ".join(f"{verdicts[v]} {v}" for v in VERDICTS if verdicts[v])
    if plan.waves:
        days = sum(wave.effort_days for wave in plan.waves)
        several, wave = len(assessed) > 1, plan.waves[0]
        first = first_of(wave.ids(several=several), _SHOWN)
        yield f"{count(len(plan.waves), 'wave')}, {days:g} days of work; the first: {first}"
    if portfolio.answer and portfolio.answer.first_mover:
        mover = portfolio.answer.first_mover
        yield f"Try first: {mover.id}, {mover.why}"
    found = tables.rules(assessed)
    for severity, words in (("blocker", "What blocks most"), ("change", "What must be decided most often")):
        most = found[found["severity"] == severity].head(_SHOWN)
        if len(most):
            listed = zip(most["rule"], most["workloads"], strict=True)
            yield f"{words}: " + ", ".join(f"{rule} ({number})" for rule, number in listed)
    assumed = [w for w in workloads if w.assumed_traffic and w.fit.moves]
    if assumed:
        yield f"On assumed traffic, not measured: {count(len(assumed), 'workload')} ({assumed[0].assumed_traffic})"
    if turns := turning(portfolio):
        yield turns


def write_tables(folder: Path, assessed: Sequence[Assessment], plan: Plan, portfolio: Portfolio) -> None:
    """Every table of the whole, by its name in ``k2cr_analysis.tables``."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "workloads": tables.workloads(assessed),
        "all_findings": tables.all_findings(assessed),
        "rules": tables.rules(assessed),
        "by_day": tables.by_day(assessed),
        "groups": tables.groups(assessed),
        "bill": tables.bill(portfolio),
        "as_billed": tables.as_billed(portfolio),
        "commitments": tables.commitments(portfolio),
        "commitment_floor": tables.commitment_floor(portfolio),
        "futures": tables.futures(portfolio),
        "future_lines": tables.future_lines(portfolio),
        "ways_to_stay": tables.ways_to_stay(portfolio),
        "ways_out": tables.ways_out(portfolio),
        "cash": tables.cash(plan),
        "neighbours": tables.neighbours(portfolio),
        "showback_namespace": tables.showback(assessed, plan),
        "showback_team": tables.showback(assessed, plan, by="team"),
        "waves": tables.waves(plan),
        "left": tables.left(plan),
        "avoided": tables.avoided(plan),
        "margins": tables.margins(plan),
        "endings": tables.endings(plan),
        "break_even": tables.break_even(plan),
        "sensitivity": tables.sensitivity(plan),
    }
    for name, frame in frames.items():
        texts = frame.select_dtypes("object").columns
        write_whole(folder / f"{name}.csv", frame.assign(**{c: frame[c].map(_cell) for c in texts}).to_csv(index=False))


def _cell(value: object) -> object:
    """A list as its parts; a text that a spreadsheet would take for a formula stays a text."""
    text = " ".join(map(str, value)) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
