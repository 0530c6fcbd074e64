"""A worker is priced both ways: beside its service or apart, pulled or pushed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k2cr_analysis import collect
from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.config import load_config
from k2cr_analysis.verdicts import assess

WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
"""
SERVICE = """---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""
PAGE = "      - {name: web, image: us-docker.pkg.dev/shop/apps/web:1, ports: [{containerPort: 8080}]}\n"
WORKER = "      - {name: jobs, image: us-docker.pkg.dev/shop/apps/web:1, args: [celery, -A, shop, worker]}\n"
PULLS = (
    "      - {name: sub, image: us-docker.pkg.dev/shop/apps/sub:1, env: [{name: PUBSUB_SUBSCRIPTION, value: orders}]}\n"
)
CONFIG = '[project]\nregion = "us-central1"\n[traffic.assumed]\nrequests_per_s = 0.2\nlatency_ms = 80\n'


@pytest.fixture
def assessed(tmp_path: Path):
    def of(text: str) -> WorkloadAssessment:
        (tmp_path / "m.yaml").write_text(text)
        (tmp_path / "k2cr.toml").write_text(CONFIG)
        collect(tmp_path / "m.yaml", tmp_path / "s")
        return assess(tmp_path / "s", load_config(tmp_path / "k2cr.toml")).workloads[0]

    return of


def said(one: WorkloadAssessment, rule: str) -> list[float]:
    message = next(f.message for f in one.findings if f.rule == rule)
    return [float(m) for m in re.findall(r"([\d.]+) USD", message)]


def test_a_worker_beside_a_service_is_kept_up_and_priced_apart_too(assessed) -> None:
    one = assessed(WEB + PAGE + WORKER + SERVICE)
    assert (one.shape.billing, one.shape.min_instances) == ("instance", 1)
    together, service, pool = said(one, "worker-beside-or-apart")
    assert together == pytest.approx(float(one.cost.cloud_run_month), abs=0.01)
    assert service < together
    assert pool > 0


def test_without_a_worker_the_service_scales_to_zero(assessed) -> None:
    one = assessed(WEB + PAGE + SERVICE)
    assert (one.shape.billing, one.shape.min_instances) == ("request", 0)


def test_a_pull_consumer_is_offered_both_ways(assessed) -> None:
    one = assessed(WEB + PULLS)
    assert one.fit.target == "worker-pool"
    pool, pushed = said(one, "pull-or-push")
    assert pool == pytest.approx(float(one.cost.cloud_run_month), abs=0.01)
    assert pushed < pool
