"""The public DataFrames. Columns carry their units; each is documented in ``docs/glossary.md``.

A figure that the snapshot cannot support is None (NaN in a numeric column), never 0.
"""

from k2cr_analysis.report.tables.bill_and_plan import (
    as_billed,
    avoided,
    bill,
    break_even,
    commitment_floor,
    commitments,
    endings,
    left,
    margins,
    sensitivity,
    waves,
)
from k2cr_analysis.report.tables.changes import changed_workloads, changes
from k2cr_analysis.report.tables.configuration import frontier, min_instances
from k2cr_analysis.report.tables.deciding import cash, future_lines, futures, neighbours, ways_out, ways_to_stay
from k2cr_analysis.report.tables.fleet import all_findings, backtests, rules, validation, workloads
from k2cr_analysis.report.tables.frame import TABLES
from k2cr_analysis.report.tables.series import bill_by_day, by_day, groups
from k2cr_analysis.report.tables.showback import showback
from k2cr_analysis.report.tables.workload import (
    containers,
    dependencies,
    findings,
    latency,
    line_items,
    toil,
    traffic,
    usage,
    verification,
)

__all__ = [
    "TABLES",
    "all_findings",
    "as_billed",
    "avoided",
    "backtests",
    "bill",
    "bill_by_day",
    "break_even",
    "by_day",
    "cash",
    "changed_workloads",
    "changes",
    "commitment_floor",
    "commitments",
    "containers",
    "dependencies",
    "endings",
    "findings",
    "frontier",
    "future_lines",
    "futures",
    "groups",
    "latency",
    "left",
    "line_items",
    "margins",
    "min_instances",
    "neighbours",
    "rules",
    "sensitivity",
    "showback",
    "toil",
    "traffic",
    "usage",
    "validation",
    "verification",
    "waves",
    "ways_out",
    "ways_to_stay",
    "workloads",
]
