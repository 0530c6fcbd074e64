"""After the move: measured against predicted, and a calibration that brings the two together."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from k2cr_analysis.assessment import Assessment
from k2cr_analysis.assessment.verify import verify
from k2cr_analysis.cli import app
from k2cr_analysis.errors import InputError, K2crError
from k2cr_analysis.latency.learning.calibration import Calibration, Corrections, Factor, Learned, image_name
from k2cr_analysis.latency.learning.calibration_file import read_calibration, write_calibration
from k2cr_analysis.latency.learning.run_metrics import BILLABLE, INSTANCES, REQUESTS, STARTUP, run_metrics
from k2cr_analysis.latency.startup import startup_estimate
from k2cr_analysis.model.cloud_run import StartupOrder
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot.tables import RUN_METRICS, TABLES
from k2cr_analysis.verdicts import assess

ORDERS, FRONTEND = "orders/Deployment/orders-api", "portal/Deployment/frontend"
DEMO = bundled("data", "demo")
BOUNDS = [float(b) for b in 1.1 ** np.arange(130)]
HOURS = 48


@pytest.fixture(scope="module")
def demo() -> Assessment:
    return assess(DEMO)


def histogram(median_ms: float, sigma: float, samples: int) -> dict[str, object]:
    """A lognormal's even strata in buckets, as Cloud Monitoring would count them."""
    normal = NormalDist()
    values = [median_ms * np.exp(sigma * normal.inv_cdf((i + 0.5) / samples)) for i in range(samples)]
    counts = np.bincount(np.searchsorted(BOUNDS, values, side="right"), minlength=len(BOUNDS) + 1)
    return {
        "latency_mean_ms": float(np.mean(values)),
        "latency_bucket_bounds_ms": BOUNDS,
        "latency_bucket_counts": [int(n) for n in np.trim_zeros(counts, "b")],
    }


def metrics(
    *, median_ms: float = 50.0, startup_ms: float = 2000.0, instances: float = 1.0, service: str = "orders"
) -> pa.Table:
    """Two days of a service by the hour: 3,600 requests in each, a start in each."""
    rows = []
    for hour in range(1, HOURS + 1):
        end = datetime(2026, 2, 2, tzinfo=UTC) + timedelta(hours=hour)
        place = {"service_name": service, "location": "asia-northeast1", "end_time": end, "period_s": 3600}
        rows += [
            {**place, "metric_type": REQUESTS, "response_code_class": "2xx", **histogram(median_ms, 0.5, 3600)},
            {**place, "metric_type": STARTUP, **histogram(startup_ms, 0.01, 1)},
            {**place, "metric_type": INSTANCES, "state": "active", "value": 0.75 * instances},
            {**place, "metric_type": INSTANCES, "state": "idle", "value": 0.25 * instances},
            {**place, "metric_type": BILLABLE, "value": 200.0},
        ]
    return pa.Table.from_pylist([{n: row.get(n) for n in RUN_METRICS.schema.names} for row in rows], RUN_METRICS.schema)


def by_quantity(found) -> dict[str, object]:
    return {c.quantity: c for c in found.comparisons}


def test_the_metrics_are_added_up_as_they_were_counted():
    found = run_metrics(metrics(instances=3.0), "orders")
    assert found.requests.tolist() == [3600] * HOURS
    assert found.latency.samples == 3600 * HOURS
    assert found.startup.samples == HOURS
    assert found.startup.mean_ms == pytest.approx(2000.0)
    assert found.mean_instances == pytest.approx(3.0), "the states add up"
    assert found.billable_s_month == pytest.approx(200.0 * 730)


WRONG_METRICS = {
    "no-such-service": lambda rows: [{**r, "service_name": "other"} for r in rows],
    "service-in-several-regions": lambda rows: [{**rows[0], "location": "us-east1"}, *rows[1:]],
    "period-not-positive": lambda rows: [{**rows[0], "period_s": 0}, *rows[1:]],
    "histograms-differ": lambda rows: [{**rows[0], "latency_bucket_bounds_ms": [1.0, 2.0]}, *rows[1:]],
}


@pytest.mark.parametrize("ref", WRONG_METRICS)
def test_metrics_that_cannot_be_added_up_are_refused(ref):
    table = pa.Table.from_pylist(WRONG_METRICS[ref](metrics().to_pylist()), RUN_METRICS.schema)
    with pytest.raises(InputError) as error:
        run_metrics(table, "orders")
    assert error.value.ref == ref


