"""Volumes: what has a counterpart, under which name and size, and what is left behind."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.model.workload import Volume
from k2cr_analysis.rendering import RenderContext, render_workload
from k2cr_analysis.rendering.spec.build import Build, build
from k2cr_analysis.rendering.spec.service import BucketVolume, DiskVolume, MemoryVolume, NfsVolume, SecretVolume
from tests.rendering.factory import assessed, container, volume, workload

CONFIG_MAP = {"metadata": {"name": "conf"}, "data": {"a.ini": "x", "b.ini": "y"}}
TLS_SECRET = {"metadata": {"name": "cert"}, "type": "kubernetes.io/tls"}
SHARED = {"spec": {"accessModes": ["ReadWriteMany"]}}


def built(*volumes: Volume, mounts: list[dict[str, Any]] | None = None) -> Build:
    given = mounts if mounts is not None else [{"volume": v.name, "mount_path": f"/m/{v.name}"} for v in volumes]
    related = {"ConfigMap": (CONFIG_MAP,), "Secret": (TLS_SECRET,)}
    subject = workload(container("app", mounts=given), volumes=volumes, related=related)
    return build(assessed(subject), RenderContext(project="p", region="r1"))


@pytest.mark.parametrize(
    ("given", "source"),
    [
        (volume("v", "emptyDir", {"medium": "Memory", "sizeLimit": "64Mi"}), MemoryVolume("64Mi")),
        (volume("v", "emptyDir", {"sizeLimit": "100M"}), MemoryVolume("97657Ki")),
        (volume("v", "emptyDir", {}), MemoryVolume("256Mi")),
        (volume("v", "emptyDir", {"medium": "Memory", "sizeLimit": "10Gi"}), MemoryVolume("256Mi")),
        (volume("v", "emptyDir", {"sizeLimit": "12Gi"}), DiskVolume("12Gi")),
        (volume("v", "emptyDir", {"sizeLimit": "1G"}), DiskVolume("10Gi")),
        (volume("v", "ephemeral", {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "20Gi"}}}}}), DiskVolume("20Gi")),
        (volume("v", "nfs", {"server": "10.0.0.2", "path": "/x"}), NfsVolume("10.0.0.2", "/x", False)),
        (volume("v", "csi", {"driver": "gcsfuse.csi.storage.gke.io", "volumeAttributes": {"bucketName": "b"}}), BucketVolume("b", False)),
        (volume("v", "persistentVolumeClaim", {"claimName": "share"}, claim=SHARED), NfsVolume("NFS_SERVER_SHARE", "/NFS_SHARE_SHARE", False)),
        (volume("v", "secret", {"secretName": "s", "items": [{"key": "k", "path": "f"}]}), SecretVolume("shop--s--k", (("latest", "f"),))),
        (volume("v", "secret", {"secretName": "s"}), SecretVolume("shop--s--files", (("latest", "KEY_OF_S"),))),
    ],
    ids=["in memory", "decimal size", "no size: half the memory", "too large: half the memory", "a disk", "the least disk", "a claim of its own", "NFS", "Cloud Storage", "shared claim", "one file", "unknown keys"],
)  # fmt: skip
def test_a_volume_with_a_counterpart_goes_along(given: Volume, source: object) -> None:
    assert [v.source for v in built(given).run.template.volumes] == [source]


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        (volume("v", "configMap", {"name": "conf"}), ("a.ini", "b.ini")),
        (volume("v", "secret", {"secretName": "cert"}), ("tls.crt", "tls.key")),
    ],
    ids=["ConfigMap", "TLS Secret"],
)
def test_several_files_are_versions_of_one_secret(given: Volume, paths: tuple[str, ...]) -> None:
    made = built(given)
    source = made.run.template.volumes[0].source
    assert isinstance(source, SecretVolume)
    assert source.files == tuple((p.replace(".", "-"), p) for p in paths)  # an alias each
    assert made.account.secrets[source.secret].keys == paths


@pytest.mark.parametrize(
    "given",
    [volume("v", "downwardAPI", {}), volume("v", "hostPath", {"path": "/x"}), volume("v", "persistentVolumeClaim", {"claimName": "c"}), volume("v", "configMap", {"name": "conf", "items": []}), volume("v", "glusterfs", {})],
    ids=lambda v: v.kind,
)  # fmt: skip
def test_a_mount_goes_with_its_volume(given: Volume) -> None:
    made = built(given)
    dropped = {e.path for e in made.account.entries if e.outcome == "dropped"}
    kept = {m.volume for m in made.run.template.containers[0].mounts}
    assert kept == {v.name for v in made.run.template.volumes}
    assert kept or {given.path, "$.spec.template.spec.containers[0].volumeMounts[0]"} <= dropped


def test_nothing_is_mounted_where_cloud_run_mounts_nothing() -> None:
    made = built(volume("shm", "emptyDir", {"medium": "Memory"}), mounts=[{"volume": "shm", "mount_path": "/dev/shm"}])
    assert (made.run.template.volumes, made.run.template.containers[0].mounts) == ((), ())


def test_a_volume_that_nothing_mounts_stays_behind() -> None:
    made = built(volume("v", "emptyDir", {}), mounts=[])
    assert made.run.template.volumes == ()


def test_nfs_asks_for_the_network_and_the_second_generation() -> None:
    template = built(volume("v", "nfs", {"server": "s", "path": "/x"})).run.template
    assert template.egress is not None
    assert template.execution_environment == "gen2"


def test_an_ephemeral_disk_is_one_in_every_form() -> None:
    files = render_workload(
        assessed(
            workload(
                container("app", mounts=[{"volume": "v", "mount_path": "/v"}]),
                volumes=(volume("v", "emptyDir", {"sizeLimit": "10Gi"}),),
            )
        ),
        RenderContext(project="p", region="us-central1"),
    )
    assert "medium: Disk" in files["service.yaml"] and "execution-environment: gen2" in files["service.yaml"]
    assert "--add-volume=name=v,type=ephemeral-disk,size=10Gi" in files["deploy.sh"]
    assert 'medium     = "DISK"' in files["main.tf"]
