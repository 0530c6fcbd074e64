"""Where single files of Secrets and ConfigMaps go: mounts by ``subPath``, which Cloud Run rejects on secrets.

Kubernetes puts the file beside what the image has in that folder. Cloud Run mounts a secret as a folder of its own,
which hides what the image has there; and a folder takes one secret. So the folder is mounted in place where nothing
else is known to be in it, and elsewhere otherwise: either way somebody has to look.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from k2cr_analysis.model.workload import Container, Pod, VolumeMount

_FILES = ("secret", "configMap", "projected")
# Folders of common images and of every Linux that hold more than one mounted file.
_FULL = frozenset(
    {
        "/", "/app", "/etc", "/etc/apache2", "/etc/httpd", "/etc/nginx", "/etc/php", "/etc/pki", "/etc/ssl",
        "/etc/ssl/certs", "/home", "/opt", "/root", "/srv", "/tmp", "/var", "/workspace",  # noqa: S108
    }
)  # fmt: skip
_FULL_BELOW = ("/bin/", "/lib/", "/lib64/", "/sbin/", "/usr/", "/var/lib/", "/var/www/")
ELSEWHERE = "/secrets"


@dataclass(frozen=True, slots=True)
class FileMount:
    """``directory`` is what Cloud Run mounts, ``file`` the name in it; ``moved`` says why it is not the old folder."""

    container: str
    mount: VolumeMount
    directory: str
    file: str
    moved: str | None = None


def file_mounts(pod: Pod, containers: Sequence[Container]) -> Mapping[str, FileMount]:
    """Path of the mount in the object -> where the file goes, for each mount of a single file."""
    files = {v.name for v in pod.volumes if v.kind in _FILES}
    return {m.path: _of_mount(c, m) for c in containers for m in c.volume_mounts if m.sub_path and m.volume in files}


def _of_mount(container: Container, mount: VolumeMount) -> FileMount:
    folder, file = posixpath.split(mount.mount_path.rstrip("/"))
    moved = _occupied(container, mount, folder)
    directory = folder if moved is None else f"{ELSEWHERE}/{mount.volume}"
    return FileMount(container.name, mount, directory, file, moved)


def _occupied(container: Container, mount: VolumeMount, folder: str) -> str | None:
    """Why the folder cannot be mounted as a whole; None where nothing speaks against it."""
    if folder in _FULL or f"{folder}/".startswith(_FULL_BELOW) or folder == container.working_dir:
        return f"{folder} holds other files of the image"
    for other in container.volume_mounts:
        if other is mount or (other.volume == mount.volume and _folder(other) == folder):
            continue
        path = _folder(other) if other.sub_path else other.mount_path.rstrip("/") or "/"
        if path == folder or path.startswith(f"{folder}/") or f"{folder}/".startswith(f"{path.rstrip('/')}/"):
            return f"volume {other.volume} is mounted at {other.mount_path}, and a folder takes one secret"
    return None


def _folder(mount: VolumeMount) -> str:
    return posixpath.dirname(mount.mount_path.rstrip("/"))
