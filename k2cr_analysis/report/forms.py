"""How results look when a notebook shows them by themselves: short, with the question answered first."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from k2cr_analysis.report.display import (
    VERDICT_WORDS,
    Html,
    Tile,
    bullets,
    heading,
    joined,
    paragraph,
    tiles,
    verdict_chip,
)
from k2cr_analysis.report.wording import count, milliseconds, money, share

# Where the types are declared; IPython takes the names, so that nothing is imported for a type that is not shown.
_RESULT, _PLAN = "k2cr_analysis.assessment.result", "k2cr_analysis.planning.result"
_DIFF, _SEARCH = "k2cr_analysis.comparison.result", "k2cr_analysis.latency.search.search"
_FACE, _SNAPSHOT = "k2cr_analysis.report.face", "k2cr_analysis.snapshot.reader"
_SLIDERS = "k2cr_analysis.assessment.recommending.sliders"
MOST_ROWS = 10


def register() -> None:
    """Teach the running notebook, if there is one, to show the results as HTML."""
    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        return
    html = shell.display_formatter.formatters["text/html"]
    for (module, name), form in FORMS.items():
        html.for_type_by_name(module, name, lambda value, form=form: form(value)._repr_html_())


def _assessments(value: Any) -> Html:
    return joined(_assessment(one) for one in value)


def _assessment(value: Any) -> Html:
    from k2cr_analysis.report import tables
    from k2cr_analysis.report.tables.frame_html import show

    frame = tables.workloads(value)
    counts = frame["verdict"].value_counts()
    words = ", ".join(f"{n} {VERDICT_WORDS[str(v)]}" for v, n in counts.items()) or "none"
    cluster = value.snapshot.get("cluster") or "the cluster"
    pieces = [paragraph(f"{cluster}: {count(len(frame), 'workload')}; {words}.")]
    moving = frame[frame["verdict"].isin(["ready", "changes"])].sort_values("saving_month", ascending=False)
    first = moving.head(MOST_ROWS)
    columns = ["workload_id", "verdict", "target", "gke_attributed_month", "cloud_run_month", "saving_month"]
    pieces.append(show(first[[*columns, "currency"]], "No workload can move."))
    more = len(frame) - len(first)
    rest = f"{count(more, 'more workload')}: " if more else ""
    pieces.append(
        paragraph(
            f'{rest}k.tables.workloads(a) has all; a["name"] gives one of them, k.plan(a) the waves.', kind="under"
        )
    )
    return joined(pieces)


def _workload(value: Any) -> Html:
    from k2cr_analysis.report.headings import assumed_of
    from k2cr_analysis.report.what_was_found import found_in

    chip = Html(f"<p>{verdict_chip(value.fit.verdict)}</p>", value.fit.verdict)
    pieces = [heading(value.id, level=3), chip]
    cost, found = value.cost, value.latency
    if value.fit.moves and cost is not None:
        after = found.cloud_run if found else None
        pieces.append(
            tiles(
                [
                    Tile("GKE share today", money(cost.gke_attributed_month, cost.currency), "a month"),
                    Tile("On Cloud Run", money(cost.cloud_run_month, cost.currency), "a month"),
                    Tile("Saving on paper", money(cost.saving_month, cost.currency, sign=True), "a month"),
                    Tile("p99 on Cloud Run", milliseconds(after.p99_ms if after else None)),
                ]
            )
        )
    return joined([*pieces, assumed_of(value), found_in(value)])


def _plan(value: Any) -> Html:
    from k2cr_analysis.report import tables
    from k2cr_analysis.report.tables.frame_html import show

    words = f"{count(len(value.workloads), 'workload')} in {count(len(value.waves), 'wave')}"
    if value.waves and value.saving_over_stay_month is not None:
        words += f": that saves {money(value.saving_over_stay_month, value.currency)} a month over staying"
    stays = f"; {count(len(value.left), 'workload')} would stay: k.tables.left(plan) says why" if value.left else ""
    pieces = [paragraph(f"{words}{stays}.")] if value.waves else []
    return joined([*pieces, show(tables.waves(value), "No wave makes the bill smaller.")])


def _portfolio(value: Any) -> Html:
    from k2cr_analysis.report import tables
    from k2cr_analysis.report.tables.frame_html import show

    return show(tables.bill(value), "Today's bill is not known.")


def _recommendation(value: Any) -> Html:
    best = value.best
    met = "meets" if value.met else "misses, by less than any other,"
    shape, looked = best.shape, count(len(value.points), "configuration")
    words = (
        f"{float(shape.cpu_cores):g} vCPU, concurrency {shape.concurrency}, "
        f"{count(shape.min_instances, 'min instance')}, {shape.billing}-based billing {met} {value.limits}: "
        f"p99 {milliseconds(best.p99_ms)}, {share(best.cold_start_ratio)} cold starts. {looked} looked at."
    )
    return paragraph(words)


def _what_if(value: Any) -> Html:
    before, after = value.before.shape, value.after.shape
    met = "meets" if value.met else "misses"
    return paragraph(
        f"Concurrency {after.concurrency}, {count(after.min_instances, 'min instance')} {met} {value.limits}: p99 "
        f"{milliseconds(value.after.p99_ms)} (assessed: concurrency {before.concurrency}, "
        f"{count(before.min_instances, 'min instance')}, p99 {milliseconds(value.before.p99_ms)})."
    )


def _snapshot(value: Any) -> Html:
    origin = value.provenance
    rows = ", ".join(f"{n:,} {name}" for name, n in sorted(origin.rows.items())) or "no table"
    return paragraph(f"Snapshot {value.path}: {rows}. k.assess(snapshot) assesses it.")


def diff_piece(value: Any) -> Html:
    from k2cr_analysis.report import tables
    from k2cr_analysis.report.tables.frame_html import show

    gone = [f"added: {one}" for one in value.added] + [f"removed: {one}" for one in value.removed]
    gone += [f"renamed: {before} to {after}" for before, after in value.renamed]
    return joined(
        [
            show(tables.changes(value), "No figure changed."),
            show(tables.changed_workloads(value), "Nothing else is said of any workload."),
            bullets(gone),
        ]
    )


FORMS: dict[tuple[str, str], Callable[[Any], Html]] = {
    (_RESULT, "Assessment"): _assessment,
    (_FACE, "Assessments"): _assessments,
    (_RESULT, "WorkloadAssessment"): _workload,
    (_PLAN, "Plan"): _plan,
    (_PLAN, "Portfolio"): _portfolio,
    (_SEARCH, "Recommendation"): _recommendation,
    (_SLIDERS, "WhatIf"): _what_if,
    (_SNAPSHOT, "Snapshot"): _snapshot,
    (_DIFF, "Diff"): diff_piece,
}
