"""The same questions by the real BigQuery client: what it sends is BigQuery's, and what it gets is what DuckDB gets."""

import dataclasses
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify

from k2cr_analysis.config import Engine
from k2cr_analysis.errors import ConfigError, RemoteError
from k2cr_analysis.queries import billing, daily, tables_at, traffic, usage
from k2cr_analysis.queries.bigquery import BigQueryTables
from k2cr_analysis.queries.engine import VIEWS, sql_text
from k2cr_analysis.queries.translate import bigquery_sql
from k2cr_analysis.remote.bigquery import billable_bytes
from k2cr_analysis.snapshot.tables import TABLES
from tests.pricing.clusters import allocated, billing_row
from tests.queries.rollup_warehouse import RollupWarehouse
from tests.sources.bigquery_server import serving_bigquery

from .conftest import CPU, EXTERNAL, MEMORY, MESH, RESTARTS, UPTIME, traffic_row, usage_row
from .test_service_traffic import SERVICES, histogram
from .test_sql_files import FILES

SHA256 = "1f2e3d4c5b6a7980" * 4
DATASET = "my-project.metrics"
RNG = np.random.default_rng(7)

USAGE_ROWS = [
    *(usage_row(m, v, name) for name in (CPU, MEMORY) for m, v in enumerate(RNG.gamma(2, 0.1, 97), start=1)),
    *(usage_row(m, 1.5, container_name="proxy", reducer="REDUCE_SUM") for m in range(1, 50)),
    *(usage_row(m, 3, UPTIME, reducer="REDUCE_COUNT") for m in range(1, 60)),
    *(usage_row(m, m / 7, pod_name=p, top_level_controller_name="api") for m in range(1, 30) for p in "abc"),
    *(usage_row(m, 2, RESTARTS, pod_name=p) for m in (3, 9) for p in "ab"),
    *(usage_row(m, 0.25, namespace_name="ops", reducer="REDUCE_MEAN") for m in range(1, 3000, 7)),
]
TRAFFIC_ROWS = [
    *(traffic_row(m, m % 5, **histogram([10.0, 20.0, 50.0], [m % 2, 3, 1], mean=m / 3)) for m in range(1, 90)),
    *(traffic_row(m, 7, **histogram([5.0], [4, 3])) for m in range(1, 9)),
    *(traffic_row(m, 1, response_code_class="5xx", response_bytes=100) for m in range(1, 90, 9)),
    *(traffic_row(m, 2, MESH, source_namespace_name="shop", source_workload_name="api") for m in range(1, 40)),
    *(traffic_row(m, 2, EXTERNAL, service_name="api", latency_mean_ms=12.0) for m in range(1, 4000, 11)),
]  # fmt: skip
BILLING_ROWS = [
    billing_row(n / 7, allocated(f"w{n % 3}") | extra, day=n % 5, taken_off=[-0.01] * (n % 3), sku=f"SKU {n % 2}")
    for n in range(1, 60)
    for extra in ({}, {"team": "shop"}, {"goog-k8s-cluster-location": "asia-northeast1"})
]


@pytest.fixture
def both(tables, monkeypatch):
    """(the snapshot's own files, the same tables in BigQuery, the warehouse)"""
    here = tables(usage=USAGE_ROWS, traffic=TRAFFIC_ROWS, billing=BILLING_ROWS)
    there = BigQueryTables(here, SHA256, DATASET)
    loaded = {
        there.address(name): pa.Table.from_pylist(rows, TABLES[name].schema)
        for name, rows in (("usage", USAGE_ROWS), ("traffic", TRAFFIC_ROWS), ("billing", BILLING_ROWS))
    }
    warehouse = RollupWarehouse(loaded)
    with serving_bigquery(warehouse) as url:
        monkeypatch.setenv("K2CR_ENDPOINT_BIGQUERY", url)
        yield here, there, warehouse


def plain(found):
    """Profiles and days with their arrays as lists, so that they can be compared."""

    def listed(value):
        return value.tolist() if isinstance(value, np.ndarray) else value

    return {
        name: {f.name: listed(getattr(one, f.name)) for f in dataclasses.fields(one)} for name, one in found.items()
    }


def test_usage_is_the_same_in_both(both):
    here, there, _ = both
    assert usage(there) == usage(here)
    assert len(usage(here)) == 3


def test_traffic_and_its_days_are_the_same_in_both(both):
    here, there, _ = both
    assert plain(traffic(there, SERVICES)) == plain(traffic(here, SERVICES))
    ours, theirs = (
        plain(daily(usage(here), traffic(here, SERVICES))),
        plain(daily(usage(there), traffic(there, SERVICES))),
    )
    np.testing.assert_equal(theirs, ours)


