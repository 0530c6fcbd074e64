"""How few and how many instances: what is kept warm, and where scaling ends."""

from __future__ import annotations

import math

import numpy as np

from k2cr_analysis.config import Config, Objectives
from k2cr_analysis.model.cloud_run import ServiceShape
from k2cr_analysis.model.findings.finding import Finding, Target
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.cloud_run.annotations import (
    KNATIVE_MAX_SCALE,
    KNATIVE_MIN_SCALE,
    MAX_SCALE,
    MIN_SCALE,
    SERVICE_MAX_SCALE,
    SERVICE_MIN_SCALE,
)
from k2cr_analysis.platforms.cloud_run.scaling import IDLE_S
from k2cr_analysis.sizing import notices

# "About instance autoscaling": an idle instance is kept up to 15 minutes.
# k2cr's own: room for a release beside its predecessor, where no autoscaler says how far to go.
_LEAST_SCALES = (SERVICE_MIN_SCALE, MIN_SCALE, KNATIVE_MIN_SCALE)
_MOST_SCALES = (SERVICE_MAX_SCALE, MAX_SCALE, KNATIVE_MAX_SCALE)
_SPARE_FACTOR = 2
_LEAST_MAX = 3


def scaling(
    workload: Workload,
    target: Target,
    usage: WorkloadUsage | None,
    traffic: TrafficProfile | None,
    config: Config,
) -> tuple[int, int, list[Finding]]:
    """(min, max instances, notes).

    A Knative Service has both in its annotations, which are meant as Cloud Run means them. Any other service starts
    from 0, whatever its HorizontalPodAutoscaler's minimum: on Cloud Run each instance that is kept
    costs money, and replicas on GKE are mostly there for the nodes' sake. It keeps 1 where the objective for cold
    starts cannot be met otherwise. A worker pool is written with a fixed number: see ``pool_instances``. A job has
    none to keep. The maximum is always written down: the autoscaler's, else twice what ran; ``[policy]`` bounds both.
    """
    notes: list[Finding] = []
    least = 0
    if target == "worker-pool":
        scaler = workload.autoscaler
        least, why = pool_instances(workload, usage)
        notes = [notices.pool_instance_count(scaler.most_at, least, why)] if scaler else []
    elif target == "service":
        least, notes = _kept_warm(workload, traffic, config.objectives_of(workload.id))
        least = max(least, declared_scale(workload)[0] or 0)
    most, policy = _most(workload, target, usage, least), config.policy
    if policy.min_instances is not None and target != "job":
        least = max(least, policy.min_instances)
    if policy.max_instances is not None:
        most = min(most, policy.max_instances)
        least = min(least, policy.max_instances)
    return least, max(most, least, 1), notes


def pods_of(workload: Workload, usage: WorkloadUsage | None) -> float:
    """Pods that ran: measured, else what the autoscaler keeps, else the replicas; at least 1."""
    if usage is not None and usage.mean_pods:
        return usage.mean_pods
    scaler = workload.autoscaler
    return float(max(1, (scaler.min_replicas if scaler else None) or workload.replicas or 1))


def pool_instances(workload: Workload, usage: WorkloadUsage | None) -> tuple[int, str]:
    """(instances of a worker pool, why): what ran; never an autoscaler's minimum, on which the peak would fall."""
    if usage is not None and usage.mean_pods:
        return math.ceil(usage.mean_pods), f"the mean of the pods that ran, {usage.mean_pods:.2g}, rounded up"
    scaler, asked = workload.autoscaler, workload.replicas
    if scaler is None:
        return (1, "one pod, as Kubernetes runs where no number is written") if asked is None else (asked, "replicas")
    if asked is not None and asked > (scaler.min_replicas or 1):
        return asked, "replicas; how many the autoscaler runs was not measured"
    return scaler.max_replicas, f"the most pods of {scaler.kind} {scaler.name}: how many run was not measured"


