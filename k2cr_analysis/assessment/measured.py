"""What the snapshot measured of each workload, fetched once and handed across as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.assessment.recommending.steady_instances import assumed_profile
from k2cr_analysis.config.settings import AssumedTraffic
from k2cr_analysis.model.cluster import Cluster, SeenStart
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.queries import Daily


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one workload. None: not measured.

    ``usage``: of its pods as they will be, with the neighbours that are merged into them. ``traffic``: what the config
    assumes, where none was measured. ``daily``: both, day by day, for intervals. ``starts``: of its live pods.
    """

    usage: WorkloadUsage | None = None
    traffic: TrafficProfile | None = None
    daily: Daily | None = None
    starts: tuple[SeenStart, ...] = ()


NOTHING = Measured()


def measured_of(
    usage: Mapping[str, WorkloadUsage],
    traffic: Mapping[str, TrafficProfile],
    daily: Mapping[str, Daily],
    assumed: AssumedTraffic | None,
    cluster: Cluster,
) -> Mapping[str, Measured]:
    """Id -> what was measured of it; ``assumed`` stands for the traffic of all that have none."""
    instead = None if assumed is None else assumed_profile(assumed)
    starts: dict[str, list[SeenStart]] = {}
    for pod in cluster.pods:
        if pod.start is not None:
            starts.setdefault(pod.workload, []).append(pod.start)
    return {
        w.id: Measured(usage.get(w.id), traffic.get(w.id, instead), daily.get(w.id), tuple(starts.get(w.id, ())))
        for w in cluster.workloads
    }
