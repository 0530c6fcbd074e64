"""The page to open: the decision, the futures, the waves, what is left and why, and one table of all workloads."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from k2cr_analysis.assessment.findings.rule_pages import page_text, rule_pages
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.atomic import write_whole
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.findings.finding import VERDICTS
from k2cr_analysis.model.money import plain_amount, sign_may_flip
from k2cr_analysis.planning import Left, Plan, Portfolio, cluster_names
from k2cr_analysis.planning.sets.near_sets import near_sets
from k2cr_analysis.planning.worth import Fleet
from k2cr_analysis.report.decision import decision, futures_tiles, turning
from k2cr_analysis.report.display import VERDICT_WORDS, joined, made_up_label
from k2cr_analysis.report.headings import assumed_in, is_made_up, provenance, unpriced
from k2cr_analysis.report.json.near_document import near_document
from k2cr_analysis.report.pages.around import markdown
from k2cr_analysis.report.pages.contents import Record, candidate_name, html_path, prefix_of, records
from k2cr_analysis.report.pages.html import HOME, RULES, linked, template_page
from k2cr_analysis.report.pages.toc import with_contents
from k2cr_analysis.report.wording import between, count, milliseconds, money, money_form

# Pages of the whole, in the order in which the index names them.
LEADING = {
    "portfolio": "the whole cluster: what it costs, what really leaves the bill, in which order",
    "deploy": "the specs and the deploy commands of all that can move",
}
TEAM_LABELS = ("team", "owner", "squad")  # which of a workload's labels names its team
_MANY = {
    "ready": "ready to move",
    "changes": "to move after changes",
    "blocked": "blocked",
    "keep": "of the cluster itself",
}
_REASONS_SHOWN = 12
_CURRENCY = re.compile(r"[A-Z]{3}")
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")
# What the page tells of a set by hand: name, label, and what stands below its figure.
_TILES = (
    ("avoided", "Leaves the bill", "a month"),
    ("run", "Cloud Run", "a month, after the free tier"),
    ("paths", "Paths to what stays", "a month"),
    ("saved", "Off today's bill", "a month, all in all"),
    ("over", "Over staying", "a month; known for the waves, and for the plan with one more or less"),
    ("nodes", "Nodes that go", ""),
    ("work", "Work", "once"),
)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A workload with its page, if there is one, and its wave, if it is in one."""

    workload: WorkloadAssessment
    cluster: str
    record: Record | None
    wave: int | None
    move: int | None  # its number among those that can be ticked


def write_index(
    out: Path,
    assessments: Sequence[Assessment],
    keys: Mapping[str, str],
    *,
    plan: Plan,
    portfolio: Portfolio,
    snapshots: Sequence[Path] = (),
) -> Path:
    """Write ``index.html`` over the pages that are in the folder, whoever made them, and ``rules.html`` beside it.

    ``keys``: page -> what its content depends on today. A page that was made from other facts is not listed.
    ``snapshots``: the folders, as the page's commands name them.
    """
    whole = {r.name: r for r in records(out) if keys.get(r.name) == r.key and html_path(out, r.name).is_file()}
    near = _near(assessments, plan, snapshots)
    listed = list(_listed(assessments, whole, plan, near))
    verdicts = Counter(one.workload.fit.verdict for one in listed)
    counts = ", ".join(f"{verdicts[verdict]} {_MANY[verdict]}" for verdict in VERDICTS if verdicts[verdict])
    moving = [w for a in assessments for w in a.workloads if w.fit.moves]
    text = template_page(
        "index.html.j2",
        title=", ".join(str(a.snapshot.get("cluster") or "cluster") for a in assessments) + ": from GKE to Cloud Run",
        under=f"{count(len(listed), 'workload')}: {counts}" if listed else "no workload",
        decision=decision(portfolio),
        turning=turning(portfolio),
        futures=futures_tiles(portfolio).html,
        waves=[_wave(wave, len(assessments) > 1) for wave in plan.waves],
        left=_left(plan, len(assessments) > 1),
        assumed=joined([assumed_in(moving), unpriced(moving)]).html,
        made_up=made_up_label().html if is_made_up(assessments) else "",
        leading=[_leading(whole[name]) for name in LEADING if name in whole],
        failed=[_failed(record) for record in whole.values() if record.state == "failed"],
        near=near,
        near_json=in_a_script(near),
        tiles=_TILES,
        rows=[_row(one) for one in sorted(listed, key=_best_first)],
        clusters=len(assessments) > 1,
        currency=_one_currency(assessments),
        teams=any(_team(one.workload) for one in listed),
        provenance=provenance(assessments).html,
    )
    pages = {one.workload.id: f"{one.record.name}.html" for one in listed if one.record and len(assessments) == 1}
    path = out / HOME
    write_whole(path, linked(with_contents(text), pages))
    _write_rules(out, assessments)
    return path


