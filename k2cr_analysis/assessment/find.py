"""One workload of an assessment by its id, or a sentence that names the nearest ones."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import UsageError


def find_workload(assessments: Iterable[Assessment], workload_id: str) -> WorkloadAssessment:
    """The workload with this id (``namespace/Kind/name``) in one of the assessments; UsageError where there is none."""
    by_id = {w.id: w for a in assessments for w in a.workloads}
    if workload_id in by_id:
        return by_id[workload_id]
    near = get_close_matches(workload_id, by_id, n=3, cutoff=0.4)
    raise UsageError(
        ref="no-such-workload",
        found=f"{workload_id}, which is not among the {len(by_id)} workloads of the snapshot",
        expected="namespace/Kind/name" + (f", such as {', '.join(near)}" if near else ""),
        do="`k2cr assess SNAP` lists all of them",
    )
