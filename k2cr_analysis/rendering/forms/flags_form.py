"""The flags form: ``gcloud run deploy --container ...``, which makes the same object as the YAML form.

Learnt from the client itself (facts in the tests, which run it): every flag of the service stands before the first
``--container``; ``--labels`` go on the service and its template; ``--cpu-boost`` is on for a new service unless said;
``--quiet`` keeps it from asking about unauthenticated calls, and then it leaves IAM alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.platforms.cloud_run.gcloud_flags import lacks
from k2cr_analysis.rendering.forms.flag_gaps import Gap, gaps_of, oldest, without, words
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service import (
    BucketVolume,
    DiskVolume,
    MemoryVolume,
    NfsVolume,
    RunContainer,
    RunJob,
    RunService,
    RunVolume,
    RunWorkerPool,
)
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, command, script
from k2cr_analysis.rendering.text.shell import flag, gcloud_list, quote

_FOLDER = '"$(dirname "${BASH_SOURCE[0]}")"'


@printer
def deploy_script(build: Build) -> str:
    """``deploy.sh``: deploys and does nothing else; by flags, or where a field has none, by the file.

    The flags are those of ``context.gcloud``: what that version lacks goes by the file.
    """
    run, version = build.run, build.context.gcloud
    if isinstance(run, RunWorkerPool):
        return _worker_pool_script(build, run)
    gaps = gaps_of(run, version)
    if not gaps:
        return _by_flags(build, run)
    return _by_file(build, run, ["The YAML form, since these have no flag:", *(f"  {w}" for w in words(gaps, version))])


def judged_script(build: Build) -> tuple[str, tuple[Gap, ...]]:
    """(``deploy.sh`` for ``context.gcloud``, what only a newer gcloud can be told by flags).

    The script leaves out what is newer instead of taking the YAML form for all, so that the rest is compared.
    """
    run = build.run
    if isinstance(run, RunWorkerPool):
        since = lacks("worker-pools", build.context.gcloud)
        group = Gap("the commands' own group", "gcloud run worker-pools", since)
        return _worker_pool_script(build, run), () if since is None else (group,)
    gaps = gaps_of(run, build.context.gcloud)
    newer = tuple(g for g in gaps if g.since is not None)
    if len(newer) < len(gaps) or not all(g.of for g in newer):
        return _by_file(build, run, []), newer
    return _by_flags(build, without(run, newer)), newer


def _by_flags(build: Build, run: RunService | RunJob) -> str:
    form = _FORMS[type(run)]
    needs = f"Needs gcloud {oldest(run)} or newer; for an older one: k2cr render --gcloud VERSION."
    said = [*_head(build), f"The same {form.what} as {form.file}. {needs}"]
    return script(said, build.context, _patiently(deploy_command(run)))


def _by_file(build: Build, run: RunService | RunJob, why: list[str]) -> str:
    form = _FORMS[type(run)]
    replace = [f"{form.group} replace {_FOLDER}/{form.file}", PROJECT, REGION, "--quiet"]
    return script([*_head(build), *why], build.context, _patiently(replace))


def _worker_pool_script(build: Build, run: RunWorkerPool) -> str:
    form = _FORMS[RunWorkerPool]
    why = [
        "The YAML form: the flags of worker pools have no probes, and deploying by flags goes to another API, so that",
        "nothing could compare the two. The command takes its region from the property.",
    ]
    since = lacks("worker-pools", build.context.gcloud)
    if since is not None:
        why.append(f"Worker pools are beta in gcloud {build.context.gcloud}; {since} has them without it.")
    group = f"gcloud {'beta ' if since is not None else ''}{form.group.removeprefix('gcloud ')}"
    replace = [f"{group} replace {_FOLDER}/{form.file}", PROJECT, "--quiet"]
    return script([*_head(build), *why], build.context, ['export CLOUDSDK_RUN_REGION="$REGION"', *_patiently(replace)])


def _patiently(words: list[str]) -> list[str]:
    """The command, tried again while the rights that prepare.sh gave are not known everywhere yet."""
    return ["patiently \\", *command(words)]


def _head(build: Build) -> list[str]:
    return [
        f"{build.workload.id} -> Cloud Run {_FORMS[type(build.run)].what} {build.run.name}. Written by k2cr.",
        "Deploys, and does nothing else. The whole order is in cutover.md.",
    ]


@dataclass(frozen=True, slots=True)
class _Form:
    """``group``: gcloud's group of commands; ``deploy``: its word for deploying by flags, where it is used."""

    what: str
    file: str
    group: str
    deploy: str = ""


_FORMS: Mapping[type, _Form] = {
    RunService: _Form("service", "service.yaml", "gcloud run services", "gcloud run deploy"),
    RunJob: _Form("job", "job.yaml", "gcloud run jobs", "gcloud run jobs deploy"),
    RunWorkerPool: _Form("worker pool", "worker-pool.yaml", "gcloud run worker-pools"),
}