def _near(assessments: Sequence[Assessment], plan: Plan, snapshots: Sequence[Path]) -> dict[str, Any] | None:
    """What the page needs for sets by hand; None where nothing can move, or where bills are in several currencies."""
    fleet = Fleet(assessments)
    if not plan.currency or not fleet.candidates:
        return None
    named = [path.name for path in snapshots] or ["SNAP"] * len(assessments)
    return near_document(near_sets(fleet, plan)) | {"money": money_form(plan.currency), "snapshots": named}


def in_a_script(value: Any) -> str:
    """JSON as the content of a script element: nothing in it can end the element."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _listed(
    assessments: Sequence[Assessment], whole: Mapping[str, Record], plan: Plan, near: Mapping[str, Any] | None
) -> Iterator[_Listed]:
    moves = {(one["cluster"], one["id"]): n for n, one in enumerate(near["moves"] if near else ())}
    waves = {key: wave.wave for wave in plan.waves for key in zip(wave.clusters, wave.workloads, strict=True)}
    names = cluster_names(assessments)
    for number, (assessed, cluster) in enumerate(zip(assessments, names, strict=True), start=1):
        for workload in assessed.workloads:
            record = whole.get(candidate_name(workload.id, prefix_of(number, len(assessments))))
            yield _Listed(
                workload, cluster, record, waves.get((cluster, workload.id)), moves.get((number - 1, workload.id))
            )


def _one_currency(assessments: Sequence[Assessment]) -> str:
    """The code that the page's sums are in; empty where there is not one, or none that a browser can write."""
    codes = {a.bill.currency for a in assessments}
    return next(iter(codes)) if len(codes) == 1 and all(map(_CURRENCY.fullmatch, codes)) else ""


def _wave(wave: Any, several: bool) -> dict[str, Any]:
    return {
        "number": wave.wave,
        "workloads": wave.ids(several=several),
        "gain": money(wave.realised_month, wave.currency, cents=False, sign=True),
        "so_far": money(wave.cumulative_realised_month, wave.currency, cents=False, sign=True),
        "over_stay": money(wave.cumulative_saving_over_stay_month, wave.currency, cents=False, sign=True),
        "sure": [
            between(one, wave.currency).strip()
            for one in (wave.interval, wave.cumulative_interval, wave.cumulative_over_stay_interval)
        ],
        "nodes": f"{wave.nodes_removed}, and the cluster" if wave.cluster_goes else str(wave.nodes_removed),
        "days": f"{wave.effort_days:g}",
        "when": f"{wave.starts} to {wave.ends}" if wave.starts and wave.ends else "",
    }


def _left(plan: Plan, several: bool) -> list[dict[str, Any]]:
    """Why workloads are in no wave, the most frequent reason first."""
    by_words: dict[tuple[str, ...], list[Left]] = {}
    for one in plan.left:
        by_words.setdefault(tuple(_NUMBER.split(one.why)), []).append(one)

    alike = [
        (_in_one([one.why for one in members]), [one.named(several=several) for one in members])
        for members in by_words.values()
    ]
    reasons = sorted(alike, key=lambda pair: (-len(pair[1]), pair[0]))
    shown = [{"why": why, "many": len(ids), "workloads": ids} for why, ids in reasons[:_REASONS_SHOWN]]
    rest = [name for _, ids in reasons[_REASONS_SHOWN:] for name in ids]
    more = {"why": "other reasons, each on the workload's page", "many": len(rest), "workloads": sorted(rest)}
    return [*shown, more] if rest else shown


