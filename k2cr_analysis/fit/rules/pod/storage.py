"""Volumes: what outlives a pod, what comes from the node, what is only scratch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.evidence.volumes import claim_backing, in_words, is_block_volume, network_file_system
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping, objects
from k2cr_analysis.model.pod.scratch import Scratch, asked_storage, scratch_volumes
from k2cr_analysis.model.pod.secret_manager import ADD_ON_DRIVERS, provider_files
from k2cr_analysis.model.pod.secret_reference import SecretReference, references_of_volume
from k2cr_analysis.platforms.cloud_run.volumes import DISK_QUOTA_INSTANCE_BYTES, DISK_QUOTA_REGION_BYTES, MIN_DISK_BYTES

_VOLUMES = "https://docs.cloud.google.com/run/docs/configuring/services/volume-mounts"
_CONTRACT = "https://docs.cloud.google.com/run/docs/container-contract"
_DISK = "https://docs.cloud.google.com/run/docs/configuring/services/ephemeral-disk"


@rule(
    id="durable-block-storage",
    severity="blocker",
    reads=(
        "PodSpec.volumes[].persistentVolumeClaim", "PodSpec.volumes[].gcePersistentDisk",
        "PodSpec.volumes[].awsElasticBlockStore", "PodSpec.volumes[].azureDisk", "PodSpec.volumes[].iscsi",
        "PodSpec.volumes[].fc", "PodSpec.volumes[].rbd", "PodSpec.volumes[].cinder", "PodSpec.volumes[].vsphereVolume",
        "PodSpec.volumes[].portworxVolume", "PodSpec.volumes[].scaleIO",
        "PodSpec.volumes[].storageos", "PodSpec.volumes[].photonPersistentDisk", "PodSpec.volumes[].flocker",
        "PodSpec.volumes[].flexVolume",
        "StatefulSet.spec.volumeClaimTemplates", "PersistentVolumeClaimSpec", "PersistentVolumeClaim",
        "Container.volumeDevices",
    ),
    docs=_VOLUMES,
)  # fmt: skip
def durable_block_storage(candidate: Candidate) -> Iterator[Found]:
    """The pod keeps data on a block disk that outlives it.

    Why: Cloud Run mounts Cloud Storage buckets, NFS shares, secrets, memory and ephemeral disks. It has no block
    volumes that outlive an instance, and what a container writes elsewhere is lost when its instance stops.
    Remedy: Move the state to a managed database, to Cloud Storage (mounted as a bucket) or to Filestore (mounted as
    NFS) and take the claim out of `spec.volumes`; or leave the workload on GKE.
    Example: volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    """
    for volume in candidate.pod.volumes:
        if volume.kind == "persistentVolumeClaim":
            backing = claim_backing(volume, candidate.index)
            if backing.is_block:
                yield Found(volume.path, f"volume {volume.name}: {backing.words}; Cloud Run has no block volumes")
        elif is_block_volume(volume):
            yield Found(
                volume.path, f"volume {volume.name} is a block disk ({volume.kind}); Cloud Run has no block volumes"
            )
    for container in candidate.moving:
        for i, device in enumerate(container.block_devices):
            yield Found(
                f"{container.path}.volumeDevices[{i}]",
                f"container {container.name} uses the raw block device {device}; Cloud Run has none",
            )


@rule(id="host-path-volume", severity="blocker", reads=("PodSpec.volumes[].hostPath",), docs=_VOLUMES)
def host_path_volume(candidate: Candidate) -> Iterator[Found]:
    """The pod mounts a directory of its node.

    Why: A Cloud Run instance has no node that it could see.
    Remedy: Take out the `hostPath` volume: logs go to stdout, sockets and devices have no counterpart, shared files
    belong in a bucket. Node agents stay on GKE.
    Example: volumes: [{name: run, hostPath: {path: /var/run}}]
    """
    for volume in candidate.pod.volumes:
        if volume.kind == "hostPath":
            yield Found(
                f"{volume.path}.hostPath",
                f"volume {volume.name} is the node's {volume.source.get('path')}; Cloud Run has no node to mount from",
            )


@rule(
    id="network-file-system",
    severity="change",
    reads=(
        "PodSpec.volumes[].nfs",
        "PodSpec.volumes[].cephfs",
        "PodSpec.volumes[].glusterfs",
        "PodSpec.volumes[].azureFile",
        "PodSpec.volumes[].quobyte",
    ),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/nfs-volume-mounts",
)
def network_file_system_volume(candidate: Candidate) -> Iterator[Found]:
    """The pod shares files over a network file system.

    Why: Cloud Run mounts NFS (second generation, Direct VPC egress) without file locking; other network file systems
    not at all.
    Remedy: Say which share to mount under `volumes[].nfs` (`server`, `path`) and see that the application does not rely
    on locks; or move the files to Cloud Storage.
    Example: persistentVolumeClaim: {claimName: shared}   # accessModes: [ReadWriteMany]
    """
    for volume in candidate.pod.volumes:
        what = network_file_system(volume, candidate.index)
        if what:
            yield Found(
                volume.path,
                f"volume {volume.name}: {what}; Cloud Run mounts NFS without file locking, through Direct VPC egress",
            )


@rule(
    id="gcs-fuse-volume",
    severity="note",
    reads=("PodSpec.volumes[].csi",),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/cloud-storage-volume-mounts",
)
def gcs_fuse_volume(candidate: Candidate) -> Iterator[Found]:
    """The pod mounts a Cloud Storage bucket.

    Why: Cloud Run mounts buckets itself (second generation), with the same semantics of Cloud Storage FUSE.
    Remedy: Nothing to decide: the volume becomes `csi: {driver: gcsfuse.run.googleapis.com}` with the same
    `bucketName`; the service account needs access to the bucket.
    Example: csi: {driver: gcsfuse.csi.storage.gke.io, volumeAttributes: {bucketName: models}}
    """
    for volume in candidate.pod.volumes:
        bucket = claim_backing(volume, candidate.index).bucket if volume.kind == "persistentVolumeClaim" else None
        if volume.kind == "csi" and volume.source.get("driver") == "gcsfuse.csi.storage.gke.io":
            bucket = str(mapping(volume.source, "volumeAttributes").get("bucketName"))
        if bucket:
            yield Found(volume.path, f"volume {volume.name} is the bucket {bucket}; Cloud Run mounts it itself")


@rule(
    id="volume-driver-without-counterpart",
    severity="change",
    reads=(
        "PodSpec.volumes[].csi",
        "PodSpec.volumes[].image",
        "PodSpec.volumes[].gitRepo",
    ),
    docs=_VOLUMES,
)
def volume_driver_without_counterpart(candidate: Candidate) -> Iterator[Found]:
    """A volume comes from a driver that Cloud Run does not have.

    Why: Cloud Run has volumes of memory, ephemeral disk, Cloud Storage, NFS and Secret Manager only.
    Remedy: For the Secrets Store driver name the secrets under `volumes[].secret` (one file each). For scratch space
    use `emptyDir` with `sizeLimit`; for images or repositories copy the files into the container image.
    Example: csi: {driver: secrets-store.csi.k8s.io, volumeAttributes: {secretProviderClass: app}}
    """
    for volume in candidate.pod.volumes:
        if volume.kind == "csi":
            driver = str(volume.source.get("driver"))
            files = provider_files(volume, candidate.workload.related) if driver in ADD_ON_DRIVERS else ()
            if len({f.name for f in files}) > 1:
                names = ", ".join(sorted({f.name for f in files}))
                yield Found(
                    f"{volume.path}.csi.driver",
                    f"volume {volume.name} shows {names} of Secret Manager in one folder; on Cloud Run a folder takes "
                    "one secret",
                    "Give each secret a folder of its own, or name them as variables.",
                )
            elif (
                not files
                and driver not in ("gcsfuse.csi.storage.gke.io",)
                and not network_file_system(volume, candidate.index)
            ):
                yield Found(
                    f"{volume.path}.csi.driver",
                    f"volume {volume.name} comes from the driver {driver}; Cloud Run does not have it",
                )
        elif volume.kind in ("image", "gitRepo"):
            yield Found(
                f"{volume.path}.{volume.kind}",
                f"volume {volume.name} is of the kind {volume.kind}; Cloud Run does not have it",
            )


def _scratch(candidate: Candidate) -> Iterator[tuple[str, str, Scratch]]:
    """(volume, the containers that mount it, what it is) of the scratch volumes that go along."""
    for name, scratch in scratch_volumes(candidate.pod, {c.name: c for c in candidate.moving}).items():
        yield name, ", ".join(c.name for c in candidate.mounting(name)), scratch


@rule(
    id="scratch-on-disk",
    severity="change",
    reads=("PodSpec.volumes[].emptyDir", "PodSpec.volumes[].ephemeral"),
    docs=_DISK,
)
def scratch_on_disk(candidate: Candidate) -> Iterator[Found]:
    """A scratch volume stands on the node's disk, and nobody states its size.

    Why: Cloud Run has ephemeral disks (at least 10Gi, by a quota) and memory. How much is written decides which, and
    the manifest does not say. Until it does, the volume is memory: what is written counts against the memory of the
    container that writes, half of the instance's memory at most.
    Remedy: State `emptyDir.sizeLimit` (or the container's `ephemeral-storage`): above 512Mi it becomes an ephemeral
    disk, below it memory that is added to the container's.
    Example: volumes: [{name: tmp, emptyDir: {}}]
    """
    for name, users, scratch in _scratch(candidate):
        if scratch.stated_bytes is None and not scratch.asked_for:
            yield Found(
                scratch.at,
                f"volume {name} of {users} is on disk, of no stated size; on Cloud Run it is memory that counts, until "
                "a size is stated",
            )


@rule(id="scratch-as-ephemeral-disk", severity="note", reads=("PodSpec.volumes[].emptyDir",), docs=_DISK)
def scratch_as_ephemeral_disk(candidate: Candidate) -> Iterator[Found]:
    """A scratch volume becomes an ephemeral disk.

    Why: Cloud Run's ephemeral disks live as long as their instance, as an emptyDir does as long as its pod: ext4,
    second generation, at least 10Gi, billed for what is provisioned. By default an instance has 10 GB and a project
    100 GB in a region, for all its instances together.
    Remedy: Nothing to decide. Ask for more quota where instances times size is above it.
    Example: volumes: [{name: work, emptyDir: {sizeLimit: 10Gi}}]
    """
    for name, users, scratch in _scratch(candidate):
        if scratch.medium == "disk":
            yield Found(
                scratch.at,
                f"volume {name} of {users} becomes an ephemeral disk (emptyDir with medium: Disk) of "
                f"{in_words(scratch.disk_bytes)} in each instance; by default a region has "
                f"{DISK_QUOTA_REGION_BYTES // 10**9} GB of them for all instances of a project",
            )


@rule(id="scratch-disk-over-quota", severity="change", reads=("PodSpec.volumes[].emptyDir",), docs=_DISK)
def scratch_disk_over_quota(candidate: Candidate) -> Iterator[Found]:
    """An instance needs more ephemeral disk than it has by default.

    Why: The quota is 10 GB an instance (the least disk, 10Gi, fits), and a deploy above it is refused.
    Remedy: Ask for more quota before the deploy, state a smaller `sizeLimit`, or keep large files in Cloud Storage.
    Example: volumes: [{name: work, emptyDir: {sizeLimit: 50Gi}}]
    """
    disks = [scratch for _, _, scratch in _scratch(candidate) if scratch.medium == "disk"]
    total = sum(s.disk_bytes for s in disks)
    if total > MIN_DISK_BYTES:
        yield Found(
            disks[0].at,
            f"an instance needs {in_words(total)} of ephemeral disk; by default it has "
            f"{DISK_QUOTA_INSTANCE_BYTES // 10**9} GB",
        )


@rule(id="ephemeral-storage-in-memory", severity="change", reads=("Container.resources",), docs=_DISK)
def ephemeral_storage_in_memory(candidate: Candidate) -> Iterator[Found]:
    """A container asks for more than 1 GiB of local disk, and mounts no volume that it could be.

    Why: On Cloud Run the writable file system is memory and counts against the memory limit; an ephemeral disk is
    mounted at a path, and the manifest names none. 1 GiB is what GKE Autopilot gives every container unasked, so up to
    that nobody asked for anything.
    Remedy: Mount an `emptyDir` with `sizeLimit` at the directory that is written: it becomes an ephemeral disk. Or
    lower `ephemeral-storage` to what is really written.
    Example: resources: {requests: {ephemeral-storage: 10Gi}}
    """
    on_disk = {name for name, _, scratch in _scratch(candidate) if scratch.medium == "disk"}
    for container in candidate.moving:
        asked = asked_storage(container)
        if asked and not on_disk & {m.volume for m in container.volume_mounts}:
            yield Found(
                asked[1],
                f"container {container.name} asks for {in_words(asked[0])} of local disk; on Cloud Run files are in "
                "memory, but for what an ephemeral disk is mounted at",
            )


@rule(
    id="config-map-as-files",
    severity="change",
    reads=("PodSpec.volumes[].configMap",),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/secrets",
)
def config_map_as_files(candidate: Candidate) -> Iterator[Found]:
    """A ConfigMap is mounted as files.

    Why: Cloud Run has no ConfigMaps. As files it mounts secrets of Secret Manager (64 KiB a file), buckets and NFS.
    Remedy: Decide for each file: a secret under `volumes[].secret`, a file in a bucket, or a copy in the image.
    Example: volumes: [{name: conf, configMap: {name: nginx-conf}}]
    """
    for volume in candidate.pod.volumes:
        if not candidate.mounting(volume.name):
            continue
        if volume.kind == "configMap":
            yield Found(
                f"{volume.path}.configMap",
                f"ConfigMap {volume.source.get('name')} is mounted as files; Cloud Run has no ConfigMaps",
            )
        elif volume.kind == "projected":
            for i, part in objects(volume.source, "sources"):
                if mapping(part, "configMap"):
                    yield Found(
                        f"{volume.path}.projected.sources[{i}].configMap",
                        f"ConfigMap {mapping(part, 'configMap').get('name')} is mounted as files; Cloud Run has "
                        "no ConfigMaps",
                    )


@rule(
    id="secret-with-many-files",
    severity="change",
    reads=("PodSpec.volumes[].secret", "PodSpec.volumes[].projected.sources"),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/secrets",
)
def secret_with_many_files(candidate: Candidate) -> Iterator[Found]:
    """A Secret of several keys, or of keys that nobody names, is mounted as files.

    Why: A secret of Secret Manager is one value and becomes one file; two secrets may not be mounted in one directory.
    A Secret of N keys becomes N secrets in N directories.
    Remedy: Name the keys that are used under `volumes[].secret.items`, make a secret of each, and tell the application
    the new paths; or put them into one file.
    Example: volumes: [{name: certs, secret: {secretName: certs}}]   # tls.crt and tls.key
    """
    for volume in candidate.pod.volumes:
        if not candidate.mounting(volume.name):
            continue
        secrets = [found for found in references_of_volume(volume) if found.kind == "Secret"]
        for _, files in groupby(secrets, lambda found: found.at):
            first, *more = files
            if first.place == "projected" or len(_files_by_sub_path(candidate, volume.name)) != 1:
                yield from _many(candidate, (first, *more))


def _files_by_sub_path(candidate: Candidate, volume: str) -> set[str]:
    """The files of a volume that are mounted one by one; none where it is mounted whole anywhere."""
    mounts = [m for c in candidate.moving for m in c.volume_mounts if m.volume == volume]
    return {m.sub_path for m in mounts if m.sub_path} if all(m.sub_path for m in mounts) else set()


def _many(candidate: Candidate, files: tuple[SecretReference, ...]) -> Iterator[Found]:
    """What is mounted of one Secret in one place."""
    name, at = files[0].name, files[0].at
    items = [found.key for found in files if found.key is not None]
    raw = next(
        (s for s in candidate.workload.related.get("Secret", ()) if mapping(s, "metadata").get("name") == name), None
    )
    known = sorted({*mapping(raw, "data"), *mapping(raw, "stringData")})
    if len(items) > 1 or (not items and len(known) > 1):
        yield Found(
            at,
            f"Secret {name} is mounted as {len(items or known)} files ({', '.join(items or known)}); "
            "on Cloud Run each file is a secret in a directory of its own",
        )
    elif not items and not known:
        yield Found(
            at,
            f"Secret {name} is mounted whole, and its keys are not in the snapshot; on Cloud Run each file is a "
            "secret in a directory of its own",
        )


@rule(
    id="projected-identity",
    severity="change",
    reads=("PodSpec.volumes[].projected", "PodSpec.volumes[].downwardAPI"),
    docs="https://docs.cloud.google.com/run/docs/securing/service-identity",
)
def projected_identity(candidate: Candidate) -> Iterator[Found]:
    """The pod mounts a token of its ServiceAccount, a trust bundle or facts about itself as files.

    Why: Cloud Run projects none of these. The metadata server gives identity tokens; `K_SERVICE` and `K_REVISION` say
    which service and revision it is.
    Remedy: Take the token from the metadata server (`.../identity?audience=...`), set constants as `env`, and take the
    volume out.
    Example: projected: {sources: [{serviceAccountToken: {path: token, audience: vault}}]}
    """
    for volume in candidate.pod.volumes:
        if not candidate.mounting(volume.name):
            continue
        if volume.kind == "downwardAPI":
            yield Found(
                f"{volume.path}.downwardAPI",
                f"volume {volume.name} holds facts about the pod; Cloud Run has no such volume",
            )
        for i, part in objects(volume.source, "sources") if volume.kind == "projected" else ():
            for kind in ("serviceAccountToken", "downwardAPI", "clusterTrustBundle", "podCertificate"):
                if kind in part:
                    yield Found(
                        f"{volume.path}.projected.sources[{i}].{kind}",
                        f"volume {volume.name} projects {kind}; Cloud Run has no such volume",
                    )


@rule(id="reserved-mount-path", severity="change", reads=("Container.volumeMounts",), docs=_CONTRACT)
def reserved_mount_path(candidate: Candidate) -> Iterator[Found]:
    """A volume is mounted where Cloud Run mounts none.

    Why: `/dev`, `/proc` and `/sys` cannot be mounted over, a path may not hold a colon, and a mount at `/` hides the
    image itself.
    Remedy: Set another `volumeMounts[].mountPath` and tell the application. A larger `/dev/shm` is not to be had.
    Example: volumeMounts: [{name: shm, mountPath: /dev/shm}]
    """
    for container in candidate.moving:
        for mount in container.volume_mounts:
            top = "/" + mount.mount_path.strip("/").partition("/")[0]
            if top in ("/", "/dev", "/proc", "/sys") or ":" in mount.mount_path:
                yield Found(
                    f"{mount.path}.mountPath",
                    f"container {container.name} mounts {mount.volume} at {mount.mount_path}; Cloud Run cannot "
                    "mount there",
                )


@rule(id="nested-mount", severity="change", reads=("Container.volumeMounts",), docs=_CONTRACT)
def nested_mount(candidate: Candidate) -> Iterator[Found]:
    """A volume is mounted inside another volume.

    Why: Cloud Run does not support mounts inside mounts.
    Remedy: Give each volume a `mountPath` of its own, side by side.
    Example: volumeMounts: [{name: data, mountPath: /data}, {name: conf, mountPath: /data/conf}]
    """
    for container in candidate.moving:
        paths = {m.mount_path.rstrip("/") or "/": m for m in container.volume_mounts}
        for path, mount in paths.items():
            outer = next((p for p in paths if p != path and path.startswith(f"{p.rstrip('/')}/")), None)
            if outer:
                yield Found(
                    f"{mount.path}.mountPath",
                    f"container {container.name} mounts {mount.volume} at {path}, inside {outer}; Cloud Run has "
                    "no nested mounts",
                )