def test_a_period_whose_histogram_is_empty_changes_nothing():
    rows = metrics().to_pylist()
    empty = {**rows[0], "latency_mean_ms": None, "latency_bucket_counts": [0] * 3}
    found = run_metrics(pa.Table.from_pylist([*rows, empty], RUN_METRICS.schema), "orders")
    assert found.latency.samples == 3600 * HOURS


def test_a_snapshot_has_no_table_of_run_metrics():
    assert RUN_METRICS.name not in TABLES


def test_what_is_near_is_inside_and_what_is_far_is_not(demo):
    first = by_quantity(verify(demo, ORDERS, run_metrics(metrics(median_ms=500.0), "orders")))
    instances = first["instances, mean"].predicted * 1.1
    found = by_quantity(verify(demo, ORDERS, run_metrics(metrics(median_ms=500.0, instances=instances), "orders")))
    assert found["start-up, mean"].inside
    assert found["start-up, mean"].ratio == pytest.approx(1.0, abs=0.01)
    assert found["instances, mean"].inside
    assert found["request latency, p50"].inside is False
    assert found["request latency, p50"].ratio > 5
    assert found["billable instance time a month"].measured == pytest.approx(146_000)


def test_what_was_not_measured_is_neither_inside_nor_outside(demo):
    rows = [row for row in metrics().to_pylist() if row["metric_type"] != STARTUP]
    found = verify(demo, ORDERS, run_metrics(pa.Table.from_pylist(rows, RUN_METRICS.schema), "orders"))
    assert by_quantity(found)["start-up, mean"].inside is None
    assert found.learned.startup == ()


@pytest.mark.parametrize("workload", [ORDERS, FRONTEND])
@pytest.mark.parametrize(("startup_ms", "median_ms"), [(700.0, 30.0), (6500.0, 140.0)])
def test_calibrated_with_itself_a_service_is_predicted_as_it_was_measured(demo, workload, startup_ms, median_ms):
    measured = run_metrics(metrics(startup_ms=startup_ms, median_ms=median_ms), "orders")
    learned = verify(demo, workload, measured).learned
    again = verify(demo, workload, measured, calibration=Calibration((learned,)))
    found = by_quantity(again)
    assert found["start-up, mean"].ratio == pytest.approx(1.0)
    assert found["request latency, p50"].ratio == pytest.approx(1.0, abs=0.05)
    for factor, same in zip(again.learned.startup, learned.startup, strict=True):
        assert factor == same, "factors are against the model as it comes, so that they do not multiply up"


def test_shortening_the_longest_path_shortens_the_next_one_too():
    order = StartupOrder({}, {}, ("app", "proxy"))
    slow = startup_estimate(order, {}, {"app": "r/x", "proxy": "r/y"}, {"app": 0.1})
    assert slow.critical_path == ("proxy",), "the other container is now the longest"


def test_what_an_unknown_runtime_taught_stays_with_its_own_workload(demo):
    measured = run_metrics(metrics(startup_ms=6000.0), "orders")
    learned = verify(demo, ORDERS, measured).learned
    after = assess(DEMO, None, Calibration((learned,)))
    before = {w.id: w.latency for w in demo.workloads if w.latency}
    pricing = next(w for w in after.workloads if w.id == "shop/Deployment/pricing-api")
    assert pricing.latency == before[pricing.id]
    orders = next(w for w in after.workloads if w.id == ORDERS)
    assert orders.latency.startup_ms == pytest.approx(6000.0)
    assert any("calibrated with" in text for text in after.assumptions)
    assert not any("calibrated with" in text for text in demo.assumptions)


def factor(image: str, runtime: str, value: float) -> Factor:
    return Factor(image, runtime, value, 100)


def test_an_image_s_own_factor_goes_before_that_of_its_runtime():
    known = Calibration(
        (
            Learned("a/Deployment/a", "a", (factor("r/python-a", "Python", 2.0),), None),
            Learned("a/Deployment/b", "b", (factor("r/python-b", "Python", 0.5),), factor("r/go-b", "Go", 3.0)),
        )
    )
    own = known.corrections({"x": "r/python-a:7@sha256:1", "y": "r/python-c", "z": "r/node"}, "y")
    assert own.startup == {"x": 2.0, "y": pytest.approx(1.0)}
    assert own.service_time == 1.0
    assert known.corrections({"x": "r/golang:1"}, "x").service_time == 1.0
    assert known.corrections({"x": "r/go-b:1"}, "x").service_time == pytest.approx(3.0)
    assert Calibration().corrections({"x": "r/python-a"}, "x") == Corrections()


