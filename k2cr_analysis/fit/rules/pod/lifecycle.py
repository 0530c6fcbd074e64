"""Start, stop and updates of pods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.evidence.containers import is_of_mesh
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.entrances.program_timeouts import seconds_in
from k2cr_analysis.model.pod.environment import variables_of
from k2cr_analysis.model.pod.lifecycle import Hook
from k2cr_analysis.platforms.cloud_run.limits import STOP_GRACE_S
from k2cr_analysis.platforms.cloud_run.volumes import BUCKET_DRIVER

_CONTRACT = "https://docs.cloud.google.com/run/docs/container-contract"
_API_DEFAULT_S = 30  # what the API server fills in: nobody's wish
_SLEEP = re.compile(r"(?:^|[\s/;&])sleep\s+[\d.]+[smh]?\s*;?\s*$")


@rule(
    id="grace-period-over-limit",
    severity="change",
    reads=("PodSpec.terminationGracePeriodSeconds", "Container.env[].value", "Container.args", "Container.command"),
    docs=_CONTRACT,
)
def grace_period_over_limit(candidate: Candidate) -> Iterator[Found]:
    """The pod, or a program in it, wants longer to stop than Cloud Run gives.

    Why: Cloud Run sends SIGTERM, waits 10 s, then kills the instance.
    Remedy: Finish within 10 s, or hand the rest to a queue or a job; then set `terminationGracePeriodSeconds: 10`.
    Example: terminationGracePeriodSeconds: 60
    """
    asked_s = candidate.pod.termination_grace_period_s
    if asked_s is not None and asked_s > STOP_GRACE_S and asked_s != _API_DEFAULT_S:
        yield Found(
            f"{candidate.pod.path}.terminationGracePeriodSeconds",
            f"asks for {asked_s} s to stop; Cloud Run gives {STOP_GRACE_S} s",
        )
        return
    for at, said, seconds in _own_grace(candidate):
        if seconds > STOP_GRACE_S:
            yield Found(at, f"{said} lets it take {seconds:g} s to stop; Cloud Run gives {STOP_GRACE_S} s")
            return


# How long a program itself goes on after SIGTERM: SHUTDOWN_TIMEOUT=25s, Spring's phases, gunicorn's --graceful-timeout.
_GRACE_NAME = re.compile(
    r"(?:\w+_)?(?:SHUTDOWN|GRACEFUL|DRAIN|TERMINATION)_(?:GRACE_)?(?:TIMEOUT|PERIOD|DELAY|WAIT)(?:_S|_SECS?|_SECONDS|_MS|_MILLIS)?"
    r"|(?:\w+_)?GRACE_PERIOD(?:_S|_SECS?|_SECONDS|_MS)?|SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE",
    re.IGNORECASE,
)
_GRACE_FLAG = re.compile(r"--(?:graceful|shutdown|drain)[-_](?:shutdown[-_])?(?:timeout|period|delay)[= ](\S+)")


def _own_grace(candidate: Candidate) -> Iterator[tuple[str, str, float]]:
    for container in candidate.moving:
        for variable in variables_of(candidate.workload, container):
            seconds = seconds_in(variable.value or "", variable.name) if _GRACE_NAME.fullmatch(variable.name) else None
            if seconds is not None:
                yield variable.path, f"env {variable.name} of container {container.name}", seconds
        found = _GRACE_FLAG.search(" ".join((*container.command, *container.args)))
        if found and (seconds := seconds_in(found[1])) is not None:
            at = f"{container.path}.{'args' if container.args else 'command'}"
            yield at, f"{found.group()} of container {container.name}", seconds


def _is_pause(hook: Hook) -> bool:
    """A hook that only waits, so that load balancers notice the end of the pod."""
    if hook.sleep_s is not None:
        return True
    command = " ".join(hook.command)
    return (
        bool(command)
        and bool(_SLEEP.search(command))
        and not re.search(r"&&|\|\||\bkill\b|curl|wget|nginx|;.*\w", command.removesuffix(";"))
    )


@rule(
    id="stop-hook",
    severity="change",
    reads=("Container.lifecycle.preStop", "Container.lifecycle.stopSignal"),
    docs=_CONTRACT,
)
def stop_hook(candidate: Candidate) -> Iterator[Found]:
    """A container runs a hook before it stops.

    Why: Cloud Run has no hooks. It sends SIGTERM and waits 10 s.
    Remedy: Do in the application's SIGTERM handler what `lifecycle.preStop` does.
    Example: lifecycle: {preStop: {exec: {command: [nginx, -s, quit]}}}
    """
    for container in candidate.moving:
        hook = container.lifecycle.pre_stop
        if hook and not _is_pause(hook):
            yield Found(
                f"{container.path}.lifecycle.preStop",
                f"container {container.name} runs a hook before it stops; Cloud Run sends SIGTERM alone",
            )
        signal = container.lifecycle.stop_signal
        if signal not in (None, "SIGTERM"):
            yield Found(
                f"{container.path}.lifecycle.stopSignal",
                f"container {container.name} stops on {signal}; Cloud Run sends SIGTERM",
            )


@rule(id="pause-before-stop", severity="note", reads=("Container.lifecycle.preStop",), docs=_CONTRACT)
def pause_before_stop(candidate: Candidate) -> Iterator[Found]:
    """A container pauses before it stops.

    Why: In a cluster the pause lets load balancers notice that the pod goes. Cloud Run sends no new requests to an
    instance before it stops it.
    Remedy: Nothing to decide: the pause is left out.
    Example: lifecycle: {preStop: {exec: {command: [sleep, "5"]}}}
    """
    for container in candidate.moving:
        hook = container.lifecycle.pre_stop
        if hook and _is_pause(hook):
            yield Found(
                f"{container.path}.lifecycle.preStop",
                f"container {container.name} only pauses before it stops; Cloud Run needs no pause",
            )


@rule(id="start-hook", severity="change", reads=("Container.lifecycle.postStart",), docs=_CONTRACT)
def start_hook(candidate: Candidate) -> Iterator[Found]:
    """A container runs a hook after it started.

    Why: Cloud Run has no hooks.
    Remedy: Do it in the image's entrypoint before the application starts, or in a job before the deployment; then take
    out `lifecycle.postStart`.
    Example: lifecycle: {postStart: {exec: {command: [/register.sh]}}}
    """
    for container in candidate.moving:
        if container.lifecycle.post_start:
            yield Found(
                f"{container.path}.lifecycle.postStart",
                f"container {container.name} runs a hook after its start; Cloud Run has none",
            )


@rule(
    id="one-at-a-time",
    severity="note",
    reads=("Deployment.spec.strategy",),
    docs="https://docs.cloud.google.com/run/docs/configuring/max-instances",
)
def one_at_a_time(candidate: Candidate) -> Iterator[Found]:
    """The Deployment stops its old pods before it starts new ones.

    Why: On Cloud Run an old and a new revision overlap for a while, and even `max-instances: 1` can be exceeded for
    moments.
    Remedy: If two at once do harm, take a lock in a database or in Cloud Storage. The nearest thing to exactly one
    long-running pod is a Cloud Run instance (`gcloud beta run instances`, Preview since 2026-08-25); k2cr does not
    recommend it: it does not scale, has no disk, is restarted every week or two, and is billed for its lifetime.
    Example: strategy: {type: Recreate}
    """
    if candidate.workload.strategy == "Recreate":
        yield Found(
            "$.spec.strategy.type", "old pods stop before new ones start; on Cloud Run revisions overlap for a while"
        )


@rule(
    id="restarted-on-change",
    severity="note",
    reads=("Workload.metadata.annotations", "PodTemplateSpec.metadata.annotations"),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/secrets",
)
def restarted_on_change(candidate: Candidate) -> Iterator[Found]:
    """A controller starts the pods anew when a ConfigMap or a Secret changes.

    Why: On Cloud Run variables are part of a revision, and a secret's `latest` is read when an instance starts: nothing
    starts instances anew because a value changed.
    Remedy: Let the pipeline that changes a value deploy a revision (`./prepare.sh refresh`, then `./deploy.sh`); or
    mount secrets as files, which are read anew.
    Example: annotations: {reloader.stakater.com/auto: "true"}
    """
    places = (("$.metadata", candidate.workload.annotations), (candidate.metadata_path(), candidate.pod.annotations))
    for path, said in places:
        for key, value in said.items():
            if key.startswith(_RESTARTERS) and value.lower() not in ("", "false"):
                yield Found(
                    bracketed(f"{path}.annotations", key),
                    f"pods start anew when what they read changes ({key}); on Cloud Run a deployment does that",
                )
                return


# Stakater's Reloader and Wave.
_RESTARTERS = (
    "reloader.stakater.com/", "configmap.reloader.stakater.com/", "secret.reloader.stakater.com/",
    "wave.pusher.com/update-on-config-change",
)  # fmt: skip


_INIT_REMEDIES: tuple[tuple[str, str, str], ...] = (
    (
        r"migrat|flyway|liquibase|alembic|db[:-]?(?:setup|prepare|init)|schema|\bseed|createdb|manage\.py|prisma|knex|goose|dbmate|\brake\b",
        "a migration",
        "Make it a Cloud Run job that runs before each deploy (`gcloud run jobs execute NAME --wait`), and take "
        "it out of `spec.initContainers`.",
    ),
    (
        r"wait[-_]?for|until\s|nslookup|pg_isready|nc\s+-|netcat"
        r"|dockerize|while\s+!|k8s-wait|isready|--retry-connrefused|wait-|wait4|curl .*until|\bping\b",
        "a wait for something else",
        "Take it out: what runs beside the application goes into `depends_on` with a start-up probe; for "
        "anything else let the application try again, and give `startupProbe` the time.",
    ),
    (
        r"sysctl|vm\.max_map_count|ulimit",
        "a change of kernel parameters",
        "Take it out: Cloud Run sets no kernel parameters; configure the application to do without.",
    ),
    (
        r"\bcert|openssl|keytool|step-ca|truststore",
        "fetching or making certificates",
        "Put certificates into Secret Manager and mount them as files (`volumes[].secret`); TLS in front of the "
        "service is Cloud Run's.",
    ),
    (
        r"vault|secret|gcloud secrets|berglas",
        "fetching secrets",
        "Refer to Secret Manager instead: `env[].valueFrom.secretKeyRef` or `volumes[].secret`.",
    ),
    (
        r"git clone|git-sync|\bgit\b",
        "fetching a repository",
        "Copy the files into the image when it is built, or mount a bucket with them.",
    ),
    (
        r"gsutil|gcloud storage|aws s3|wget|curl|download|fetch|huggingface|model",
        "a download",
        f"Mount a bucket with the files (`csi: {BUCKET_DRIVER}`), or copy them into the image when it is built.",
    ),
    (
        r"\bchown\b|\bchmod\b|volume-permissions|permissions|setfacl",
        "a change of file owners",
        "Take it out: Cloud Run's volumes of memory belong to the container's user; set owners of files in the "
        "Dockerfile.",
    ),
    (
        r"(?:^|[\s/;&'\"\[])(?:cp|mv|rsync|tar|unzip|ln|install)\s|copy|envsubst|sed\s|tee\s|echo\s|cat\s|mkdir|agent|plugins?",
        "copying or writing files",
        "Do it when the image is built (`COPY --from=...`), or in the image's entrypoint before the application "
        "starts.",
    ),
)


@rule(
    id="init-container",
    severity="change",
    reads=("PodSpec.initContainers",),
    docs="https://docs.cloud.google.com/run/docs/deploying",
)
def init_container(candidate: Candidate) -> Iterator[Found]:
    """An init container runs before the application.

    Why: Cloud Run has no init containers: all containers of an instance start together, in the order of their
    dependencies, and keep running.
    Remedy: Fold it into the entrypoint of the application's image, or make it a job that runs before each deploy; then
    take it out of `spec.initContainers`.
    Example: initContainers: [{name: migrate, image: app, command: [migrate]}]
    """
    for container in candidate.pod.init_containers:
        if is_of_mesh(container):
            continue
        words = " ".join((container.name, container.image or "", *container.command, *container.args)).lower()
        known = next(((what, remedy) for pattern, what, remedy in _INIT_REMEDIES if re.search(pattern, words)), None)
        kind = f" ({known[0]}, by its words)" if known else ""
        message = f"init container {container.name} runs before the application{kind}; Cloud Run has none"
        yield Found(container.path, message, known[1] if known else None)


@rule(
    id="migrates-at-start",
    severity="note",
    reads=("Container.command", "Container.args"),
    docs="https://docs.cloud.google.com/run/docs/create-jobs",
)
def migrates_at_start(candidate: Candidate) -> Iterator[Found]:
    """A container changes the database's schema each time that it starts, before it serves.

    Why: On Cloud Run instances start whenever load asks for them, several at once: each start waits for the migration,
    and two may run it at the same time.
    Remedy: Nothing to decide where the tool takes a lock. Else run it once before the deploy: a Cloud Run job with the
    same image and that command.
    Example: command: [sh, -c, "alembic upgrade head && uvicorn app:app"]
    """
    if candidate.target != "service":
        return
    for container in candidate.moving:
        for field, words in (("command", container.command), ("args", container.args)):
            for i, word in enumerate(words):
                found = _MIGRATES.search(word)
                if found and word[found.end() :].strip(" ;&\n"):
                    yield Found(
                        f"{container.path}.{field}[{i}]",
                        f"container {container.name} runs `{found.group().strip()}` at each start, before it serves",
                    )


_MIGRATES = re.compile(
    r"\b(?:alembic upgrade|manage\.py migrate|rake db:migrate|rails db:(?:migrate|prepare)|prisma migrate deploy"
    r"|prisma db push|knex migrate:latest|typeorm migration:run|sequelize(?:-cli)? db:migrate|artisan migrate"
    r"|flyway migrate|liquibase update|goose up|migrate -path|flask db upgrade|diesel migration run|drizzle-kit migrate"
    r"|doctrine:migrations:migrate|aerich upgrade|dotnet ef database update|npm run migrat\w*|yarn migrat\w*)\b[^;&|]*"
)
