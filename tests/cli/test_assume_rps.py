"""Manifests alone: a price over an assumed range of requests, and a line how to narrow it."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from k2cr_analysis.cli import app
from k2cr_analysis.errors import UsageError
from k2cr_analysis.report.assumed_range import parse_rates

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.com/web:1
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: 8080}}
          resources: {requests: {cpu: 500m, memory: 256Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assumed")
    (folder / "web.yaml").write_text(WEB)
    place = folder / "snapshot"
    done = CliRunner().invoke(
        app, ["collect", "--manifests", str(folder / "web.yaml"), "--location", "us-central1", "--out", str(place)]
    )
    assert done.exit_code == 0, done.output
    return place


def assess(snapshot, *options):
    done = CliRunner().invoke(app, ["assess", str(snapshot), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_without_it_a_line_says_that_there_is_such_a_thing(snapshot):
    done = CliRunner().invoke(app, ["assess", str(snapshot)])
    assert "--assume-rps 0.1:10" in done.stderr


def test_the_price_rises_over_the_range_and_the_table_is_at_its_middle(snapshot):
    document = json.loads(assess(snapshot, "--assume-rps", "0.1:10", "-o", "json"))
    assert document["assumed_range"]["requests_per_s"] == [0.1, 1.0, 10.0]
    (web,) = document["assumed_range"]["workloads"]
    months = [Decimal(month) for month in web["cloud_run_month"]]
    assert 0 < months[0] < months[1] < months[2]
    (one,) = document["workloads"]
    assert Decimal(one["cost"]["cloud_run_month"]) == months[1]
    assert any("assumed" in text for text in document["assumptions"])


def test_the_table_has_a_column_for_each_rate_and_says_how_to_narrow_it(snapshot):
    text = " ".join(assess(snapshot, "--assume-rps", "0.5:2").split())
    assert "0.5/s 1/s 2/s" in text and "To narrow it: collect with --traffic FILE" in text


@pytest.mark.parametrize("text", ["", "a", "0", "-1:2", "3:1", "1:2:3", "inf", "nan"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(UsageError):
        parse_rates(text)


def test_one_rate_is_a_range_of_one():
    assert parse_rates("2") == (2.0,)
