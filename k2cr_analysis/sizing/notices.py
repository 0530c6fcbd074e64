"""What sizing has to say: one function for each rule, named like it; its docstring is the rule's documentation."""

from __future__ import annotations

from k2cr_analysis.model.cloud_run import memory_text
from k2cr_analysis.model.finding import Finding


def no_usage_data(path: str, whose: str) -> Finding:
    """The snapshot does not show what the containers use.

    Why: requests and limits are often set once and far off; on Cloud Run each vCPU and GiB is billed as allocated.
    Remedy: collect a window of some weeks from Cloud Monitoring, and assess again.
    See https://docs.cloud.google.com/run/docs/configuring/services/cpu
    """
    message = f"the snapshot has no usage data of {whose}: sized from requests and limits, where they are given"
    return _note("no-usage-data", path, message, "collect usage from Cloud Monitoring")


def no_resources_given(path: str, names: str) -> Finding:
    """Neither usage nor requests and limits say what a container needs.

    Why: Cloud Run then gives each container 1 vCPU and 512 MiB, which may be far too much or too little.
    Remedy: set requests and limits, or collect usage.
    See https://docs.cloud.google.com/run/docs/configuring/services/cpu
    """
    message = f"{names}: neither usage nor requests; sized at Cloud Run's defaults, 1 CPU and 512Mi"
    return _note("no-resources-given", path, message, "set requests and limits, or collect usage")


def short_usage_window(path: str, days: float) -> Finding:
    """Usage covers less than a week.

    Why: the busiest hour of the week may lie outside, and sizes are taken from the busiest that was seen.
    Remedy: collect a window of some weeks.
    See https://docs.cloud.google.com/run/docs/configuring/services/cpu
    """
    message = f"usage covers {days:.1f} days, less than a week: weekly peaks may be missing"
    return _note("short-usage-window", path, message, "collect a window of some weeks")


def cpu_above_one_instance(path: str, needs: str) -> Finding:
    """The containers together need more than the 8 vCPU of one instance.

    Why: they are sized as near to their need as 8 vCPU allow, so one instance carries less than one pod does.
    Remedy: let more instances share the requests, and test under load; or split the workload.
    See https://docs.cloud.google.com/run/docs/configuring/services/cpu
    """
    message = f"the containers need more CPU than an instance has (8 in all): {needs}"
    return _note("cpu-above-one-instance", path, message, "more instances must share the requests; test under load")


def memory_above_one_instance(path: str, needed_bytes: int) -> Finding:
    """The containers together need more than the 32 GiB of one instance.

    Why: memory cannot be shared out over instances as CPU can, so no configuration is recommended.
    Remedy: split the workload, or keep it on the cluster.
    See https://docs.cloud.google.com/run/docs/configuring/services/memory-limits
    """
    message = (
        f"the containers need {memory_text(needed_bytes)} of memory and an instance has at most 32Gi: no size fits"
    )
    return _note("memory-above-one-instance", path, message, "split the workload, or keep it on the cluster")


def memory_raised_after_oom(path: str, name: str, evidence: str, memory_bytes: int) -> Finding:
    """A container was restarted while its memory was at its limit, as by an OOM kill.

    Why: what was seen is what the limit let through, not what the process wants. On Cloud Run the whole instance is
    killed, with all its requests.
    Remedy: look at the memory of the process. The size is half as much again as the limit until then.
    See https://docs.cloud.google.com/run/docs/configuring/services/memory-limits
    """
    message = f"{name}: {evidence}; sized at {memory_text(memory_bytes)}, half as much again as its limit"
    return _note("memory-raised-after-oom", path, message, "look at the memory of the process")


def scratch_larger_than_memory(path: str, name: str, limit: str) -> Finding:
    """An emptyDir may grow beyond the memory of any instance.

    Why: files in an emptyDir are memory on Cloud Run. A size limit above 32 GiB cannot be given, so it is not counted.
    Remedy: keep large files in Cloud Storage, or on an ephemeral disk where the region has them.
    See https://docs.cloud.google.com/run/docs/configuring/services/in-memory-volume-mounts
    """
    message = f"volume {name} may grow to {limit}, more than the memory of any instance: it is not counted"
    return _note("scratch-larger-than-memory", path, message, "keep large files in Cloud Storage")


def minimum_not_carried(path: str, asked: int, kept: int, why: str) -> Finding:
    """The least number of pods on GKE does not become the least number of instances.

    Why: each instance that Cloud Run keeps costs its idle rate, and replicas on GKE are mostly there for the nodes'
    sake.
    Remedy: set ``[objectives] cold_start_ratio`` or ``[policy] min_instances`` to keep more.
    See https://docs.cloud.google.com/run/docs/configuring/min-instances
    """
    message = f"{asked} pods are kept on GKE; instances kept here: {kept} ({why})"
    remedy = "set [objectives] cold_start_ratio or [policy] min_instances to keep more, at the idle rate"
    return _note("minimum-not-carried", path, message, remedy)


def _note(rule: str, path: str, message: str, remediation: str) -> Finding:
    docs = f"docs/rules/{rule}.md"
    return Finding(rule=rule, severity="note", path=path, message=message, remediation=remediation, docs=docs)
