"""How many pods of a workload run, and what one of them takes: the two factors of every GKE figure without a bill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.model.cluster import Cluster, OwnedPod
from k2cr_analysis.model.observed import WorkloadUsage
from k2cr_analysis.model.pod.accelerator import NVIDIA_GPU
from k2cr_analysis.model.workload import Resources, Workload


@dataclass(frozen=True, slots=True)
class PodDemand:
    """``pods``: their mean number, None where nothing tells, and then ``how`` is the reason.

    ``cpu_cores``, ``memory_bytes``, ``gpus``, ``storage_bytes`` (of the node): what one pod requests; ``used_*``: what
    it uses on average (0 where not measured).
    ``live``: the pods of the snapshot, with their nodes.
    """

    pods: Decimal | None
    how: str
    cpu_cores: Decimal
    memory_bytes: Decimal
    used_cpu_cores: Decimal
    used_memory_bytes: Decimal
    live: tuple[OwnedPod, ...]
    gpus: Decimal = Decimal(0)
    storage_bytes: Decimal = Decimal(0)

    @property
    def held_cpu_cores(self) -> Decimal:
        """What one pod keeps others from: the greater of request and use."""
        return max(self.cpu_cores, self.used_cpu_cores)

    @property
    def held_memory_bytes(self) -> Decimal:
        return max(self.memory_bytes, self.used_memory_bytes)


def pod_demands(cluster: Cluster, usage: Mapping[str, WorkloadUsage]) -> dict[str, PodDemand]:
    """The demand of each workload, by id."""
    live: dict[str, list[OwnedPod]] = defaultdict(list)
    for pod in cluster.pods:
        live[pod.workload].append(pod)
    return {w.id: _demand(w, tuple(live.get(w.id, ())), usage.get(w.id), cluster) for w in cluster.workloads}


def _demand(workload: Workload, live: tuple[OwnedPod, ...], used: WorkloadUsage | None, cluster: Cluster) -> PodDemand:
    pods, how = _pods(workload, live, used, cluster)
    # A live pod carries what admission made of the template: Autopilot and LimitRanges change requests.
    requests = [p.requests for p in live] or [workload.pod.requests]
    return PodDemand(
        pods=pods,
        how=how,
        cpu_cores=_mean(requests, "cpu"),
        memory_bytes=_mean(requests, "memory"),
        used_cpu_cores=_used_cpu_cores(used, pods),
        used_memory_bytes=_used_memory_bytes(used),
        live=live,
        storage_bytes=sum((Decimal(r.ephemeral_storage_bytes or 0) for r in requests), Decimal(0)) / len(requests),
        gpus=sum((r.extended.get(NVIDIA_GPU, Decimal(0)) for r in requests), Decimal(0)) / len(requests),
    )


def _pods(  # noqa: PLR0911 - the sources in the order of their worth
    workload: Workload, live: tuple[OwnedPod, ...], used: WorkloadUsage | None, cluster: Cluster
) -> tuple[Decimal | None, str]:
    if used is not None and used.mean_pods is not None:
        return _decimal(used.mean_pods), "mean number of pods over the window"
    if live:
        return Decimal(len(live)), "pods that run in the snapshot"
    if workload.kind == "DaemonSet":
        nodes = len(cluster.nodes)
        return (
            (Decimal(nodes), "one pod a node")
            if nodes
            else (None, "a DaemonSet has a pod a node, and the snapshot has no nodes")
        )
    if workload.autoscaler is not None and workload.autoscaler.min_replicas == 0:
        return None, f"{workload.autoscaler.name} scales it from 0: how many pods run needs the usage metrics"
    if workload.replicas is not None:
        return Decimal(workload.replicas), "replicas of the manifest"
    if workload.autoscaler is not None:
        return Decimal(workload.autoscaler.min_replicas or 1), "minimum of the autoscaler"
    if workload.batch is not None:
        return None, f"how long a {workload.kind} runs in a month is in no manifest: it needs the usage metrics"
    return None, f"how many pods a {workload.kind} runs is in no manifest: it needs the usage metrics"


def _mean(requests: list[Resources], kind: str) -> Decimal:
    values = [Decimal((r.cpu_cores if kind == "cpu" else r.memory_bytes) or 0) for r in requests]
    return sum(values, Decimal(0)) / len(values)


def _used_cpu_cores(used: WorkloadUsage | None, pods: Decimal | None) -> Decimal:
    if used is None or not pods:
        return Decimal(0)
    return _decimal(sum(c.cpu_mean_cores for c in used.containers.values())) / pods


def _used_memory_bytes(used: WorkloadUsage | None) -> Decimal:
    """The median of each container stands for its mean, which the roll-up does not hold."""
    if used is None:
        return Decimal(0)
    return _decimal(sum(c.memory_quantiles_bytes.get(0.5, 0.0) for c in used.containers.values()))


def _decimal(value: float) -> Decimal:
    return Decimal(repr(round(value, 6)))
