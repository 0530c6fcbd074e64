"""Scratch space of a pod: which volumes are only for the pod's life, how large, and what each is on Cloud Run.

A stated size above 512Mi is a disk there too, as on the node; less, or where the manifest asks for it, is memory. What
nobody states the size of is memory until somebody does, since a disk has a least size, a quota and a price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.pod.cloud_sql import socket_volumes, sockets_of_sidecars
from k2cr_analysis.model.workload import Container, Pod, Volume
from k2cr_analysis.openapi.quantity import bytes_of, is_quantity
from k2cr_analysis.platforms.cloud_run.limits import GIB, MIB
from k2cr_analysis.platforms.cloud_run.volumes import MEDIUM_MEMORY, MIN_DISK_BYTES
from k2cr_analysis.platforms.gke.cluster import AUTOPILOT_STORAGE_BYTES

# k2cr's own: up to here a disk of 10Gi would be waste, and memory costs little.
SMALL_BYTES = 512 * MIB
_SOCKETS_BYTES = MIB  # what a folder of sockets may take


@dataclass(frozen=True, slots=True)
class Scratch:
    """``stated_bytes``: as the manifest says it; None: nowhere. ``asked_for``: the manifest itself says memory.

    ``at``: JSON path of what states the size, or of the volume.
    """

    volume: Volume
    stated_bytes: int | None
    asked_for: bool
    at: str

    @property
    def medium(self) -> Literal["disk", "memory"]:
        is_large = self.stated_bytes is not None and self.stated_bytes > SMALL_BYTES
        return "disk" if is_large and not self.asked_for else "memory"

    @property
    def disk_bytes(self) -> int:
        """Size of the ephemeral disk, in whole GiB and at least what Cloud Run has; 0 where it is memory."""
        if self.medium == "memory":
            return 0
        return max(MIN_DISK_BYTES, -(-(self.stated_bytes or 0) // GIB) * GIB)


def scratch_volumes(pod: Pod, containers: Mapping[str, Container]) -> dict[str, Scratch]:
    """The scratch volumes that these containers mount, by name.

    What a container asks for as ``ephemeral-storage`` holds all of its volumes: what is left of it, beside those that
    state their size, is the size of the first that states none.
    """
    mounted = {m.volume for c in containers.values() for m in c.volume_mounts}
    mounted -= socket_volumes(pod)
    found = {v.name: made for v in pod.volumes if v.name in mounted and (made := _of_volume(v)) is not None}
    for name in sockets_of_sidecars(pod) & found.keys():
        found[name] = replace(found[name], stated_bytes=_SOCKETS_BYTES, asked_for=True)
    for container in containers.values():
        asked = _stated_storage(container)
        own = [one for m in container.volume_mounts if (one := found.get(m.volume)) and not one.asked_for]
        first = next((one.volume for one in own if one.stated_bytes is None), None)
        left = asked[0] - sum({s.volume.name: s.stated_bytes or 0 for s in own}.values()) if asked else 0
        if asked and first and left > 0:
            found[first.name] = Scratch(first, left, False, asked[1])
    return found


def asked_storage(container: Container) -> tuple[int, str] | None:
    """(bytes, JSON path) of the local disk that a container asks for, beyond what Autopilot gives unasked."""
    found = _stated_storage(container)
    return found if found and found[0] > AUTOPILOT_STORAGE_BYTES else None


def _stated_storage(container: Container) -> tuple[int, str] | None:
    """(bytes, JSON path) of ``ephemeral-storage`` that somebody wrote: Autopilot's own 1 GiB is nobody's word, and a
    small request alone says nothing of the most.
    """
    # A limit alone, where there is one: no request is above it, and the API server writes one that equals it.
    limit, request = (r.ephemeral_storage_bytes for r in (container.limits, container.requests))
    field, size = ("limits", limit) if limit else ("requests", request)
    is_said = size != AUTOPILOT_STORAGE_BYTES if limit else (size or 0) > AUTOPILOT_STORAGE_BYTES
    return (size, f"{container.path}.resources.{field}.ephemeral-storage") if size and is_said else None


def _of_volume(volume: Volume) -> Scratch | None:
    if volume.kind == "emptyDir":
        medium = str(volume.source.get("medium") or "")
        in_memory = medium == MEDIUM_MEMORY or medium.startswith("HugePages")
        size = _bytes(volume.source.get("sizeLimit"))
        at = f"{volume.path}.emptyDir" + (".sizeLimit" if size else "")
        return Scratch(volume, size, in_memory, at)
    if volume.kind == "ephemeral":
        spec = mapping(volume.source, "volumeClaimTemplate", "spec")
        size = _bytes(mapping(spec, "resources", "requests").get("storage"))
        return Scratch(volume, size, False, f"{volume.path}.ephemeral")
    return None


def _bytes(quantity: object) -> int | None:
    return bytes_of(str(quantity)) or None if is_quantity(quantity) else None
