"""No false line: what the mapping says of a field is what happens to the files when the field has another value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from k2cr_analysis.config import Config
from k2cr_analysis.errors import K2crError
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot
from k2cr_analysis.sources.manifests.reading import read_manifests
from tests.rendering.metamorphic import false_lines, rendered

SHARED = Path(__file__).resolve().parents[3] / "shared"
DEMO = bundled("data", "demo")
MOST_OBJECTS = 40  # of a file that is tried: the tries of one cluster go with the square of its size

SMALL = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {team: shop, app.kubernetes.io/name: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      nodeSelector: {disk: ssd}
      containers:
      - name: web
        image: us-docker.pkg.dev/p/r/web:1
        args: [--a, $(B)]
        ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]
        env:
        - {name: B, value: b}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: S, valueFrom: {secretKeyRef: {name: s, key: k}}}
        readinessProbe: {httpGet: {path: /ready, port: 8080}, initialDelaySeconds: 10, periodSeconds: 30, timeoutSeconds: 10}
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
        volumeMounts: [{name: scratch, mountPath: /scratch}]
      volumes: [{name: scratch, emptyDir: {sizeLimit: 64Mi}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {cloud.google.com/backend-config: '{"default": "web"}'}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
  - host: shop.example.com
    http: {paths: [{path: /cart, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: cloud.google.com/v1
kind: BackendConfig
metadata: {name: web, namespace: shop}
spec: {timeoutSec: 90, securityPolicy: {name: armor}, logging: {enable: true, sampleRate: 0.5}}
"""  # fmt: skip


def test_no_line_of_a_small_cluster_is_false() -> None:
    documents = list(yaml.safe_load_all(SMALL))
    tried, found = false_lines(documents, Config(), "shop/Deployment/web")
    assert [str(f) for f in found] == []
    assert tried > 25


def _public() -> list[Path]:
    return sorted(p for p in (SHARED / "data" / "manifests").rglob("*.y*ml") if p.stat().st_size < 30_000)


@pytest.mark.soak
@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared manifests beside the project")
def test_no_line_of_the_public_manifests_is_false() -> None:
    wrong: list[str] = []
    for path in [*_public(), SHARED / "cases" / "seed" / "manifests"]:
        try:
            documents = [o.object for o in read_manifests([str(path)], keep_going=True).objects]
        except K2crError:
            continue  # not a manifest of Kubernetes
        if len(documents) <= MOST_OBJECTS:
            wrong += [f"{path}: {line}" for line in _false(documents)]
    assert wrong == []


@pytest.mark.soak
def test_no_line_of_the_demo_is_false() -> None:
    """A namespace at a time: the tries of one cluster go with the square of its size."""
    held = [o.object for o in open_snapshot(DEMO).objects()]
    namespaces = sorted({str(o["metadata"].get("namespace")) for o in held if o["metadata"].get("namespace")})
    wrong = []
    for namespace in namespaces:
        documents = [o for o in held if o["metadata"].get("namespace") == namespace]
        wrong += [f"{namespace}: {line}" for line in _false(documents)]
    assert wrong == []


def _false(documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for workload in rendered(documents, Config()).files:
        yield from (str(line) for line in false_lines(documents, Config(), workload)[1])
