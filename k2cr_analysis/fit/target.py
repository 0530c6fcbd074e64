"""What a workload becomes on Cloud Run: a service, a job or a worker pool.

A Service that selects the pods (or an Ingress, a Gateway, a Knative host that leads there) makes a service, unless its
ports are there for monitoring alone. Container ports are only informational: a port that no Service selects makes none.
"""

from __future__ import annotations

from k2cr_analysis.config.settings import WorkloadSettings
from k2cr_analysis.fit.evidence.monitoring import Monitored
from k2cr_analysis.model.finding import Target
from k2cr_analysis.model.workload import Workload


def target_of(workload: Workload, settings: WorkloadSettings, monitored: Monitored | None) -> Target:
    """The target that it would have if nothing held it back; the config's word comes first."""
    if settings.target:
        return settings.target
    if workload.batch is not None:
        return "job"
    if workload.kind == "Pod" and workload.pod.restart_policy in ("Never", "OnFailure"):
        return "job"
    brings_requests = bool(workload.exposures) and not (monitored is not None and monitored.certain)
    return "service" if brings_requests else "worker-pool"
