"""Which work goes away, which comes, and how much the move takes.

toil(workload, cluster, target, findings, dependencies=()) -> Operability (hours a month)
effort_days(workload, findings, config) -> person-days
"""

from k2cr_analysis.operability.effort import effort_days
from k2cr_analysis.operability.toil import toil

__all__ = ["effort_days", "toil"]