@pytest.mark.parametrize(
    ("image", "name"),
    [("r:5000/a/b:1", "r:5000/a/b"), ("a@sha256:0", "a"), ("r:5000/a", "r:5000/a"), (None, ""), ("nginx:1", "nginx")],
)
def test_an_image_s_name_is_without_tag_and_digest(image, name):
    assert image_name(image) == name


def test_a_service_measured_again_replaces_what_it_taught(tmp_path):
    first = Learned("a/Deployment/a", "a", (factor("i", "Go", 2.0),), None)
    other = Learned("a/Deployment/b", "b", (), factor("j", "Go", 2.0))
    known = Calibration().with_learned(other).with_learned(first).with_learned(Learned("a/Deployment/a", "a", (), None))
    assert known.learned == (Learned("a/Deployment/a", "a", (), None), other)
    write_calibration(known, tmp_path / "c.json")
    assert read_calibration(tmp_path / "c.json") == known


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"schema_version": 2, "learned": []}', '{"schema_version": 1, "learned": [{}]}',
        '{"schema_version": 1, "learned": [{"workload": "w", "service": "s", "startup": '
        '[{"image": "i", "runtime": "Go", "factor": 0, "samples": 1}], "service_time": null}]}',
    ],
)  # fmt: skip
def test_a_file_that_is_no_calibration_is_refused(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(InputError, match="not-a-calibration"):
        read_calibration(tmp_path / "c.json")


def call(*arguments: object):
    return CliRunner().invoke(app, ["verify", str(DEMO), ORDERS, "--service", "orders", *map(str, arguments)])


@pytest.fixture
def files(tmp_path: Path) -> Path:
    pq.write_table(metrics(median_ms=500.0), tmp_path / "metrics.parquet")
    with (tmp_path / "metrics.csv").open("w", newline="") as stream:
        rows = metrics(median_ms=500.0).to_pylist()
        writer = csv.DictWriter(stream, RUN_METRICS.schema.names)
        writer.writeheader()
        for row in rows:
            row["end_time"] = row["end_time"].isoformat()
            for name in ("latency_bucket_bounds_ms", "latency_bucket_counts"):
                row[name] = "" if row[name] is None else json.dumps(row[name])
            writer.writerow(row)
    return tmp_path


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_verb_compares_keeps_what_it_learned_and_says_that_they_differ(files, form):
    done = call("--metrics", files / f"metrics.{form}", "--calibration", files / "c.json", "--format", "json")
    assert isinstance(done.exception, K2crError)
    assert done.exception.exit_code == 5
    document = json.loads(done.stdout)
    assert {c["quantity"]: c["inside"] for c in document["comparisons"]}["request latency, p50"] is False
    assert [one.service for one in read_calibration(files / "c.json").learned] == ["orders"]
    again = call("--metrics", files / f"metrics.{form}", "--calibration", files / "c.json", "--format", "json")
    second = {c["quantity"]: c for c in json.loads(again.stdout)["comparisons"]}
    assert second["request latency, p50"]["ratio"] == pytest.approx(1.0, abs=0.05)


def test_assess_reads_what_verify_wrote(files):
    call("--metrics", files / "metrics.parquet", "--calibration", files / "c.json")
    done = CliRunner().invoke(
        app, ["assess", str(DEMO), ORDERS, "--calibration", str(files / "c.json"), "--format", "json", "--quiet"]
    )
    assert done.exit_code == 0, done.output
    assert any("calibrated with its own image" in text for text in json.loads(done.stdout)["assumptions"])


def test_the_table_has_a_line_a_quantity(files):
    done = call("--metrics", files / "metrics.parquet", "--quiet")
    assert len(done.stdout.splitlines()) == 1 + 6
    assert "billable instance time a month" in done.stdout


@pytest.mark.parametrize(
    ("ref", "arguments"),
    [("calibration-in-snapshot", ["--metrics", "m.parquet", "--calibration", DEMO / "c.json"])],
)
def test_what_the_verb_refuses(ref, arguments):
    done = call(*arguments)
    assert done.exception.ref == ref
    assert done.exception.exit_code == 2
    assert not (DEMO / "c.json").exists()
