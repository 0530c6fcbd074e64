"""What stands behind a volume: a block disk, a network file system, a bucket."""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.fit.cluster_index import ClusterIndex
from k2cr_analysis.model.parse.access import Raw, mapping, text, texts
from k2cr_analysis.model.workload import Volume

_BLOCK_KINDS = frozenset({
    "gcePersistentDisk", "awsElasticBlockStore", "azureDisk", "iscsi", "fc", "rbd", "cinder", "vsphereVolume",
    "portworxVolume", "scaleIO", "storageos", "photonPersistentDisk",
    "flocker", "flexVolume",
})  # fmt: skip
_FILE_KINDS = frozenset({"nfs", "cephfs", "glusterfs", "azureFile", "quobyte"})
_FILE_DRIVERS = (
    "filestore.csi.storage.gke.io",
    "nfs.csi.k8s.io",
    "lustre.csi.storage.gke.io",
    "parallelstore.csi.storage.gke.io",
    "efs.csi.aws.com",
    "file.csi.azure.com",
)
_BUCKET_DRIVER = "gcsfuse.csi.storage.gke.io"
_FILE_CLASSES = ("filestore", "nfs", "rwx", "lustre", "parallelstore", "azurefile", "efs", "cephfs")


@dataclass(frozen=True, slots=True)
class Backing:
    """What a claim is. ``words`` for messages; ``bucket`` where it is one of Cloud Storage."""

    is_block: bool
    words: str
    bucket: str | None = None


def claim_backing(volume: Volume, index: ClusterIndex) -> Backing:
    """What a PersistentVolumeClaim gives. A claim that is not in the snapshot counts as GKE's default, a disk."""
    name = str(volume.source.get("claimName"))
    if volume.claim is None:
        return Backing(
            True,
            f"the claim {name} is not in the snapshot, and a claim is a disk by default (if it is not one, "
            "collect the claim too)",
        )
    spec = mapping(volume.claim, "spec")
    modes, storage_class = texts(spec, "accessModes"), text(spec, "storageClassName") or ""
    bound = mapping(index.volumes.get(text(spec, "volumeName") or "", {}), "spec")
    driver = (
        text(mapping(bound, "csi"), "driver") or text(index.storage_classes.get(storage_class, {}), "provisioner") or ""
    )
    of_node = sorted((_BLOCK_KINDS | {"hostPath", "local"}) & set(bound))
    if of_node:
        return Backing(True, f"the claim {name} is bound to a volume of the kind {of_node[0]}")
    if driver == _BUCKET_DRIVER:
        return Backing(
            False, f"the claim {name} is a bucket", text(mapping(bound, "csi"), "volumeHandle") or "of the claim"
        )
    if (
        driver in _FILE_DRIVERS
        or any(kind in bound for kind in _FILE_KINDS)
        or any(w in storage_class.lower() for w in _FILE_CLASSES)
    ):
        return Backing(False, f"the claim {name} is a network file system ({driver or storage_class or 'nfs'})")
    if "ReadWriteMany" in modes:
        return Backing(False, f"the claim {name} is shared ({', '.join(modes)})")
    return Backing(
        True,
        f"the claim {name} is a disk ({', '.join(modes) or 'no access mode'}, "
        f"{mapping(spec, 'resources', 'requests').get('storage', 'no size')})",
    )


def is_block_volume(volume: Volume) -> bool:
    """A volume of a kind that is always a block disk."""
    return volume.kind in _BLOCK_KINDS or (
        volume.kind == "csi" and _is_disk_driver(text(volume.source, "driver") or "")
    )


def _is_disk_driver(driver: str) -> bool:
    return driver.startswith(("pd.csi.", "ebs.csi.", "disk.csi."))


def network_file_system(volume: Volume, index: ClusterIndex) -> str | None:
    """In words, the network file system that a volume is; None where it is none."""
    if volume.kind in _FILE_KINDS:
        return f"{volume.kind} {_where(volume.source)}"
    if volume.kind == "csi" and text(volume.source, "driver") in _FILE_DRIVERS:
        return f"the driver {volume.source.get('driver')}"
    if volume.kind == "persistentVolumeClaim":
        backing = claim_backing(volume, index)
        return None if backing.is_block or backing.bucket else backing.words
    return None


def _where(source: Raw) -> str:
    return f"{source.get('server', '')}:{source.get('path', '')}" if "server" in source else "of the manifest"


def in_words(size_bytes: int) -> str:
    """``10 GiB``, ``512 MiB``: an exact number of the largest unit that fits."""
    for unit, factor in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size_bytes >= factor:
            amount = size_bytes / factor
            return f"{amount:.0f} {unit}" if amount == int(amount) else f"{amount:.1f} {unit}"
    return f"{size_bytes} B"
