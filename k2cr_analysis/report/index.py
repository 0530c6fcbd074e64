"""The index of a report: links, counts, what failed, where the data came from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.model.finding import VERDICTS
from k2cr_analysis.report.display import VERDICT_WORDS, made_up_label
from k2cr_analysis.report.headings import is_made_up, provenance
from k2cr_analysis.report.html import template_page
from k2cr_analysis.report.pages import Record, html_path, records
from k2cr_analysis.report.wording import count, money

INDEX = "index.html"


def write_index(out: Path, assessments: Sequence[Assessment]) -> Path:
    """Write ``index.html`` over all pages that are in the folder, whoever made them."""
    made = [record for record in records(out) if html_path(out, record.name).is_file()]
    by_workload = {record.workload: record for record in made if record.workload}
    workloads = [w for a in assessments for w in a.workloads]
    counts = ", ".join(f"{sum(w.fit.verdict == v for w in workloads)} {VERDICT_WORDS[v]}" for v in VERDICTS)
    text = template_page(
        "index.html.j2",
        title=", ".join(str(a.snapshot.get("cluster") or "cluster") for a in assessments) + ": from GKE to Cloud Run",
        under=f"{count(len(workloads), 'workload')}: {counts}",
        counted=count(len(by_workload), "page"),
        made_up=made_up_label().html if is_made_up(assessments) else "",
        leading=[_leading(record) for record in made if record.workload is None],
        failed=[_failed(record) for record in made if record.state == "failed"],
        groups=[group for verdict in VERDICTS if (group := _group(verdict, workloads, by_workload))],
        provenance=provenance(assessments).html,
    )
    path = out / INDEX
    path.write_text(text, encoding="utf-8")
    return path


def _leading(record: Record) -> dict[str, Any]:
    under = {
        "portfolio": "the whole cluster: what it costs, what really leaves the bill, in which order",
        "deploy": "the specs and the deploy commands of what can move",
    }
    return {
        "href": f"{record.name}.html",
        "title": record.title,
        "under": under.get(record.name, ""),
        "failed": record.state == "failed",
    }


def _failed(record: Record) -> dict[str, Any]:
    return {"href": f"{record.name}.html", "title": record.title, "error": record.error or ""}


def _group(verdict: str, workloads: Sequence[WorkloadAssessment], pages: dict[str, Record]) -> dict[str, Any] | None:
    mine = [w for w in workloads if w.fit.verdict == verdict]
    mine.sort(key=lambda w: (-(_saving(w) or 0), w.id))
    rows = [_row(w, pages.get(w.id)) for w in mine]
    return {"title": f"{VERDICT_WORDS[verdict]} ({len(rows)})", "verdict": verdict, "pages": rows} if rows else None


def _row(workload: WorkloadAssessment, record: Record | None) -> dict[str, Any]:
    saving = _saving(workload)
    currency = workload.cost.currency if workload.cost else ""
    return {
        "href": f"{record.name}.html" if record else "",
        "title": workload.id,
        "why": _why(workload),
        "target": workload.fit.target.replace("none", "–"),
        "saving": "–" if saving is None else money(saving, currency, sign=True),
    }


def _why(workload: WorkloadAssessment) -> str:
    """The rules behind the verdict, gravest first; nothing where the files alone are enough."""
    grave = {"blocked": "blocker", "changes": "change"}.get(workload.fit.verdict)
    rules = sorted({f.rule for f in workload.findings if f.severity == grave})
    return ", ".join(rules[:4]) + (f" and {len(rules) - 4} more" if len(rules) > 4 else "")


def _saving(workload: WorkloadAssessment) -> Any:
    return workload.cost.saving_month if workload.cost and workload.fit.moves else None
