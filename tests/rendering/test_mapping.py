"""The mapping: every field that fit saw is in it, with what became of it and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.fit import assess_cluster
from k2cr_analysis.model.cloud_run import ContainerShape, ServiceShape
from k2cr_analysis.model.toil import Operability
from k2cr_analysis.rendering import RenderContext, render_workload
from tests.model.manifests import cluster_of

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web, app.kubernetes.io/name: web}}
spec:
  replicas: 3
  strategy: {rollingUpdate: {maxSurge: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
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
        readinessProbe: {httpGet: {path: /ready, port: http}, initialDelaySeconds: 10, periodSeconds: 30, timeoutSeconds: 10}
        resources: {requests: {cpu: 100m, memory: 64Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 7}
"""


@pytest.fixture(scope="module")
def subject() -> WorkloadAssessment:
    cluster = cluster_of(MANIFEST)
    fit = assess_cluster(cluster, Config())["shop/Deployment/web"]
    shape = ServiceShape("service", {"web": ContainerShape(Decimal(1), 2**29)}, 80, 0, 7, "request", "gen2")
    return WorkloadAssessment(
        cluster.by_id["shop/Deployment/web"], fit, shape, None, None, None, Operability((), ()), None, fit.findings
    )


@pytest.fixture(scope="module")
def fields(subject: WorkloadAssessment) -> Mapping[str, Any]:
    found = json.loads(render_workload(subject, RenderContext(project="p", region="r1"))["mapping.json"])
    return {field["path"]: field for field in found["fields"]}


def test_every_field_is_in_it_with_a_reason(subject: WorkloadAssessment, fields: Mapping[str, Any]) -> None:
    told = sorted(fields)  # of labels, annotations and amounts each key by itself
    untold = [
        u.path
        for u in subject.fit.fields
        if not any(t == u.path or t.startswith((f"{u.path}.", f"{u.path}[")) for t in told)
    ]
    assert untold == []
    assert {f["outcome"] for f in fields.values()} == {"carried", "changed", "counted", "dropped"}
    assert all(f["why"] for f in fields.values())


@pytest.mark.parametrize(
    ("path", "outcome", "source", "target"),
    [
        ("$.spec.template.spec.containers[0].image", "carried", "us-docker.pkg.dev/p/r/web:1", "us-docker.pkg.dev/p/r/web:1"),
        ("$.spec.template.spec.containers[0].args", "changed", "['--a', '$(B)']", "['--a', 'b']"),
        ("$.spec.template.spec.containers[0].env[2].valueFrom.secretKeyRef.key", "changed", "k", "shop--s--k:latest"),
        ("$.spec.template.spec.containers[0].env[1].valueFrom.fieldRef.fieldPath", "changed", "status.podIP", "no variable"),
        ("$.spec.template.spec.containers[0].ports[1].containerPort", "dropped", "9090", None),
        ("HorizontalPodAutoscaler/web $.spec.maxReplicas", "carried", "7", "7"),
        ("HorizontalPodAutoscaler/web $.spec.minReplicas", "counted", "2", None),
    ],
    ids=["image", "args", "secret", "downward API", "metrics port", "max replicas", "min replicas"],
)  # fmt: skip
def test_from_what_to_what(fields: Mapping[str, Any], path: str, outcome: str, source: str, target: str | None) -> None:
    assert (fields[path]["outcome"], fields[path]["from"], fields[path]["to"]) == (outcome, source, target)


def test_the_probe_says_from_what_to_what(fields: Mapping[str, Any]) -> None:
    delay = fields["$.spec.template.spec.containers[0].readinessProbe.initialDelaySeconds"]
    assert (delay["outcome"], delay["from"], delay["to"]) == ("dropped", "10", None)
    period = fields["$.spec.template.spec.containers[0].readinessProbe.periodSeconds"]
    assert (period["outcome"], period["to"]) == ("carried", "30")
    assert period["target"] == "service.yaml $.spec.template.spec.containers[0].readinessProbe.periodSeconds"


def test_the_start_up_probe_made_from_a_carried_one_stands_beside_it(subject: WorkloadAssessment) -> None:
    page = render_workload(subject, RenderContext(project="p", region="r1"))["mapping.md"]
    probes = page.partition("## Probes")[2].partition("##")[0]
    assert "startupProbe: HTTP /ready on 8080, delay 0 s, period 1 s, timeout 1 s, 240 failures" in probes
