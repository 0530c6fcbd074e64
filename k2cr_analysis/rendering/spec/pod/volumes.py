"""Volumes and mounts: emptyDir in memory, files from Secret Manager, NFS, Cloud Storage; the rest is dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from k2cr_analysis.fit.evidence.file_mounts import FileMount, file_mounts
from k2cr_analysis.model.cloud_run import memory_text
from k2cr_analysis.model.parse.access import source_value
from k2cr_analysis.model.pod.cloud_sql import socket_volumes
from k2cr_analysis.model.pod.references import expand
from k2cr_analysis.model.pod.scratch import SMALL_BYTES, Scratch, scratch_volumes
from k2cr_analysis.model.pod.secret_manager import ADD_ON_DRIVERS, existing_keys, provider_files
from k2cr_analysis.model.pod.secret_reference import LATEST, SecretReference, references_of_volume
from k2cr_analysis.model.workload import Container, Raw, Volume, VolumeMount, Workload
from k2cr_analysis.platforms.cloud_run.volumes import BUCKET_DRIVER, MEDIUM_DISK, MEDIUM_MEMORY, MIN_DISK_BYTES
from k2cr_analysis.rendering.spec.account import Account, SecretToCreate
from k2cr_analysis.rendering.spec.existing import copied, is_at_home
from k2cr_analysis.rendering.spec.run_settings import CLOUD_SQL
from k2cr_analysis.rendering.spec.service import (
    BucketVolume,
    DiskVolume,
    MemoryVolume,
    NfsVolume,
    RunMount,
    RunVolume,
    SecretVolume,
)
from k2cr_analysis.rendering.text.names import cut, dns_label, key_secret_name, short_hash, version_aliases

_GCS_DRIVERS = ("gcsfuse.csi.storage.gke.io", BUCKET_DRIVER)
# Cloud Run, "Container runtime contract": not mountable. ":" is refused in a mount path by the v1 API.
_FORBIDDEN_MOUNT = re.compile(r"/+$|/(dev|proc|sys)(/|$)|.*:")
_SECRET_KEYS_BY_TYPE = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/basic-auth": ("password", "username"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_NO_COUNTERPART = {
    "downwardAPI": "Cloud Run has no downward API",
    "hostPath": "there is no host",
    "persistentVolumeClaim": "Cloud Run has no block storage",
    "csi": "Cloud Run has no CSI drivers but Cloud Storage FUSE",
}


@dataclass(frozen=True, slots=True)
class Volumes:
    """``mounts``: container name -> its mounts."""

    volumes: tuple[RunVolume, ...]
    mounts: Mapping[str, tuple[RunMount, ...]]
    names: Mapping[str, str]  # of the source -> as written
    places: Mapping[str, str]  # path of a mount of the source -> where it is mounted

    @property
    def need_gen2(self) -> bool:
        return any(isinstance(v.source, NfsVolume | BucketVolume | DiskVolume) for v in self.volumes)

    @property
    def need_vpc(self) -> bool:
        return any(isinstance(v.source, NfsVolume) for v in self.volumes)


def build_volumes(
    workload: Workload,
    containers: Sequence[Container],
    *,
    memory_bytes: int,
    known: Mapping[str, Mapping[str, str]],
    account: Account,
    project: str | None = None,
) -> Volumes:
    """The volumes that the containers that go along mount, and their mounts.

    ``memory_bytes`` is the instance's total: an emptyDir without a limit gets half, which is Cloud Run's own default.
    ``known``: container name -> environment, for ``subPathExpr``. ``project``: where it goes, if known.
    """
    scratch = scratch_volumes(workload.pod, {c.name: c for c in containers})
    builder = _Builder(workload, memory_bytes, scratch, account, file_mounts(workload.pod, containers))
    builder.project = project
    users = {
        v.name: [(c, m) for c in containers for m in c.volume_mounts if m.volume == v.name]
        for v in workload.pod.volumes
    }
    made: dict[str, RunVolume] = {}
    sockets = socket_volumes(workload.pod)
    for volume in workload.pod.volumes:
        if volume.name in sockets:
            why = "Cloud Run's own Cloud SQL connection makes the sockets there"
            account.changed(volume.path, f"annotation {CLOUD_SQL}", volume.name, None, why)
            continue
        if not users[volume.name]:
            account.dropped(volume.path, volume.name, "no container that goes along mounts it")
            continue
        found = builder.volume(volume, [m for _, m in users[volume.name]])
        if found:
            made[volume.name] = found
    mounts = {c.name: builder.mounts(c, made, known.get(c.name, {})) for c in containers}
    used = {m.volume for found in mounts.values() for m in found}
    written = {name: v.name for name, v in made.items() if v.name in used}
    for volume in workload.pod.volumes:
        if volume.name in made and volume.name not in written | builder.in_folders:
            account.withdraw(volume.path)
            account.dropped(volume.path, volume.name, "none of its mounts is written")
            builder.account_for_size(volume.name, containers)
    kept = tuple(v for v in (*made.values(), *builder.folders.values()) if v.name in used)
    shown = {path for v in kept if isinstance(v.source, SecretVolume) for _, path in v.source.files}
    for literal in builder.literals - shown:
        account.placeholders.pop(literal, None)
    return Volumes(kept, mounts, {**builder.in_folders, **written}, builder.places)


class _Builder:
    def __init__(
        self,
        workload: Workload,
        memory_bytes: int,
        scratch: Mapping[str, Scratch],
        account: Account,
        files: Mapping[str, FileMount],
    ) -> None:
        self.workload = workload
        self.scratch = scratch
        self.memory_bytes = memory_bytes
        self.account = account
        self.project: str | None = None
        self.files = files
        self.folders: dict[str, RunVolume] = {}  # of single files, by name
        self.in_folders: dict[str, str] = {}  # volume of the source -> the folder that holds a file of it
        self.places: dict[str, str] = {}
        self.literals: set[str] = set()  # that stand for keys of objects which the snapshot lacks

    def volume(self, volume: Volume, mounts: Sequence[VolumeMount]) -> RunVolume | None:
        name = self._name(volume.name)
        made: RunVolume | None = None
        match volume.kind:
            case "emptyDir" | "ephemeral" if volume.name in self.scratch:
                made = self._scratch(self.scratch[volume.name], name)
            case "secret" | "configMap":
                made = self._secret(volume, name, references_of_volume(volume), mounts)
            case "projected":
                made = self._projected(volume, name, mounts)
            case "nfs":
                made = self._nfs(volume, name, mounts)
            case "csi" if volume.source.get("driver") in _GCS_DRIVERS:
                made = self._bucket(volume, name, mounts)
            case "csi" if volume.source.get("driver") in ADD_ON_DRIVERS:
                made = self._add_on(volume, name)
            case "persistentVolumeClaim" if _is_shared(volume.claim):
                made = self._shared_claim(volume, name, mounts)
            case _:
                why = _NO_COUNTERPART.get(volume.kind, f"Cloud Run has no {volume.kind} volumes")
                self.account.dropped(volume.path, volume.kind, why)
        return made

    def _nfs(self, volume: Volume, name: str, mounts: Sequence[VolumeMount]) -> RunVolume:
        server, directory = str(volume.source.get("server")), str(volume.source.get("path"))
        read_only = self._is_read_only(volume, mounts)
        why = "mounted without locking; needs gen2 and VPC egress"
        self.account.carried(volume.path, "volumes[].nfs", f"{server}:{directory}", why)
        return RunVolume(name, NfsVolume(server, directory, read_only))

    def _is_read_only(self, volume: Volume, mounts: Sequence[VolumeMount]) -> bool:
        """Whether nobody writes to it: by its own word, or since every mount is for reading alone."""
        by_itself = bool(volume.source.get("readOnly"))
        for mount in mounts if not by_itself else ():
            path = f"{mount.path}.readOnly"
            asked = source_value(self.workload, path)
            if asked is not None and all(m.read_only for m in mounts if m is not mount):
                why = "Cloud Run takes it of the volume, not of a mount"
                self.account.changed(path, f"volume {volume.name}", asked, mount.read_only, why)
        return by_itself or all(m.read_only for m in mounts)

    def mounts(
        self, container: Container, made: Mapping[str, RunVolume], known: Mapping[str, str]
    ) -> tuple[RunMount, ...]:
        """The mounts of a container, side by side: Cloud Run has none inside another."""
        found = [(m, run) for m in container.volume_mounts if (run := self.mount(m, made, known))]
        kept: dict[RunMount, None] = {}  # several files of one volume in one folder are one mount
        for mount, run in found:
            others = (o.mount_path.rstrip("/") for _, o in found if o != run)
            outer = next((o for o in others if run.mount_path.startswith(f"{o}/")), None)
            if outer is None:
                kept[run] = None
                self.places[mount.path] = run.mount_path
                continue
            self.account.withdraw(mount.path)
            self.account.dropped(
                mount.path, mount.mount_path, f"Cloud Run mounts nothing inside another mount ({outer})"
            )
            self.account.decide(
                f"Container {container.name}: {mount.mount_path} lies inside the mount {outer}, which Cloud Run "
                "does not take. Mount it beside, and tell the program."
            )
        return tuple(kept)

    def mount(self, mount: VolumeMount, made: Mapping[str, RunVolume], known: Mapping[str, str]) -> RunMount | None:
        volume = made.get(mount.volume)
        if volume is None:
            if any(v.name == mount.volume for v in self.workload.pod.volumes):
                self.account.dropped(mount.path, mount.mount_path, f"its volume {mount.volume} does not go along")
            else:
                self.account.dropped(mount.path, mount.mount_path, f"the pod has no volume {mount.volume}")
            return None
        if _FORBIDDEN_MOUNT.match(mount.mount_path):
            self.account.dropped(
                mount.path,
                mount.mount_path,
                "Cloud Run mounts nothing at /, under /dev, /proc or /sys, nor at a path with a colon",
            )
            return None
        sub_path = mount.sub_path
        if mount.sub_path_expr is not None:
            result = expand(mount.sub_path_expr, known, frozenset())
            if "$(" in result.text:
                self.account.dropped(
                    mount.path, mount.sub_path_expr, "Cloud Run does not expand references in sub paths"
                )
                return None
            sub_path = result.text
        if isinstance(volume.source, SecretVolume) and sub_path and mount.path in self.files:
            return self._file(self.files[mount.path], volume, volume.source, sub_path)
        written, at = mount.written_path, f"{mount.path}.mountPath"
        if written is None:
            self.account.carried(at, "containers[].volumeMounts[].mountPath", mount.mount_path)
        else:
            why = "the same directory, as kubelet and container runtime read the path; Cloud Run takes it whole"
            self.account.changed(at, "containers[].volumeMounts[].mountPath", written, mount.mount_path, why)
        self.account.carried(f"{mount.path}.name", "containers[].volumeMounts[].name", volume.name)
        if sub_path and mount.written_sub_path:
            field, asked = mount.written_sub_path
            target = "containers[].volumeMounts[].subPath"
            self.account.changed(f"{mount.path}.{field}", target, asked, sub_path, "as it expands")
        return RunMount(volume.name, mount.mount_path, sub_path or None)

    def _file(self, found: FileMount, volume: RunVolume, source: SecretVolume, inside: str) -> RunMount | None:
        """A file of a secret by ``subPath``: its folder as a volume of its own, since Cloud Run rejects subPath there.

        ``inside`` may name a folder of the volume: then it is mounted as it is.
        """
        at = found.mount
        below = [(version, path[len(inside) + 1 :]) for version, path in source.files if path.startswith(f"{inside}/")]
        files = below or [(version, found.file) for version, path in source.files if path == inside]
        directory = at.mount_path if below else found.directory
        if not files:
            self.account.dropped(at.path, at.mount_path, f"volume {at.volume} has no file {inside}")
            return None
        name = cut(f"{volume.name}-{short_hash(directory)}", 63, directory)
        before = self.folders.get(name)
        known = before.source.files if before and isinstance(before.source, SecretVolume) else ()
        held = tuple(dict.fromkeys((*known, *files)))
        self.folders[name] = RunVolume(name, SecretVolume(source.secret, held, source.default_mode), volume.why)
        self.in_folders[at.volume] = name
        why = "Cloud Run rejects subPath on secrets: the folder is mounted, and hides what the image has in it"
        if found.moved and not below:
            why = f"Cloud Run rejects subPath on secrets, and {found.moved}: the file is in a folder of its own"
            self.account.decide(
                f"Container {found.container}: tell the program that {at.mount_path} is {directory}/{found.file} now, "
                f"or put the file into the image ({found.moved})."
            )
        target, asked = "containers[].volumeMounts[]", at.written_path or at.mount_path
        where = f"{target}.mountPath; volume {at.volume}"
        self.account.changed(f"{at.path}.mountPath", where, asked, directory, why)
        self.account.changed(f"{at.path}.name", f"{target}.name", at.volume, name, why)
        if at.written_sub_path:
            field, part = at.written_sub_path
            self.account.changed(f"{at.path}.{field}", f"volume {at.volume}", part, files[0][1], why)
        return RunMount(name, directory)

    def _name(self, name: str) -> str:
        """Volume names of Kubernetes are legal on Cloud Run; ``cloudsql`` is reserved there."""
        label = dns_label(name)
        legal = name if label == name and name != "cloudsql" else f"{label}-{short_hash(name)}"
        return cut(legal, 63, name)

    def _scratch(self, scratch: Scratch, name: str) -> RunVolume:
        volume, source = scratch.volume, scratch.volume.source
        if volume.kind == "emptyDir":
            was = f"medium {source.get('medium') or 'node disk'}, sizeLimit {source.get('sizeLimit')}"
        else:
            was = f"a disk of its own of {memory_text(scratch.stated_bytes or 0)}"
        if scratch.medium == "disk":
            size = memory_text(scratch.disk_bytes)
            why = "an ephemeral disk of each instance; gen2"
            if scratch.disk_bytes != scratch.stated_bytes:
                why += f", and {memory_text(MIN_DISK_BYTES)} or more in whole Gi"
            to = f"medium {MEDIUM_DISK}, sizeLimit {size}"
            self.account.changed(volume.path, "volumes[].emptyDir", was, to, why)
            return RunVolume(name, DiskVolume(size), why)
        size_bytes, half, why = scratch.stated_bytes, self.memory_bytes // 2, ""
        if size_bytes is None:
            size_bytes, why = (
                half,
                "no size is stated: half of the instance's memory, Cloud Run's own default, written out",
            )
        elif size_bytes > self.memory_bytes:
            size_bytes = half
            why = f"sizeLimit {source.get('sizeLimit')} is more than the instance's memory: half of that"
        to = f"medium {MEDIUM_MEMORY}, sizeLimit {memory_text(size_bytes)}"
        if source.get("medium") and (scratch.stated_bytes or 0) <= SMALL_BYTES:
            at = f"{volume.path}.emptyDir.medium"
            self.account.counted(at, source["medium"], "what is small, or states no size, is in memory by itself")
        if why or not scratch.asked_for:
            note = why or "small: in memory, where it counts against the container that writes"
            self.account.changed(volume.path, "volumes[].emptyDir", was, to, note)
        else:
            self.account.carried(volume.path, "volumes[].emptyDir", to)
        return RunVolume(name, MemoryVolume(memory_text(size_bytes)), why or None)

    def account_for_size(self, name: str, containers: Sequence[Container]) -> None:
        """Scratch in memory that is mounted nowhere (/dev/shm is there by itself) is still memory of the instance."""
        scratch = self.scratch.get(name)
        if scratch is None or scratch.medium != "memory" or not scratch.stated_bytes:
            return
        owner, mount = next((c, m) for c in containers for m in c.volume_mounts if m.volume == name)
        why = "not a mount of its own; what it holds counts against the container's memory"
        target, size = f"container {owner.name} resources.limits.memory", memory_text(scratch.stated_bytes)
        self.account.changed(scratch.volume.path, target, size, None, why)
        self.account.changed(f"{mount.path}.name", target, name, None, why)

    def _files(self, asked: Sequence[SecretReference], mounts: Sequence[VolumeMount]) -> list[tuple[str, str]]:
        """(key, path) of each file of a Secret or ConfigMap volume, in the order of the keys."""
        if items := [(one.key, one.shown_as or one.key) for one in asked if one.key is not None]:
            return items
        kind, name = asked[0].kind, asked[0].name
        keys = self._keys(kind, name)
        if keys is None and mounts and all(m.sub_path for m in mounts):
            keys = tuple(sorted({str(m.sub_path) for m in mounts}))
        if keys is None:
            literal = f"KEY_OF_{re.sub(r'[^A-Z0-9]+', '_', name.upper())}"
            meaning = f"a key of {kind} {name}: the snapshot lacks its keys; add a version and a path for each"
            self.account.placeholder(literal, meaning)
            self.literals.add(literal)
            keys = (literal,)
        return [(key, key) for key in keys]

    def _keys(self, kind: str, name: str) -> tuple[str, ...] | None:
        for raw in self.workload.related.get(kind, ()):
            if raw.get("metadata", {}).get("name") != name:
                continue
            found = {key for part in ("data", "stringData", "binaryData") for key in (raw.get(part) or {})}
            return tuple(sorted(found)) or _SECRET_KEYS_BY_TYPE.get(str(raw.get("type")))
        return None

    def _secret(
        self, volume: Volume, name: str, asked: Sequence[SecretReference], mounts: Sequence[VolumeMount]
    ) -> RunVolume | None:
        """The files of a Secret or ConfigMap: one secret, a version for each file where there are several."""
        first = asked[0]
        what = f"{first.kind} {first.name}"
        files = self._files(asked, mounts)
        if not files:
            self.account.dropped(volume.path, what, "it has no keys: there is no file to mount")
            return None
        keys = tuple(key for key, _ in files)
        if there := self._there(volume, name, first, files):
            return there
        last = keys if len(keys) == 1 else ("files", short_hash("/".join(keys)))
        # What a person writes for a key that is not known may hold a dot, and a secret's name may not.
        last = ("files",) if self.literals.intersection(keys) else last
        secret = key_secret_name(first.kind, self.workload.namespace, first.name, *last)
        versions = (self.account.version,) if len(keys) == 1 else version_aliases(keys)
        used = f"volume {volume.name}"
        self.account.needs(copied(secret, first, self.workload.namespace, keys, used, versions))
        why = what
        if len(keys) > 1:
            why += ": one secret of Secret Manager with a version for each file, since a directory takes one secret"
        found = f"{what}: {', '.join(keys)}"
        self.account.changed(volume.path, "volumes[].secret", found, secret, f"{why}; prepare.sh copies it")
        if first.optional and volume.kind in ("secret", "configMap"):
            at = f"{volume.path}.{'secret' if first.kind == 'Secret' else 'configMap'}.optional"
            self.account.dropped(at, "true", f"on Cloud Run {what} must exist: prepare.sh stops where it does not")
        pairs = tuple((version, path) for version, (_, path) in zip(versions, files, strict=True))
        mode = volume.source.get("defaultMode")
        return RunVolume(name, SecretVolume(secret, pairs, mode if isinstance(mode, int) else None), why)

    def _there(
        self, volume: Volume, name: str, asked: SecretReference, files: Sequence[tuple[str, str]]
    ) -> RunVolume | None:
        """One file, whose ExternalSecret reads a secret of Secret Manager: the same one."""
        known = existing_keys(self.workload.related) if asked.kind == "Secret" and len(files) == 1 else {}
        found = known.get((asked.name, files[0][0]))
        if found is None or not is_at_home(found, self.project):
            return None
        used = f"volume {volume.name}"
        self.account.needs(
            SecretToCreate(
                found.name,
                "there",
                self.workload.namespace,
                asked.name,
                (files[0][0],),
                used,
                versions=(found.version or LATEST,),
                project=found.project,
            )
        )
        why = f"Secret {asked.name}: its ExternalSecret reads this secret too"
        self.account.changed(volume.path, "volumes[].secret", f"Secret {asked.name}", found.name, why)
        mode = volume.source.get("defaultMode")
        pairs = ((found.version or LATEST, files[0][1]),)
        return RunVolume(name, SecretVolume(found.name, pairs, mode if isinstance(mode, int) else None), why)

    def _add_on(self, volume: Volume, name: str) -> RunVolume | None:
        """The add-on of Secret Manager shows files of it; so does Cloud Run, a secret a directory."""
        files = provider_files(volume, self.workload.related)
        if len({f.name for f in files}) != 1 or not all(is_at_home(f, self.project) for f in files):
            why = "a directory takes one secret of Secret Manager" if files else _NO_COUNTERPART["csi"]
            self.account.dropped(volume.path, str(volume.source.get("driver")), why)
            return None
        secret = files[0].name
        used = f"volume {volume.name}"
        versions = tuple(f.version or LATEST for f in files)
        needed = SecretToCreate(
            secret, "there", self.workload.namespace, name, (), used, versions=versions, project=files[0].project
        )
        self.account.needs(needed)
        pairs = tuple((f.version or LATEST, f.shown_as or secret) for f in files)
        why = "the add-on reads this secret of Secret Manager too"
        shown = ", ".join(path for _, path in pairs)
        self.account.changed(volume.path, "volumes[].secret", "SecretProviderClass", f"{secret}: {shown}", why)
        return RunVolume(name, SecretVolume(secret, pairs), why)

    def _projected(self, volume: Volume, name: str, mounts: Sequence[VolumeMount]) -> RunVolume | None:
        sources = [s for s in volume.source.get("sources") or () if isinstance(s, Mapping)]
        kinds = sorted({kind for s in sources for kind in s})
        usable = [tuple(found) for _, found in groupby(references_of_volume(volume), lambda found: found.at)]
        if len(usable) == 1:
            others = ", ".join(k for k in kinds if not usable[0][0].at.endswith(f".{k}"))
            if others:
                why = "only files of a Secret or ConfigMap have a counterpart"
                self.account.dropped(f"{volume.path}.projected.sources", others, why)
            return self._secret(volume, name, usable[0], mounts)
        why = "Cloud Run has no projected volumes"
        if usable:
            why = "several objects in one directory: a directory takes one secret of Secret Manager"
            self.account.decide(
                f"Volume {volume.name} projects {len(usable)} objects into one directory: give each a "
                "directory of its own, or put them into one secret."
            )
        self.account.dropped(volume.path, ", ".join(kinds), why)
        return None

    def _bucket(self, volume: Volume, name: str, mounts: Sequence[VolumeMount]) -> RunVolume:
        attributes = volume.source.get("volumeAttributes") or {}
        read_only = self._is_read_only(volume, mounts)
        bucket = str(attributes.get("bucketName"))
        self.account.carried(volume.path, "volumes[].csi", bucket, "Cloud Storage FUSE on both sides; needs gen2")
        return RunVolume(name, BucketVolume(bucket, read_only, attributes.get("mountOptions")))

    def _shared_claim(self, volume: Volume, name: str, mounts: Sequence[VolumeMount]) -> RunVolume:
        claim = str(volume.source.get("claimName"))
        literal = f"NFS_SERVER_{re.sub(r'[^A-Z0-9]', '_', claim.upper())}"
        share = literal.replace("NFS_SERVER", "NFS_SHARE")
        self.account.placeholder(share, f"the share that PersistentVolumeClaim {claim} is on, without the first slash")
        self.account.placeholder(
            literal,
            f"the address of the NFS server (Filestore) behind PersistentVolumeClaim {claim}",
        )
        self.account.changed(
            volume.path,
            "volumes[].nfs",
            f"PersistentVolumeClaim {claim}",
            f"{literal}:/{share}",
            "a shared (ReadWriteMany) volume becomes an NFS mount; the claim does not name its server",
        )
        return RunVolume(
            name, NfsVolume(literal, f"/{share}", self._is_read_only(volume, mounts)), f"PersistentVolumeClaim {claim}"
        )


def _is_shared(claim: Raw | None) -> bool:
    modes = ((claim or {}).get("spec") or {}).get("accessModes") or ()
    return "ReadWriteMany" in modes or "ReadOnlyMany" in modes
