"""Jobs and CronJobs."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.platforms.cloud_run.gpu import MAX_GPU_TASK_TIMEOUT_S
from k2cr_analysis.platforms.cloud_run.limits import MAX_RETRIES, MAX_TASK_TIMEOUT_S, MAX_TASKS, UNMOVED_TASK_S
from k2cr_analysis.platforms.cloud_run.reserved import TASK_INDEX_VARIABLE

_JOBS = "https://docs.cloud.google.com/run/docs/create-jobs"
_HOOKS = {"argocd.argoproj.io/hook": "Argo CD", "helm.sh/hook": "Helm"}
_QUEUE_NAME = "kueue.x-k8s.io/queue-name"
_SCHEDULE = "https://docs.cloud.google.com/run/docs/execute/jobs-on-schedule"


def _at(candidate: Candidate, field: str) -> str:
    """JSON path of a field of the JobSpec."""
    batch = candidate.workload.batch
    return f"{batch.path if batch else '$.spec'}.{field}"


@rule(id="concurrency-policy", severity="change", reads=("CronJob.spec.concurrencyPolicy",), docs=_SCHEDULE)
def concurrency_policy(candidate: Candidate) -> Iterator[Found]:
    """The CronJob does not let two runs overlap.

    Why: Cloud Scheduler starts an execution at each time, whether the last one has ended or not.
    Remedy: Take a lock at the start of the job (a row in a database, an object in Cloud Storage), or start it from
    Workflows, which can look first. Then the policy is `Allow`.
    Example: concurrencyPolicy: Forbid
    """
    batch = candidate.workload.batch
    if batch and batch.concurrency_policy in ("Forbid", "Replace"):
        yield Found(
            "$.spec.concurrencyPolicy",
            f"runs may not overlap ({batch.concurrency_policy}); Cloud Scheduler starts each one",
        )


@rule(id="starting-deadline", severity="change", reads=("CronJob.spec.startingDeadlineSeconds",), docs=_SCHEDULE)
def starting_deadline(candidate: Candidate) -> Iterator[Found]:
    """The CronJob skips a run that would start too late.

    Why: Cloud Scheduler has no such deadline; it has one for its own attempt to start the job, and retries.
    Remedy: Compare the planned time with the clock at the start of the job, or accept late runs and take out
    `startingDeadlineSeconds`.
    Example: startingDeadlineSeconds: 200
    """
    batch = candidate.workload.batch
    if batch and batch.starting_deadline_s is not None:
        yield Found(
            "$.spec.startingDeadlineSeconds",
            f"a run that is {batch.starting_deadline_s} s late is skipped; Cloud Scheduler has no such deadline",
        )


@rule(
    id="suspended",
    severity="note",
    reads=("CronJob.spec.suspend", "JobSpec.suspend", "JobSpec.parallelism"),
    docs=_SCHEDULE,
)
def suspended(candidate: Candidate) -> Iterator[Found]:
    """The job is suspended.

    Why: A Cloud Run job runs when it is executed; a schedule can be paused.
    Remedy: Nothing to decide: create the job and do not execute it, or pause its schedule (`gcloud scheduler jobs
    pause`).
    Example: suspend: true
    """
    if candidate.workload.batch and candidate.workload.labels.get(_QUEUE_NAME):
        return  # a queue lets it run: told by a rule of its own
    if candidate.workload.batch and candidate.workload.batch.suspend:
        yield Found("$.spec.suspend", "it is suspended; on Cloud Run the job is there and nobody executes it")
    elif candidate.workload.batch and candidate.workload.batch.parallelism == 0:
        yield Found(
            _at(candidate, "parallelism"),
            "a parallelism of 0 keeps its pods from running; on Cloud Run the job is there and nobody executes it",
        )


@rule(
    id="admitted-by-a-queue",
    severity="change",
    reads=("Job.metadata.labels", "JobSpec.suspend"),
    docs="https://kueue.sigs.k8s.io/docs/tasks/run/jobs/",
)
def admitted_by_a_queue(candidate: Candidate) -> Iterator[Found]:
    """A queue (Kueue) says when the job may start.

    Why: The job waits, suspended, until its queue has room. A Cloud Run job starts when it is executed: nothing holds
    it back, and nothing shares a quota between teams.
    Remedy: Execute it from what decides the order (Workflows, Cloud Tasks, Composer); or leave it on GKE.
    Example: labels: {kueue.x-k8s.io/queue-name: team-a}
    """
    queue = candidate.workload.labels.get(_QUEUE_NAME)
    if candidate.workload.batch and queue:
        yield Found(
            bracketed("$.metadata.labels", _QUEUE_NAME),
            f"queue {queue} says when it starts; on Cloud Run it starts when it is executed",
        )


@rule(id="run-by-hook", severity="note", reads=("Job.metadata.annotations",), docs=_JOBS)
def run_by_hook(candidate: Candidate) -> Iterator[Found]:
    """Helm or Argo CD starts the job with each release.

    Why: A hook is run by whoever deploys: before or after the other objects, each time. A Cloud Run job runs when it
    is executed, and no deployment executes it.
    Remedy: Execute it in the pipeline, at the place that the hook had: `gcloud run jobs execute JOB --wait` before the
    services are deployed (pre-install, pre-upgrade, PreSync), or behind them.
    Example: annotations: {argocd.argoproj.io/hook: PreSync}
    """
    for key, who in _HOOKS.items():
        when = candidate.workload.annotations.get(key)
        if when and candidate.workload.kind == "Job":
            yield Found(
                bracketed("$.metadata.annotations", key),
                f"{who} runs it with each release ({when}); on Cloud Run nothing does until the pipeline executes it",
            )
            return


@rule(
    id="indexed-job",
    severity="change",
    reads=(
        "JobSpec.completionMode",
        "JobSpec.backoffLimitPerIndex",
        "JobSpec.maxFailedIndexes",
        "JobSpec.successPolicy",
    ),
    docs=_JOBS,
)
def indexed_job(candidate: Candidate) -> Iterator[Found]:
    """Each pod of the job works on the part that its index says.

    Why: Cloud Run numbers the tasks too, but the variable is CLOUD_RUN_TASK_INDEX, not JOB_COMPLETION_INDEX, and tasks
    have no host names.
    Remedy: Read CLOUD_RUN_TASK_INDEX and CLOUD_RUN_TASK_COUNT in the application, or set the old name in a shell:
    `JOB_COMPLETION_INDEX=$CLOUD_RUN_TASK_INDEX`.
    Example: completionMode: Indexed
    """
    if candidate.workload.batch and candidate.workload.batch.completion_mode == "Indexed":
        yield Found(
            _at(candidate, "completionMode"),
            f"pods are told their part by JOB_COMPLETION_INDEX; Cloud Run sets {TASK_INDEX_VARIABLE}",
        )


@rule(id="work-queue-job", severity="change", reads=("JobSpec.parallelism", "JobSpec.completions"), docs=_JOBS)
def work_queue_job(candidate: Candidate) -> Iterator[Found]:
    """Several pods work on one queue until it is empty.

    Why: A Cloud Run job has a fixed number of tasks, each of which must end well; it has no job that is done when one
    pod says so.
    Remedy: Set `completions` (the number of tasks) and let each task end when the queue is empty; or use a worker pool.
    Example: parallelism: 4, with no completions
    """
    batch = candidate.workload.batch
    if batch and batch.completions is None and (batch.parallelism or 1) > 1:
        yield Found(
            _at(candidate, "parallelism"),
            f"{batch.parallelism} pods work until one ends well; a Cloud Run job has a number of tasks, and all "
            "must end well",
        )


@rule(id="replicated-job", severity="change", reads=("JobSet.spec.replicatedJobs[].replicas",), docs=_JOBS)
def replicated_job(candidate: Candidate) -> Iterator[Found]:
    """A JobSet starts the same job several times over, side by side.

    Why: A Cloud Run job is one job with a number of tasks. The files and the price are those of one of the copies; each
    copy of a JobSet has tasks that are numbered from 0.
    Remedy: Execute the job once for each copy (Workflows starts them together), with what tells them apart in a
    variable (`--update-env-vars` of `gcloud run jobs execute`); or give one job all the tasks, if their numbers may run
    on.
    Example: replicatedJobs: [{name: workers, replicas: 3}]
    """
    batch = candidate.workload.batch
    if batch and batch.copies > 1:
        yield Found(
            "$.spec.replicatedJobs[0].replicas",
            f"{batch.copies} copies of the job start side by side; a Cloud Run job is one, and the files are for "
            "one copy",
        )


@rule(
    id="job-over-limit",
    severity="change",
    reads=("JobSpec.completions", "JobSpec.backoffLimit", "JobSpec.activeDeadlineSeconds"),
    docs="https://docs.cloud.google.com/run/quotas",
)
def job_over_limit(candidate: Candidate) -> Iterator[Found]:
    """The job asks for more tasks, retries or time than Cloud Run has.

    Why: An execution has at most 10,000 tasks, a task at most 10 retries, an attempt at most 168 hours.
    Remedy: Let a task do more (fewer `completions`), and set `backoffLimit` and `activeDeadlineSeconds` within the
    limits.
    Example: completions: 50000
    """
    batch = candidate.workload.batch
    limits = (
        ("completions", MAX_TASKS, "tasks"),
        ("backoffLimit", MAX_RETRIES, "retries"),
        ("activeDeadlineSeconds", MAX_TASK_TIMEOUT_S, "s for an attempt"),
    )
    asked = (batch.completions, batch.backoff_limit, batch.active_deadline_s) if batch else (None, None, None)
    for (field, limit, what), value in zip(limits, asked, strict=True):
        if value is not None and value > limit:
            yield Found(_at(candidate, field), f"{field} is {value}; Cloud Run has at most {limit} {what}")


@rule(
    id="task-over-hour",
    severity="note",
    reads=("JobSpec.activeDeadlineSeconds",),
    docs="https://docs.cloud.google.com/run/docs/configuring/task-timeout",
)
def task_over_hour(candidate: Candidate) -> Iterator[Found]:
    """A task of the job may run longer than an hour.

    Why: A task of more than an hour may be moved to another machine while it runs: its connections are lost. It gets
    SIGTSTP 10 s before, and SIGCONT after.
    Remedy: Nothing to decide: let the program connect again when a connection breaks, and go on from where it was.
    Example: activeDeadlineSeconds: 14400
    """
    batch = candidate.workload.batch
    if candidate.target == "job" and batch and (batch.active_deadline_s or 0) > UNMOVED_TASK_S:
        yield Found(
            _at(candidate, "activeDeadlineSeconds"),
            f"it may run {batch.active_deadline_s} s; a task of more than an hour may lose its connections once",
        )


@rule(
    id="gpu-task-over-hour",
    severity="change",
    reads=("JobSpec.activeDeadlineSeconds", "Container.resources"),
    docs="https://docs.cloud.google.com/run/docs/configuring/jobs/gpu",
)
def gpu_task_over_hour(candidate: Candidate) -> Iterator[Found]:
    """A job with a GPU may run longer than an hour.

    Why: On Cloud Run a task with a GPU takes at most an hour; without one it may take 168 hours.
    Remedy: Split the work into tasks of less than an hour that go on from a checkpoint, and set
    `activeDeadlineSeconds` to at most 3600; or leave the job on GKE.
    Example: kind: Job, a container with nvidia.com/gpu, and no activeDeadlineSeconds
    """
    batch = candidate.workload.batch
    moving = {c.name for c in candidate.moving}
    if candidate.target != "job" or not any(a.is_gpu and a.container in moving for a in candidate.pod.accelerators):
        return
    gpus = [a for a in candidate.pod.accelerators if a.is_gpu]
    if not all(g.offered for g in gpus) or sum(g.count for g in gpus if g.sharing is None) > 1:
        return  # no job with such GPUs is there at all
    of_pod = candidate.pod.active_deadline_s
    deadlines = [d for d in (batch.active_deadline_s if batch else None, of_pod) if d is not None]
    if not deadlines or min(deadlines) > MAX_GPU_TASK_TIMEOUT_S:
        says = f"it may run {min(deadlines)} s" if deadlines else "nothing says how long it may run"
        yield Found(_at(candidate, "activeDeadlineSeconds"), f"{says}; a task with a GPU takes at most one hour")


@rule(
    id="failure-policy", severity="note", reads=("JobSpec.podFailurePolicy", "JobSpec.podReplacementPolicy"), docs=_JOBS
)
def failure_policy(candidate: Candidate) -> Iterator[Found]:
    """The job treats some failures otherwise than others.

    Why: On Cloud Run every failed task is tried again up to its retries, whatever the reason.
    Remedy: Let the application end with success where no retry should follow, and take out `podFailurePolicy`.
    Example: podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}
    """
    batch = candidate.workload.batch
    if batch and batch.has_failure_policy:
        yield Found(
            _at(candidate, "podFailurePolicy"), "some failures are treated otherwise; Cloud Run retries every one alike"
        )


@rule(id="pod-deadline", severity="note", reads=("PodSpec.activeDeadlineSeconds",), docs=_JOBS)
def pod_deadline(candidate: Candidate) -> Iterator[Found]:
    """The pod is stopped after a time.

    Why: A Cloud Run job has a timeout for each attempt (at most 168 h); services and worker pools run as long as they
    are wanted.
    Remedy: Nothing to decide for a job: the deadline is the task's timeout. Elsewhere take out `activeDeadlineSeconds`.
    Example: activeDeadlineSeconds: 600
    """
    deadline = candidate.pod.active_deadline_s
    if deadline:
        yield Found(
            f"{candidate.pod.path}.activeDeadlineSeconds",
            f"the pod stops after {deadline} s; Cloud Run has a timeout for the tasks of a job alone",
        )
