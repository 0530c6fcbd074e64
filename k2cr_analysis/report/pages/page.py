"""What the notebooks call: parameters checked, headings, tables as a page shows them, the files of a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import UsageError
from k2cr_analysis.rendering import render
from k2cr_analysis.report.display import (
    Html,
    anchored,
    anchors,
    bullets,
    code_file,
    folded,
    heading,
    joined,
    made_up_label,
    paragraph,
)
from k2cr_analysis.report.headings import assumed_in, candidate_heading, is_made_up, portfolio_heading, provenance
from k2cr_analysis.report.objective import objective, price_of_p99, within
from k2cr_analysis.report.pages.after_the_move import verifications, verified, verify_heading
from k2cr_analysis.report.pages.around import SPECS
from k2cr_analysis.report.pages.parameters import assessed, assessed_all, decided, in_one_sentence, workload
from k2cr_analysis.report.tables import series
from k2cr_analysis.report.tables.frame_html import exact, show
from k2cr_analysis.report.trying.waves import waves_by_hand
from k2cr_analysis.report.trying.what_if import side_by_side, what_if
from k2cr_analysis.report.what_was_found import found_in, found_in_snapshots
from k2cr_analysis.report.wording import UNKNOWN, count

__all__ = [
    "assessed",
    "assessed_all",
    "busiest",
    "candidate_heading",
    "cost_totals",
    "decided",
    "deploy_heading",
    "deployments",
    "explore_heading",
    "folded",
    "found_in",
    "found_in_snapshots",
    "groups",
    "objective",
    "portfolio_heading",
    "price_of_p99",
    "provenance",
    "rendered",
    "show",
    "side_by_side",
    "verifications",
    "verified",
    "verify_heading",
    "waves_by_hand",
    "what_if",
    "within",
    "workload",
]

Written = Sequence[tuple[WorkloadAssessment, Path]]


def rendered(assessed_one: Assessment, workloads: Any, out: str | Path) -> Written:
    """Write what ``k2cr render`` writes for a list of ids, or for ``"all"`` that move; give each with its folder."""
    with in_one_sentence():
        if workloads != "all" and (not isinstance(workloads, list | tuple) or not workloads):
            raise UsageError(
                ref="not-a-list-of-workloads", found=f"workloads = {workloads!r}", expected='a list of ids, or "all"'
            )
        folders = render(assessed_one, [] if workloads == "all" else [str(one) for one in workloads], out)
    by_id = {one.id: one for one in assessed_one.workloads}
    return [(by_id[name], folder) for name, folder in folders.items()]


def deploy_heading(written: Written, assessed_one: Assessment) -> Html:
    """What was written, and how to use it."""
    steps = (
        "read mapping.md: what became of every field of the source",
        "run prepare.sh once: APIs, service account, roles, secrets",
        "run deploy.sh, or apply the spec: both make the same service",
    )
    words = f"{count(len(written), 'workload')}. PROJECT and REGION are taken from the environment."
    labels = [made_up_label()] if is_made_up([assessed_one]) else []
    return joined([*labels, paragraph(words), bullets(steps), assumed_in([one for one, _ in written])])


def deployments(written: Written) -> Html:
    """The spec and the deploy commands of each workload, with a list to jump to each."""
    return joined([anchors([one.id for one, _ in written]), *(deployment(one, folder) for one, folder in written)])


def deployment(one: WorkloadAssessment, folder: Path) -> Html:
    """The spec and the deploy commands of one workload, and what else lies beside them."""
    spec = next(name for name in SPECS if (folder / name).is_file())
    shown = [code_file(name, (folder / name).read_text(encoding="utf-8")) for name in (spec, "deploy.sh")]
    others = sorted(p.name for p in folder.iterdir() if p.name not in (spec, "deploy.sh"))
    place = f"{folder.parent.name}/{folder.name}"
    beside = paragraph(f"In {place}, beside these: {', '.join(others)}.", kind="under")
    return joined([anchored(one.id), *shown, beside])


def cost_totals(one: WorkloadAssessment) -> Html:
    """The exact sums of the two sides, and their difference."""
    cost = one.cost
    if cost is None or not (cost.cloud_run_items or cost.gke_items):
        return Html("", "")
    rows = (
        ("Cloud Run, sum of the lines", cost.cloud_run_month),
        ("GKE today, sum of the lines", cost.gke_attributed_month),
        ("Saving on paper", cost.saving_month),
    )
    cells = "".join(
        f"<tr><th>{label}</th><td>{UNKNOWN if value is None else f'{exact(value)} {cost.currency}'}</td></tr>"
        for label, value in rows
    )
    return Html(f'<table class="facts">{cells}</table>', "\n".join(f"{label}: {value}" for label, value in rows))


def groups(assessed_ones: Sequence[Assessment], by: str) -> Any:
    """``tables.groups``; a grouping that there is not is said in a sentence."""
    with in_one_sentence():
        return series.groups(assessed_ones, str(by))


def explore_heading(assessed_ones: Sequence[Assessment], by: str) -> Html:
    """What is looked at, and grouped by what."""
    names = ", ".join(str(a.snapshot.get("cluster") or "the cluster") for a in assessed_ones)
    labels = [made_up_label()] if is_made_up(assessed_ones) else []
    many = count(sum(len(a.workloads) for a in assessed_ones), "workload")
    return joined([*labels, heading(f"What {names} uses, and what it is for", f"{many}, by {by}")])


def busiest(assessed_ones: Sequence[Assessment]) -> WorkloadAssessment:
    """The workload with the most requests; the first of all where none is counted."""
    every = [w for a in assessed_ones for w in a.workloads]
    with in_one_sentence():
        if not every:
            raise UsageError(ref="no-workload", found="no workload in the snapshot", expected="one at least")
    return max(every, key=lambda w: w.measured.traffic.requests_per_month if w.measured.traffic else 0.0)
