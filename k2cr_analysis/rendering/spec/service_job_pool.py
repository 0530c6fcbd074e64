"""What a service, a job and a worker pool each add to the template: scaling, timeouts, tasks, schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.cloud_run import ServiceShape
from k2cr_analysis.model.parse.access import source_value
from k2cr_analysis.model.schedule import for_scheduler, runs_per_month
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.billing import SECONDS_PER_HOUR
from k2cr_analysis.platforms.cloud_run.annotations import CPU_TARGET, MANUAL_INSTANCES, MAX_SCALE, SERVICE_MIN_SCALE
from k2cr_analysis.platforms.cloud_run.gpu import MAX_GPU_TASK_TIMEOUT_S
from k2cr_analysis.platforms.cloud_run.limits import (
    DEFAULT_CONCURRENCY,
    DEFAULT_TASK_TIMEOUT_S,
    DEFAULT_TIMEOUT_S,
    MAX_CONCURRENCY,
    MAX_RETRIES,
    MAX_TASK_TIMEOUT_S,
    MAX_TIMEOUT_S,
)
from k2cr_analysis.platforms.cloud_run.scaling import DEFAULT_TARGET
from k2cr_analysis.rendering import policy
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.access.ingress_setting import Reached
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.run_settings import Set
from k2cr_analysis.rendering.spec.service import RunJob, RunService, RunTemplate, RunWorkerPool, Schedule
from k2cr_analysis.rendering.spec.settings_of_workload import Asked

_TIMEOUT_MARGIN = 5  # a mean says little of the longest run
_LEAST_TIMEOUT_S = SECONDS_PER_HOUR
# Kinds that rollback.sh scales, by kubectl's word for each.
SCALED_BY_KUBECTL = {
    "Deployment": "deployment",
    "StatefulSet": "statefulset",
    "ReplicaSet": "replicaset",
    "ReplicationController": "replicationcontroller",
}
_CPU_TARGET = "targetCPUUtilizationPercentage"
KUBERNETES_BACKOFF_LIMIT = 6  # batch/v1 JobSpec


@dataclass(frozen=True)
class Frame:
    """What all three kinds have in common."""

    name: str
    labels: Mapping[str, str]
    template: RunTemplate
    assessed: WorkloadAssessment
    shape: ServiceShape
    settings: tuple[Set, ...]
    context: RenderContext
    account: Account

    @property
    def workload(self) -> Workload:
        return self.assessed.workload


def service(frame: Frame, reached: Reached, asked: Asked) -> RunService:
    shape, house = frame.shape, frame.context.config.policy
    smallest, largest, scaling_why = policy.instances(shape.min_instances, shape.max_instances, house)
    timeout, timeout_why = _timeout(frame, reached)
    concurrency = min(shape.concurrency or 1, asked.concurrency or MAX_CONCURRENCY)
    _account_for_scaling(frame, smallest, largest, concurrency, asked)
    why = {
        "ingress": reached.why,
        "min_instances": scaling_why or "kept warm: an objective or [policy] asks for it",
        "max_instances": scaling_why or _most_why(frame.workload, largest),
        "concurrency": _concurrency_why(concurrency, asked),
        "session_affinity": "the Service or its backend asks for affinity",
        "timeout_s": timeout_why,
    }
    return RunService(
        name=frame.name,
        labels=frame.labels,
        template=frame.template,
        ingress=reached.ingress,
        iap=reached.reach == "iap-direct",
        concurrency=concurrency,
        timeout_s=timeout,
        min_instances=smallest,
        max_instances=largest,
        billing=shape.billing or "request",
        cpu_boost=shape.cpu_boost,
        session_affinity=reached.session_affinity or asked.session_affinity,
        settings=frame.settings,
        why={k: v for k, v in why.items() if v},
    )


def _timeout(frame: Frame, reached: Reached) -> tuple[int, str]:
    """(seconds, why): the backend's timeout, a Knative revision's own, else the default of Cloud Run."""
    own = frame.workload.pod.request_timeout_s
    if any(f.rule == "websocket-port" for f in frame.assessed.findings):
        return MAX_TIMEOUT_S, "a WebSocket lasts as long as its request may"
    if reached.long_request:
        seconds = max(1, math.ceil(reached.long_request.seconds))
        return min(seconds, MAX_TIMEOUT_S), reached.long_request.why
    if own is not None and own > 0:
        given, at, target = (
            min(own, MAX_TIMEOUT_S),
            f"{frame.workload.pod.path}.timeoutSeconds",
            "template.timeoutSeconds",
        )
        if given == own:
            frame.account.carried(at, target, given)
        else:
            frame.account.changed(at, target, own, given, "an hour is the most that a request may take")
        return given, "timeoutSeconds of the revision"
    return DEFAULT_TIMEOUT_S, "Cloud Run's default, written out"


def job(frame: Frame) -> RunJob:
    batch, account = frame.workload.batch, frame.account
    parallelism = (batch.parallelism if batch else None) or 1
    tasks = (batch.completions if batch else None) or parallelism
    retries = _retries(frame.workload)
    timeout, timeout_why = _task_timeout(frame, tasks)
    _account_for_batch(frame, tasks, min(parallelism, tasks), min(retries, MAX_RETRIES), timeout)
    why = {
        "timeout_s": timeout_why,
        "max_retries": f"backoffLimit {retries}",
    }
    return RunJob(
        name=frame.name,
        labels=frame.labels,
        template=frame.template,
        tasks=tasks,
        parallelism=min(parallelism, tasks),
        max_retries=min(retries, MAX_RETRIES),
        timeout_s=timeout,
        schedule=_schedule(frame.workload, account),
        settings=frame.settings,
        why=why,
    )


def _task_timeout(frame: Frame, tasks: int) -> tuple[int, str]:
    """(seconds of one try, why): the deadline, else the measured time with room above it, else the longest.

    Without a deadline Kubernetes lets a run go on for ever; Cloud Run's own default would end it after 600 s.
    """
    batch = frame.workload.batch
    of_pod = frame.workload.pod.active_deadline_s
    deadlines = [d for d in (batch.active_deadline_s if batch else None, of_pod) if d is not None and d > 0]
    most = MAX_GPU_TASK_TIMEOUT_S if frame.shape.gpu else MAX_TASK_TIMEOUT_S
    if deadlines:
        return min(*deadlines, most), "activeDeadlineSeconds" if min(deadlines) <= most else f"at most {most} s"
    if frame.shape.gpu:
        return most, "no deadline in the manifest: the longest that a task with a GPU may take"
    measured = _mean_task_s(frame, tasks)
    if measured is None:
        frame.account.decide(
            "The job has no activeDeadlineSeconds, and how long it runs is not measured: each try may take "
            f"{MAX_TASK_TIMEOUT_S // SECONDS_PER_HOUR} h, the longest that Cloud Run has. Set a task timeout that "
            "ends a run which hangs."
        )
        why = f"no deadline in the manifest: the longest there is, not the default of {DEFAULT_TASK_TIMEOUT_S} s"
        return most, why
    hours = int(measured * _TIMEOUT_MARGIN / SECONDS_PER_HOUR + 1)
    timeout = min(most, max(_LEAST_TIMEOUT_S, hours * SECONDS_PER_HOUR))
    return timeout, f"measured: {measured:.0f} s a task in the mean; {_TIMEOUT_MARGIN} times that, in whole hours"


def _mean_task_s(frame: Frame, tasks: int) -> float | None:
    """What a task took in the mean of the window; None where runs or running time are not known. [s]"""
    batch, timeline = frame.workload.batch, frame.assessed.timeline
    runs = runs_per_month(batch.schedule) if batch and batch.schedule else None
    if timeline is None or not runs or timeline.running_instance_s <= 0:
        return None
    return float(timeline.running_instance_s / runs / max(1, tasks))


def _account_for_batch(frame: Frame, tasks: int, parallelism: int, retries: int, timeout: int) -> None:
    batch = frame.workload.batch
    if batch is None:
        if frame.workload.pod.restart_policy is not None:
            policy = frame.workload.pod.restart_policy
            frame.account.changed("$.spec.restartPolicy", "template.maxRetries", policy, retries, "tries of a task")
        return
    at = "$.spec.jobTemplate.spec" if frame.workload.kind == "CronJob" else "$.spec"
    for field, target, asked, given in (
        ("completions", "job.taskCount", batch.completions, tasks),
        ("parallelism", "job.parallelism", batch.parallelism, parallelism),
        ("backoffLimit", "template.maxRetries", batch.backoff_limit, retries),
        ("activeDeadlineSeconds", "template.timeoutSeconds", batch.active_deadline_s, timeout),
    ):
        if asked == given:
            frame.account.carried(f"{at}.{field}", target, given)
        elif asked is not None:
            frame.account.changed(f"{at}.{field}", target, asked, given, "as far as Cloud Run goes")


def _retries(workload: Workload) -> int:
    if workload.kind == "Pod":
        return 0 if workload.pod.restart_policy == "Never" else MAX_RETRIES
    asked = workload.batch.backoff_limit if workload.batch else None
    return KUBERNETES_BACKOFF_LIMIT if asked is None else asked


def _schedule(workload: Workload, account: Account) -> Schedule | None:
    batch = workload.batch
    if batch is None or not batch.schedule:
        return None
    cron, zone = for_scheduler(batch.schedule)
    made = Schedule(cron, batch.time_zone or zone or "Etc/UTC", batch.suspend)
    why = "Cloud Run jobs have no schedule of their own; scheduler.sh makes it"
    if batch.time_zone:
        account.carried("$.spec.timeZone", "scheduler.sh --time-zone", batch.time_zone)
    if source_value(workload, "$.spec.suspend") is not None:
        account.changed("$.spec.suspend", "scheduler.sh pause", batch.suspend, batch.suspend, "the schedule is paused")
    account.changed("$.spec.schedule", "scheduler.sh --schedule", made.cron, f"{made.cron} ({made.time_zone})", why)
    return made


def worker_pool(frame: Frame) -> RunWorkerPool:
    asked, wanted = frame.workload.replicas, frame.shape.min_instances
    instances, _, bounded = policy.instances(wanted, wanted, frame.context.config.policy)
    why = "a worker pool is written with a fixed number of instances: what ran, by the assessment"
    if asked is not None:
        target = f"{MANUAL_INSTANCES}; rollback.sh --replicas"
        frame.account.changed("$.spec.replicas", target, asked, instances, why)
    scaler = frame.workload.autoscaler
    if scaler is not None and asked is None:
        target = f"{MANUAL_INSTANCES}; rollback.sh --replicas"
        frame.account.changed(scaler.least_at, target, scaler.min_replicas, instances, why)
    if scaler is not None and wanted == scaler.max_replicas and (asked or 1) <= (scaler.min_replicas or 1):
        frame.account.changed(scaler.most_at, MANUAL_INSTANCES, scaler.max_replicas, instances, why)
    origin = f"replicas: {asked}" if asked == wanted else "what ran, by the assessment: see its findings"
    if bounded:
        frame.account.house_rule("min_instances, max_instances", bounded)
        origin = bounded
    return RunWorkerPool(frame.name, frame.labels, frame.template, instances, frame.settings, {"instances": origin})


def _most_why(workload: Workload, largest: int) -> str:
    scaler = workload.autoscaler
    if scaler is not None and scaler.max_replicas == largest:
        return f"the most pods of {scaler.kind} {scaler.name}"
    if workload.replicas is not None and scaler is None:
        return f"on GKE: {workload.replicas} replicas; an upper bound with room above them, not a target"
    return "an upper bound, not a target"


def _concurrency_why(concurrency: int, asked: Asked) -> str:
    if asked.concurrency == concurrency:
        return "containerConcurrency of the revision"
    if concurrency == DEFAULT_CONCURRENCY:
        return "requests that an instance takes at once: Cloud Run's default, written out"
    return "requests that an instance takes at once, by the CPU that one needs"


def _account_for_scaling(frame: Frame, smallest: int, largest: int, concurrency: int, asked: Asked) -> None:
    workload, account = frame.workload, frame.account
    _account_for_autoscaler(workload, smallest, largest, account)
    _account_for_strategy(workload, largest, account)
    given = f"{smallest} to {largest} instances"
    if source_value(workload, "$.spec.replicas") is not None:
        if workload.autoscaler is None:
            why = "instances come and go with the requests; the bounds are the assessment's"
            target = f"{MAX_SCALE}; rollback.sh --replicas"
            account.changed("$.spec.replicas", target, workload.replicas, given, why)
        else:
            why = "the autoscaler's bounds decide; the way back starts as many pods"
            account.carried("$.spec.replicas", "rollback.sh --replicas", workload.replicas, why)
    if asked.concurrency is not None:
        path = "$.spec.template.spec.containerConcurrency"
        if asked.concurrency == concurrency:
            account.carried(path, "template.containerConcurrency", concurrency)
        else:
            account.changed(path, "template.containerConcurrency", asked.concurrency, concurrency, "by the assessment")
    house = frame.context.config.policy
    if house.min_instances is not None or house.max_instances is not None:
        bounds = f"{house.min_instances or 0} to {house.max_instances or 'any number'}"
        account.house_rule("min_instances, max_instances", f"{bounds} allowed: it has {given}")


def _account_for_strategy(workload: Workload, largest: int, account: Account) -> None:
    """One replica that is replaced whole is meant to be alone."""
    kind = source_value(workload, "$.spec.strategy.type")
    if kind is not None and workload.replicas == 1 and workload.autoscaler is None:
        why = "where old pods stop before new ones start, two at once are not wanted"
        account.changed("$.spec.strategy.type", MAX_SCALE, kind, largest, why)


def _account_for_autoscaler(workload: Workload, smallest: int, largest: int, account: Account) -> None:
    scaler = workload.autoscaler
    if scaler is None:
        return
    why = "min instances by the assessment: Cloud Run starts instances on request"
    for path, target, asked, given in (
        (scaler.least_at, SERVICE_MIN_SCALE, scaler.min_replicas, smallest),
        (scaler.most_at, MAX_SCALE, scaler.max_replicas, largest),
    ):
        if (
            path == scaler.least_at
            and workload.replicas is None
            and asked is not None
            and workload.kind in SCALED_BY_KUBECTL
        ):
            account.carried(path, "rollback.sh --replicas", asked, "the way back starts as many pods")
        elif path == scaler.least_at:
            account.counted(path, asked, why)
        elif asked == given:
            account.carried(path, target, given)
        else:
            account.changed(path, target, asked, given, "max instances by the assessment and the house's policy")
    path = f"HorizontalPodAutoscaler/{scaler.name} $.spec.{_CPU_TARGET}"
    if scaler.cpu_target_percent is not None and source_value(workload, path) is not None:
        why = f"of the instance's CPU, not of a request; {CPU_TARGET} (--scaling-cpu-target, gcloud 587) moves it"
        account.counted(path, f"{scaler.cpu_target_percent} %", why)
    metrics = ", ".join(f"{kind} {name}" for kind, name in scaler.metrics)
    account.counted(
        f"{scaler.kind}/{scaler.name} $.spec.{'triggers' if scaler.kind == 'ScaledObject' else 'metrics'}",
        metrics,
        f"Cloud Run scales on CPU and on concurrent requests, each at {DEFAULT_TARGET * 100:.0f} % by default",
    )
