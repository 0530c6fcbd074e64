"""The printed script is run by bash with stand-ins for kubectl, curl, gcloud and bq, and k2cr reads what it made."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from k2cr_analysis.cli import app
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot
from tests.snapshot.test_planted_secrets import TAKE

pytestmark = pytest.mark.skipif(
    not shutil.which("jq") or not shutil.which("bash"), reason="jq or bash is not installed"
)

PAGE = {
    "timeSeries": [
        {
            "metric": {},
            "resource": {"labels": {"namespace_name": "shop", "container_name": "web"}},
            "metadata": {
                "systemLabels": {"top_level_controller_type": "Deployment", "top_level_controller_name": "web"}
            },
            "points": [
                {"interval": {"endTime": "2026-03-02T00:05:00Z"}, "value": {"doubleValue": 0.25}},
                {"interval": {"endTime": "2026-03-02T00:00:00Z"}, "value": {"doubleValue": 9.0}},
            ],
        }
    ]
}
LAST = {
    "timeSeries": [
        PAGE["timeSeries"][0]
        | {"points": [{"interval": {"endTime": "2026-03-02T00:10:00Z"}, "value": {"int64Value": "3"}}]}
    ]
}
NEG = "k8s1-2908a40f-shop-web-80-a795fcc0"
SERVICES = {"apiVersion": "v1", "kind": "List", "items": [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "web", "annotations": {
        "cloud.google.com/neg-status": json.dumps({"network_endpoint_groups": {"80": NEG}})}}, "spec": {"ports": [{"port": 80}]}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "old"}, "spec": {"ports": [{"port": 80, "nodePort": 30123}]}},
]}  # fmt: skip


def requests(value, **labels):
    """Of one backend by its endpoint group, one by its node port, and one of another cluster."""
    point = {"interval": {"endTime": "2026-03-02T00:15:00Z"}, "value": value}
    backends = (NEG, "k8s-be-30123--abc", "k8s1-of-another-cluster")
    return {"timeSeries": [
        {"metric": {"labels": {"response_code_class": "200"} | labels}, "resource": {"labels": {"backend_name": name}},
         "points": [point]} for name in backends
    ]}  # fmt: skip


HISTOGRAM = {"count": "6", "mean": 2.5, "sumOfSquaredDeviation": 1.5, "bucketCounts": ["0", "4", "2"], "bucketOptions": {
    "exponentialBuckets": {"numFiniteBuckets": 3, "growthFactor": 2, "scale": 1}}}  # fmt: skip
ANSWERS = {
    "backend_request_count": requests({"int64Value": "6"}),
    "https/request_bytes_count": requests({"int64Value": "600"}),
    "https/response_bytes_count": requests({"int64Value": "6000"}),
    "https/backend_latencies": requests({"distributionValue": HISTOGRAM}),
}
RUNNING = [
    {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "1", "labels": {"cloud.googleapis.com/location": "europe-west1"}},
        "spec": {
            "template": {
                "spec": {"containers": [{"image": "i", "env": [{"name": "DB_PASSWORD", "value": "hunter2-planted"}]}]}
            }
        },
        "status": {"url": "https://web.run.app"},
    }
]
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}
ASKED = [
    "--window",
    "1d",
    "--end",
    "2026-03-03",
    "--context",
    "c",
    "--project",
    "proj",
    "--cluster",
    "shop",
    "--location",
    "europe-west1",
]


def printed(*more):
    done = CliRunner().invoke(app, ["collect", "--print-commands", *ASKED, *more])
    assert done.exit_code == 0, done.output
    return done.stdout


def stand_in(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/bash\n{body}\n")
    (folder / name).chmod(0o755)


def test_the_script_makes_files_that_collect_reads(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tmp_path / "page.json").write_text(json.dumps(PAGE | {"nextPageToken": "two"}))
    (tmp_path / "last.json").write_text(json.dumps(LAST))
    (tmp_path / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [POD]}))
    (tmp_path / "services.json").write_text(json.dumps(SERVICES))
    stand_in(
        tools,
        "kubectl",
        f'case "$*" in *"get services "*) cat {tmp_path}/services.json;; *"get pods "*) cat {tmp_path}/pods.json;; *) exit 1;; esac',
    )
    (tmp_path / "run.json").write_text(json.dumps(RUNNING))
    stand_in(tools, "gcloud", f'case "$*" in *"run services list"*) cat {tmp_path}/run.json;; *) echo token;; esac')
    choice = "".join(
        f"*/{name.rpartition('/')[2]}*https_lb_rule*) cat {tmp_path}/{number}.json;; "
        for number, name in enumerate(ANSWERS)
    )
    for number, answer in enumerate(ANSWERS.values()):
        (tmp_path / f"{number}.json").write_text(json.dumps(answer))
    stand_in(
        tools,
        "curl",
        f'case "$*" in *internal*|*regional*|*istio*) exit 22;; {choice}'
        f"*pageToken=two*) cat {tmp_path}/last.json;; *) cat {tmp_path}/page.json;; esac",
    )
    stand_in(tools, "bq", f'printf "%s\\n" "$*" >> {tmp_path}/bq')
    script = printed("--billing-table", "bills.export.t")
    path = f"{tools}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "cluster").iterdir()) == [
        "cloud-run.json",
        "pods.json",
        "services.json",
    ]
    kept = (tmp_path / "cluster" / "cloud-run.json").read_text()
    assert "hunter2-planted" not in kept and '"namespace":"europe-west1"' in kept and "status" not in kept
    read = CliRunner().invoke(
        app,
        [
            "collect",
            "--manifests",
            str(tmp_path / "cluster"),
            "--usage",
            str(tmp_path / "usage.csv"),
            "--traffic",
            str(tmp_path / "traffic.csv"),
            "--out",
            str(tmp_path / "s"),
        ],
    )
    assert read.exit_code == 0, read.output
    usage = open_snapshot(tmp_path / "s").table("usage").to_pylist()
    assert len(usage) == 2 * 5
    assert {row["value"] for row in usage} == {0.25, 3.0}
    assert {row["memory_type"] for row in usage} == {None, "non-evictable"}
    traffic = open_snapshot(tmp_path / "s").table("traffic").to_pylist()
    assert {(row["namespace_name"], row["service_name"]) for row in traffic} == {("shop", "web"), ("shop", "old")}
    web = [row for row in traffic if row["service_name"] == "web"]
    sums = {name: sum(row[name] or 0 for row in web) for name in ("request_count", "request_bytes", "response_bytes")}
    assert sums == {"request_count": 6, "request_bytes": 600, "response_bytes": 6000}
    [histogram] = [row for row in web if row["latency_mean_ms"] is not None]
    assert histogram["latency_bucket_bounds_ms"] == [1, 2, 4, 8]
    assert histogram["latency_bucket_counts"] == [0, 4, 2, 0, 0]
    assert {row["response_code_class"] for row in traffic} == {"2xx"}
    dry, asked = (tmp_path / "bq").read_text().split("query --nouse_legacy_sql")[1:3]
    assert "--dry_run" in dry and "FROM `bills.export.t`" in asked and "project:STRING:proj" in asked


def test_a_context_that_gcloud_named_says_the_rest():
    words = ["collect", "--print-commands", "--end", "2026-03-03", "--context", "gke_proj_europe-west1_shop"]
    script = CliRunner().invoke(app, words).stdout
    assert "PROJECT=proj" in script and 'cluster_name = "shop"' in script and 'location = "europe-west1"' in script


def test_planted_secrets_are_taken_out_before_they_are_written(tmp_path):
    listed = {"items": [obj for obj, _ in TAKE.values()]}
    program = (bundled("data") / "redact.jq").read_text()
    done = subprocess.run(["jq", "-c", program], input=json.dumps(listed), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)["items"]
    kept = [place for (place, (_, secret)), obj in zip(TAKE.items(), found, strict=True) if secret in json.dumps(obj)]
    assert kept == []


def test_only_what_was_asked_for_is_printed():
    script = CliRunner().invoke(app, ["collect", "--print-commands", "--end", "2026-03-03"]).stdout
    assert "kubectl get" in script and "curl" not in script and "bq" not in script
    assert not re.search(r"(?<![\w.-])secrets(?![\w.-])", script)  # other kinds have the word in their names