def _in_one(reasons: Sequence[str]) -> str:
    """Reasons that differ in their figures alone as one: from the least of each to the most."""
    figures = [sorted(set(found), key=Decimal) for found in zip(*map(_NUMBER.findall, reasons), strict=True)]
    shown = iter(found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}" for found in figures)
    return _NUMBER.sub(lambda _: next(shown), reasons[0])


def _leading(record: Record) -> dict[str, Any]:
    return {
        "href": f"{record.name}.html",
        "title": record.title,
        "under": LEADING[record.name],
        "failed": record.state == "failed",
    }


def _failed(record: Record) -> dict[str, Any]:
    return {"href": f"{record.name}.html", "title": record.title, "error": record.error or ""}


def _best_first(one: _Listed) -> tuple[int, Any, str]:
    verdict = VERDICTS.index(one.workload.fit.verdict) if one.workload.fit.verdict in VERDICTS else len(VERDICTS)
    return (0 if one.workload.fit.moves else 1 + verdict, -(_saving(one.workload) or 0), one.workload.id)


def _row(one: _Listed) -> dict[str, Any]:
    workload = one.workload
    cost, found, moves = workload.cost, workload.latency, workload.fit.moves
    after = found.cloud_run.p99_ms if moves and found and found.cloud_run else None
    currency = cost.currency if cost else ""
    return {
        "href": f"{one.record.name}.html" if one.record else "",
        "title": workload.id,
        "cluster": one.cluster,
        "move": one.move,
        "team": _team(workload),
        "verdict": workload.fit.verdict,
        "words": VERDICT_WORDS[workload.fit.verdict],
        "target": workload.fit.target.replace("none", ""),
        "wave": one.wave,
        "gke": _amount(cost.gke_attributed_month if cost else None, currency),
        "run": _amount(cost.cloud_run_month if cost and moves else None, currency),
        "saving": _amount(_saving(workload), currency, sign=True),
        "assumed": workload.assumed_traffic if moves else "",
        "flips": moves and cost is not None and sign_may_flip(cost.interval),
        "p99": ("", "–") if after is None else (f"{after:.1f}", milliseconds(after)),
        "days": workload.effort_days if moves else None,
        "why": _why(workload),
    }


def _amount(month: Any, currency: str, *, sign: bool = False) -> tuple[str, str]:
    """What a script sorts by, and what a person reads."""
    return ("", "–") if month is None else (plain_amount(month, currency), money(month, currency, sign=sign))


def _team(workload: WorkloadAssessment) -> str:
    labels = {**workload.workload.pod.labels, **workload.workload.labels}
    return next((labels[name] for name in TEAM_LABELS if labels.get(name)), "")


def _why(workload: WorkloadAssessment) -> str:
    """The rules behind the verdict; for what stays, the evidence; nothing where the files alone are enough."""
    if workload.fit.verdict == "keep":
        return "; ".join(f.message for f in workload.findings if f.rule == "belongs-to-cluster")
    grave = {"blocked": "blocker", "changes": "change"}.get(workload.fit.verdict)
    rules = sorted({f.rule for f in workload.findings if f.severity == grave})
    return first_of(rules, 4)


def _saving(workload: WorkloadAssessment) -> Any:
    return workload.cost.saving_month if workload.cost and workload.fit.moves else None


def _write_rules(out: Path, assessments: Sequence[Assessment]) -> None:
    """One page with what each rule that found something says."""
    named = {f.rule for a in assessments for w in a.workloads for f in w.findings}
    found = [page for name, page in rule_pages().items() if name in named]
    rules = [{"id": page.id, "text": markdown(page_text(page).partition("\n")[2])} for page in found]
    text = template_page("rules.html.j2", title="What the rules say", home=HOME, rules=rules)
    write_whole(out / RULES, text)
