"""What the Cloud Run API would refuse, were it carried over as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.evidence.file_mounts import file_mounts
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.openapi.refusals import Refused, Spec, refused
from k2cr_analysis.platforms.cloud_run.volumes import BUCKET_DRIVER

_API = "https://docs.cloud.google.com/run/docs/reference/rest/v1/namespaces.services"
_SECRETS = "https://docs.cloud.google.com/run/docs/configuring/services/secrets"
_KINDS = {"service": "Service", "job": "Job", "worker-pool": "WorkerPool"}
_GCS_DRIVERS = ("gcsfuse.csi.storage.gke.io", BUCKET_DRIVER)


@rule(
    id="refused-by-cloud-run",
    severity="change",
    reads=("Container.env[].name", "PodSpec.volumes[].nfs", "PodSpec.volumes[].csi"),
    docs=_API,
)
def refused_by_cloud_run(candidate: Candidate) -> Iterator[Found]:
    """A value that would be carried over is one that the Cloud Run API refuses.

    Why: The API takes less than Kubernetes in some fields: names of variables, paths of NFS, drivers of volumes. What
    it is known to refuse stands in one table, which every rendered file goes through too (`docs/refusals.md`).
    Remedy: Change the value in the manifest, as the message says.
    Example: volumes: [{name: share, nfs: {server: 10.0.0.2, path: share}}]
    """
    if candidate.target == "none":
        return
    for one in refused(_as_carried(candidate), carried=True):
        yield Found(_path(candidate, one), f"{one.found}: Cloud Run refuses it; {one.row.takes}")


def _as_carried(candidate: Candidate) -> Spec:
    """The part of a spec that holds the source's own values."""
    containers = [{"name": c.name, "env": [{"name": v.name} for v in c.env]} for c in candidate.moving]
    # Annotations of Cloud Run are carried from a Knative Service alone.
    is_knative = candidate.workload.kind == "Service"
    return Spec(
        kind=_KINDS[candidate.target],
        own=candidate.workload.annotations if is_knative else {},
        annotations=candidate.pod.annotations if is_knative else {},
        fields={"containers": containers, "volumes": [_volume(v.kind, v.source) for v in candidate.pod.volumes]},
    )


def _volume(kind: str, source: Mapping[str, Any]) -> Mapping[str, Any]:
    if kind == "nfs":
        return {"nfs": source}
    if kind == "csi" and source.get("driver") in _GCS_DRIVERS:
        return {"csi": {**source, "driver": BUCKET_DRIVER}}
    return {}


def _path(candidate: Candidate, one: Refused) -> str:
    """The place in the spec as one in the workload's object."""
    head, _, rest = one.path.partition(".")
    name, _, index = head.partition("[")
    if name == "annotations":
        key = one.path[len("annotations[") : -1]
        is_own = key in candidate.workload.annotations
        return bracketed("$.metadata.annotations" if is_own else f"{candidate.metadata_path()}.annotations", key)
    parts = candidate.moving if name == "containers" else candidate.pod.volumes
    at = parts[int(index[:-1])].path if index else candidate.pod.path
    return f"{at}.{rest}" if rest else at


@rule(
    id="file-by-sub-path",
    severity="change",
    reads=("Container.volumeMounts[].subPath", "Container.volumeMounts[].subPathExpr"),
    docs=_SECRETS,
)
def file_by_sub_path(candidate: Candidate) -> Iterator[Found]:
    """A single file of a Secret or ConfigMap is mounted into a folder.

    Why: Kubernetes puts the file beside what the image has in that folder. Cloud Run rejects `subPath` on secrets: it
    mounts a whole folder, which hides what the image has there, and a folder takes one secret.
    Remedy: Where nothing else is needed in that folder, nothing: it is mounted. Otherwise copy the file into the image,
    or tell the program another path; the written files have it under `/secrets`.
    Example: volumeMounts: [{name: conf, mountPath: /etc/nginx/nginx.conf, subPath: nginx.conf}]
    """
    for found in file_mounts(candidate.pod, candidate.moving).values():
        at, where = (
            f"{found.mount.path}.subPath",
            f"container {found.container} mounts the file {found.mount.mount_path}",
        )
        if found.moved:
            yield Found(
                at,
                f"{where} by subPath of a secret, which Cloud Run rejects, and {found.moved}: it is written to "
                f"{found.directory}/{found.file}",
                f"Let the program read {found.directory}/{found.file} (an argument or a variable), or copy the file "
                "into the image and take the mount out.",
            )
        else:
            yield Found(
                at,
                f"{where} by subPath of a secret, which Cloud Run rejects: the whole folder {found.directory} is "
                "mounted, and hides what the image has in it",
            )
