"""A whole made-up project on the loopback, through the real clients, into a snapshot."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from dataclasses import replace

import grpc
import pyarrow as pa
import pytest

from k2cr_analysis.errors import RemoteError, SnapshotError, UsageError
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.snapshot import open_snapshot
from k2cr_analysis.sources.checkpoint import unfinished_folder
from k2cr_analysis.sources.live import LiveCluster, LiveOptions, collect_live, plan_of
from k2cr_analysis.sources.prometheus.access import access_of
from k2cr_analysis.sources.retry import RetryPolicy
from k2cr_analysis.verdicts import assess
from tests.sources.api_server import Cluster, serving
from tests.sources.bigquery_server import Warehouse, serving_bigquery
from tests.sources.metric_service import BOUNDS, NEG, WORKLOADS, Metrics, serving_metrics
from tests.sources.test_billing_export import ROWS, SCHEMA, TABLE
from tests.sources.test_prometheus import answering

CONTEXT = "gke_proj_europe-west1_shop"
CPU = "kubernetes.io/container/cpu/core_usage_time"
COUNT = "loadbalancing.googleapis.com/https/backend_request_count"
LATENCY = "loadbalancing.googleapis.com/https/backend_latencies"
SECRET = "hunter2-planted-9f8a7b6c"
OBJECTS = [
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
     "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [
         {"name": "web", "image": "i", "env": [{"name": "DB_PASSWORD", "value": SECRET}]}, {"name": "proxy", "image": "i"}]}}}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop", "annotations": {
        "cloud.google.com/neg-status": json.dumps({"network_endpoint_groups": {"80": NEG}, "zones": ["a"]})}},
     "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": 8080}]}},
]  # fmt: skip


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def project(metrics, tmp_path, monkeypatch):
    """(cluster, LiveCluster): both ends run, and the environment leads to them."""
    with serving(Cluster(OBJECTS)) as cluster, serving_metrics(metrics) as url:
        monkeypatch.setenv("K2CR_ENDPOINT_MONITORING", url)
        config = cluster.kubeconfig(tmp_path / "config")
        yield cluster, LiveCluster.of_context(CONTEXT, config, None, None, None, Caller())


def options(window="2d", **more):
    return LiveOptions(window, "2026-03-03", retry=RetryPolicy(attempts=3, sleep=lambda _: None), **more)


def bytes_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_point_that_was_put_in_comes_out(project, tmp_path):
    collected = collect_live(project[1], tmp_path / "s", options())
    snapshot = open_snapshot(tmp_path / "s")
    usage = snapshot.table("usage").to_pandas()
    assert len(usage[usage.container_name != ""]) == len(WORKLOADS) * 2 * (4 * 288 + 1440)
    pods = usage[usage.container_name == ""]
    assert len(pods) == 2 * 2 * 48 and set(pods.top_level_controller_name) == {"web", "etl"}
    assert not usage.duplicated(
        ["metric_type", "reducer", "top_level_controller_name", "container_name", "end_time"]
    ).any()
    cpu = usage[(usage.metric_type == CPU) & (usage.reducer == "REDUCE_MAX")]
    minutes = cpu.end_time.map(lambda t: int(t.timestamp()) // 60 % 1000)
    length = (
        cpu[["namespace_name", "top_level_controller_type", "top_level_controller_name", "container_name"]]
        .astype(str)
        .sum(axis=1)
        .str.len()
    )
    assert ((minutes + length) / 8 == cpu.value).all()
    assert set(usage.memory_type.dropna()) == {"non-evictable"}
    provenance = snapshot.provenance
    assert (provenance.project, provenance.cluster, provenance.location) == ("proj", "shop", "europe-west1")
    assert not collected.failures and not unfinished_folder(tmp_path / "s").exists()


def test_a_request_count_finds_its_service_its_bytes_and_its_histogram(project, tmp_path):
    collect_live(project[1], tmp_path / "s", options())
    snapshot = open_snapshot(tmp_path / "s")
    traffic = snapshot.table("traffic").to_pylist()
    assert len(traffic) == 2 * 2 * 96
    assert {(r["namespace_name"], r["service_name"]) for r in traffic} == {("shop", "web")}
    assert {r["response_code_class"] for r in traffic} == {"2xx", "5xx"}
    row = traffic[0]
    assert row["latency_bucket_bounds_ms"] == pytest.approx(BOUNDS)
    assert row["latency_bucket_counts"] == [0, 1, 2] + [0] * 9
    assert row["request_count"] == row["request_bytes"] == row["response_bytes"] > 0
    assert len([gap for gap in snapshot.provenance.gaps if "k8s1-of-another-cluster" in gap]) == 1


def test_secrets_reach_no_file(project, tmp_path, metrics):
    metrics.faults[CPU] = [grpc.StatusCode.PERMISSION_DENIED] * 9
    collect_live(project[1], tmp_path / "s", options())
    kept = bytes_of(unfinished_folder(tmp_path / "s")) | bytes_of(tmp_path / "s")
    assert any(name.startswith("objects--deployments") for name in kept)
    assert not [name for name, content in kept.items() if SECRET.encode() in content]
    assert SECRET not in json.dumps([o.object for o in open_snapshot(tmp_path / "s").objects()])


PASSING = {
    "throttled": [grpc.StatusCode.RESOURCE_EXHAUSTED],
    "busy": [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL],
    "slow": [grpc.StatusCode.DEADLINE_EXCEEDED],
    "partial": ["partial"],
}


@pytest.mark.parametrize("case", PASSING)
def test_a_passing_fault_changes_nothing(project, metrics, tmp_path, case):
    collect_live(project[1], tmp_path / "one", options("1d"))
    metrics.faults[CPU] = list(PASSING[case])
    assert not collect_live(project[1], tmp_path / "two", options("1d")).failures
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


LASTING = {
    "no right": [grpc.StatusCode.PERMISSION_DENIED] * 9,
    "never whole": ["partial"] * 99,
    "never there": [grpc.StatusCode.UNAVAILABLE] * 99,
    "a bad question": [grpc.StatusCode.INVALID_ARGUMENT] * 9,
}


@pytest.mark.parametrize("case", LASTING)
def test_a_metric_that_fails_leaves_the_others_and_a_gap_and_the_next_run_mends_it(project, metrics, tmp_path, case):
    whole = collect_live(project[1], tmp_path / "whole", options("1d")).provenance
    metrics.faults[CPU] = list(LASTING[case])
    collected = collect_live(project[1], tmp_path / "s", options("1d"))
    assert [error.exit_code for error in collected.failures] == [4]
    snapshot = open_snapshot(tmp_path / "s")
    assert snapshot.provenance.rows == whole.rows | {"usage": whole.rows["usage"] - 3 * (1440 + 288)}
    assert CPU not in set(snapshot.table("usage")["metric_type"].to_pylist())
    assert [gap for gap in snapshot.provenance.gaps if gap.startswith(f"usage: {CPU}")]
    metrics.faults.clear()
    resumed = collect_live(project[1], tmp_path / "s", options("1d"))
    assert resumed.is_resumed and not resumed.failures
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "whole")


@pytest.mark.parametrize("fault", ["busy", "gone"])
def test_a_cluster_that_cannot_be_read_leaves_the_metrics_and_a_gap(project, metrics, tmp_path, fault):
    cluster, live = project
    if fault == "busy":
        cluster.faults["/apis/apps/v1/deployments"] = [(503, "busy")] * 3
    else:
        cluster.faults["/api/v1/pods"] = ["cut"] * 3
    collected = collect_live(live, tmp_path / "s", options("1d"))
    assert len(collected.failures) == 1
    provenance = open_snapshot(tmp_path / "s").provenance
    assert provenance.rows["usage"] and [gap for gap in provenance.gaps if "3 times" in gap]
    before = len(metrics.calls)
    assert not collect_live(live, tmp_path / "s", options("1d")).failures
    assert len(metrics.calls) == before
    collect_live(live, tmp_path / "whole", options("1d"))
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "whole")


def test_a_refusal_is_told_by_every_verb_and_asked_again_when_it_is_lifted(project, tmp_path):
    cluster, live = project
    cluster.forbidden = {"services", "pods"}
    words = [*of_one_day(project), "--out", tmp_path / "s"]
    refused = k2cr(*words)
    assert refused.returncode == 4 and "data/rbac.yaml" in refused.stderr
    assert {one.what for one in open_snapshot(tmp_path / "s").provenance.unread} == {"services", "pods"}
    done = k2cr("plan", tmp_path / "s", "--format", "json")
    assert done.returncode == 5 and "services: not readable" in done.stderr, done.stderr
    for one in assess(tmp_path / "s").workloads:
        assert one.fit.verdict == "changes" and "kind-not-read" in {f.rule for f in one.findings}
        assert one.cost.gke_avoidable_month is None
    cluster.forbidden = set()
    done = k2cr(*words)
    assert done.returncode == 0, done.stderr
    collect_live(live, tmp_path / "whole", options("1d"))
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "whole")
    assert "kind-not-read" not in {f.rule for one in assess(tmp_path / "s").workloads for f in one.findings}


def test_a_whole_snapshot_is_not_lost_to_one_with_gaps(project, metrics, tmp_path):
    whole = collect_live(project[1], tmp_path / "s", options("1d"))
    before = bytes_of(tmp_path / "s")
    metrics.faults[CPU] = [grpc.StatusCode.PERMISSION_DENIED] * 9
    project[0].forbidden = {"services"}
    poorer = collect_live(project[1], tmp_path / "s", options("1d"))
    assert poorer.place == tmp_path / "s.incomplete" and bytes_of(tmp_path / "s") == before
    assert {one.what for one in open_snapshot(poorer.place).provenance.unread} == {"usage", "services"}
    metrics.faults.clear()
    project[0].forbidden = set()
    again = collect_live(project[1], tmp_path / "s", options("1d"))
    assert again.place == whole.place and again.is_resumed and not poorer.place.exists()
    project[0].forbidden = {"services"}
    assert collect_live(project[1], tmp_path / "s", options("1d", replace=True)).place == tmp_path / "s"


def test_the_snapshot_of_another_cluster_is_not_replaced(project, tmp_path):
    cluster, live = project
    cluster.objects["namespaces"] = [{"metadata": {"name": "kube-system", "uid": "one"}}]
    collect_live(live, tmp_path / "s", options("1d"))
    other = replace(live, cluster="other")
    with pytest.raises(SnapshotError, match="out-is-another-clusters"):
        collect_live(other, tmp_path / "s", options("1d"))
    cluster.objects["namespaces"] = [{"metadata": {"name": "kube-system", "uid": "two"}}]
    before = bytes_of(tmp_path / "s")
    with pytest.raises(SnapshotError, match="cluster proj/shop"):
        collect_live(live, tmp_path / "s", options("1d"))
    assert bytes_of(tmp_path / "s") == before
    collect_live(live, tmp_path / "s", options("1d", replace=True))
    assert open_snapshot(tmp_path / "s").provenance.cluster_uid == "two"


def test_a_corrected_option_reads_again_what_hangs_on_it_alone(project, metrics, tmp_path):
    cluster, live = project
    metrics.faults[CPU] = [grpc.StatusCode.PERMISSION_DENIED] * 9
    wrong = replace(live, location="europe-west9")
    collect_live(wrong, tmp_path / "s", options("1d"))
    metrics.faults.clear()
    cluster.calls.clear()
    corrected = collect_live(live, tmp_path / "s", options("1d", replace=True))
    assert corrected.is_resumed and not [path for path, _ in cluster.calls if path.endswith("/deployments")]
    collect_live(live, tmp_path / "whole", options("1d"))
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "whole")


def test_a_cluster_s_wrong_place_is_no_cluster_without_usage(project, tmp_path):
    cluster, live = project
    cluster.objects["pods"] = [{"metadata": {"name": "web-1", "namespace": "shop"}, "spec": {"containers": []}}]
    wrong = collect_live(replace(live, location="europe-west1-b"), tmp_path / "s", options("1d"))
    assert [error.ref for error in wrong.failures] == ["no-metrics-of-the-cluster"]
    assert "the project has metrics of shop in europe-west1" in wrong.failures[0].found


def test_where_nothing_can_be_read_there_is_no_snapshot(project, metrics, tmp_path):
    cluster, live = project
    cluster.faults["/apis"] = ["cut"] * 3
    metrics.failing = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(RemoteError):
        collect_live(live, tmp_path / "s", options("1d"))
    assert not list(tmp_path.glob("*s")) and not unfinished_folder(tmp_path / "s").exists()


def test_what_a_prometheus_does_not_have_is_read_from_cloud_monitoring(project, tmp_path):
    collect_live(project[1], tmp_path / "without", options("1d"))
    with answering((200, {"status": "success", "data": []})) as url:
        collect_live(project[1], tmp_path / "s", options("1d", prometheus=access_of(url)))
    assert bytes_of(tmp_path / "s" / "usage") == bytes_of(tmp_path / "without" / "usage")
    assert bytes_of(tmp_path / "s" / "traffic") == bytes_of(tmp_path / "without" / "traffic")


def test_what_stands_in_bigquery_is_left_there(project, metrics, tmp_path):
    collect_live(project[1], tmp_path / "s", options(without=frozenset({"usage", "traffic"})))
    origin = open_snapshot(tmp_path / "s").provenance
    assert (metrics.calls, origin.rows["objects"] > 0, origin.unread) == ([], True, ())
    assert [gap for gap in origin.gaps if "--without" in gap] == [
        "traffic: not read, as asked (--without)",
        "usage: not read, as asked (--without)",
    ]


def test_what_the_project_has_never_measured_is_not_asked_for(project, metrics, tmp_path):
    metrics.known = {CPU: [], COUNT: ["response_code_class"], LATENCY: []}
    collect_live(project[1], tmp_path / "s", options("2d"))
    assert {metric for metric, *_ in metrics.calls} == {CPU, COUNT, LATENCY}
    assert len(metrics.described) == len(set(metrics.described))
    assert {r["latency_metric_type"] for r in open_snapshot(tmp_path / "s").table("traffic").to_pylist()} == {LATENCY}


def test_a_token_that_expires_midway_is_made_anew(project, metrics, tmp_path):
    collect_live(project[1], tmp_path / "one", options("1d"))
    metrics.faults[CPU] = [grpc.StatusCode.UNAUTHENTICATED]
    assert not collect_live(project[1], tmp_path / "two", options("1d")).failures
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_a_resume_keeps_the_window_and_another_question_starts_anew(project, metrics, tmp_path):
    metrics.faults[CPU] = [grpc.StatusCode.PERMISSION_DENIED] * 9
    collect_live(project[1], tmp_path / "s", options("1d"))
    asked = json.loads((unfinished_folder(tmp_path / "s") / "asked.json").read_text())
    asked["window"] = ["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"]
    (unfinished_folder(tmp_path / "s") / "asked.json").write_text(json.dumps(asked))
    for file in unfinished_folder(tmp_path / "s").glob("*ALIGN*"):
        file.unlink()
    metrics.faults.clear()
    collect_live(project[1], tmp_path / "s", options("1d"))
    assert str(open_snapshot(tmp_path / "s").provenance.window_end) == "2026-01-02 00:00:00+00:00"
    assert not collect_live(project[1], tmp_path / "s", options("1d")).is_resumed


def test_the_plan_is_told_and_reads_no_metric(project, metrics):
    plan = plan_of(project[1], options("30d"))
    assert not metrics.calls
    assert plan[0].startswith(
        "metrics: about 1,440 calls, 275,040 points, 1,590 time series: USD 0.00 at USD 0.50 a million"
    )


ENDPOINTS = ["http://10.0.0.1:80", "http://example.com", "ftp://127.0.0.1", "127.0.0.1:80", "https://host/path"]


@pytest.mark.parametrize("text", ENDPOINTS)
def test_plaintext_leaves_this_machine_never(project, tmp_path, monkeypatch, text):
    monkeypatch.setenv("K2CR_ENDPOINT_MONITORING", text)
    with pytest.raises(UsageError, match="K2CR_ENDPOINT_MONITORING"):
        collect_live(project[1], tmp_path / "s", options("1d"))


SCRIPT = """
import sys
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.sources.live import LiveCluster, LiveOptions, collect_live
config, out = sys.argv[1:]
collect_live(LiveCluster.of_context({context!r}, config, None, None, None, Caller()), out, LiveOptions("{days}d", "2026-03-03"))
"""


@pytest.mark.parametrize(("kills", "days"), [(4, 4), pytest.param(50, 20, marks=pytest.mark.soak)])
def test_a_kill_at_any_call_loses_and_doubles_nothing(project, metrics, tmp_path, kills, days):
    """SIGKILL when the server has answered a number of calls, which the seed draws; then the run that ends."""
    collect_live(project[1], tmp_path / "whole", options(f"{days}d"))
    calls = len(metrics.calls)
    metrics.calls.clear()
    draw = random.Random(8)
    script = SCRIPT.format(context=CONTEXT, days=days)
    command = [sys.executable, "-c", script, project[1].kubeconfig, str(tmp_path / "s")]
    for _ in range(kills):
        process = subprocess.Popen(command)
        until = len(metrics.calls) + draw.randrange(1, calls // kills)

        def kill(count, process=process, until=until):
            if count >= until and process.poll() is None:
                process.send_signal(signal.SIGKILL)

        metrics.on_call = kill
        assert process.wait(timeout=120) == -signal.SIGKILL
    metrics.on_call = lambda count: None
    collected = collect_live(project[1], tmp_path / "s", options(f"{days}d"))
    assert collected.is_resumed
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "whole")


ONE_DAY = ("--window", "1d", "--end", "2026-03-03")


def of_one_day(project):
    return ["collect", "--context", CONTEXT, "--kubeconfig", project[1].kubeconfig, *ONE_DAY]


def k2cr(*arguments):
    command = [sys.executable, "-c", "from k2cr_analysis.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_verb_prints_its_plan_its_result_and_how_to_resume(project, metrics, tmp_path):
    words = [*of_one_day(project), "--out", tmp_path / "s"]
    planned = k2cr(*words, "--dry-run")
    assert planned.returncode == 0 and planned.stdout.startswith("metrics: about 48 calls, 9,168 points")
    assert not metrics.calls and not (tmp_path / "s").exists()
    metrics.faults[CPU] = [grpc.StatusCode.PERMISSION_DENIED] * 9
    failed = k2cr(*words)
    assert failed.returncode == 4
    assert "roles/monitoring.viewer" in failed.stderr and f"k2cr collect --context {CONTEXT}" in failed.stderr
    metrics.faults.clear()
    done = k2cr(*words)
    assert (done.returncode, done.stdout.split("\n")[0]) == (
        0,
        f"{tmp_path / 's'}: 2 objects (1 Deployment, 1 Service)",
    )


@pytest.fixture
def bills(monkeypatch):
    rows = pa.Table.from_pylist(ROWS, schema=SCHEMA)
    warehouse = Warehouse({TABLE: rows})
    with serving_bigquery(warehouse) as url:
        monkeypatch.setenv("K2CR_ENDPOINT_BIGQUERY", url)
        yield warehouse


def test_the_bill_comes_along_and_each_source_fails_by_itself(project, metrics, bills, tmp_path):
    words = of_one_day(project)
    words += ["--billing-table", TABLE, "--prices", "embedded", "--out"]
    planned = k2cr(*words, tmp_path / "s", "--dry-run")
    assert "billing: 3.0 MiB to read" in planned.stdout and not bills.jobs
    whole = k2cr(*words, tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    rows = open_snapshot(tmp_path / "whole").provenance.rows
    assert rows["billing"] == 24 and rows["usage"] == 12 * 288 + 3 * 1440 + 2 * 2 * 24 and rows["prices"] > 500
    bills.faults = [(403, "accessDenied", "Access Denied")]
    failed = k2cr(*words, tmp_path / "s")
    assert failed.returncode == 4 and "dataViewer" in failed.stderr
    assert set(open_snapshot(tmp_path / "s").provenance.rows) == {"objects", "usage", "traffic", "prices"}
    calls = len(metrics.calls)
    assert k2cr(*words, tmp_path / "s").returncode == 0
    assert len(metrics.calls) == calls
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "whole")


def test_the_bill_beside_manifests(bills, tmp_path):
    (tmp_path / "web.json").write_text(json.dumps(OBJECTS[0]))
    words = ["collect", "--manifests", tmp_path / "web.json", "--project", "proj", *ONE_DAY, "--billing-table", TABLE]
    done = k2cr(*words, "--out", tmp_path / "s")
    assert done.returncode == 0, done.stderr
    provenance = open_snapshot(tmp_path / "s").provenance
    assert provenance.rows["billing"] == 24
    assert list(provenance.gaps) == ["no usage table was given", "no traffic table was given"]


def test_beside_manifests_too_a_source_fails_by_itself(bills, tmp_path):
    (tmp_path / "web.json").write_text(json.dumps(OBJECTS[0]))
    bills.faults = [(403, "accessDenied", "Access Denied")]
    words = ["collect", "--manifests", tmp_path / "web.json", "--billing-table", TABLE, "--end", "2026-03-03"]
    failed = k2cr(*words, "--out", tmp_path / "s")
    assert failed.returncode == 4 and "k2cr collect --manifests" in failed.stderr
    provenance = open_snapshot(tmp_path / "s").provenance
    assert provenance.rows == {"objects": 1}
    assert [gap for gap in provenance.gaps if gap.startswith("billing: ")]


def test_a_run_that_kept_nothing_leaves_nothing(tmp_path):
    done = k2cr("collect", "--context", "nowhere", "--kubeconfig", tmp_path / "absent", "--out", tmp_path / "s")
    assert done.returncode in (2, 3)
    assert list(tmp_path.iterdir()) == []


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from k2cr_analysis.cli import main
main()
"""


@pytest.mark.parametrize("bytes_left", [1500, 24000])  # within a chunk; within the snapshot's own tables
def test_a_disk_that_takes_no_more_keeps_what_was_read(project, metrics, tmp_path, bytes_left):
    """A limit on the size of a file stands in for a full disk: the write fails in its middle."""
    words = [*of_one_day(project), "--out", tmp_path / "s"]
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(bytes_left), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3 and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "s").exists()
    assert "disk-full" in done.stderr and not list(tmp_path.rglob("*.partial*"))
    if bytes_left == 24000:
        assert len(metrics.calls) == 48  # all of them
    assert k2cr(*words).returncode == 0
    collect_live(project[1], tmp_path / "whole", options("1d"))
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "whole")
