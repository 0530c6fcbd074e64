"""The real BigQuery client against a REST endpoint on the loopback that runs the same SQL in DuckDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import resources

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from k2cr_analysis.errors import RemoteError, UsageError
from k2cr_analysis.queries.in_place.billing_export import checked_table, parameters
from k2cr_analysis.remote.bigquery import LEAST_BILLED_BYTES
from k2cr_analysis.snapshot.parquet import write_table
from k2cr_analysis.snapshot.sorting import contents
from k2cr_analysis.snapshot.tables import BILLING
from k2cr_analysis.sources.billing_export.client import BillingExport
from k2cr_analysis.sources.billing_export.rows import billing_parts
from tests.sources.bigquery_server import Warehouse, serving_bigquery

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
TABLE = "bills.export.gcp_billing_export_resource_v1_01338E_BE3FD6_363B4C"
STANDARD = "bills.export.gcp_billing_export_v1_01338E_BE3FD6_363B4C"
VIEW = "bills.export.shared_view"


def a_row(hour, project="proj", **more):
    start = START + timedelta(hours=hour)
    return {
        "billing_account_id": "01338E-BE3FD6-363B4C",
        "service": {"id": "6F81-5844-456A", "description": "Compute Engine"},
        "sku": {"id": f"S{hour % 3}", "description": "E2 Instance Core"},
        "usage_start_time": start,
        "usage_end_time": start + timedelta(hours=1),
        "project": {"id": project, "number": "1", "name": project},
        "labels": [{"key": "k8s-namespace", "value": "shop"}, {"key": "goog-k8s-cluster-name", "value": "shop"}],
        "system_labels": [],
        "location": {"location": "europe-west1", "country": "BE", "region": "europe-west1", "zone": None},
        "resource": {"name": f"node-{hour}", "global_name": None},
        "cost": 0.125 + hour,
        "currency": "EUR",
        "currency_conversion_rate": 0.9,
        "usage": {"amount": 3600.0, "unit": "seconds", "amount_in_pricing_units": 1.0, "pricing_unit": "hour"},
        "credits": [{"name": "SUD", "full_name": None, "type": "SUSTAINED_USAGE_DISCOUNT", "id": "x", "amount": -0.5}],
        "invoice": {"month": "202603"},
        "cost_type": "regular",
        "export_time": start + timedelta(hours=5),
        "price": {"effective_price": Decimal("0.021811590"), "tier_start_amount": Decimal(0), "unit": "hour", "pricing_unit_quantity": Decimal(1)},
        "cost_at_list": 1.0,
        "cost_at_effective_price_default": None,
        "consumption_model": {"id": "7", "description": "Default"},
        "_PARTITIONTIME": (start + timedelta(days=2)).replace(hour=0),
    } | more  # fmt: skip


SCHEMA = pa.schema(
    [*(pa.field(f.name, f.type) for f in BILLING.schema), pa.field("_PARTITIONTIME", pa.timestamp("us", tz="UTC"))]
)
ROWS = [a_row(hour) for hour in range(-2, 50)] + [a_row(5, project="another")]
WANTED = [row for row in ROWS if START <= row["usage_start_time"] < END and row["project"]["id"] == "proj"]


@pytest.fixture
def warehouse(monkeypatch):
    detailed = pa.Table.from_pylist(ROWS, schema=SCHEMA)
    found = Warehouse(
        {
            TABLE: detailed,
            STANDARD: detailed.drop(["resource", "price", "consumption_model"]),
            VIEW: detailed.drop(["_PARTITIONTIME"]),
        }
    )
    with serving_bigquery(found) as url:
        monkeypatch.setenv("K2CR_ENDPOINT_BIGQUERY", url)
        yield found


def export(table=TABLE, project="proj"):
    return BillingExport(table, START, END, project)


def test_every_row_of_the_window_and_the_project_comes_out_as_it_was(warehouse):
    found = export().read(export().plan()).to_pylist()
    assert sorted(found, key=lambda r: r["usage_start_time"]) == [
        {k: v for k, v in row.items() if k != "_PARTITIONTIME"} for row in WANTED
    ]


def test_without_a_project_the_whole_account_is_read(warehouse):
    assert export(project=None).read(export().plan()).num_rows == len(WANTED) + 1


def test_the_cost_is_asked_for_and_capped_before_anything_is_read(warehouse):
    plan = export().plan()
    assert not warehouse.jobs
    assert str(plan).startswith("billing: 3.0 MiB to read: USD 0.0001")
    warehouse.bytes = 2**40
    dear = export().plan()
    assert dear.price_usd == Decimal("6.25")
    export().read(dear)
    export().read(plan)
    caps = [body["configuration"]["query"]["maximumBytesBilled"] for body, _ in warehouse.jobs.values()]
    assert caps == [str(2**40), str(LEAST_BILLED_BYTES)]


@pytest.mark.parametrize("table", [STANDARD, VIEW])
def test_a_table_that_lacks_columns_or_partitions_is_read_too(warehouse, table):
    found = export(table).read(export(table).plan())
    assert found.num_rows == len(WANTED)
    assert (found["resource"].null_count == len(WANTED)) == (table == STANDARD)


def test_numbers_may_come_in_the_types_that_bigquery_chose(warehouse):
    table = warehouse.tables[TABLE]
    prices = [{"effective_price": float(row["price"]["effective_price"]), "list_price": 1.0} for row in ROWS]
    projects = [row["project"] | {"ancestry_numbers": "/1/2/"} for row in ROWS]
    chosen = {
        "cost": pa.array([Decimal(str(row["cost"])) for row in ROWS], pa.decimal128(38, 9)),
        "price": pa.array(prices),
        "project": pa.array(projects),
    }
    for name, values in chosen.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    before = export().read(export().plan()).to_pylist()
    warehouse.tables[TABLE] = table
    found = export().read(export().plan()).to_pylist()
    assert sorted(row["cost"] for row in found) == sorted(row["cost"] for row in before)
    assert {row["price"]["effective_price"] for row in found} == {Decimal("0.021811590")}
    assert {row["project"]["id"] for row in found} == {"proj"}


def test_a_table_that_does_not_show_its_schema_is_asked_all_the_same(warehouse):
    warehouse.hides_schemas = True
    assert export().read(export().plan()).num_rows == len(WANTED)


def test_a_result_without_rows_is_an_empty_table(warehouse):
    assert export(project="nobody").read(export(project="nobody").plan()).schema == BILLING.schema


def test_the_text_of_the_file_runs_in_duckdb_over_an_export(tmp_path):
    """As a person may do who has a Parquet file of the table: sqlglot translates, a view gives the day of arrival."""
    table = pa.Table.from_pylist(ROWS, schema=SCHEMA).drop(["_PARTITIONTIME"])
    pq.write_table(table, tmp_path / "export.parquet")
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    path = tmp_path / "export.parquet"
    view = "SELECT *, date_trunc('day', export_time) AS _PARTITIONTIME FROM read_parquet"
    connection.execute(f"CREATE VIEW export AS {view}('{path}')")
    text = resources.files("k2cr_analysis.queries.in_place").joinpath("rows.sql").read_text()
    [sql] = sqlglot.transpile(text.replace("`PROJECT.DATASET.TABLE`", "export"), read="bigquery", write="duckdb")
    found = connection.sql(sql, params=parameters(START, END, "proj")).to_arrow_table()
    assert found.num_rows == len(WANTED)
    assert set(found.column_names) == set(BILLING.schema.names)


def test_the_order_of_the_rows_does_not_depend_on_the_reading(warehouse):
    first = export().read(export().plan())
    warehouse.tables[TABLE] = warehouse.tables[TABLE].take(list(reversed(range(len(ROWS)))))
    assert export().read(export().plan()).equals(first)


@pytest.mark.parametrize(
    "fault", [(503, "backendError", "busy"), (500, "backendError", "oops"), (429, "rateLimitExceeded", "slow")]
)
def test_a_passing_fault_changes_nothing(warehouse, fault):
    warehouse.faults = [fault]
    assert export().read(export().plan()).num_rows == len(WANTED)


LASTING = {
    "no table": ("bills.export.absent", None, "Billing export"),
    "no right": (TABLE, (403, "accessDenied", "Access Denied"), "dataViewer"),
    "a bad query": (TABLE, (400, "invalidQuery", "made up"), "made up"),
}


@pytest.mark.parametrize("case", LASTING)
def test_a_lasting_fault_says_what_to_do(warehouse, case):
    table, fault, said = LASTING[case]
    warehouse.faults = [fault] if fault else []
    with pytest.raises(RemoteError, match=said):
        export(table).plan()


@pytest.mark.parametrize("name", ["t", "a.b", "a.b.c; DROP TABLE x", "a.b.c`", "a.b.c --"])
def test_what_is_no_table_name_is_refused(name):
    if name == "a.b.c`":
        assert checked_table(name) == "a.b.c"
        return
    with pytest.raises(UsageError):
        checked_table(name)


def test_the_bytes_of_a_bill_do_not_hang_on_the_pages_that_it_came_in(tmp_path):
    rows = pa.Table.from_pylist(ROWS, schema=SCHEMA)
    whole = list(billing_parts(rows.to_batches()))
    turned = rows.take(list(reversed(range(rows.num_rows))))
    for name, parts in (("one", whole), ("other", list(billing_parts(turned.to_batches(max_chunksize=5))))):
        (tmp_path / name).mkdir()
        write_table(parts, BILLING, tmp_path / name / "part-0.parquet")
    assert (tmp_path / "one" / "part-0.parquet").read_bytes() == (tmp_path / "other" / "part-0.parquet").read_bytes()
    assert len(set(contents(whole[0]).to_pylist())) == len({str(row) for row in whole[0].to_pylist()})