def deploy_command(run: RunService | RunJob) -> list[str]:
    """``gcloud run deploy`` and its flags, quoted for bash: the resource's own, then container by container."""
    words = [f"{_FORMS[type(run)].deploy} {quote(run.name)}", PROJECT, REGION, "--quiet"]
    words.append(flag("service-account", run.template.service_account))
    if isinstance(run, RunService):
        words += _service_flags(run)
    else:
        words += [f"--tasks={run.tasks}", f"--parallelism={run.parallelism}"]
        words += [f"--max-retries={run.max_retries}", f"--task-timeout={run.timeout_s}s"]
    words += _shared_flags(run)
    for container in run.template.containers:
        words += _container_flags(container)
    return words


def _service_flags(run: RunService) -> list[str]:
    flags = [flag("ingress", run.ingress), f"--concurrency={run.concurrency}", f"--timeout={run.timeout_s}s"]
    flags += [f"--min={run.min_instances}"] if run.min_instances else []
    flags += [f"--max-instances={run.max_instances}"]
    flags += ["--cpu-throttling" if run.billing == "request" else "--no-cpu-throttling"]
    flags += ["--cpu-boost" if run.cpu_boost else "--no-cpu-boost"]
    flags += [f"--execution-environment={run.template.execution_environment}"]
    return flags + (["--session-affinity"] if run.session_affinity else [])


def _shared_flags(run: RunService | RunJob) -> list[str]:
    """What services and jobs have in common: settings, network, labels, volumes."""
    template = run.template
    flags = [s.flag for s in run.settings if s.flag]
    if template.egress:
        flags += [flag("network", template.egress.network), flag("subnet", template.egress.subnet)]
        flags += [flag("network-tags", gcloud_list(template.egress.tags))] if template.egress.tags else []
        flags += [f"--vpc-egress={template.egress.ranges}"]
    if run.labels:
        flags.append(flag("labels", gcloud_list([f"{k}={v}" for k, v in run.labels.items()])))
    flags += [flag("gpu-type", template.accelerator)] if template.accelerator else []
    return flags + [flag("add-volume", _volume_words(v)) for v in template.volumes]


def _volume_words(volume: RunVolume) -> str:
    source = volume.source
    if isinstance(source, MemoryVolume):
        return gcloud_list([f"name={volume.name}", "type=in-memory", f"size-limit={source.size}"])
    if isinstance(source, DiskVolume):
        return gcloud_list([f"name={volume.name}", "type=ephemeral-disk", f"size={source.size}"])
    if isinstance(source, NfsVolume):
        return gcloud_list(
            [
                f"name={volume.name}",
                "type=nfs",
                f"location={source.server}:{source.directory}",
                f"readonly={str(source.read_only).lower()}",
            ]
        )
    if isinstance(source, BucketVolume):
        return gcloud_list(
            [
                f"name={volume.name}",
                "type=cloud-storage",
                f"bucket={source.bucket}",
                f"readonly={str(source.read_only).lower()}",
                *([f"mount-options={source.mount_options}"] if source.mount_options else []),
            ]
        )
    raise AssertionError("secret volumes take the YAML form")


def _container_flags(container: RunContainer) -> list[str]:
    flags = [flag("container", container.name), flag("image", container.image)]
    if container.port is not None:
        flags.append(f"--port={container.port}")
        flags += ["--use-http2"] if container.h2c else []
    flags += [flag("command", gcloud_list(container.command))] if container.command else []
    flags += [flag("args", gcloud_list(container.args))] if container.args else []
    flags += [flag("workdir", container.working_dir)] if container.working_dir else []
    literals = [f"{e.name}={e.value or ''}" for e in container.env if e.secret is None]
    flags += [flag("set-env-vars", gcloud_list(literals))] if literals else []
    secrets = [f"{e.name}={e.secret.secret}:{e.secret.version}" for e in container.env if e.secret is not None]
    flags += [flag("set-secrets", gcloud_list(secrets))] if secrets else []
    flags += [flag("cpu", container.cpu), flag("memory", container.memory)]
    flags += [flag("gpu", container.gpu)] if container.gpu else []
    flags += [flag("depends-on", gcloud_list(container.depends_on))] if container.depends_on else []
    flags += [flag("startup-probe", _probe_words(container.startup_probe))] if container.startup_probe else []
    flags += [flag("liveness-probe", _probe_words(container.liveness_probe))] if container.liveness_probe else []
    flags += [flag("readiness-probe", _probe_words(container.readiness_probe))] if container.readiness_probe else []
    return flags + [
        flag("add-volume-mount", gcloud_list([f"volume={m.volume}", f"mount-path={m.mount_path}"]))
        for m in container.mounts
    ]


def _probe_words(probe: CloudRunProbe) -> str:
    if probe.kind == "http":
        action = [f"httpGet.path={probe.http_path or '/'}", f"httpGet.port={probe.port}"]
    elif probe.kind == "grpc":
        action = [f"grpc.port={probe.port}", *([f"grpc.service={probe.grpc_service}"] if probe.grpc_service else [])]
    else:
        action = [f"tcpSocket.port={probe.port}"]
    delay = [f"initialDelaySeconds={probe.initial_delay_s}"] if probe.initial_delay_s else []
    successes = [f"successThreshold={probe.success_threshold}"] if probe.success_threshold is not None else []
    return gcloud_list(
        [
            *action,
            *delay,
            f"periodSeconds={probe.period_s}",
            f"timeoutSeconds={probe.timeout_s}",
            f"failureThreshold={probe.failure_threshold}",
            *successes,
        ]
    )
