"""What the flags form cannot say: fields that no flag sets, and fields whose flag is newer than a gcloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from k2cr_analysis.platforms.cloud_run.annotations import IAP, SERVICE_MIN_SCALE
from k2cr_analysis.platforms.cloud_run.gcloud_flags import FLAGS, OLDEST, lacks
from k2cr_analysis.rendering.spec.service import (
    BucketVolume,
    DiskVolume,
    MemoryVolume,
    NfsVolume,
    RunContainer,
    RunJob,
    RunService,
    RunTemplate,
    RunVolume,
    SecretVolume,
)
from k2cr_analysis.rendering.text.scripts import comment

# Flag -> attribute of RunContainer, field of the API's container.
_OF_CONTAINER = (
    ("--workdir", "working_dir", "workingDir"),
    ("--startup-probe", "startup_probe", "startupProbe"),
    ("--liveness-probe", "liveness_probe", "livenessProbe"),
    ("--readiness-probe", "readiness_probe", "readinessProbe"),
)
_PROBES = tuple((attribute, field) for _, attribute, field in _OF_CONTAINER if field.endswith("Probe"))
_VOLUME_TYPES: dict[type, str] = {
    MemoryVolume: "in-memory",
    DiskVolume: "ephemeral-disk",
    NfsVolume: "nfs",
    BucketVolume: "cloud-storage",
}
# Flags that every service, or every job, takes: where one is missing, the flags form as a whole is.
_OF_SERVICE = ("--container",)
_OF_JOB = ("jobs --container",)


@dataclass(frozen=True, slots=True)
class Gap:
    """A field that the flags form cannot say.

    ``since``: the version that brought its flag, where an older one is asked; None: no version has one.
    ``attribute`` of ``of``: what ``without`` takes out of the neutral value; ``paths``: where the API's object then
    differs, as ends of paths. Both are empty where the form as a whole is missing.
    """

    field: str
    flag: str = ""
    since: int | None = None
    of: str = ""
    attribute: str = ""
    paths: tuple[str, ...] = ()


def words(gaps: Iterable[Gap], version: int) -> list[str]:
    """Each gap as a line of a comment."""
    said = [g.field if g.since is None else f"{g.field} ({g.flag}: gcloud {g.since}, not {version})" for g in gaps]
    return [comment(line)[2:] for line in dict.fromkeys(said)]


def gaps_of(run: RunService | RunJob, version: int) -> list[Gap]:
    """All that a gcloud of this version cannot be told by flags."""
    of_all = _OF_SERVICE if isinstance(run, RunService) else _OF_JOB
    whole = [_gap("the whole service" if isinstance(run, RunService) else "the whole job", f, version) for f in of_all]
    found = [g for g in whole if g]
    if isinstance(run, RunService):
        if run.iap:
            found.append(Gap(f"{IAP} (--iap changes IAM as well)"))
        found += _present(_gap(SERVICE_MIN_SCALE, "--min", version) if run.min_instances else None)
    found += _of_settings(run, version)
    found += _of_template(run.template, run, version)
    for container in run.template.containers:
        found += _of_container(container, run, version)
    return found


def oldest(run: RunService | RunJob) -> int:
    """The oldest gcloud whose flags say all that flags can say of it."""
    return max((g.since for g in gaps_of(run, 0) if g.since is not None), default=OLDEST)


def without(run: RunService | RunJob, gaps: Iterable[Gap]) -> RunService | RunJob:
    """The neutral value without what newer flags say, so that an older gcloud can be asked about the rest."""
    template = run.template
    for gap in gaps:
        if gap.of == "settings":
            run = replace(run, settings=tuple(s for s in run.settings if s.setting.annotation != gap.attribute))
        elif gap.of == "volumes":
            volumes = tuple(v for v in template.volumes if v.name != gap.attribute)
            template = replace(template, volumes=volumes, containers=_unmounted(template, gap.attribute))
        elif gap.of == "gpu":
            bare = tuple(replace(c, gpu=None) for c in template.containers)
            template = replace(template, accelerator=None, containers=bare)
        elif gap.of:
            absent: dict[str, Any] = {gap.attribute: None}
            changed = tuple(replace(c, **absent) if c.name == gap.of else c for c in template.containers)
            template = replace(template, containers=changed)
    return replace(run, template=template)


def _unmounted(template: RunTemplate, volume: str) -> tuple[RunContainer, ...]:
    return tuple(replace(c, mounts=tuple(m for m in c.mounts if m.volume != volume)) for c in template.containers)


def _gap(field: str, flag: str, version: int, of: str = "", attribute: str = "", *paths: str) -> Gap | None:
    since = lacks(flag, version)
    return None if since is None else Gap(field, flag.removeprefix("jobs "), since, of, attribute, paths)


def _present(*gaps: Gap | None) -> list[Gap]:
    return [g for g in gaps if g is not None]


def _of_settings(run: RunService | RunJob, version: int) -> Iterator[Gap]:
    for one in run.settings:
        name = one.setting.annotation
        if one.flag is None:
            yield Gap(f"{name} (no flag in gcloud's GA track)")
        else:
            flag = f"--{one.setting.flag}"
            yield from _present(_gap(name, flag, version, "settings", name, f"annotations.{name}"))


def _of_template(template: RunTemplate, run: RunService | RunJob, version: int) -> Iterator[Gap]:
    if template.egress:
        yield from _present(_gap("Direct VPC egress", "--network", version))
    if template.accelerator:
        at = ("resources.limits.nvidia.com/gpu", "nodeSelector")
        flag = "--gpu" if isinstance(run, RunService) else "jobs --gpu"
        yield from _present(_gap("nvidia.com/gpu", flag, version, "gpu", "gpu", *at))
    for volume in template.volumes:
        yield from _of_volume(volume, template, version)


def _of_volume(volume: RunVolume, template: RunTemplate, version: int) -> Iterator[Gap]:
    source, at = volume.source, f"volumes[{volume.name}]"
    if isinstance(source, SecretVolume):
        yield Gap(f"{at} (--set-secrets invents a new volume name at each run)")
        return
    mounts = (f"volumeMounts.{m.mount_path}" for c in template.containers for m in c.mounts if m.volume == volume.name)
    strip = ("volumes", volume.name, f"volumes.{volume.name}", *mounts)
    yield from _present(_gap(at, f"--add-volume type={_VOLUME_TYPES[type(source)]}", version, *strip))
    if isinstance(source, BucketVolume) and source.mount_options:
        yield from _present(_gap(f"{at}.mountOptions", "--add-volume mount-options", version, *strip))


def _of_container(c: RunContainer, run: RunService | RunJob, version: int) -> Iterator[Gap]:
    at, is_service = f"containers[{c.name}]", isinstance(run, RunService)
    for flag, attribute, field in _OF_CONTAINER:
        if getattr(c, attribute):
            path = f"containers.{c.name}.{field}"
            of_kind = flag if is_service or f"jobs {flag}" not in FLAGS else f"jobs {flag}"
            yield from _present(_gap(f"{at}.{field}", of_kind, version, c.name, attribute, path))
    for field, listed in (("command", c.command), ("args", c.args)):
        if len(set(listed)) < len(listed):
            yield Gap(f"{at}.{field} (a word stands twice in it: the flag refuses that)")
    for attribute, field in _PROBES:
        probe = getattr(c, attribute)
        if probe and probe.headers:
            yield Gap(f"{at}.{field}.httpGet.httpHeaders")
    yield from (Gap(f"{at}.volumeMounts[{m.mount_path}].subPath") for m in c.mounts if m.sub_path)
    for one in c.env:
        if one.name != one.name.strip():
            yield Gap(f"{at}.env[{one.name}] (the flag strips blanks around names)")
