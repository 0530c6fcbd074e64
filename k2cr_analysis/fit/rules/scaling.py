"""What scales the workload, and by what."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping, objects, text
from k2cr_analysis.platforms.cloud_run.scaling import POOL_AUTOSCALED_INSTANCES, POOL_CPU_TARGET

_SCALING = "https://docs.cloud.google.com/run/docs/about-instance-autoscaling"
_RESOURCE_METRICS = ("Resource", "ContainerResource")


@rule(
    id="scaling-on-custom-metric",
    severity="change",
    reads=("HorizontalPodAutoscaler.spec.metrics", "ScaledObject", "HTTPScaledObject"),
    docs=_SCALING,
)
def scaling_on_custom_metric(candidate: Candidate) -> Iterator[Found]:
    """The number of pods follows a queue or a metric of the application's own.

    Why: Cloud Run scales a service on requests and CPU, and a worker pool on CPU where that is turned on.
    Remedy: For a service: take the metric out if requests and CPU follow it. For a queue: push its messages to the
    service (Pub/Sub push, Eventarc), or run a worker pool whose `manualInstanceCount` a scaler (CREMA, KEDA's for Cloud
    Run) sets.
    Example: metrics: [{type: External, external: {metric: {name:
    pubsub.googleapis.com|subscription|num_undelivered_messages}}}]
    """
    for scaler in candidate.workload.related.get("HorizontalPodAutoscaler", ()):
        for i, metric in objects(mapping(scaler, "spec"), "metrics"):
            kind = text(metric, "type") or ""
            if kind and kind not in _RESOURCE_METRICS:
                body = mapping(metric, kind[:1].lower() + kind[1:])
                name = text(mapping(body, "metric"), "name") or text(body, "metricName") or kind
                yield Found(
                    f"HorizontalPodAutoscaler/{_name(scaler)} $.spec.metrics[{i}]",
                    f"the number of pods follows {name} ({kind}); Cloud Run scales on requests and CPU",
                )
    for kind in ("ScaledObject", "HTTPScaledObject"):
        for scaler in candidate.workload.related.get(kind, ()):
            for i, trigger in objects(mapping(scaler, "spec"), "triggers"):
                if trigger.get("type") not in ("cpu", "memory"):
                    yield Found(
                        f"{kind}/{_name(scaler)} $.spec.triggers[{i}]",
                        f"KEDA scales it on {trigger.get('type')}; Cloud Run scales on requests and CPU",
                    )


@rule(id="scaling-on-memory-alone", severity="change", reads=("HorizontalPodAutoscaler.spec.metrics",), docs=_SCALING)
def scaling_on_memory_alone(candidate: Candidate) -> Iterator[Found]:
    """The number of pods follows the use of memory alone.

    Why: Cloud Run scales on requests and CPU. Memory that fills up stops the instance instead.
    Remedy: Set `containerConcurrency` so that the requests of one instance fit into its memory, and take the metric out
    of the autoscaler.
    Example: metrics: [{type: Resource, resource: {name: memory}}]
    """
    scaler = candidate.workload.autoscaler
    if scaler and scaler.metrics and all(m == ("Resource", "memory") for m in scaler.metrics):
        yield Found(
            f"{scaler.kind}/{scaler.name} $.spec.metrics",
            "the number of pods follows memory alone; Cloud Run scales on requests and CPU",
        )


@rule(id="scaling-on-memory-too", severity="note", reads=("HorizontalPodAutoscaler.spec.metrics",), docs=_SCALING)
def scaling_on_memory_too(candidate: Candidate) -> Iterator[Found]:
    """The number of pods follows CPU and also memory.

    Why: Cloud Run scales on requests and CPU; memory does not count.
    Remedy: Nothing to decide: scaling on CPU and requests remains. See that `containerConcurrency` fits the memory.
    Example: metrics: [{type: Resource, resource: {name: cpu}}, {type: Resource, resource: {name: memory}}]
    """
    scaler = candidate.workload.autoscaler
    if scaler and ("Resource", "memory") in scaler.metrics and any(m != ("Resource", "memory") for m in scaler.metrics):
        yield Found(
            f"{scaler.kind}/{scaler.name} $.spec.metrics",
            "memory drives the number of pods beside CPU; Cloud Run scales on requests and CPU",
        )


@rule(
    id="worker-pool-scaled-by-hand",
    severity="change",
    reads=("HorizontalPodAutoscaler.spec.scaleTargetRef",),
    docs="https://docs.cloud.google.com/run/docs/configuring/workerpools/cpu-autoscaling",
)
def worker_pool_scaled_by_hand(candidate: Candidate) -> Iterator[Found]:
    """An autoscaler on CPU moves the number of pods of something that becomes a worker pool.

    Why: Worker pools have CPU autoscaling: on the mean CPU of the instances, at 60 % and from 1 to 100 instances unless
    said. How run.v1's YAML says so is not documented, so the pool is written with a fixed number: the mean of what ran,
    or, where nothing was measured, what the manifest names above the autoscaler's minimum.
    Remedy: Turn CPU autoscaling on after the deploy (the page below), with the autoscaler's target and bounds; or keep
    the fixed number, or let the work be pushed to a service.
    Example: a HorizontalPodAutoscaler on CPU for a Deployment without a Service
    """
    scaler = candidate.workload.autoscaler
    if (
        candidate.target == "worker-pool"
        and scaler
        and scaler.max_replicas > (scaler.min_replicas or 1)
        and ("Resource", "cpu") in scaler.metrics
        and all(k in _RESOURCE_METRICS for k, _ in scaler.metrics)
    ):
        most = POOL_AUTOSCALED_INSTANCES[1]
        over = f", at most {most} by default" if scaler.max_replicas > most else ""
        target = scaler.cpu_target_percent or round(POOL_CPU_TARGET * 100)
        yield Found(
            scaler.most_at,
            f"from {scaler.min_replicas or 1} to {scaler.max_replicas} pods by CPU at {target} %; the worker pool is "
            f"written with a fixed number of instances, until its CPU autoscaling is turned on{over}",
        )


@rule(id="scaled-to-zero", severity="note", reads=("Workload.spec.replicas",), docs=_SCALING)
def scaled_to_zero(candidate: Candidate) -> Iterator[Found]:
    """The workload is switched off: it asks for no pods, and no autoscaler would start any.

    Why: It does not run, so it costs nothing and moving it saves nothing. Whoever plans the move has to know whether it
    is a leftover, a spare or out of season.
    Remedy: Nothing to decide: delete it if it is a leftover; else move it as it is, at no cost while nobody calls it.
    Example: replicas: 0
    """
    workload = candidate.workload
    if workload.replicas == 0 and workload.autoscaler is None and not _rolled_out_elsewhere(candidate):
        yield Found("$.spec.replicas", "it is switched off: 0 replicas and no autoscaler, so it does not run")


def _rolled_out_elsewhere(candidate: Candidate) -> bool:
    """Whether a Rollout runs the pods of this Deployment, which it keeps at 0 itself."""
    workload = candidate.workload
    return (workload.namespace, workload.kind, workload.name) in candidate.index.rolled_out


@rule(
    id="started-by-a-queue",
    severity="change",
    reads=(
        "ScaledJob.spec.triggers",
        "ScaledJob.spec.minReplicaCount",
        "ScaledJob.spec.maxReplicaCount",
        "ScaledJob.spec.pollingInterval",
        "ScaledJob.spec.scalingStrategy",
    ),
    docs="https://docs.cloud.google.com/run/docs/execute/jobs",
)
def started_by_a_queue(candidate: Candidate) -> Iterator[Found]:
    """KEDA starts a job for work that waits in a queue.

    Why: A Cloud Run job runs when it is executed: by hand, by Cloud Scheduler or by a call of its API. Nothing watches
    a queue and starts it.
    Remedy: Let the messages start it (Eventarc or a push subscription to Workflows, which executes the job), execute it
    by the clock and let it empty the queue, or take the messages in a worker pool or a service.
    Example: kind: ScaledJob, spec: {triggers: [{type: gcp-pubsub}]}
    """
    for i, trigger in enumerate(candidate.workload.triggers):
        yield Found(
            f"$.spec.triggers[{i}]",
            f"KEDA starts a job for work that waits ({trigger}); a Cloud Run job has to be executed",
        )


@rule(
    id="steps-of-a-rollout",
    severity="note",
    reads=("Rollout.spec.strategy", "DeploymentConfig.spec.strategy"),
    docs="https://docs.cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration",
)
def steps_of_a_rollout(candidate: Candidate) -> Iterator[Found]:
    """A release reaches callers in steps: a canary, or blue and green.

    Why: Cloud Run has revisions with shares of traffic, and no steps that follow each other by themselves. What is
    written here sends all traffic to the new revision.
    Remedy: Nothing to decide for the move. Deploy with `--no-traffic` and move the shares (`gcloud run services
    update-traffic`), or let Cloud Deploy do it in phases.
    Example: kind: Rollout, spec: {strategy: {canary: {steps: [{setWeight: 20}]}}}
    """
    style = candidate.workload.release_style
    if style:
        yield Found(f"$.spec.strategy.{style}", f"it is released by {style}; on Cloud Run shares of traffic do that")


@rule(
    id="vertical-autoscaler",
    severity="note",
    reads=("VerticalPodAutoscaler",),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/memory-limits",
)
def vertical_autoscaler(candidate: Candidate) -> Iterator[Found]:
    """A VerticalPodAutoscaler sets the requests of the pods.

    Why: Cloud Run's limits are fixed for a revision.
    Remedy: Nothing to decide: the size is chosen once from the measured use. Look at it again after some weeks.
    Example: kind: VerticalPodAutoscaler
    """
    for scaler in candidate.workload.related.get("VerticalPodAutoscaler", ()):
        if mapping(scaler, "spec", "updatePolicy").get("updateMode") != "Off":
            yield Found(
                f"VerticalPodAutoscaler/{_name(scaler)} $.spec",
                "its requests move by themselves; on Cloud Run limits are fixed for a revision",
            )


def _name(raw: object) -> object:
    return mapping(raw, "metadata").get("name")
