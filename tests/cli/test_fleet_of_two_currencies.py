"""Two clusters with the same names and bills in two currencies: every row says whose it is, and in what."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from k2cr_analysis.cli import app
from tests.pricing.clusters import allocated, billing_row, live, node, workload

CONFIG = (
    '[traffic.assumed]\nrequests_per_s = 0.5\nlatency_ms = 100\n[workload."tokyo:shop/Deployment/web"]\nkeep = true\n'
)
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
}


def collected(folder, name, currency, per_day):
    web = workload("web", "500m", "512Mi")
    web["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 8080}]
    objects = [node("a"), web, SERVICE, *live(web, ["a"])]
    labels = {**allocated("web"), "goog-k8s-cluster-name": name}
    rows = [billing_row(per_day, labels, day=day) | {"currency": currency} for day in range(30)]
    if currency != "USD":
        rows = [row | {"currency_conversion_rate": 150.0} for row in rows]
    (folder / f"{name}.billing.json").write_text(
        "\n".join(json.dumps(r, default=lambda t: t.isoformat()) for r in rows)
    )
    objects_file = folder / f"{name}.objects.yaml"
    objects_file.write_text("---\n".join(json.dumps(o) + "\n" for o in objects))
    done = CliRunner().invoke(
        app,
        ["collect", "--manifests", str(objects_file), "--billing", str(folder / f"{name}.billing.json"), "--project", name,
         "--cluster", name, "--location", "asia-northeast1", "--end", "2026-10-31T00:00:00Z", "--out", str(folder / name)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return str(folder / name)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "k2cr.toml").write_text(CONFIG)
    return [collected(folder, "prod", "USD", 1.0), collected(folder, "tokyo", "JPY", 150.0)], str(folder / "k2cr.toml")


def asked(fleet, verb, form):
    snapshots, config = fleet
    done = CliRunner().invoke(app, [verb, *snapshots, "--config", config, "--format", form])
    assert done.exit_code in (0, 5), done.output
    return done.stdout


def test_each_row_has_its_own_cluster_and_currency(fleet):
    rows = list(csv.DictReader(io.StringIO(asked(fleet, "assess", "csv"))))
    assert [(r["workload"], r["cluster"], r["currency"], r["GKE/month"]) for r in rows] == [
        ("shop/Deployment/web", "prod", "USD", "30.42"),
        ("shop/Deployment/web", "tokyo", "JPY", "4562"),
    ]
    table = asked(fleet, "assess", "table")
    assert "30.42 USD" in table and "4562 JPY" in table


def test_a_key_of_one_cluster_holds_there_alone(fleet):
    found = {w["cluster"]: w["verdict"] for w in json.loads(asked(fleet, "assess", "json"))["workloads"]}
    assert found["tokyo"] == "keep" and found["prod"] != "keep"


def test_what_is_left_says_its_currency(fleet):
    plan = json.loads(asked(fleet, "plan", "json"))
    assert plan["currency"] is None
    assert ("tokyo", "JPY") in {(left["cluster"], left["currency"]) for left in plan["left"]}
    assert {(c["cluster"], c["currency"]) for c in plan["clusters"]} == {("prod", "USD"), ("tokyo", "JPY")}
