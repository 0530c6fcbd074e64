"""What sizing has to say: one function for each rule, named like it; its docstring is the rule's documentation."""

from __future__ import annotations

from k2cr_analysis.model.cloud_run import memory_text
from k2cr_analysis.model.findings.rules import Said, notice
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_CPU_CORES, DEFAULT_MEMORY_BYTES, MIB

_CPU = "https://docs.cloud.google.com/run/docs/configuring/services/cpu"
_POOLS = "https://docs.cloud.google.com/run/docs/configuring/workerpools/manual-scaling"
_MEMORY = "https://docs.cloud.google.com/run/docs/configuring/services/memory-limits"


@notice(docs=_CPU)
def no_usage_data(path: str, whose: str) -> Said:
    """The snapshot does not show what the containers use.

    Why: Requests and limits are often set once and far off; on Cloud Run each vCPU and GiB is billed as allocated.
    Remedy: Collect a window of some weeks from Cloud Monitoring, and assess again.
    Example: collected with --manifests alone
    """
    return Said(
        f"the snapshot has no usage data of {whose}: sized from requests and limits, where they are given", path
    )


@notice(docs=_CPU)
def no_resources_given(path: str, sizes: str) -> Said:
    """Neither usage nor requests and limits say what a container needs.

    Why: Cloud Run then gives each container 1 vCPU and 512 MiB, which may be far too much or too little. A helper
    beside an application (a proxy, an agent) gets a fraction.
    Remedy: Set requests and limits, or collect usage.
    Example: resources: {}
    """
    defaults = f"{DEFAULT_CPU_CORES} CPU and {DEFAULT_MEMORY_BYTES // MIB}Mi"
    return Said(f"{sizes}: neither usage nor requests; sized by Cloud Run's defaults, {defaults}", path)


@notice(docs=_CPU)
def cpu_is_a_ceiling(path: str, name: str, may_use: str, gets: str) -> Said:
    """A container that may use more CPU than it asks for gets a fraction that it cannot exceed.

    Why: A request is a floor on GKE: a pod takes what its node has free, up to its limit. The figure on Cloud Run is a
    ceiling: what goes beyond is throttled. Without usage nobody knows how much it takes.
    Remedy: Collect usage, or give it what it needs at its busiest.
    Example: requests.cpu 10m, limits.cpu 2
    """
    return Said(f"{name}: its request is a floor on GKE, with {may_use}; on Cloud Run {gets} CPU is its ceiling", path)


@notice(docs=_CPU)
def short_usage_window(path: str, days: float) -> Said:
    """Usage covers less than a week.

    Why: The busiest hour of the week may lie outside, and sizes are taken from the busiest that was seen.
    Remedy: Collect a window of some weeks.
    Example: collected with --window 3d
    """
    return Said(f"usage covers {days:.1f} days, less than a week: weekly peaks may be missing", path)


@notice(docs=_CPU)
def cpu_above_one_instance(path: str, needs: str) -> Said:
    """The containers together need more than the 8 vCPU of one instance.

    Why: They are sized as near to their need as 8 vCPU allow, so one instance carries less than one pod does.
    Remedy: Let more instances share the requests, and test under load; or split the workload.
    Example: resources: {requests: {cpu: "12"}}
    """
    return Said(f"the containers need more CPU than an instance has (8 in all): {needs}", path)


@notice(docs=_MEMORY)
def memory_above_one_instance(path: str, needed_bytes: int) -> Said:
    """The containers together need more than the 32 GiB of one instance.

    Why: Memory cannot be shared out over instances as CPU can, so no configuration is recommended.
    Remedy: Split the workload, or keep it on the cluster.
    Example: resources: {requests: {memory: 48Gi}}
    """
    return Said(
        f"the containers need {memory_text(needed_bytes)} of memory and an instance has at most 32Gi: no size fits",
        path,
    )


@notice(docs=_MEMORY)
def memory_raised_after_oom(path: str, name: str, evidence: str, memory_bytes: int) -> Said:
    """A container was restarted while its memory was at its limit, as by an OOM kill.

    Why: What was seen is what the limit let through, not what the process wants. On Cloud Run the whole instance is
    killed, with all its requests.
    Remedy: Look at the memory of the process. The size is half as much again as the limit until then.
    Example: a container whose restarts go with memory at its limit
    """
    return Said(f"{name}: {evidence}; sized at {memory_text(memory_bytes)}, half as much again as its limit", path)


@notice(docs="https://docs.cloud.google.com/run/docs/configuring/services/in-memory-volume-mounts")
def scratch_larger_than_memory(path: str, name: str, limit: str) -> Said:
    """An emptyDir that asks for memory may grow beyond the memory of any instance.

    Why: `medium: Memory` is memory on Cloud Run too. A size limit above 32 GiB cannot be given, so it is not counted.
    Remedy: Take `medium: Memory` out, so that it becomes an ephemeral disk, or keep large files in Cloud Storage.
    Example: emptyDir: {medium: Memory, sizeLimit: 50Gi}
    """
    return Said(f"volume {name} may grow to {limit}, more than the memory of any instance: it is not counted", path)


@notice(docs="https://docs.cloud.google.com/run/docs/configuring/min-instances")
def minimum_not_carried(path: str, asked: int, kept: int, why: str) -> Said:
    """The least number of pods on GKE does not become the least number of instances.

    Why: Each instance that Cloud Run keeps costs its idle rate, and replicas on GKE are mostly there for the nodes'
    sake.
    Remedy: Set `[objectives] cold_start_ratio` or `[policy] min_instances` to keep more, at the idle rate.
    Example: replicas: 3
    """
    return Said(f"{asked} pods are kept on GKE; instances kept here: {kept} ({why})", path)


@notice(docs=_POOLS)
def pool_instance_count(path: str, instances: int, why: str) -> Said:
    """How many instances a worker pool is written with, where an autoscaler decides on GKE.

    Why: A worker pool has a fixed number of instances until its CPU autoscaling is turned on, or a scaler sets it. The
    autoscaler's minimum would leave the peak of all pods to one instance.
    Remedy: Collect a window of some weeks, so that what ran is measured; or set the number in `worker-pool.yaml`.
    Example: a HorizontalPodAutoscaler from 1 to 20 pods, and no usage in the snapshot
    """
    return Said(f"the worker pool is written with {instances} instances: {why}", path)
