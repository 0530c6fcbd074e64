"""A snapshot that lacks what its sources were asked for: every verb that reads one says so and ends with 5."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import typer

from k2cr_analysis import cli
from k2cr_analysis.errors import PartialError
from k2cr_analysis.snapshot import open_snapshot
from k2cr_analysis.snapshot.provenance import Unread
from k2cr_analysis.snapshot.writer import write_snapshot
from k2cr_analysis.sources.collection import collect_manifests
from tests.cli.test_terminal import run

WEB = "shop/Deployment/web"
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "gcr.io/p/web:1", ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


@pytest.fixture(scope="module")
def lacking(tmp_path_factory):
    """A snapshot whose usage, bill, pods and nodes were asked for and refused."""
    folder = tmp_path_factory.mktemp("gaps")
    (folder / "web.yaml").write_text(MANIFEST)
    collect_manifests(folder / "web.yaml", folder / "whole", end="2026-03-03", location="europe-west1")
    whole = open_snapshot(folder / "whole")
    what = ("usage", "traffic", "billing", "pods", "nodes")
    gaps = replace(whole.provenance, unread=tuple(Unread(one, "403 no right") for one in what))
    write_snapshot(folder / "s", whole.objects(), {}, gaps)
    return folder / "s"


def words(snapshot, folder):
    """For each verb that reads a snapshot, arguments by which it does."""
    metrics = folder / "metrics.csv"
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC).isoformat()
    metrics.write_text(
        "metric_type,service_name,end_time,period_s,value\n"
        f"run.googleapis.com/container/instance_count,web,{moment},60,1\n"
    )
    return {
        "assess": [snapshot, "--format", "json"],
        "plan": [snapshot, "--format", "json"],
        "render": [snapshot, WEB, "--out", folder / "r"],
        "report": [snapshot, WEB, "--out", folder / "p"],
        "diff": [snapshot, snapshot],
        "verify": [snapshot, WEB, "--service", "web", "--metrics", metrics],
        "decide": [snapshot],
    }


def reading_verbs():
    """The verbs whose help names a snapshot as what they are given."""
    group = typer.main.get_command(cli.app)
    return {
        name
        for name, command in group.commands.items()
        for parameter in command.params
        if parameter.param_type_name == "argument" and "snap" in f"{parameter.name}{parameter.metavar}".lower()
    }


def test_no_verb_is_left_out(lacking, tmp_path):
    assert reading_verbs() == set(words(lacking, tmp_path))


@pytest.mark.parametrize("verb", ["assess", "plan", "render", "diff", "verify", "decide"])
def test_every_verb_says_the_gap_and_ends_with_5(lacking, tmp_path, verb):
    with pytest.raises(PartialError, match="snapshot-has-gaps") as caught:
        run(verb, *map(str, words(lacking, tmp_path)[verb]))
    assert caught.value.exit_code == 5
    assert "nodes: 403 no right" in str(caught.value) and "run the same `k2cr collect` again" in str(caught.value)


@pytest.mark.soak
def test_the_report_says_the_gap_and_ends_with_5(lacking, tmp_path):
    test_every_verb_says_the_gap_and_ends_with_5(lacking, tmp_path, "report")
    assert "asked for when the snapshot was made, and not got" in (tmp_path / "p" / "index.html").read_text()


def test_what_hangs_on_a_gap_is_null(lacking, tmp_path):
    with pytest.raises(PartialError):
        run("assess", str(lacking), "--format", "json", "--out", str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    (web,) = found["workloads"]
    assert web["verdict"] == "changes" and "kind-not-read" in {one["rule"] for one in web["findings"]}
    for name in ("gke_attributed_month", "gke_avoidable_month", "cloud_run_month", "saving_month"):
        assert web["cost"] is None or web["cost"][name] is None, name
    assert found["portfolio"]["gke_month"] is None and found["portfolio"]["stay_and_rightsize_month"] is None
