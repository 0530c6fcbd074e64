"""What a page opens and closes with: the answer in key figures, and where the data came from."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.cloud_run import memory_text
from k2cr_analysis.model.findings.finding import rows_of
from k2cr_analysis.report.assumed_range import without_requests
from k2cr_analysis.report.decision import decision, futures_tiles, turning
from k2cr_analysis.report.display import (
    Html,
    Tile,
    bullets,
    folded,
    heading,
    joined,
    made_up_label,
    paragraph,
    tiles,
    verdict_chip,
)
from k2cr_analysis.report.wording import UNKNOWN, between, count, milliseconds, money, share

if TYPE_CHECKING:
    from k2cr_analysis.planning import Plan, Portfolio

_SHOWN = 6
_TARGET_WORDS = {"service": "a Cloud Run service", "worker-pool": "a Cloud Run worker pool", "job": "a Cloud Run job"}


def assumed_of(workload: WorkloadAssessment) -> Html:
    """That the figures of a workload rest on traffic that nobody measured; nothing where they do not."""
    if not workload.assumed_traffic:
        return Html("", "")
    return paragraph(
        f"Cost and latency on Cloud Run rest on assumed traffic, {workload.assumed_traffic} ([traffic.assumed] in"
        " k2cr.toml), not on any that was measured.",
        kind="under",
    )


def assumed_in(workloads: Sequence[WorkloadAssessment]) -> Html:
    """How many of these do, and which."""
    found = [w for w in workloads if w.assumed_traffic]
    if not found:
        return Html("", "")
    names = first_of([w.id for w in found], _SHOWN)
    return paragraph(
        f"Figures of {count(len(found), 'workload')} rest on assumed traffic, {found[0].assumed_traffic}"
        f" ([traffic.assumed] in k2cr.toml), not on any that was measured: {names}.",
        kind="under",
    )


def unpriced(workloads: Sequence[WorkloadAssessment]) -> Html:
    """How many services have no price since nobody counted their requests, and the two ways to get one."""
    found = without_requests(workloads)
    if not found:
        return Html("", "")
    return paragraph(
        f"No price on Cloud Run for {count(len(found), 'service')} whose requests nobody counted. `k2cr assess SNAP"
        " --assume-rps 0.1:10` gives it for a range of requests; `[traffic.assumed]` in k2cr.toml, with the rate you"
        " expect, fills in these pages.",
        kind="under",
    )


def portfolio_heading(assessed: Sequence[Assessment], portfolio: Portfolio, plan: Plan) -> Html:
    """The answer for the whole cluster: what it costs, what a move really saves, what staying could save."""
    names = ", ".join(str(a.snapshot.get("cluster") or "the cluster") for a in assessed)
    pieces = [*_labels(assessed), heading(f"What {names} would cost on Cloud Run", _window(assessed[0]))]
    pieces += [paragraph(decision(portfolio), kind="lead"), futures_tiles(portfolio)]
    if turns := turning(portfolio):
        pieces.append(paragraph(turns, kind="under"))
    if plan.without_wishes is not None:
        pieces.append(paragraph(plan.without_wishes.sentence, kind="under"))
    pieces.append(assumed_in([w for a in assessed for w in a.workloads if w.fit.moves]))
    fields = portfolio.fields
    if fields.seen:
        accounted = (
            f"{fields.accounted:,} of {fields.seen:,} fields of the objects ({share(fields.accounted / fields.seen)})"
        )
        moves = f"{count(len(plan.workloads), 'workload')} in {count(len(plan.waves), 'wave')}"
        pieces.append(paragraph(f"The plan moves {moves}. Accounted for: {accounted}.", kind="under"))
    return joined([*pieces, *(paragraph(f"{reason}.", kind="under") for reason in portfolio.reasons)])


def candidate_heading(workload: WorkloadAssessment, assessed: Assessment) -> Html:
    """The answer for one workload, in a line and in key figures."""
    fit, cost, found = workload.fit, workload.cost, workload.latency
    chip = Html(f"<p>{verdict_chip(fit.verdict)}</p>", fit.verdict)
    pieces = [*_labels([assessed]), heading(workload.id, _window(assessed)), chip, paragraph(_answer(workload))]
    if not fit.moves:
        return joined(pieces)
    currency = cost.currency if cost else assessed.prices.currency
    saving = cost.saving_month if cost else None
    figures = [
        Tile("GKE share today", money(cost.gke_attributed_month if cost else None, currency), "a month"),
        Tile("On Cloud Run", money(cost.cloud_run_month if cost else None, currency), "a month, before the free tier"),
        Tile(
            "Saving on paper",
            money(saving, currency, sign=True),
            "a month" + between(cost.interval if cost else None, currency),
            "" if saving is None else "good" if saving > 0 else "bad",
        ),
        Tile(
            "Leaves the bill alone",
            money(cost.gke_avoidable_month if cost else None, currency),
            "a month" if assessed.avoidable.by_pod else "a month: only whole nodes leave",
        ),
    ]
    if fit.target == "service":
        after = found.cloud_run if found else None
        figures.append(Tile("p99 on Cloud Run", milliseconds(after.p99_ms if after else None), _cold_starts(workload)))
    figures.append(Tile("Shape", _shape_words(workload), _shape_under(workload)))
    return joined([*pieces, tiles(figures), assumed_of(workload)])


def provenance(assessed: Assessment | Sequence[Assessment]) -> Html:
    """Where the figures come from: window, hash, assumptions, gaps."""
    several = [assessed] if isinstance(assessed, Assessment) else list(assessed)
    pieces = [heading("Where these figures come from", level=2)]
    for one in several:
        known = one.snapshot
        rows: dict[str, Any] = {
            "source": known.get("source"),
            "cluster": " / ".join(str(known[k]) for k in ("project", "location", "cluster") if known.get(k)),
            "window": _window(one),
            "snapshot": f"sha256 {known.get('sha256')}",
            "rows": ", ".join(f"{n:,} {name}" for name, n in _mapping(known.get("rows")).items()),
            "prices": f"{one.region}, {one.prices.currency}",
        }
        cells = "".join(f"<tr><th>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in rows.items() if v)
        pieces.append(Html(f'<table class="facts">{cells}</table>', "\n".join(f"{k}: {v}" for k, v in rows.items())))
        gaps = [str(gap) for gap in _sequence(known.get("gaps"))]
        if gaps:
            pieces += [paragraph("Not in the snapshot:"), bullets(gaps)]
    assumptions = sorted({text for one in several for text in one.assumptions})
    if assumptions:
        pieces.append(folded(count(len(assumptions), "assumption"), bullets(assumptions)))
    return joined(pieces)


def is_made_up(assessed: Sequence[Assessment]) -> bool:
    return any(bool(a.snapshot.get("made_up")) for a in assessed)


def _labels(assessed: Sequence[Assessment]) -> list[Html]:
    return [made_up_label()] if is_made_up(assessed) else []


def _answer(workload: WorkloadAssessment) -> str:
    fit = workload.fit
    if fit.verdict == "keep":
        return "It belongs to the cluster and goes only when the cluster goes."
    rows = rows_of(workload.findings)
    blockers = [f for f in rows if f.severity == "blocker"]
    if fit.verdict == "blocked":
        return f"It cannot move as it is: {count(len(blockers), 'blocker')}. " + " ".join(
            f"{f.message}." for f in blockers[:2]
        )
    changes = [f for f in rows if f.severity == "change"]
    what = _TARGET_WORDS.get(fit.target, fit.target)
    todo = (
        f"{count(len(changes), 'thing')} must be decided or done first"
        if changes
        else "the generated files alone are enough"
    )
    ingress = (
        f", with {fit.ingress_container} as the ingress container on port {fit.ingress_port}"
        if fit.ingress_container
        else ""
    )
    return f"It can become {what}{ingress}; {todo}."


def _shape_words(workload: WorkloadAssessment) -> str:
    shape = workload.shape
    return UNKNOWN if shape is None else f"{float(shape.cpu_cores):g} vCPU"


def _shape_under(workload: WorkloadAssessment) -> str:
    shape = workload.shape
    if shape is None:
        return ""
    parts = [memory_text(shape.memory_bytes), count(len(shape.containers), "container")]
    if shape.max_instances:
        parts.append(f"{shape.min_instances} to {shape.max_instances} instances")
    if shape.concurrency is not None:
        parts.append(f"concurrency {shape.concurrency}")
    return ", ".join([*parts, f"{shape.billing}-based billing"] if shape.billing else parts)


def _cold_starts(workload: WorkloadAssessment) -> str:
    found = workload.latency
    if found is None or found.cold_start_ratio is None:
        return "cold starts: not known"
    return f"cold starts: {share(found.cold_start_ratio)} of requests"


def _window(assessed: Assessment) -> str:
    """The days of the metrics and the bill; of manifests alone none are."""
    if not any(_mapping(assessed.snapshot.get("rows")).get(table) for table in ("usage", "traffic", "billing")):
        return "no metrics and no bill: from the objects alone"
    start, end = (str(assessed.snapshot.get(k, ""))[:10] for k in ("window_start", "window_end"))
    return f"{start} to {end} (UTC)"


def _mapping(value: Any) -> dict[str, int]:
    return dict(sorted(value.items())) if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
