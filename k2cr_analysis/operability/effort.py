"""How many person-days the move of a workload takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from k2cr_analysis.config import Config
from k2cr_analysis.model.finding import Finding
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.operability.rates import EFFORT, OF_RULE


def effort_days(workload: Workload, findings: Sequence[Finding], config: Config | None = None) -> float:
    """Person-days: ``[workload] effort_days`` of the config, else the sum of

    - the move itself, with the generated files;
    - the cutover, where users come from outside the cluster;
    - each rule with a ``change`` finding, and a share of it for each further finding of the same rule.

    The days are in ``rates.py``: k2cr's own assumptions.
    """
    said = config.workload(workload.id).effort_days if config else None
    if said is not None:
        return said
    days = EFFORT.workload
    if any(route.external for exposure in workload.exposures for route in exposure.routes):
        days += EFFORT.cutover
    times = Counter(f.rule for f in findings if f.severity == "change")
    for rule, count in sorted(times.items()):
        known = OF_RULE.get(rule)
        first = EFFORT.change if known is None else known.effort_days
        days += first * (1 + EFFORT.repeated * (count - 1))
    return round(days, 2)
