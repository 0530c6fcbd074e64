"""The bundled snapshot: made by its script, consistent in itself, small, and labelled."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
COMPANY = yaml.safe_load((SCRIPTS / "demo" / "company.yaml").read_text(encoding="utf-8"))
REFERENCE = "portal/Deployment/frontend"


@pytest.fixture(scope="module")
def snapshot():
    return open_snapshot(bundled("data", "demo"))


@pytest.fixture(scope="module")
def cluster(snapshot):
    return parse_cluster(snapshot.objects(), project="p", name="prod-tokyo", location="asia-northeast1")


@pytest.fixture(scope="module")
def make_demo():
    sys.path.insert(0, str(SCRIPTS))
    try:
        from make_demo import make_demo
    finally:
        sys.path.remove(str(SCRIPTS))
    return make_demo


def test_the_script_makes_the_same_bytes_again(make_demo, snapshot, tmp_path):
    again = make_demo(tmp_path / "demo")
    assert again.files == snapshot.provenance.files, "run `python scripts/make_demo.py` and commit data/demo"


def test_it_is_small_and_says_that_it_is_made_up(snapshot):
    assert sum(record.bytes for record in snapshot.provenance.files.values()) < 5_000_000
    assert snapshot.provenance.made_up
    assert "made up" in snapshot.provenance.source


def test_it_covers_thirty_days_of_a_cluster_of_ordinary_size(snapshot, cluster):
    assert snapshot.provenance.window_days == 30
    assert 40 <= len(cluster.workloads) <= 60
    assert {w.kind for w in cluster.workloads} == {"Deployment", "StatefulSet", "DaemonSet", "CronJob"}


def test_the_reference_case_is_as_the_design_tells_it(cluster):
    frontend = cluster.by_id[REFERENCE]
    ports = {c.name: [p.number for p in c.ports] for c in frontend.pod.containers}
    assert ports == {"frontend": [9000], "proxy": [8080]}
    for container in frontend.pod.containers:
        probe = container.liveness_probe
        timing = (probe.http_path, probe.initial_delay_s, probe.period_s, probe.timeout_s, probe.failure_threshold)
        assert timing in {("/healthcheck", 10, 30, 10, 3), ("/healthcheck", 10, 30, 10, None)}
    (exposure,) = frontend.exposures
    assert [port.target for port in exposure.ports] == [8080]
    assert [route.external for route in exposure.routes] == [True]


def test_every_running_pod_fits_on_the_node_that_it_is_on(cluster):
    asked = defaultdict(lambda: [0, 0])
    for pod in cluster.pods:
        asked[pod.node][0] += pod.requests.cpu_cores or 0
        asked[pod.node][1] += pod.requests.memory_bytes or 0
    for node in cluster.nodes:
        cores, size = asked[node.name]
        assert cores <= node.allocatable.cpu_cores
        assert size <= node.allocatable.memory_bytes


def test_the_compute_rows_of_a_day_are_nodes_times_price_times_hours(snapshot, cluster):
    book, want = PriceBook.embedded(), 0.0
    for node in cluster.nodes:
        family = node.machine_type.split("-")[0] + (".spot" if node.spot else "")
        vcpu, gib = {"4": (4, 16), "8": (8, 32)}[node.machine_type.split("-")[-1]]
        rates = [float(book.require(f"compute.{family}.{part}", "asia-northeast1").rate) for part in ("cpu", "memory")]
        want += 24 * (vcpu * rates[0] + gib * rates[1])
    by_day = defaultdict(float)
    for row in snapshot.table("billing", ["sku", "usage_start_time", "cost"]).to_pylist():
        if "Instance" in row["sku"]["description"]:
            by_day[row["usage_start_time"]] += row["cost"]
    assert len(by_day) == 30
    assert all(abs(cost - want) < 0.001 for cost in by_day.values())


def test_no_sku_id_of_the_demo_is_one_of_the_catalogue(snapshot):
    ids = {row["sku"]["id"] for row in snapshot.table("billing", ["sku"]).to_pylist()}
    assert all(one.startswith("DE00-") for one in ids)


def test_secrets_of_the_manifests_are_not_in_the_snapshot(snapshot):
    text = "".join(str(item.object) for item in snapshot.objects())
    assert "made-up-Xq3vT9zLm2" not in text
    assert "<redacted>" in text


def test_the_incident_shows_in_errors_and_latency(snapshot):
    import pyarrow.compute as pc

    rows = snapshot.table("traffic", ["service_name", "response_code_class", "end_time", "request_count"])
    mine = rows.filter(pc.equal(rows["service_name"].cast("string"), "payments-adapter")).to_pylist()
    start, end = COMPANY["incident"]["start"][:16], COMPANY["incident"]["end"][:16]
    count = defaultdict(int)
    for row in mine:
        during = start < row["end_time"].strftime("%Y-%m-%dT%H:%M") <= end
        count[during, row["response_code_class"]] += row["request_count"]
    ratio = {d: count[d, "5xx"] / sum(count[d, c] for c in ("2xx", "4xx", "5xx")) for d in (True, False)}
    assert ratio[True] > 10 * ratio[False]


def test_the_manifest_and_the_live_dump_get_the_same_findings(cluster, make_demo):
    """What the API server filled in, and what controllers made, is nobody's wish."""
    from demo.live import CONTROLLERS
    from make_demo import read_manifests

    from k2cr_analysis.config import Config
    from k2cr_analysis.errors import Location
    from k2cr_analysis.fit import assess_cluster
    from k2cr_analysis.snapshot.objects import SnapshotObject
    from k2cr_analysis.snapshot.redaction.redact import redact

    written = [SnapshotObject(redact(item)[0], Location("manifests")) for item in read_manifests()]
    before = parse_cluster(written, project="p", name="prod-tokyo", location="asia-northeast1")
    from_manifests, from_live = assess_cluster(before, Config()), assess_cluster(cluster, Config())
    assert sum(item.object["kind"] in CONTROLLERS for item in written) == len(from_manifests)
    for name, fit in from_manifests.items():
        live = from_live[name]
        assert (fit.verdict, fit.target, fit.ingress_container) == (live.verdict, live.target, live.ingress_container)
        # A live cluster is not asked for its Secrets and certificates; a folder may hold them.
        assert {f.rule for f in fit.findings} - {"named-and-not-seen"} == {f.rule for f in live.findings}, name
