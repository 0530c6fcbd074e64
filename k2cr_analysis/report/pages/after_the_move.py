"""The page after the move: services' own metrics against what was predicted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.assessment.verify import Verification, verify
from k2cr_analysis.errors import UsageError
from k2cr_analysis.latency.learning.run_metrics import run_metrics
from k2cr_analysis.rendering.context import context_of
from k2cr_analysis.report import tables
from k2cr_analysis.report.display import Html, anchored, heading, joined, made_up_label, note, paragraph
from k2cr_analysis.report.headings import is_made_up
from k2cr_analysis.report.pages.parameters import in_one_sentence
from k2cr_analysis.report.tables.frame_html import show
from k2cr_analysis.report.wording import count

if TYPE_CHECKING:
    import pyarrow as pa

Verified = Mapping[str, Verification]
Read = Callable[[str, str], "pa.Table"]


def verified(assessed: Assessment, workloads: Any, metrics: str | Path | None, read: Read) -> Verified:
    """Workload -> its comparison; ``read`` gives a file as one of the declared tables."""
    with in_one_sentence():
        if not isinstance(workloads, list | tuple):
            raise UsageError(ref="not-a-list", found=f"workloads = {workloads!r}", expected="a list of ids")
        if workloads and metrics is None:
            raise UsageError(
                ref="no-metrics", found="no metrics", expected="Parquet or CSV of the services' own metrics"
            )
        table = read(str(metrics), "run_metrics") if workloads else None
        named = context_of(assessed).name_of
        found = {}
        for name in workloads:
            one = find_workload([assessed], str(name))
            found[one.id] = verify(assessed, one.id, run_metrics(table, named(one.workload)))
        return found


def verify_heading(found: Verified, assessed: Assessment) -> Html:
    labels = [made_up_label()] if is_made_up([assessed]) else []
    if not found:
        words = "No workload is named that has moved: set `workloads` and `metrics`. Nothing is compared yet."
        return joined([*labels, heading("Predicted and measured"), note(words)])
    off = sum(bool(one.outside) for one in found.values())
    said = f"{count(len(found), 'service')} compared; {off} of them not as predicted."
    return joined([*labels, heading("Predicted and measured"), paragraph(said, kind="lead")])


def verifications(found: Verified) -> Html:
    return joined(
        piece
        for name, one in found.items()
        for piece in (anchored(name), show(tables.verification(one), "Nothing could be compared."))
    )
