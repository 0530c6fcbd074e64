"""What stands around a workload's page: the way to it and on, its place in the plan, its files, its cut-over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from k2cr_analysis.listing import first_of
from k2cr_analysis.report.display import Html, code_file, folded, joined, paragraph
from k2cr_analysis.report.wording import money

if TYPE_CHECKING:
    from k2cr_analysis.planning import Plan

SPECS = ("service.yaml", "worker-pool.yaml", "job.yaml")
_BOX = re.compile(r'<input class="task-list-item-checkbox"[^>]*>')
_SHOWN_WITH = 6  # of the workloads that move in the same wave
# What each file of a workload's folder is for, in the order in which they are used.
FILES = {
    "cutover.md": "the move, step by step",
    "values.env": "values that nobody could know when the files were made: fill these in first",
    "preflight.sh": "looks at what is needed and changes nothing",
    "prepare.sh": "APIs, service account and its roles, secrets",
    "service.yaml": "the service",
    "worker-pool.yaml": "the worker pool",
    "job.yaml": "the job",
    "deploy.sh": "the same by gcloud",
    "network.sh": "paths in and out: load balancer, IAP, subnet",
    "url-map.yaml": "which host and path leads where",
    "gke-internal-lb.yaml": "load balancers for what stays on GKE and is called",
    "gke-internal-gateway.yaml": "a Gateway for what stays on GKE and is called over HTTP",
    "scheduler.sh": "Cloud Scheduler in place of the CronJob's schedule",
    "cloudbuild.yaml": "releases on merge",
    "main.tf": "the same as Terraform",
    "rollback.sh": "the way back",
    "mapping.md": "what became of every field of the source",
    "mapping.json": "the same for programs",
    "fill.sh": "puts values.env into copies of the files",
}


@dataclass(frozen=True, slots=True)
class Around:
    """Pieces of HTML around a page's own: above its first section, and below its last."""

    crumbs: tuple[str, ...] = ()
    before: tuple[str, str] | None = None  # href, title
    after: tuple[str, str] | None = None
    top: str = ""
    bottom: str = ""


def place_in_plan(plan: Plan, workload_id: str, cluster: str) -> Html:
    """``Wave 1, with ...``, or why it is in none."""
    for wave in plan.waves:
        members = list(zip(wave.workloads, wave.clusters, strict=True))
        if (workload_id, cluster) in members:
            others = [name for name, _ in members if name != workload_id]
            with_others = f", with {first_of([_span(name) for name in others], _SHOWN_WITH)}" if others else ", alone"
            gain = "" if wave.realised_month is None else _gain(wave.realised_month, wave.currency)
            words = f"<strong>In the plan: wave {wave.wave}</strong>{with_others}.{escape(gain)}"
            return Html(f"<p>{words}</p>", f"wave {wave.wave}")
    left = next((one for one in plan.left if one.id == workload_id and one.cluster in ("", cluster)), None)
    why = left.why if left else "no wave makes the bill smaller by it"
    held = (
        "" if left is None or not left.holds_back_month else f" {money(left.holds_back_month, plan.currency)} a month"
    )
    back = f" Its staying holds back{held}." if held else ""
    return Html(f"<p><strong>In no wave of the plan:</strong> {escape(why)}.{escape(back)}</p>", why)


def _gain(month: object, currency: str) -> str:
    return f" The wave takes {money(month, currency)} a month off the bill, after Cloud Run."  # type: ignore[arg-type]


def _span(workload_id: str) -> str:
    return f'<span class="workload">{escape(workload_id)}</span>'


def files_of(folder: Path, report: Path) -> Html:
    """The files that were written for a workload, each with what it is for; spec, commands and cut-over in full."""
    names = sorted((p.name for p in folder.iterdir() if p.is_file()), key=_order)
    place = "/".join(quote(part) for part in folder.relative_to(report).parts)
    rows = "".join(
        f'<tr><td class="whole" data-label="file"><a href="{place}/{quote(name)}">{escape(name)}</a></td>'
        f'<td data-label="for">{escape(FILES.get(name, ""))}</td></tr>'
        for name in names
    )
    table = (
        f'<table class="rows"><thead><tr><th>file</th><th>what it is for</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    pieces = [
        Html("<h2>Its files</h2>", "Its files"),
        paragraph(f"In {'/'.join(folder.relative_to(report).parts)}, for review: nothing of it was run.", kind="under"),
        Html(table, "\n".join(names)),
    ]
    for name in [*(n for n in SPECS if n in names), "deploy.sh"]:
        if name in names:
            pieces.append(folded(name, code_file(name, (folder / name).read_text(encoding="utf-8"))))
    if "cutover.md" in names:
        pieces += [Html("<h2>The move, step by step</h2>", "The move"), steps(folder / "cutover.md")]
    return joined(pieces)


def _order(name: str) -> tuple[int, str]:
    known = list(FILES)
    return (known.index(name) if name in known else len(known), name)


def steps(cutover: Path) -> Html:
    """``cutover.md`` as HTML; what a manifest wrote into it stays text."""
    text = cutover.read_text(encoding="utf-8")
    return Html(markdown(text.partition("\n")[2]), text)


def markdown(text: str) -> str:
    """Markdown as HTML with its headings below a page's own; HTML inside it is shown and not obeyed."""
    import mistune

    html = str(mistune.create_markdown(escape=True, plugins=["table", "task_lists"])(text))
    html = _BOX.sub("\u2610 ", html)
    for level in (3, 2, 1):
        html = html.replace(f"<h{level}>", f"<h{level + 1}>").replace(f"</h{level}>", f"</h{level + 1}>")
    html = html.replace("<th></th>", "<td></td>")  # a heading that says nothing is none
    return html.replace("<h2>", "<h3>").replace("</h2>", "</h3>").replace("<table>", '<table class="rows">')


def around_pages(names: Sequence[tuple[str, str]]) -> dict[str, Around]:
    """Page -> the way there, to the one before and to the next; ``names``: page and workload, in their order."""
    found = {}
    for at, (name, workload) in enumerate(names):
        namespace, kind, short = workload.split("/", 2)
        before = names[at - 1] if at else None
        after = names[at + 1] if at + 1 < len(names) else None
        found[name] = Around(
            crumbs=(namespace, kind, short),
            before=before and (f"{before[0]}.html", before[1]),
            after=after and (f"{after[0]}.html", after[1]),
        )
    return found
