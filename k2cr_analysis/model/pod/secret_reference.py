"""What names a secret, as one type wherever it stands: variables, files, logins for images, sources of other secrets.

Source: Kubernetes API reference (SecretKeySelector, SecretEnvSource, SecretVolumeSource, SecretProjection,
LocalObjectReference).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from k2cr_analysis.model.parse.access import Raw, objects, text
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.workload import Container, EnvFrom, EnvVar, Pod, Volume, Workload

Place = Literal["env", "envFrom", "volume", "projected", "imagePullSecrets", "csi", "ExternalSecret"]
Kind = Literal["Secret", "ConfigMap", "Secret Manager"]
LATEST = "latest"  # of a secret's versions
_OF_KIND: Mapping[str, Kind] = {"configMap": "ConfigMap", "secret": "Secret"}


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A Secret, or a version of a secret of Secret Manager, as something names it.

    ``kind`` ConfigMap: named alike, and its files and unseen values become secrets on Cloud Run too. ``key`` None: all
    keys, or the secret is one value. ``version``: of Secret Manager's alone. ``project`` None: that of the cluster.
    ``shown_as``: the variable, or the file in its volume; None where nothing says. ``at``: the path in the object.
    """

    place: Place
    kind: Kind
    name: str
    key: str | None = None
    version: str | None = None
    project: str | None = None
    optional: bool = False
    shown_as: str | None = None
    at: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f", key {self.key}" if self.key is not None else "")


def secret_references(pod: Pod) -> Iterator[SecretReference]:
    """All that the pod names, its init containers' variables too: the API objects, in the order of their places."""
    for container in (*pod.running, *pod.init_containers):
        yield from references_of_container(container)
    for volume in pod.volumes:
        yield from references_of_volume(volume)
    yield from _logins(pod.image_pull_secrets, pod.path)


def references_of_container(container: Container) -> Iterator[SecretReference]:
    """``env``, then ``envFrom``."""
    for variable in container.env:
        if found := reference_of_variable(variable):
            yield found
    yield from map(reference_of_source, container.env_from)


def reference_of_variable(variable: EnvVar) -> SecretReference | None:
    """The key that a variable is taken from; None where it is none of an object."""
    kind: Kind = "Secret" if variable.source == "secret" else "ConfigMap"
    in_manifest = variable.source == "redacted" and not (variable.ref_name and variable.ref_key)
    if in_manifest or variable.source not in ("secret", "config-map", "redacted"):
        return None
    return SecretReference(
        "env",
        kind,
        variable.ref_name or "",
        variable.ref_key or "",
        optional=variable.optional,
        shown_as=variable.name,
        at=variable.path,
    )


def reference_of_source(source: EnvFrom) -> SecretReference:
    """The whole object of an ``envFrom``."""
    kind: Kind = "Secret" if source.kind == "secret" else "ConfigMap"
    return SecretReference("envFrom", kind, source.name, optional=source.optional, at=source.path)


def references_of_volume(volume: Volume) -> tuple[SecretReference, ...]:
    """The files of a volume of a Secret or ConfigMap, or of several: one a key, or one with no key for all keys."""
    if volume.kind in _OF_KIND:
        return tuple(_files("volume", _OF_KIND[volume.kind], volume.source, f"{volume.path}.{volume.kind}"))
    if volume.kind != "projected":
        return ()
    at = f"{volume.path}.projected.sources"
    return tuple(
        found
        for i, part in objects(volume.source, "sources")
        for field, kind in _OF_KIND.items()
        if isinstance(part.get(field), Mapping)
        for found in _files("projected", kind, part[field], f"{at}[{i}].{field}")
    )


def references_of_images(workload: Workload) -> Iterator[SecretReference]:
    """The logins for images that the pod names, or else its ServiceAccount."""
    found = tuple(_logins(workload.pod.image_pull_secrets, workload.pod.path))
    yield from found
    for account in workload.related.get("ServiceAccount", ()) if not found else ():
        names = tuple(text(one, "name") or "" for _, one in objects(account, "imagePullSecrets"))
        yield from _logins(names, f"ServiceAccount/{name_of(account)} $")


def _files(place: Place, kind: Kind, source: Raw, at: str) -> Iterator[SecretReference]:
    name = text(source, "secretName") or text(source, "name") or ""
    optional, items = source.get("optional") is True, [item for _, item in objects(source, "items")]
    for item in items:
        yield SecretReference(
            place, kind, name, _word(item, "key"), optional=optional, shown_as=_word(item, "path"), at=at
        )
    if not items:
        yield SecretReference(place, kind, name, optional=optional, at=at)


def _word(item: Mapping[str, Any], field: str) -> str:
    return str(item.get(field))


def _logins(names: tuple[str, ...], at: str) -> Iterator[SecretReference]:
    yield from (SecretReference("imagePullSecrets", "Secret", name, at=f"{at}.imagePullSecrets") for name in names)
