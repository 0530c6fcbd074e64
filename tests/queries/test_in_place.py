"""Tables of others in BigQuery, asked where they stand: the same answers as a snapshot that has the same rows."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from k2cr_analysis.config.settings import Engine, EngineTables
from k2cr_analysis.errors import ConfigError, RemoteError
from k2cr_analysis.queries import billing, tables_at, traffic, usage
from k2cr_analysis.queries.bigquery import BigQueryTables
from k2cr_analysis.queries.in_place.tables import Scope
from k2cr_analysis.snapshot.tables import TABLES
from tests.queries.rollup_warehouse import RollupWarehouse
from tests.sources.bigquery_server import serving_bigquery

from .conftest import CPU, MEMORY, RESTARTS, START, traffic_row, usage_row
from .test_bigquery import BILLING_ROWS, DATASET, SHA256, plain
from .test_service_traffic import SERVICES

EXPORT = "my-project.metric_export.sd_metrics_export_fin"
LABELS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))
TIME = pa.timestamp("us", tz="UTC")
POINTS = pa.schema(
    [
        ("batch_id", pa.string()),
        ("metric", pa.struct([("type", pa.string()), ("labels", LABELS)])),
        ("resource", pa.struct([("type", pa.string()), ("labels", LABELS)])),
        ("metric_kind", pa.string()),
        ("value_type", pa.string()),
        (
            "point",
            pa.struct(
                [
                    ("interval", pa.struct([("start_time", TIME), ("end_time", TIME)])),
                    ("value", pa.struct([("int64_value", pa.int64()), ("double_value", pa.float64())])),
                ]
            ),
        ),
    ]
)
HOUR = 3600
PODS = {
    "web-6d4cf56db6-x2k9p": ("Deployment", "web"),
    "web-admin-7f9c6b5d4-abcde": ("Deployment", "web-admin"),  # of the two names that fit, the longer one
    "db-0": ("StatefulSet", "db"),
    "nightly-29412345-x2k9p": ("CronJob", "nightly"),
}
WORKLOADS = tuple(f"shop/{kind}/{name}" for kind, name in PODS.values())
SCOPE = Scope(START, START + timedelta(days=3), "my-project", "prod", "europe-west1", WORKLOADS, "ALIGN_MAX")


def labels(**values):
    return [{"key": key, "value": value} for key, value in values.items()]


def point(metric, pod, hour, value, kind="DELTA", **of):
    """An hour's point as the export has it: a gauge's interval has no length."""
    end = START + timedelta(hours=hour)
    place = {"project_id": "my-project", "cluster_name": "prod", "location": "europe-west1", "namespace_name": "shop"}
    resource = {**place, "pod_name": pod, "container_name": "app", **of}
    is_whole = isinstance(value, int)
    return {
        "batch_id": "b",
        "metric": {"type": metric, "labels": labels(memory_type="non-evictable") if metric == MEMORY else []},
        "resource": {"type": "k8s_container", "labels": labels(**resource)},
        "metric_kind": kind,
        "value_type": "INT64" if is_whole else "DOUBLE",
        "point": {
            "interval": {"start_time": end - timedelta(hours=kind == "DELTA"), "end_time": end},
            "value": {"int64_value": value if is_whole else None, "double_value": None if is_whole else value},
        },
    }


def exported(hours=72):
    """Three days of four pods, or fewer hours, what is of others, and points that came twice."""
    found = []
    for number, pod in enumerate(PODS):
        for hour in range(1, hours + 1):
            cores = 0.25 * (number + 1) + hour % 5 / 8
            found.append(point(CPU, pod, hour, cores * HOUR))
            found.append(point(MEMORY, pod, hour, 2**20 * (hour % 7 + number + 1), "GAUGE"))
        found.append(point(RESTARTS, pod, 5, number))
    web = next(iter(PODS))
    return [
        *found,
        *found[::9],
        point(CPU, web, 4, 9000.0, cluster_name="other"),
        point(CPU, web, 4, 9000.0, location="us-east1"),
        point(CPU, web, 4, 9000.0, project_id="others"),
        point(CPU, "stranger-x2k9p", 4, 9000.0),
        point(CPU, web, 0, 9000.0),  # ends where the window begins
        point(CPU, web, 100, 9000.0),
        point("kubernetes.io/container/cpu/limit_cores", web, 4, 2.0, "GAUGE"),
    ]


def as_usage(hours=72):
    """The same as a collected table has it."""
    rows = []
    for number, (pod, (kind, name)) in enumerate(PODS.items()):
        of = {"pod_name": pod, "top_level_controller_type": kind, "top_level_controller_name": name, "period_s": HOUR}
        for hour in range(1, hours + 1):
            rows.append(usage_row(60 * hour, 0.25 * (number + 1) + hour % 5 / 8, **of))
            rows.append(usage_row(60 * hour, 2**20 * (hour % 7 + number + 1), MEMORY, **of))
        rows.append(usage_row(300, number, RESTARTS, **of))
    return rows


@pytest.fixture
def warehouse(monkeypatch):
    """warehouse(name=rows, ...): tables by their address, served on the loopback."""
    with serving_bigquery(found := RollupWarehouse({})) as url:
        monkeypatch.setenv("K2CR_ENDPOINT_BIGQUERY", url)
        yield found


def in_place(here, scope=SCOPE, **tables):
    return BigQueryTables(here, SHA256, DATASET, tables, scope)


def test_exported_points_give_what_the_same_points_give_when_collected(warehouse, tables):
    warehouse.tables[EXPORT] = pa.Table.from_pylist(exported(), POINTS)
    expected = usage(tables(usage=as_usage()))
    assert sorted(expected) == sorted(WORKLOADS)
    (tables().folder / "usage").rename(tables().folder / "away")  # a table that stands elsewhere has no file
    assert usage(in_place(tables(), usage=EXPORT)) == expected


def test_memory_is_not_known_where_nobody_says_how_it_was_aligned(warehouse, tables):
    warehouse.tables[EXPORT] = pa.Table.from_pylist(exported(), POINTS)
    scope = Scope(START, SCOPE.window_end, "my-project", "prod", "europe-west1", WORKLOADS)
    found = usage(in_place(tables(), scope, usage=EXPORT))["shop/Deployment/web"].containers["app"]
    assert (found.memory_quantiles_bytes, bool(found.cpu_quantiles_cores)) == ({}, True)


def test_a_bill_is_read_where_it_is_exported(warehouse, tables):
    late = [{**row, "usage_start_time": row["usage_start_time"] + timedelta(days=90)} for row in BILLING_ROWS]
    export = "bills.export.gcp_billing_export_resource_v1_0123AB"
    columns = pa.Table.from_pylist([*BILLING_ROWS, *late], TABLES["billing"].schema).drop_columns(["price"])
    warehouse.tables[export] = columns
    first = min(row["usage_start_time"] for row in BILLING_ROWS)
    scope = Scope(first, first + timedelta(days=30))
    assert billing(in_place(tables(), scope, billing=export)) == billing(tables(billing=BILLING_ROWS))


def test_a_view_with_the_columns_of_the_table_is_cut_to_the_window(warehouse, tables):
    rows = [traffic_row(m, m % 5) for m in range(1, 90)]
    late = traffic_row(10 * 24 * 60, 9)
    warehouse.tables["p.views.traffic"] = pa.Table.from_pylist([*rows, late], TABLES["traffic"].schema)
    found = traffic(in_place(tables(), traffic="p.views.traffic"), SERVICES)
    expected = traffic(tables(traffic=rows), SERVICES)
    assert plain(found) == plain(expected) and found


def test_a_table_of_another_layout_says_which_columns_it_lacks(warehouse, tables):
    warehouse.tables["p.d.other"] = pa.table({"pod": ["a"], "cores": [1.0]})
    with pytest.raises(ConfigError, match="unknown-table-layout") as caught:
        usage(in_place(tables(), usage="p.d.other"))
    assert "make a view" in caught.value.do


def test_a_table_that_is_not_there_is_named(warehouse, tables):
    with pytest.raises(RemoteError, match=r"p\.d\.gone"):
        usage(in_place(tables(), usage="p.d.gone"))


def test_rows_of_several_clusters_need_the_name_of_one(warehouse, tables):
    warehouse.tables[EXPORT] = pa.Table.from_pylist(exported(), POINTS)
    with pytest.raises(ConfigError, match="whose-rows") as caught:
        usage(in_place(tables(), Scope(START, SCOPE.window_end, "my-project"), usage=EXPORT))
    assert caught.value.do == "collect it with --cluster"


def test_tables_of_bigquery_are_not_asked_by_another_engine(tables):
    named = EngineTables(usage=EXPORT)
    with pytest.raises(ConfigError, match="tables-not-asked"):
        tables_at(Engine(tables=named), tables(), SHA256)
    at = tables_at(Engine("bigquery", DATASET, named), tables(), SHA256, scope=SCOPE)
    assert at == in_place(tables(), usage=EXPORT)
