"""Findings as a page shows them: what blocks and what must be decided; what is good to know is folded."""

from __future__ import annotations

from collections.abc import Sequence

from k2cr_analysis.assessment.findings.said_once import findings_of_snapshot
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.report.display import Html, bullets, folded, joined, note
from k2cr_analysis.report.tables.frame_html import show
from k2cr_analysis.report.tables.workload import findings
from k2cr_analysis.report.wording import count


def found_in(workload: WorkloadAssessment) -> Html:
    """The findings of one workload."""
    frame = findings(workload)
    is_note = frame["severity"] == "note"
    pieces = [show(frame[~is_note], "Nothing: no rule found anything to decide or to do.")]
    if is_note.any():
        pieces.append(folded(f"Good to know: {count(int(is_note.sum()), 'note')}", show(frame[is_note])))
    return joined(pieces)


def found_in_snapshots(assessed: Assessment | Sequence[Assessment]) -> Html:
    """What holds for every workload of a snapshot, said once; nothing where every source is there."""
    several = [assessed] if isinstance(assessed, Assessment) else assessed
    said = [f"{f.message}. {f.remediation}" for a in several for f in findings_of_snapshot(a)]
    return joined([note("Of the whole snapshot:"), bullets(dict.fromkeys(said))]) if said else Html("", "")
