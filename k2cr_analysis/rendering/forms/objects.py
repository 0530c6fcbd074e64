"""The neutral value as an object of the Cloud Run v1 API, in the order of Google's samples, with comments by path."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.platforms.cloud_run.annotations import (
    ACCELERATOR,
    CPU_BOOST,
    CPU_THROTTLING,
    DEPENDENCIES,
    EGRESS,
    EXECUTION_ENVIRONMENT,
    IAP,
    INGRESS,
    INTERFACES,
    MANUAL_INSTANCES,
    MAX_SCALE,
    RUN_API,
    SCALING_MODE,
    SERVICE_MIN_SCALE,
    SERVING_API,
    SESSION_AFFINITY,
)
from k2cr_analysis.platforms.cloud_run.volumes import BUCKET_DRIVER, MEDIUM_DISK, MEDIUM_MEMORY
from k2cr_analysis.rendering.spec.service import (
    BucketVolume,
    DiskVolume,
    MemoryVolume,
    NfsVolume,
    Run,
    RunContainer,
    RunEnv,
    RunJob,
    RunMount,
    RunService,
    RunTemplate,
    RunVolume,
    RunWorkerPool,
    SecretVolume,
)

Path = tuple[str | int, ...]
Tree = dict[str, Any]


@dataclass
class ApiObject:
    """``tree`` is what the API takes; ``comments`` say, by path, what made the tool choose a value."""

    tree: Tree
    comments: dict[Path, str] = field(default_factory=dict)


def api_object(run: Run) -> ApiObject:
    """``serving.knative.dev/v1`` Service, ``run.googleapis.com/v1`` Job or WorkerPool."""
    if isinstance(run, RunService):
        return _service(run)
    return _job(run) if isinstance(run, RunJob) else _worker_pool(run)


def _service(run: RunService) -> ApiObject:
    annotations: dict[str, str] = {INGRESS: run.ingress}
    if run.iap:
        annotations[IAP] = "true"
    if run.min_instances:
        annotations[SERVICE_MIN_SCALE] = str(run.min_instances)
    annotations |= _set(run, "resource")
    template = {MAX_SCALE: str(run.max_instances)}
    template[CPU_THROTTLING] = "true" if run.billing == "request" else "false"
    template[CPU_BOOST] = "true" if run.cpu_boost else "false"
    template[EXECUTION_ENVIRONMENT] = run.template.execution_environment
    if run.session_affinity:
        template[SESSION_AFFINITY] = "true"
    template |= _set(run, "template")
    template |= _shared_annotations(run.template)
    spec = {"containerConcurrency": run.concurrency, "timeoutSeconds": run.timeout_s, **_template_spec(run.template)}
    metadata: Tree = {"annotations": template}
    if run.labels:
        metadata = {"labels": dict(run.labels), **metadata}
    made = ApiObject(
        {
            "apiVersion": SERVING_API,
            "kind": "Service",
            "metadata": {"name": run.name, **_labels(run), "annotations": annotations},
            "spec": {"template": {"metadata": metadata, "spec": spec}},
        }
    )
    at: Path = ("spec", "template", "metadata", "annotations")
    comments = made.comments
    comments[("metadata", "annotations", INGRESS)] = run.why.get("ingress", "")
    comments[("metadata", "annotations", SERVICE_MIN_SCALE)] = run.why.get("min_instances", "")
    comments[(*at, MAX_SCALE)] = run.why.get("max_instances", "")
    comments[("spec", "template", "spec", "containerConcurrency")] = run.why.get("concurrency", "")
    billing = "request-based billing: CPU only while a request is in flight, or at start"
    comments[(*at, CPU_THROTTLING)] = (
        billing if run.billing == "request" else "instance-based billing: CPU for the whole life of an instance"
    )
    comments[(*at, SESSION_AFFINITY)] = run.why.get("session_affinity", "")
    comments[("spec", "template", "spec", "timeoutSeconds")] = run.why.get("timeout_s", "")
    _comment_template(made, run.template, at, ("spec", "template", "spec"))
    _comment_settings(made, run, at)
    return made


def _job(run: RunJob) -> ApiObject:
    annotations = {**_set(run, "template"), **_shared_annotations(run.template)}  # gen2 is the only one for jobs
    own = _set(run, "resource")
    task = {**_template_spec(run.template), "maxRetries": run.max_retries, "timeoutSeconds": run.timeout_s}
    made = ApiObject(
        {
            "apiVersion": RUN_API,
            "kind": "Job",
            "metadata": {"name": run.name, **_labels(run), **({"annotations": own} if own else {})},
            "spec": {
                "template": {
                    "metadata": {**_labels(run), **({"annotations": annotations} if annotations else {})},
                    "spec": {"taskCount": run.tasks, "parallelism": run.parallelism, "template": {"spec": task}},
                }
            },
        }
    )
    at: Path = ("spec", "template", "spec", "template", "spec")
    made.comments[(*at, "timeoutSeconds")] = run.why.get("timeout_s", "")
    made.comments[(*at, "maxRetries")] = run.why.get("max_retries", "")
    _comment_template(made, run.template, ("spec", "template", "metadata", "annotations"), at)
    _comment_settings(made, run, ("spec", "template", "metadata", "annotations"))
    return made


def _worker_pool(run: RunWorkerPool) -> ApiObject:
    annotations = {
        SCALING_MODE: "manual",
        MANUAL_INSTANCES: str(run.instances),
        **_set(run, "resource"),
    }
    shared = {**_set(run, "template"), **_shared_annotations(run.template)}
    template: Tree = {
        "metadata": {**_labels(run), **({"annotations": shared} if shared else {})},
        "spec": _template_spec(run.template),
    }
    made = ApiObject(
        {
            "apiVersion": RUN_API,
            "kind": "WorkerPool",
            "metadata": {"name": run.name, **_labels(run), "annotations": annotations},
            "spec": {"template": template},
        }
    )
    made.comments[("metadata", "annotations", MANUAL_INSTANCES)] = run.why.get("instances", "")
    _comment_template(made, run.template, ("spec", "template", "metadata", "annotations"), ("spec", "template", "spec"))
    _comment_settings(made, run, ("spec", "template", "metadata", "annotations"))
    return made


def _set(run: Run, of: str) -> dict[str, str]:
    return {s.setting.annotation: s.annotation_value for s in run.settings if s.setting.of == of}


def _comment_settings(made: ApiObject, run: Run, template: Path) -> None:
    for one in run.settings:
        at = ("metadata", "annotations") if one.setting.of == "resource" else template
        made.comments[(*at, one.setting.annotation)] = one.why


def _labels(run: Run) -> Tree:
    return {"labels": dict(run.labels)} if run.labels else {}


def _shared_annotations(template: RunTemplate) -> Tree:
    found: Tree = {}
    if template.depends_on:
        found[DEPENDENCIES] = compact_json(template.depends_on)
    if template.egress:
        interface: Tree = {"network": template.egress.network, "subnetwork": template.egress.subnet}
        if template.egress.tags:
            interface["tags"] = list(template.egress.tags)
        found[INTERFACES] = compact_json([interface])
        found[EGRESS] = template.egress.ranges
    return found


def compact_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _template_spec(template: RunTemplate) -> Tree:
    spec: Tree = {"serviceAccountName": template.service_account}
    if template.accelerator:
        spec["nodeSelector"] = {ACCELERATOR: template.accelerator}
    spec["containers"] = [_container(c) for c in template.containers]
    if template.volumes:
        spec["volumes"] = [_volume(v) for v in template.volumes]
    return spec


def _container(container: RunContainer) -> Tree:
    made: Tree = {"name": container.name, "image": container.image}
    if container.command:
        made["command"] = list(container.command)
    if container.args:
        made["args"] = list(container.args)
    if container.working_dir:
        made["workingDir"] = container.working_dir
    if container.port is not None:
        made["ports"] = [{"name": "h2c" if container.h2c else "http1", "containerPort": container.port}]
    if container.env:
        made["env"] = [_env(e) for e in container.env]
    limits = {"cpu": container.cpu, "memory": container.memory}
    made["resources"] = {"limits": {**limits, "nvidia.com/gpu": container.gpu} if container.gpu else limits}
    if container.startup_probe:
        made["startupProbe"] = probe_tree(container.startup_probe)
    if container.liveness_probe:
        made["livenessProbe"] = probe_tree(container.liveness_probe)
    if container.readiness_probe:
        made["readinessProbe"] = probe_tree(container.readiness_probe)
    if container.mounts:
        made["volumeMounts"] = [_mount(m) for m in container.mounts]
    return made


def _env(env: RunEnv) -> Tree:
    if env.secret is None:
        return {"name": env.name, "value": env.value or ""}
    return {"name": env.name, "valueFrom": {"secretKeyRef": {"name": env.secret.secret, "key": env.secret.version}}}


def _mount(mount: RunMount) -> Tree:
    made = {"name": mount.volume, "mountPath": mount.mount_path}
    return {**made, "subPath": mount.sub_path} if mount.sub_path else made


def probe_tree(probe: CloudRunProbe) -> Tree:
    action: Tree
    if probe.kind == "http":
        get: Tree = {"path": probe.http_path or "/", "port": probe.port}
        if probe.headers:
            get["httpHeaders"] = [{"name": name, "value": value} for name, value in probe.headers]
        action = {"httpGet": get}
    elif probe.kind == "grpc":
        action = {"grpc": {"port": probe.port, **({"service": probe.grpc_service} if probe.grpc_service else {})}}
    else:
        action = {"tcpSocket": {"port": probe.port}}
    if probe.initial_delay_s:
        action["initialDelaySeconds"] = probe.initial_delay_s
    successes = {} if probe.success_threshold is None else {"successThreshold": probe.success_threshold}
    return {
        **action,
        "periodSeconds": probe.period_s,
        "timeoutSeconds": probe.timeout_s,
        "failureThreshold": probe.failure_threshold,
        **successes,
    }


def _volume(volume: RunVolume) -> Tree:
    source = volume.source
    made: Tree
    if isinstance(source, MemoryVolume):
        made = {"emptyDir": {"medium": MEDIUM_MEMORY, "sizeLimit": source.size}}
    elif isinstance(source, DiskVolume):
        made = {"emptyDir": {"medium": MEDIUM_DISK, "sizeLimit": source.size}}
    elif isinstance(source, SecretVolume):
        made = {
            "secret": {
                "secretName": source.secret,
                "items": [{"key": version, "path": path} for version, path in source.files],
            }
        }
        if source.default_mode is not None:
            made["secret"]["defaultMode"] = source.default_mode
    elif isinstance(source, NfsVolume):
        made = {"nfs": {"server": source.server, "path": source.directory, "readOnly": source.read_only}}
    else:
        made = {
            "csi": {
                "driver": BUCKET_DRIVER,
                "readOnly": source.read_only,
                "volumeAttributes": _bucket_attributes(source),
            }
        }
    return {"name": volume.name, **made}


def _bucket_attributes(source: BucketVolume) -> Tree:
    options = {"mountOptions": source.mount_options} if source.mount_options else {}
    return {"bucketName": source.bucket, **options}


def _comment_template(made: ApiObject, template: RunTemplate, annotations: Path, spec: Path) -> None:
    comments = made.comments
    comments[(*spec, "serviceAccountName")] = template.why.get("service_account", "")
    if template.egress:
        comments[(*annotations, INTERFACES)] = template.egress.why or ""
    evidence = [w for c in template.containers if (w := c.why.get("depends_on"))]
    comments[(*annotations, DEPENDENCIES)] = "; ".join(evidence)
    for index, container in enumerate(template.containers):
        at: Path = (*spec, "containers", index)
        comments[(*at, "image")] = container.why.get("image", "")
        comments[(*at, "resources")] = container.why.get("cpu", "")
        comments[(*at, "startupProbe")] = container.why.get("startup_probe", "")
        for number, env in enumerate(container.env):
            comments[(*at, "env", number)] = env.why or ""
    for index, volume in enumerate(template.volumes):
        comments[(*spec, "volumes", index)] = volume.why or ""
