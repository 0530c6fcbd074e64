"""The flags form: ``gcloud run deploy --container ...``, which makes the same object as the YAML form.

Learnt from the client itself (facts in the tests, which run it): every flag of the service stands before the first
``--container``; ``--labels`` go on the service and its template; ``--cpu-boost`` is on for a new service unless said;
``--quiet`` keeps it from asking about unauthenticated calls, and then it leaves IAM alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service import (
    BucketVolume,
    MemoryVolume,
    NfsVolume,
    RunContainer,
    RunJob,
    RunService,
    RunVolume,
    RunWorkerPool,
    SecretVolume,
)
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, command, comment, script
from k2cr_analysis.rendering.text.shell import flag, gcloud_list, quote

_FOLDER = '"$(dirname "${BASH_SOURCE[0]}")"'


@printer
def deploy_script(build: Build) -> str:
    """``deploy.sh``: deploys and does nothing else; by flags, or where a field has none, by the file."""
    run, form = build.run, _FORMS[type(build.run)]
    head = [
        f"{build.workload.id} -> Cloud Run {form.what} {run.name}. Written by k2cr.",
        "Deploys, and does nothing else. The whole order is in cutover.md.",
    ]
    if isinstance(run, RunWorkerPool):
        head += [
            "The YAML form: worker pools are beta in gcloud 528, its flags have no probes, and deploying by flags goes",
            "to another API, so that nothing could compare the two. The command takes its region from the property.",
        ]
        replace = [f"{form.group} replace {_FOLDER}/{form.file}", PROJECT, "--quiet"]
        return script(head, build.context, ['export CLOUDSDK_RUN_REGION="$REGION"', *command(replace)])
    unsaid = fields_without_flag(run)
    if not unsaid:
        return script([*head, f"The same {form.what} as {form.file}."], build.context, command(deploy_command(run)))
    head.append("The YAML form, since these have no flag:")
    head += [f"  {field}" for field in unsaid]
    words = [f"{form.group} replace {_FOLDER}/{form.file}", PROJECT, REGION, "--quiet"]
    return script(head, build.context, command(words))


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
    RunWorkerPool: _Form("worker pool", "worker-pool.yaml", "gcloud beta run worker-pools"),
}


def fields_without_flag(run: RunService | RunJob) -> list[str]:
    """Fields that no flag of gcloud 528's GA track sets, each with its place."""
    found = []
    if isinstance(run, RunService) and run.iap:
        found.append("run.googleapis.com/iap-enabled (--iap is beta in gcloud 528, and changes IAM as well)")
    found += [f"{s.setting.annotation} (no flag in gcloud 528's GA track)" for s in run.settings if s.flag is None]
    for c in run.template.containers:
        at = f"containers[{c.name}]"
        found += [f"{at}.workingDir"] if c.working_dir else []
        found += [
            f"{at}.{field} (a word stands twice in it: the flag refuses that)"
            for field, words in (("command", c.command), ("args", c.args))
            if len(set(words)) < len(words)
        ]
        found += [
            f"{at}.{kind}.httpGet.httpHeaders"
            for kind, p in (("startupProbe", c.startup_probe), ("livenessProbe", c.liveness_probe))
            if p and p.headers and isinstance(run, RunService)
        ]
        found += [
            f"{at}.{kind} (jobs have no flags of probes)"
            for kind, p in (("startupProbe", c.startup_probe), ("livenessProbe", c.liveness_probe))
            if p and not isinstance(run, RunService)
        ]
        found += [f"{at}.volumeMounts[{m.mount_path}].subPath" for m in c.mounts if m.sub_path]
        found += [
            f"{at}.env[{e.name}] (the flag strips blanks around names)" for e in c.env if e.name != e.name.strip()
        ]
    for volume in run.template.volumes:
        if isinstance(volume.source, SecretVolume):
            found.append(f"volumes[{volume.name}] (--set-secrets invents a new volume name at each run)")
        if isinstance(volume.source, BucketVolume) and volume.source.mount_options:
            found.append(f"volumes[{volume.name}].csi.volumeAttributes.mountOptions (beta in gcloud 528)")
    return [comment(f)[2:] for f in found]


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
    literals = [f"{e.name}={e.value or ''}" for e in container.env if e.secret is None]
    flags += [flag("set-env-vars", gcloud_list(literals))] if literals else []
    secrets = [f"{e.name}={e.secret.secret}:{e.secret.version}" for e in container.env if e.secret is not None]
    flags += [flag("set-secrets", gcloud_list(secrets))] if secrets else []
    flags += [flag("cpu", container.cpu), flag("memory", container.memory)]
    flags += [flag("gpu", container.gpu)] if container.gpu else []
    flags += [flag("depends-on", gcloud_list(container.depends_on))] if container.depends_on else []
    flags += [flag("startup-probe", _probe_words(container.startup_probe))] if container.startup_probe else []
    flags += [flag("liveness-probe", _probe_words(container.liveness_probe))] if container.liveness_probe else []
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
    return gcloud_list(
        [
            *action,
            *delay,
            f"periodSeconds={probe.period_s}",
            f"timeoutSeconds={probe.timeout_s}",
            f"failureThreshold={probe.failure_threshold}",
        ]
    )
