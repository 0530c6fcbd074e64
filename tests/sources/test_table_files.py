"""Files of the billing export as ``bq extract`` and others write them."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k2cr_analysis.errors import InputError
from k2cr_analysis.sources import table_files
from k2cr_analysis.sources.table_files import read_table_file, table_parts
from tests.sources.test_billing_export import ROWS, SCHEMA

DEMO = Path(__file__).parents[2] / "data" / "demo"
WHOLE = pa.Table.from_pylist(ROWS, schema=SCHEMA)
EXPECTED = [{name: value for name, value in row.items() if name != "_PARTITIONTIME"} for row in WHOLE.to_pylist()]


def read(path):
    return read_table_file(str(path), "billing").to_pylist()


def with_more(table):
    """Columns and fields that the export has and the snapshot does not keep."""
    wide = pa.array(
        [row["project"] | {"labels": [], "ancestors": [{"resource_name": "o/1"}]} for row in table.to_pylist()]
    )
    table = table.set_column(table.schema.get_field_index("project"), "project", wide)
    return table.append_column("transaction_type", pa.array(["GOOGLE"] * table.num_rows)).append_column(
        "tags", pa.array([[{"key": "a", "value": "b", "inherited": False}]] * table.num_rows)
    )


def test_parquet_with_columns_that_are_not_kept(tmp_path):
    pq.write_table(with_more(WHOLE), tmp_path / "billing.parquet")
    assert read(tmp_path / "billing.parquet") == EXPECTED


@pytest.mark.parametrize(("form", "name"), [("parquet", "billing"), ("json", "billing"), ("csv", "usage")])
def test_a_file_in_parts_is_the_same_table(tmp_path, monkeypatch, form, name):
    rows = pq.read_table(DEMO / name / "part-0.parquet").slice(0, 25)
    file = tmp_path / f"rows.{form}"
    if form == "parquet":
        pq.write_table(rows, file)
    elif form == "json":
        file.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows.to_pylist()))
    else:
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows([rows.column_names, *(row.values() for row in rows.to_pylist())])
    whole = read_table_file(str(file), name)
    monkeypatch.setattr(table_files, "ROWS_AT_ONCE", 7)
    parts = list(table_parts(str(file), name))
    assert [part.num_rows for part in parts] == [7, 7, 7, 4]
    assert pa.concat_tables(parts).equals(whole)


def test_parquet_in_several_files_of_one_folder(tmp_path):
    (tmp_path / "billing").mkdir()
    pq.write_table(WHOLE.slice(0, 20), tmp_path / "billing" / "000.parquet")
    pq.write_table(WHOLE.slice(20), tmp_path / "billing" / "001.parquet")
    assert read(tmp_path / "billing") == EXPECTED


def test_parquet_with_a_structure_around_each_list(tmp_path):
    labels = [{"list": [{"element": item} for item in row["labels"]]} for row in EXPECTED]
    table = WHOLE.set_column(WHOLE.schema.get_field_index("labels"), "labels", pa.array(labels))
    pq.write_table(table, tmp_path / "billing.parquet")
    assert read(tmp_path / "billing.parquet") == EXPECTED


def as_bigquery(value):
    """In JSON: numbers of 64 bits and NUMERIC as texts, times with their zone's name."""
    if isinstance(value, dict):
        return {name: as_bigquery(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [as_bigquery(item) for item in value]
    if hasattr(value, "strftime"):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    return value if isinstance(value, float) else str(value)


@pytest.mark.parametrize("ending", ["json", "jsonl.gz"])
def test_json_lines(tmp_path, ending):
    text = "".join(json.dumps(as_bigquery(row)) + "\n" for row in EXPECTED).encode()
    path = tmp_path / f"billing.{ending}"
    path.write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    assert read(path) == EXPECTED


def test_json_that_is_none_names_its_line(tmp_path):
    (tmp_path / "b.json").write_text(json.dumps(as_bigquery(EXPECTED[0])) + "\n{\n")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "b.json")
    assert caught.value.where.line == 2


HEADER = "billing_account_id,service.id,service.description,sku.id,sku.description,usage_start_time,usage_end_time,cost,currency,invoice.month,cost_type,labels"
ROW = '1,6F81-5844-456A,Compute Engine,S,E2 Core,2026-03-01 00:00:00 UTC,2026-03-01T01:00:00+00:00,1.5,EUR,202603,regular,"[{""key"": ""a"", ""value"": ""b""}]"'


def test_csv_with_a_column_for_each_part_of_a_structure(tmp_path):
    (tmp_path / "billing.csv").write_text(f"{HEADER},seller_name\n{ROW},somebody\n")
    [row] = read(tmp_path / "billing.csv")
    assert (row["service"]["id"], row["invoice"]["month"], row["cost"]) == ("6F81-5844-456A", "202603", 1.5)
    assert (row["labels"], row["credits"], row["resource"]) == ([{"key": "a", "value": "b"}], [], None)


BAD = {
    "a word for a number": (ROW.replace("1.5", "much"), "'cost'"),
    "a time that is none": (ROW.replace("2026-03-01 00:00:00 UTC", "yesterday"), "'usage_start_time'"),
    "no number": (ROW.replace("1.5", "nan"), "'cost'"),
    "more than there is": (ROW.replace("1.5", "1e18"), "'cost'"),
    "a year that is none": (ROW.replace("2026-03-01 00:00:00 UTC", "0026-03-01 00:00:00 UTC"), "'usage_start_time'"),
    "labels that are no JSON": (ROW.replace('"[{', '"{'), "'labels'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_value_names_its_line_and_column(tmp_path, case):
    row, named = BAD[case]
    (tmp_path / "b.csv").write_text(f"{HEADER}\n{ROW}\n{row}\n")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "b.csv")
    assert caught.value.where.line == 3 and named in caught.value.found


TRAFFIC = "metric_type,namespace_name,service_name,response_code_class,end_time,period_s,request_count"
HOUR = "loadbalancing.googleapis.com/https/request_count,shop,web,2xx,2026-03-01T01:00:00Z,3600,40"


def read_traffic(path):
    return read_table_file(str(path), "traffic").to_pylist()


def test_what_a_spreadsheet_calls_unicode_is_read(tmp_path):
    (tmp_path / "t.csv").write_bytes(f"{TRAFFIC}\n{HOUR}\n".encode("utf-16"))
    assert [row["request_count"] for row in read_traffic(tmp_path / "t.csv")] == [40]


IMPOSSIBLE = {
    "a period of none": (HOUR.replace("3600", "0"), "'period_s'"),
    "a period below none": (HOUR.replace("3600", "-1"), "'period_s'"),
    "fewer requests than none": (HOUR.replace(",40", ",-40"), "'request_count'"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_an_impossible_value_is_told_with_its_line(tmp_path, case):
    row, named = IMPOSSIBLE[case]
    (tmp_path / "t.csv").write_text(f"{TRAFFIC}\n{HOUR}\n{row}\n")
    with pytest.raises(InputError) as caught:
        read_traffic(tmp_path / "t.csv")
    assert caught.value.where.line == 3 and named in caught.value.found


def test_an_impossible_value_in_parquet_is_told_with_its_row(tmp_path):
    (tmp_path / "t.csv").write_text(f"{TRAFFIC}\n{HOUR}\n")
    table = read_table_file(str(tmp_path / "t.csv"), "traffic")
    wrong = table.set_column(table.schema.get_field_index("period_s"), "period_s", pa.array([-1], pa.int32()))
    pq.write_table(wrong, tmp_path / "t.parquet")
    with pytest.raises(InputError, match="row 1"):
        read_traffic(tmp_path / "t.parquet")


UNREADABLE = {
    "Latin-1": ("t.csv", f"{TRAFFIC}\n{HOUR}\n".replace("shop", "caf\u00e9").encode("latin-1"), "wrong-encoding"),
    "a gzip cut short": ("t.csv.gz", gzip.compress(f"{TRAFFIC}\n{HOUR}\n".encode())[:-12], "damaged-file"),
    "a gzip of noise": ("t.csv.gz", gzip.compress(b"x" * 99)[:10] + bytes(range(1, 80)), "damaged-file"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_cannot_be_read_says_why(tmp_path, case):
    name, content, ref = UNREADABLE[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_traffic(tmp_path / name)
    assert caught.value.ref == ref and caught.value.do


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"usage_end_time": datetime(2026, 2, 28, tzinfo=UTC)}, "in column 'usage_end_time', row 2"),
        ({"currency": ""}, "in column 'currency', row 2"),
        ({"currency": "dollars"}, "dollars in column 'currency', row 2"),
        ({"invoice": {"month": "2026-13"}}, "in column 'invoice', row 2"),
    ],
)
def test_a_row_of_a_bill_that_cannot_be_is_told(tmp_path, changed, said):
    good = ROWS[0]
    table = pa.Table.from_pylist([good, good | changed], SCHEMA)
    pq.write_table(table, tmp_path / "bill.parquet")
    with pytest.raises(InputError, match="impossible-value") as caught:
        read_table_file(str(tmp_path / "bill.parquet"), "billing")
    assert said in caught.value.found
