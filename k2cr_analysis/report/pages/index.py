"""The index of a report: links, counts, what failed, where the data came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.atomic import write_whole
from k2cr_analysis.model.finding import VERDICTS
from k2cr_analysis.report.display import VERDICT_WORDS, made_up_label
from k2cr_analysis.report.headings import is_made_up, provenance
from k2cr_analysis.report.pages.contents import Record, candidate_name, html_path, prefix_of, records
from k2cr_analysis.report.pages.html import template_page
from k2cr_analysis.report.wording import count, money

INDEX = "index.html"
# Pages of the whole, in the order in which the index names them.
LEADING = {
    "portfolio": "the whole cluster: what it costs, what really leaves the bill, in which order",
    "deploy": "the specs and the deploy commands of all that can move",
}


def write_index(out: Path, assessments: Sequence[Assessment], keys: Mapping[str, str]) -> Path:
    """Write ``index.html`` over the pages that are in the folder, whoever made them.

    ``keys``: page -> what its content depends on today. A page that was made from other facts is not listed.
    """
    whole = {r.name: r for r in records(out) if keys.get(r.name) == r.key and html_path(out, r.name).is_file()}
    listed = [
        (workload, whole.get(candidate_name(workload.id, prefix_of(number, len(assessments)))))
        for number, assessed in enumerate(assessments, start=1)
        for workload in assessed.workloads
    ]
    verdicts = Counter(workload.fit.verdict for workload, _ in listed)
    counts = ", ".join(f"{verdicts[verdict]} {VERDICT_WORDS[verdict]}" for verdict in VERDICTS)
    text = template_page(
        "index.html.j2",
        title=", ".join(str(a.snapshot.get("cluster") or "cluster") for a in assessments) + ": from GKE to Cloud Run",
        under=f"{count(len(listed), 'workload')}: {counts}",
        counted=count(sum(record is not None for _, record in listed), "page"),
        made_up=made_up_label().html if is_made_up(assessments) else "",
        leading=[_leading(whole[name]) for name in LEADING if name in whole],
        failed=[_failed(record) for record in whole.values() if record.state == "failed"],
        groups=[group for verdict in VERDICTS if (group := _group(verdict, listed))],
        provenance=provenance(assessments).html,
    )
    path = out / INDEX
    write_whole(path, text)
    return path


def _leading(record: Record) -> dict[str, Any]:
    return {
        "href": f"{record.name}.html",
        "title": record.title,
        "under": LEADING[record.name],
        "failed": record.state == "failed",
    }


def _failed(record: Record) -> dict[str, Any]:
    return {"href": f"{record.name}.html", "title": record.title, "error": record.error or ""}


def _group(verdict: str, listed: Sequence[tuple[WorkloadAssessment, Record | None]]) -> dict[str, Any] | None:
    mine = [(workload, record) for workload, record in listed if workload.fit.verdict == verdict]
    mine.sort(key=lambda pair: (-(_saving(pair[0]) or 0), pair[0].id))
    rows = [_row(workload, record) for workload, record in mine]
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
    """The rules behind the verdict; for what stays, the evidence; nothing where the files alone are enough."""
    if workload.fit.verdict == "keep":
        return "; ".join(f.message for f in workload.findings if f.rule == "belongs-to-cluster")
    grave = {"blocked": "blocker", "changes": "change"}.get(workload.fit.verdict)
    rules = sorted({f.rule for f in workload.findings if f.severity == grave})
    return ", ".join(rules[:4]) + (f" and {len(rules) - 4} more" if len(rules) > 4 else "")


def _saving(workload: WorkloadAssessment) -> Any:
    return workload.cost.saving_month if workload.cost and workload.fit.moves else None
