"""How many person-days the move of a workload takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from k2cr_analysis.config import Config
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.operability.rates import rates_of_rule


def effort_days(workload: Workload, findings: Sequence[Finding], config: Config | None = None) -> float:
    """Person-days: ``[workload] effort_days`` of the config, else the sum of

    - the move itself, with the generated files;
    - the cutover, where users come from outside the cluster;
    - each rule with a ``change`` finding, and a share of it for each further finding of the same rule.

    The days are those of ``[rates.effort]`` and ``[rates.rules.<id>]``.
    """
    config = config or Config()
    rates, said = config.rates, config.workload(workload.id).effort_days
    if said is not None:
        return said
    days = rates.effort.workload
    if any(route.external for exposure in workload.exposures for route in exposure.routes):
        days += rates.effort.cutover
    times = Counter(f.rule for f in findings if f.severity == "change")
    for rule, count in sorted(times.items()):
        days += rates_of_rule(rule, rates).effort_days * (1 + rates.effort.repeated * (count - 1))
    return round(days, 2)