def test_the_bill_is_the_same_in_both(both):
    here, there, _ = both
    found = billing(here)
    assert billing(there) == found
    paid = sum(Decimal(repr(r["cost"])) + sum(Decimal(repr(c["amount"])) for c in r["credits"]) for r in BILLING_ROWS)
    assert abs(sum(row.net for row in found.rows) - paid) < Decimal("1e-6")


def test_no_job_may_bill_more_than_its_dry_run_said(both):
    _, there, warehouse = both
    usage(there)
    caps = {body["configuration"]["query"]["maximumBytesBilled"] for body, _ in warehouse.jobs.values()}
    assert caps == {str(10 * 2**20)}
    asked = [body["configuration"] for method, _, body in warehouse.requests if method == "POST"]
    assert [bool(job.get("dryRun")) for job in asked] == [True, False] * (len(asked) // 2)


@pytest.mark.parametrize(
    ("estimated", "tables", "most"),
    [(0, 1, 10), (1, 1, 10), (10 * 2**20 + 1, 1, 11), (100 * 2**20, 2, 110), (5 * 2**20, 3, 30)],
)
def test_the_cap_is_the_most_that_whole_mib_and_ten_a_table_can_come_to(estimated, tables, most):
    assert billable_bytes(estimated, tables) == most * 2**20


def test_a_snapshot_that_was_not_loaded_says_how(both):
    here, _, _ = both
    with pytest.raises(RemoteError) as caught:
        usage(BigQueryTables(here, "0" * 64, DATASET))
    assert caught.value.ref == "bigquery-not-read"
    first = caught.value.do.splitlines()[0]
    assert first.startswith(
        "bq load --source_format=PARQUET --parquet_enable_list_inference my-project:metrics.usage_000000000000 "
    )
    assert first.endswith("usage/part-0.parquet")


@pytest.mark.parametrize(("code", "reason"), [(403, "accessDenied"), (400, "invalidQuery")])
def test_a_refusal_is_told_in_one_sentence(both, code, reason):
    _, there, warehouse = both
    warehouse.faults = [(code, reason, "no")] * 9
    with pytest.raises(RemoteError, match=r"my-project\.metrics: .*no"):
        usage(there)


def test_a_snapshot_without_a_table_asks_nothing(tables):
    assert usage(BigQueryTables(tables(), SHA256, DATASET)) == {}


def test_the_config_says_where():
    class Nothing:
        def table_files(self, name):
            return []

    here = Nothing()
    assert tables_at(Engine(), here, SHA256) is here
    assert tables_at(Engine("bigquery", DATASET), here, SHA256, "p") == BigQueryTables(here, SHA256, DATASET)
    assert tables_at(Engine("bigquery"), here, SHA256, "p") == BigQueryTables(here, SHA256, "p.k2cr")
    with pytest.raises(ConfigError, match="no-dataset"):
        tables_at(Engine("bigquery"), here, SHA256)


# --- the translation: every file


def translated(query):
    addresses = {name: f"{DATASET}.{name}_x" for name in TABLES}
    return bigquery_sql(sql_text(query), addresses, {v: sql_text(v) for v in VIEWS if v != query})


# Words of DuckDB that BigQuery does not have, or reads otherwise.
FOREIGN = (
    "QUANTILE",
    "PERCENTILE_DISC",
    "EPOCH_US",
    "MATERIALIZED",
    "HASH(",
    "//",
    "LIST_",
    "ROW(",
    "::",
    "IGNORE NULLS",
)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_file_is_bigquerys_own_sql(file):
    sql = translated(file.stem)
    assert [word for word in FOREIGN if word in sql.upper()] == []
    assert sql == parse_one(sql, read="bigquery").sql("bigquery", pretty=True)
    names = {table.sql("bigquery") for table in parse_one(sql, read="bigquery").find_all(exp.Table) if table.catalog}
    assert names <= {f"`my-project`.`metrics`.`{name}_x` AS {name}" for name in TABLES} and names


def bigquery_type(kind):
    if pa.types.is_list(kind):
        return f"ARRAY<{bigquery_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"STRUCT<{', '.join(f'{f.name} {bigquery_type(f.type)}' for f in kind)}>"
    names = {pa.types.is_timestamp: "TIMESTAMP", pa.types.is_floating: "FLOAT64", pa.types.is_integer: "INT64"}
    return next((name for is_, name in names.items() if is_(kind)), "STRING")


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_column_of_every_file_is_there(file):
    columns = {f"{name}_x": {f.name: bigquery_type(f.type) for f in table.schema} for name, table in TABLES.items()}
    schema = {"my-project": {"metrics": columns}}
    qualify(parse_one(translated(file.stem), read="bigquery"), dialect="bigquery", schema=schema)


def test_quantiles_are_ranks_of_whole_numbers():
    sql = "".join(bigquery_sql("SELECT QUANTILE_DISC(value, [0.95]) AS q FROM usage", {}, {}).split())
    assert "ARRAY_AGG(valueORDERBYvalue)[ORDINAL(DIV(((COUNT(value)*95)+99),100))]" in sql
