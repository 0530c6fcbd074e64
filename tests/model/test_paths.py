"""Paths that the kubelet reads from the root are read so here too."""

from __future__ import annotations

import pytest

from tests.model.manifests import cluster_of

POD = """
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec:
  containers:
  - name: web
    image: web
    livenessProbe: {{httpGet: {{port: 80, path: "{path}"}}}}
    volumeMounts: [{{name: v, mountPath: "{path}"}}]
  volumes: [{{name: v, emptyDir: {{}}}}]
"""


@pytest.mark.parametrize(
    ("written", "mounted", "asked"),
    [
        ("/a", "/a", "/a"),
        ("a", "/a", "/a"),
        ("./a", "/a", "/./a"),
        ("/a/", "/a/", "/a/"),
        ("/a/../b", "/b", "/a/../b"),
        ("//", "/", "//"),
        ("/x/../dev//shm", "/dev/shm", "/x/../dev//shm"),
    ],
)
def test_a_relative_path_is_one_from_the_root(written: str, mounted: str, asked: str) -> None:
    (workload,) = cluster_of(POD.format(path=written)).workloads
    (container,) = workload.pod.containers
    assert container.volume_mounts[0].mount_path == mounted
    assert container.liveness_probe is not None
    assert container.liveness_probe.http_path == asked
