"""The assessment as a whole, on the bundled demo and on small clusters."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from k2cr_analysis.assessment import Assessment
from k2cr_analysis.config import AssumedTraffic, Config, Project
from k2cr_analysis.model.money import total
from k2cr_analysis.planning import plan, portfolio
from k2cr_analysis.resources import bundled
from k2cr_analysis.sizing import legal
from k2cr_analysis.sources import collect
from k2cr_analysis.verdicts import assess

FRONTEND = "portal/Deployment/frontend"
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'r/web:1', ports: [{containerPort: 8080}], resources: {requests: {cpu: 500m, memory: 256Mi}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: n, image: 'r/n:1'}]}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: puller}
spec:
  replicas: 2
  selector: {matchLabels: {app: puller}}
  template: {metadata: {labels: {app: puller}}, spec: {containers: [{name: p, image: 'r/p:1'}]}}
"""


@pytest.fixture(scope="session")
def demo() -> Assessment:
    return assess(bundled("data", "demo"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(WEB)
    collect([tmp_path / "m.yaml"], tmp_path / "snap")
    return tmp_path / "snap"


def test_the_reference_case(demo: Assessment):
    one = next(w for w in demo.workloads if w.id == FRONTEND)
    assert (one.fit.target, one.fit.ingress_container, one.fit.ingress_port) == ("service", "proxy", 8080)
    assert dict(one.fit.startup.depends_on)["proxy"] == ("frontend",)
    for container, port in (("proxy", 8080), ("frontend", 9000)):
        startup = one.fit.probes[container].startup
        assert (startup.http_path, startup.port, startup.period_s, startup.initial_delay_s) == (
            "/healthcheck",
            port,
            1,
            0,
        )
    assert any(d.service == "backend" and d.kind == "grpc" for d in one.fit.dependencies)


def test_every_recommended_shape_is_legal(demo: Assessment):
    assert {w.id: legal(w.shape) for w in demo.workloads if w.shape and legal(w.shape)} == {}


def test_a_cost_is_the_sum_of_its_lines(demo: Assessment):
    priced = [w.cost for w in demo.workloads if w.cost and w.cost.cloud_run_month is not None]
    assert len(priced) > 20
    assert all(total(c.cloud_run_items) == c.cloud_run_month for c in priced)


def test_every_line_of_cloud_run_is_in_the_price_book_of_the_snapshot(demo: Assessment):
    listed = {(p.sku, p.unit, p.rate) for p in demo.prices.prices}
    used = {(i.sku.partition(":")[0], i.unit, i.rate) for w in demo.workloads if w.cost for i in w.cost.cloud_run_items}
    assert used <= listed


def test_no_workload_avoids_more_than_the_bill(demo: Assessment):
    month = demo.bill.month
    assert all(
        0 <= w.cost.gke_avoidable_month <= month for w in demo.workloads if w.cost.gke_avoidable_month is not None
    )


def test_an_interval_holds_its_saving(demo: Assessment):
    intervals = [(w.cost.interval, w.cost.saving_month) for w in demo.workloads if w.cost and w.cost.interval]
    assert intervals
    assert all(low <= saving <= high and low < high for (low, high), saving in intervals)


def test_what_the_snapshot_cannot_support_is_none_with_a_finding_that_says_so(small: Path):
    by_id = {w.id: w for w in assess(small).workloads}
    for workload, rule in (
        ("default/Deployment/web", "no-traffic-data"),
        ("default/CronJob/nightly", "no-running-time"),
    ):
        assert by_id[workload].cost.cloud_run_month is None
        assert rule in [f.rule for f in by_id[workload].findings]
    web = by_id["default/Deployment/web"]
    assert (web.latency.gke, web.latency.cloud_run, web.latency.cold_start_ratio) == (None, None, None)


def test_a_worker_pool_without_usage_runs_as_many_as_the_manifest_asks_for(small: Path):
    puller = next(w for w in assess(small).workloads if w.id.endswith("/puller"))
    assert puller.timeline.running_instance_s == 2 * 730 * 3600
    assert puller.cost.cloud_run_month == total(puller.cost.cloud_run_items) > 0


def test_assumed_traffic_is_used_and_said(small: Path):
    assessed = assess(small, Config(assumed_traffic=AssumedTraffic(requests_per_s=5, latency_ms=80)))
    web = next(w for w in assessed.workloads if w.id == "default/Deployment/web")
    assert web.cost.cloud_run_month > 0
    assert web.timeline.requests == Decimal(5 * 730 * 3600)
    assert any("assumed" in text for text in assessed.assumptions)


def test_the_region_is_the_configs_else_the_clusters_else_said(small: Path, demo: Assessment):
    assert demo.region == "asia-northeast1"
    assert assess(small, Config(project=Project(region="europe-west1"))).region == "europe-west1"
    assessed = assess(small)
    assert assessed.region == "us-central1"
    assert any("us-central1" in text for text in assessed.assumptions)


def test_a_bill_without_nodes_gives_shares_and_no_promise(tmp_path: Path):
    (tmp_path / "m.yaml").write_text(
        WEB.replace("metadata: {name: puller}", "metadata: {name: subscriber, namespace: portal}")
    )
    bill = next(bundled("data", "demo").glob("billing/*.parquet"))
    collect(
        [tmp_path / "m.yaml"],
        tmp_path / "snap",
        table_files={"billing": bill},
        cluster="prod-tokyo",
        location="asia-northeast1",
    )
    assessed = assess(tmp_path / "snap")
    subscriber = next(w for w in assessed.workloads if w.id == "portal/Deployment/subscriber")
    assert subscriber.cost.gke_attributed_month > 0
    assert subscriber.cost.gke_avoidable_month is None
    found, waves = portfolio(assessed), plan(assessed)
    assert found.gke_month == assessed.bill.month
    assert all(w.realised_month is None or w.realised_month <= found.gke_month for w in waves.waves)
