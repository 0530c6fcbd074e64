"""The JSON that `diff` prints. ``docs/diff.md`` explains every key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from k2cr_analysis.comparison import Diff, FieldChange, FigureChange, PlanChange, WorkloadChange
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.report.json.amounts import money
from k2cr_analysis.report.json.documents import SCHEMA_VERSION


def diff_document(found: Diff) -> dict[str, Any]:
    """What ``diff --format json`` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "snapshots": [dict(snapshot) for snapshot in found.snapshots],
        "changed": found.changed,
        "currency": found.currency,
        "inputs": list(found.inputs),
        "figures": [_figure(f, found.reasons) for f in found.figures],
        "gke_lines": [
            {"line": f.figure, "before": money(f.before), "after": money(f.after), "change": money(f.change)}
            for f in found.lines
        ],
        "added": list(found.added),
        "removed": list(found.removed),
        "renamed": [{"before": before, "after": after} for before, after in found.renamed],
        "workloads": [_workload(w, found.reasons) for w in found.workloads],
        "plan": _plan(found.plan),
        "shared": _fields(found.shared_why),
        "reasons": dict(found.reasons),
        "notes": list(found.notes),
    }


def _figure(found: FigureChange, reasons: Mapping[str, str]) -> dict[str, Any]:
    return {
        "figure": found.figure,
        "before": money(found.before),
        "after": money(found.after),
        "change": money(found.change),
        "parts": [
            {"cause": part.cause, "month": money(part.month), "what": reasons.get(part.cause)} for part in found.parts
        ],
    }


def _workload(found: WorkloadChange, reasons: Mapping[str, str]) -> dict[str, Any]:
    verdict = found.verdict
    return {
        "id": found.id,
        "renamed_from": found.renamed_from,
        "verdict": None
        if verdict is None
        else {
            "before": verdict.before,
            "after": verdict.after,
            "target_before": verdict.target_before,
            "target_after": verdict.target_after,
            "causes": list(verdict.causes),
        },
        "findings_appeared": [_finding(f) for f in found.appeared],
        "findings_disappeared": [_finding(f) for f in found.disappeared],
        "figures": [_figure(f, reasons) for f in found.figures if f.changed],
        "inputs": _fields(found.why),
        "recommended": _fields(found.recommended),
    }


def _finding(found: Finding) -> dict[str, str | None]:
    return {"rule": found.rule, "severity": found.severity, "path": found.path, "message": found.message}


def _fields(changes: Sequence[FieldChange]) -> list[dict[str, str | None]]:
    return [{"cause": c.cause, "path": c.path, "before": c.before, "after": c.after} for c in changes]


def _plan(found: PlanChange) -> dict[str, Any]:
    sides = ("before", "after")
    return {
        "waves": dict(zip(sides, found.waves, strict=True)),
        "nodes_removed": dict(zip(sides, found.nodes_removed, strict=True)),
        "cluster_goes": dict(zip(sides, found.cluster_goes, strict=True)),
        "effort_days": dict(zip(sides, found.effort_days, strict=True)),
        "workloads": [
            {
                "id": p.id,
                "wave_before": p.wave_before,
                "wave_after": p.wave_after,
                "why_before": p.why_before,
                "why_after": p.why_after,
            }
            for p in found.placements
        ],
    }
