"""How results look when a notebook shows them by themselves: an assessment, a workload of it, a plan, a portfolio."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from k2cr_analysis.report.display import Html, bullets, heading, joined, paragraph, verdict_chip

# Where the types are declared; IPython takes the names, so that nothing is imported for a type that is not shown.
_RESULT, _PLAN = "k2cr_analysis.assessment.result", "k2cr_analysis.planning.result"
_DIFF = "k2cr_analysis.comparison.result"


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
        html.for_type_by_name(module, name, lambda value, form=form: form(value).html)


def _assessment(value: Any) -> Html:
    from k2cr_analysis.report import tables
    from k2cr_analysis.report.tables.frame_html import show

    return joined([paragraph(f"{len(value.workloads)} workloads"), show(tables.workloads(value))])


def _workload(value: Any) -> Html:
    from k2cr_analysis.report.what_was_found import found_in

    chip = Html(f"<p>{verdict_chip(value.fit.verdict)}</p>", value.fit.verdict)
    return joined([heading(value.id, level=3), chip, found_in(value)])


def _plan(value: Any) -> Html:
    from k2cr_analysis.report import tables
    from k2cr_analysis.report.tables.frame_html import show

    return show(tables.waves(value), "No wave makes the bill smaller.")


def _portfolio(value: Any) -> Html:
    from k2cr_analysis.report import tables
    from k2cr_analysis.report.tables.frame_html import show

    return show(tables.bill(value), "Today's bill is not known.")


def _diff(value: Any) -> Html:
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
    (_RESULT, "WorkloadAssessment"): _workload,
    (_PLAN, "Plan"): _plan,
    (_PLAN, "Portfolio"): _portfolio,
    (_DIFF, "Diff"): _diff,
}
