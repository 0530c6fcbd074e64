"""Rows about the service, job or worker pool: its name, scaling, time-outs, tasks, annotations and volumes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from k2cr_analysis.openapi.quantity import bytes_of
from k2cr_analysis.openapi.refusals.instances import instance_of
from k2cr_analysis.openapi.refusals.table import GPU, V1, Place, Spec, refuses
from k2cr_analysis.platforms.cloud_run.annotations import (
    CONCURRENCY_TARGET,
    CPU_TARGET,
    DEPENDENCIES,
    EGRESS,
    EXECUTION_ENVIRONMENT,
    INGRESS,
    INTERFACES,
    MAX_SCALE,
    MIN_SCALE,
    RUN,
    SERVICE_MAX_SCALE,
    SERVICE_MIN_SCALE,
)
from k2cr_analysis.platforms.cloud_run.gpu import MAX_GPU_TASK_TIMEOUT_S
from k2cr_analysis.platforms.cloud_run.limits import (
    DEFAULT_RETRIES,
    DEFAULT_TASK_TIMEOUT_S,
    DEFAULT_TIMEOUT_S,
    MAX_RETRIES,
    MAX_SERVICE_NAME,
    MAX_TASK_TIMEOUT_S,
    MAX_TASKS,
    MAX_TIMEOUT_S,
)
from k2cr_analysis.platforms.cloud_run.probes import (
    DEFAULT_FAILURES,
    DEFAULT_PERIOD_S,
    MAX_STARTUP_S,
)
from k2cr_analysis.platforms.cloud_run.scaling import MAX_CONCURRENCY_TARGET, MAX_CPU_TARGET, MIN_TARGET
from k2cr_analysis.platforms.cloud_run.volumes import (
    BUCKET_DRIVER,
    MAX_DISKS,
    MEDIUM_DISK,
    MEDIUM_MEMORY,
    MIN_DISK_BYTES,
)
from k2cr_analysis.platforms.source import Source

_RUN = "https://docs.cloud.google.com/run/"
_DEPLOYING = Source(f"{_RUN}docs/deploying", "2026-11-30")
_QUOTAS = Source(f"{_RUN}quotas", "2026-11-30")
_TIMEOUT = Source(f"{_RUN}docs/configuring/request-timeout", "2026-11-30")
_SCALING = Source(f"{_RUN}docs/configuring/max-instances", "2026-11-30")
_CONTROLS = Source(f"{_RUN}docs/configuring/scaling-controls", "2026-11-30")
_CONTRACT = Source(f"{_RUN}docs/container-contract", "2026-11-30")
_DISKS = Source(f"{_RUN}docs/configuring/services/ephemeral-disk", "2026-11-30")
_VPC = Source(f"{_RUN}docs/configuring/vpc-direct-vpc", "2026-11-30")
_LABELS = Source("https://docs.cloud.google.com/resource-manager/docs/labels-overview", "2026-11-30")

_NAME = re.compile(rf"[a-z]([a-z0-9-]{{0,{MAX_SERVICE_NAME - 2}}}[a-z0-9])?")
_VOLUME_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TAG = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_RESERVED_VOLUME = "cloudsql"
_MAX_DESCRIPTION = 512
_WORDS = {
    INGRESS: ("all", "internal", "internal-and-cloud-load-balancing"),
    EGRESS: ("private-ranges-only", "all-traffic", "all"),
    EXECUTION_ENVIRONMENT: ("gen1", "gen2"),
    f"{RUN}post-key-revocation-action-type": ("prevent-new", "shut-down"),
}


@refuses(
    "name",
    f"lower case letters, digits and hyphens, at most {MAX_SERVICE_NAME}, beginning with a letter",
    _DEPLOYING,
)
def _name(spec: Spec) -> Iterator[Place]:
    if not _NAME.fullmatch(spec.name):
        yield "metadata.name", repr(spec.name)


@refuses(
    "label",
    "labels are lower case letters, digits, hyphens and underscores, at most 63, the key from a letter",
    _LABELS,
)
def _labels(spec: Spec) -> Iterator[Place]:
    for key, value in spec.labels.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            yield f"metadata.labels[{key}]", repr(value)


@refuses("request-timeout", f"a request takes 1 to {MAX_TIMEOUT_S} s", _TIMEOUT)
def _timeout(spec: Spec) -> Iterator[Place]:
    if spec.is_service and not 1 <= int(spec.fields.get("timeoutSeconds", DEFAULT_TIMEOUT_S)) <= MAX_TIMEOUT_S:
        yield "timeoutSeconds", str(spec.fields["timeoutSeconds"])


@refuses("tasks", f"1 to {MAX_TASKS} tasks, 0 to {MAX_RETRIES} retries, 1 to {MAX_TASK_TIMEOUT_S} s a try", _QUOTAS)
def _tasks(spec: Spec) -> Iterator[Place]:
    if spec.kind != "Job":
        return
    tasks, retries = int(spec.execution.get("taskCount", 1)), int(spec.fields.get("maxRetries", DEFAULT_RETRIES))
    if not 1 <= tasks <= MAX_TASKS:
        yield "taskCount", str(tasks)
    if int(spec.execution.get("parallelism", 0)) < 0:
        yield "parallelism", str(spec.execution["parallelism"])
    if not 0 <= retries <= MAX_RETRIES:
        yield "maxRetries", str(retries)
    if not 1 <= int(spec.fields.get("timeoutSeconds", DEFAULT_TASK_TIMEOUT_S)) <= MAX_TASK_TIMEOUT_S:
        yield "timeoutSeconds", str(spec.fields["timeoutSeconds"])


@refuses("gpu-task-timeout", f"a task with a GPU takes at most {MAX_GPU_TASK_TIMEOUT_S} s", GPU)
def _gpu_task(spec: Spec) -> Iterator[Place]:
    one = instance_of(spec) if spec.kind == "Job" else None
    timeout = int(spec.fields.get("timeoutSeconds", DEFAULT_TASK_TIMEOUT_S))
    if one is not None and one.gpu and timeout > MAX_GPU_TASK_TIMEOUT_S:
        yield "timeoutSeconds", str(timeout)


@refuses(
    "scale-bounds",
    "least and most instances are whole numbers, the most 1 or more and not below the least",
    _SCALING,
)
def _bounds(spec: Spec) -> Iterator[Place]:
    for given, least, most in (
        (spec.annotations, MIN_SCALE, MAX_SCALE),
        (spec.own, SERVICE_MIN_SCALE, SERVICE_MAX_SCALE),
    ):
        texts = {key: given[key] for key in (least, most) if key in given}
        wrong = {key: text for key, text in texts.items() if not text.isdecimal()}
        yield from ((f"annotations[{key}]", repr(text)) for key, text in wrong.items())
        if wrong:
            continue
        if most in texts and int(texts[most]) < max(1, int(texts.get(least, 0))):
            yield f"annotations[{most}]", f"{texts[most]} with at least {texts.get(least, 0)}"


@refuses(
    "scaling-target",
    f"CPU {MIN_TARGET} to {MAX_CPU_TARGET}, concurrency {MIN_TARGET} to {MAX_CONCURRENCY_TARGET}, or "
    "disabled, not both",
    _CONTROLS,
    carried=True,
)
def _targets(spec: Spec) -> Iterator[Place]:
    both = [spec.annotations.get(key) for key in (CPU_TARGET, CONCURRENCY_TARGET)]
    if both == ["disabled", "disabled"]:
        yield f"annotations[{CPU_TARGET}]", "both targets are disabled"
    for key, most in ((CPU_TARGET, MAX_CPU_TARGET), (CONCURRENCY_TARGET, MAX_CONCURRENCY_TARGET)):
        text = spec.annotations.get(key)
        if text is not None and text != "disabled" and not MIN_TARGET <= _number(text) <= most:
            yield f"annotations[{key}]", repr(text)


@refuses("annotation-word", "an annotation with a list of words has one of them", V1)
def _words(spec: Spec) -> Iterator[Place]:
    for key, allowed in _WORDS.items():
        text = {**spec.annotations, **spec.own}.get(key)
        if text is not None and text not in allowed:
            yield f"annotations[{key}]", repr(text)


@refuses("description", f"a description has at most {_MAX_DESCRIPTION} characters", V1, carried=True)
def _description(spec: Spec) -> Iterator[Place]:
    text = spec.own.get(f"{RUN}description", "")
    if len(text) > _MAX_DESCRIPTION:
        yield f"annotations[{RUN}description]", f"{len(text)} characters"


@refuses("start-order", "containers wait for containers of the template, in no circle", _CONTRACT)
def _order(spec: Spec) -> Iterator[Place]:
    text = spec.annotations.get(DEPENDENCIES)
    if text is None:
        return
    at, waits = f"annotations[{DEPENDENCIES}]", _json(text)
    if not isinstance(waits, dict) or not all(isinstance(others, list) for others in waits.values()):
        yield at, "not a JSON object of lists"
        return
    names = {c.get("name") for c in spec.containers}
    strangers = sorted({str(n) for name, others in waits.items() for n in (name, *others)} - names)
    if strangers:
        yield at, f"no container {', '.join(strangers)}"
    if _has_circle(waits):
        yield at, "a circle"


@refuses("start-up-budget", f"containers that wait for each other start within {MAX_STARTUP_S} s in all", _CONTRACT)
def _budget(spec: Spec) -> Iterator[Place]:
    waits = _json(spec.annotations.get(DEPENDENCIES)) or {}
    if not isinstance(waits, dict) or _has_circle(waits):
        return
    allowed = {str(c.get("name")): _allowed_s(c.get("startupProbe")) for c in spec.containers}

    def longest(name: str) -> int:
        return allowed.get(name, 0) + max((longest(other) for other in waits.get(name, ())), default=0)

    for name in allowed:
        if longest(name) > MAX_STARTUP_S:
            yield "containers", f"{name} and what it waits for may take {longest(name)} s"


@refuses(
    "network-interface",
    "exactly one interface, with a network or a subnet, and tags by the grammar of Compute",
    _VPC,
)
def _interfaces(spec: Spec) -> Iterator[Place]:
    text = spec.annotations.get(INTERFACES)
    if text is None:
        return
    at, found = f"annotations[{INTERFACES}]", _json(text)
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        yield at, "not a JSON list of exactly one interface"
        return
    if not found[0].get("network") and not found[0].get("subnetwork"):
        yield at, "neither network nor subnetwork"
    for tag in found[0].get("tags") or ():
        if not _TAG.fullmatch(str(tag)):
            yield at, f"the tag {tag!r}"


@refuses("volume", "a volume has a name of its own (not cloudsql) and one source: emptyDir, secret, nfs, csi", V1)
def _volumes(spec: Spec) -> Iterator[Place]:
    names = [str(v.get("name", "")) for v in spec.volumes]
    for i, volume in enumerate(spec.volumes):
        name, sources = names[i], [key for key in volume if key != "name"]
        if not _VOLUME_NAME.fullmatch(name) or name == _RESERVED_VOLUME or name in names[:i]:
            yield f"volumes[{i}].name", repr(name)
        if len(sources) != 1 or sources[0] not in ("emptyDir", "secret", "nfs", "csi"):
            yield f"volumes[{i}]", ", ".join(sources) or "no source"


@refuses(
    "volume-source", "secrets by their name with relative paths; drivers and media that Cloud Run has", V1, carried=True
)
def _sources(spec: Spec) -> Iterator[Place]:
    for i, volume in enumerate(spec.volumes):
        at = f"volumes[{i}]"
        secret, disk, csi, nfs = (volume.get(k) for k in ("secret", "emptyDir", "csi", "nfs"))
        if secret is not None:
            if not _SECRET.fullmatch(str(secret.get("secretName"))):
                yield f"{at}.secret.secretName", repr(secret.get("secretName"))
            for j, item in enumerate(secret.get("items") or ()):
                path = str(item.get("path") or "")
                if not path or path.startswith(("/", "..")) or ".." in path.split("/") or not item.get("key"):
                    yield f"{at}.secret.items[{j}]", f"version {item.get('key')!r}, path {path!r}"
                if not 0 <= int(item.get("mode", 0)) <= 0o777:
                    yield f"{at}.secret.items[{j}].mode", str(item["mode"])
            if not 0 <= int(secret.get("defaultMode", 0)) <= 0o777:
                yield f"{at}.secret.defaultMode", str(secret["defaultMode"])
        if disk is not None and disk.get("medium", "") not in ("", MEDIUM_MEMORY, MEDIUM_DISK):
            yield f"{at}.emptyDir.medium", repr(disk["medium"])
        if csi is not None and csi.get("driver") != BUCKET_DRIVER:
            yield f"{at}.csi.driver", repr(csi.get("driver"))
        if csi is not None and not (csi.get("volumeAttributes") or {}).get("bucketName"):
            yield f"{at}.csi.volumeAttributes.bucketName", "no bucket"
        if nfs is not None and not (nfs.get("server") and str(nfs.get("path", "")).startswith("/")):
            yield f"{at}.nfs", f"server {nfs.get('server')!r}, path {nfs.get('path')!r}"


@refuses(
    "scratch-disk",
    f"a scratch disk has at least {MIN_DISK_BYTES // 2**30}Gi; an instance has at most {MAX_DISKS}",
    _DISKS,
)
def _disks(spec: Spec) -> Iterator[Place]:
    sources = [(i, v.get("emptyDir") or {}) for i, v in enumerate(spec.volumes)]
    disks = [(i, source) for i, source in sources if source.get("medium") == MEDIUM_DISK]
    if len(disks) > MAX_DISKS:
        yield "volumes", f"{len(disks)} scratch disks"
    for i, disk in disks:
        size = str(disk.get("sizeLimit", ""))
        if not re.fullmatch(r"\d+(Ki|Mi|Gi)?", size) or bytes_of(size) < MIN_DISK_BYTES:
            yield f"volumes[{i}].emptyDir.sizeLimit", repr(size)


def _allowed_s(probe: Any) -> int:
    """What a start-up probe allows; a container without one is ready as soon as it listens. [s]"""
    if not isinstance(probe, dict):
        return 0
    failures = int(probe.get("failureThreshold", DEFAULT_FAILURES))
    return int(probe.get("initialDelaySeconds", 0)) + int(probe.get("periodSeconds", DEFAULT_PERIOD_S)) * failures


def _has_circle(waits: dict[str, list[str]]) -> bool:
    done: set[str] = set()

    def circles(name: str, above: tuple[str, ...]) -> bool:
        if name in above:
            return True
        if name in done:
            return False
        found = any(circles(other, (*above, name)) for other in waits.get(name, ()))
        done.add(name)
        return found

    return any(circles(name, ()) for name in waits)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except json.JSONDecodeError:
        return None
