"""What the snapshot measured of each workload, fetched once and handed across as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.assessment.steady_instances import assumed_profile
from k2cr_analysis.config.settings import AssumedTraffic
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.queries import Daily


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one workload. None: not measured.

    ``usage``: of its pods as they will be, with the neighbours that are merged into them. ``traffic``: what the config
    assumes, where none was measured. ``daily``: both, day by day, for intervals.
    """

    usage: WorkloadUsage | None = None
    traffic: TrafficProfile | None = None
    daily: Daily | None = None


NOTHING = Measured()


def measured_of(
    usage: Mapping[str, WorkloadUsage],
    traffic: Mapping[str, TrafficProfile],
    daily: Mapping[str, Daily],
    assumed: AssumedTraffic | None,
    workloads: tuple[str, ...],
) -> Mapping[str, Measured]:
    """Id -> what was measured of it; ``assumed`` stands for the traffic of all that have none."""
    instead = None if assumed is None else assumed_profile(assumed)
    return {name: Measured(usage.get(name), traffic.get(name, instead), daily.get(name)) for name in workloads}