def _kept_warm(workload: Workload, traffic: TrafficProfile | None, objectives: Objectives) -> tuple[int, list[Finding]]:
    objective = objectives.cold_start_ratio
    expected = cold_start_ratio(traffic)
    least = 0 if objective is None or (expected is not None and expected <= objective) else 1
    path, asked = minimum_asked(workload)
    if asked is None or asked <= max(least, 1):
        return least, []
    why = "no objective for cold starts is set"
    if objective is not None:
        seen = "unknown" if expected is None else f"about {expected:.1%}"
        why = f"cold starts without a warm instance: {seen}; the objective is {objective:.1%}"
    return least, [notices.minimum_not_carried(path, asked, least, why)]


def minimum_asked(workload: Workload) -> tuple[str, int | None]:
    """(where it stands, pods that are kept on GKE at least); None where nobody says."""
    scaler = workload.autoscaler
    if scaler is not None and scaler.min_replicas is not None:
        return scaler.least_at, scaler.min_replicas
    return "$.spec.replicas" if scaler is None else scaler.least_at, workload.replicas


def least_instances(workload: Workload, shape: ServiceShape, config: Config) -> int:
    """Instances that are kept whatever the objectives ask for: by house rule, or for what works between requests."""
    working = 1 if shape.between_requests == "instance" else 0
    least = max(config.policy.min_instances or 0, declared_scale(workload)[0] or 0, working)
    cap = most_instances(workload, config)
    return least if cap is None else min(least, cap)


def most_instances(workload: Workload, config: Config) -> int | None:
    """The cap on instances that somebody set; None where the demand alone decides."""
    caps = [config.policy.max_instances, declared_scale(workload)[1], 1 if is_single(workload) else None]
    return min((cap for cap in caps if cap), default=None)


def declared_scale(workload: Workload) -> tuple[int | None, int | None]:
    """(min, max instances) that a Knative Service's annotations ask for; None where they do not, or ask for 0."""
    if workload.kind != "Service":
        return None, None
    least, most = (_declared(workload, keys) for keys in (_LEAST_SCALES, _MOST_SCALES))
    return least or None, most or None


def _declared(workload: Workload, keys: tuple[str, ...]) -> int:
    """The first of the annotations that is a number; 0 where none is."""
    annotations = (workload.annotations, workload.pod.annotations)
    said = (notes[key].strip() for notes in annotations for key in keys if key in notes)
    return next((int(text) for text in said if text.isdigit()), 0)


def most_pods(workload: Workload) -> int:
    """How many pods may run on GKE at once: the autoscaler's most, else the replicas."""
    return workload.autoscaler.max_replicas if workload.autoscaler else workload.replicas or 1


def is_single(workload: Workload) -> bool:
    """Two at once are not wanted: one replica, and the old pod goes before the new one comes."""
    return workload.autoscaler is None and workload.replicas == 1 and workload.strategy == "Recreate"


def _most(workload: Workload, target: Target, usage: WorkloadUsage | None, least: int) -> int:
    scaler = workload.autoscaler
    if target == "job":
        return max(1, (workload.batch.parallelism if workload.batch else None) or 1)
    if (declared := declared_scale(workload)[1]) is not None:
        return max(declared, least)
    if scaler is not None:
        return max(scaler.max_replicas, least)
    if target == "worker-pool":
        return max(1, least)
    if is_single(workload):
        return 1
    seen = max(workload.replicas or 1, (usage.max_pods if usage else None) or 0)
    return max(_SPARE_FACTOR * seen, _LEAST_MAX)


def cold_start_ratio(traffic: TrafficProfile | None) -> float | None:
    """Share of requests that find no instance, if none is kept: those that come after 15 minutes without a request.

    Within a quarter of an hour (or a period, where that is longer) requests count as a Poisson process, so the share is
    exp(-rate x 15 min) there. None where no request was measured.
    """
    if traffic is None or not traffic.known.any():
        return None
    per_block = max(1, IDLE_S // traffic.period_s)
    block = np.arange(len(traffic.requests)) // per_block
    requests = np.bincount(block, weights=np.where(traffic.known, traffic.requests, 0))
    known_s = np.bincount(block, weights=traffic.known * float(traffic.period_s))
    seen = requests > 0
    total = requests[seen].sum()
    return float((requests[seen] * np.exp(-requests[seen] / known_s[seen] * IDLE_S)).sum() / total) if total else None
