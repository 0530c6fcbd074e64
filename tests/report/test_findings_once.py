"""One finding, said once: rows with their places, notes folded, the snapshot's own findings for the snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from k2cr_analysis.cli import app
from k2cr_analysis.planning import portfolio
from k2cr_analysis.report.json.documents import assess_document
from k2cr_analysis.report.tables.workload import findings
from k2cr_analysis.report.what_was_found import found_in, found_in_snapshots
from k2cr_analysis.sources import collect
from k2cr_analysis.verdicts import assess

WEB = "shop/Deployment/web"
PROBE = "{exec: {command: [cat, /tmp/ok]}}"
CONTAINER = "      - {name: NAME, image: 'quay.io/p/a:1', livenessProbe: PROBE}\n"
MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
""" + "".join(CONTAINER.replace("NAME", f"c{i}").replace("PROBE", PROBE) for i in range(6))


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(MANIFESTS)
    collect([tmp_path / "m.yaml"], tmp_path / "s")
    return tmp_path / "s"


def test_one_row_a_rule_with_all_its_places(snapshot: Path) -> None:
    assessed = assess(snapshot)
    (workload,) = assess_document([assessed], portfolio([assessed]))["workloads"]
    rules = [f["rule"] for f in workload["findings"]]
    assert len(rules) == len(set(rules))
    probes = next(f for f in workload["findings"] if f["rule"] == "exec-probe")
    assert len(probes["places"]) == 6
    assert probes["path"] == probes["places"][0]["path"]
    assert all(f"container c{i}" in probes["message"] for i in range(6))
    frame = findings(assessed.workloads[0])
    row = frame[frame["rule"] == "exec-probe"].iloc[0]
    assert len(row["places"]) == 6
    assert row["message"].endswith("and 2 more")


def test_what_holds_for_the_snapshot_is_said_once(snapshot: Path) -> None:
    assessed = assess(snapshot)
    document = assess_document([assessed], portfolio([assessed]))
    once = {f["rule"]: f["workloads"] for f in document["findings"]}
    assert once == {"no-usage-data": [WEB], "no-resources-given": [WEB]}
    assert not {f["rule"] for w in document["workloads"] for f in w["findings"]} & set(once)
    assert "no usage data" in found_in_snapshots(assessed).text


def test_one_pod_of_each_is_said_once_for_those_that_move(tmp_path: Path) -> None:
    service = """
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: shop}
spec: {selector: {app: NAME}, ports: [{name: http, port: 80}]}
"""
    one = (
        MANIFESTS.replace("web", "NAME").partition("containers:")[0] + "containers: [{name: a, image: IMAGE}]" + service
    )
    texts = [one.replace("NAME", n).replace("IMAGE", f"quay.io/p/{n}:1") for n in ("web", "shop")]
    texts.append(one.replace("NAME", "redis").replace("IMAGE", "redis:7"))
    (tmp_path / "m.yaml").write_text("---".join(texts))
    collect([tmp_path / "m.yaml"], tmp_path / "s")
    assessed = assess(tmp_path / "s")
    document = assess_document([assessed], portfolio([assessed]))
    (said,) = [f for f in document["findings"] if f["rule"] == "one-pod-today"]
    assert said["workloads"] == ["shop/Deployment/shop", WEB]
    assert "2 workloads (shop, web)" in said["message"]
    assert not [f for w in document["workloads"] for f in w["findings"] if f["rule"] == "one-pod-today"]


def test_notes_are_folded_on_the_page_and_in_the_terminal(snapshot: Path) -> None:
    page = found_in(assess(snapshot).workloads[0]).html
    asked, _, good_to_know = page.partition("<details>")
    assert "exec-probe" in asked
    assert "image-through-remote-repository" not in asked
    assert "image-through-remote-repository" in good_to_know
    shown = CliRunner().invoke(app, ["assess", str(snapshot), WEB]).output
    assert "good to know (1" in shown
    assert len(shown.splitlines()) <= 40
    assert "through Artifact Registry" not in shown
    verbose = CliRunner().invoke(app, ["assess", str(snapshot), WEB, "--verbose"]).output
    assert "through Artifact Registry" in " ".join(verbose.split())


def test_why_a_cost_on_gke_is_not_known_is_said_with_it(tmp_path: Path) -> None:
    gpu = "resources: {limits: {nvidia.com/gpu: '1'}}"
    text = MANIFESTS.replace(f"livenessProbe: {PROBE}", gpu, 1).replace(
        "    spec:\n", "    spec:\n      nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}\n"
    )
    (tmp_path / "m.yaml").write_text(text)
    collect([tmp_path / "m.yaml"], tmp_path / "s")
    assessed = assess(tmp_path / "s")
    document = assess_document([assessed], portfolio([assessed]))
    (said,) = [f["message"] for f in document["findings"] if f["rule"] == "no-gke-cost"]
    assert "accelerator" in said
