"""What changed between two snapshots in verdicts, cost and plan, and why: the parts add up to the change.

diff(before, after, config=None, config_before=...) -> Diff
"""

from k2cr_analysis.comparison.compare import diff
from k2cr_analysis.comparison.result import (
    Diff,
    FieldChange,
    FigureChange,
    Part,
    Placement,
    PlanChange,
    VerdictChange,
    WorkloadChange,
)

__all__ = [
    "Diff",
    "FieldChange",
    "FigureChange",
    "Part",
    "Placement",
    "PlanChange",
    "VerdictChange",
    "WorkloadChange",
    "diff",
]
