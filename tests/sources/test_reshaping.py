"""Bills by FOCUS' names, and usage by a user's map: the same rows as in our own words, or where they are not."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k2cr_analysis.errors import InputError
from k2cr_analysis.snapshot.tables import BILLING, USAGE
from k2cr_analysis.sources.reshaping.column_map import read_column_map
from k2cr_analysis.sources.table_files import read_table_file
from tests.cli.test_terminal import run

LABELS = {
    "goog-k8s-cluster-name": "shop",
    "k8s-namespace": "web",
    "k8s-workload-name": "front",
    "k8s-workload-type": "apps/v1-Deployment",
}


def of_the_view(**more):
    """A row as Google's view gives it: cost 0.031 before a credit of 0.01."""
    tags = [{"key": k, "value": v, "x_type": "label", "x_inherited": False} for k, v in LABELS.items()]
    tags += [{"key": "compute.googleapis.com/cores", "value": "4", "x_type": "system_label", "x_inherited": False}]
    tags += [{"key": "org", "value": "acme", "x_type": "project_label", "x_inherited": True}]
    return {
        "BilledCost": Decimal("0.021"), "BillingAccountId": "01A-02B", "BillingCurrency": "EUR",
        "BillingPeriodStart": "2026-03-01T08:00:00Z", "ChargeCategory": "usage", "ChargePeriodStart": "2026-03-01T00:00:00Z",
        "ChargePeriodEnd": "2026-03-01T01:00:00Z", "ChargeDescription": "E2 Instance Core running in Belgium", "SkuId": "CF4E",
        "ConsumedQuantity": Decimal(3600), "ConsumedUnit": "seconds", "ContractedCost": Decimal("0.031"),
        "ContractedUnitPrice": Decimal("0.031"), "PricingQuantity": Decimal(1), "PricingUnit": "hour", "ListCost": Decimal("0.04"),
        "AvailabilityZone": "europe-west1-b", "RegionId": "europe-west1", "ResourceName": "node-1", "ResourceId": "//compute/node-1",
        "ServiceName": "Compute Engine", "SubAccountId": "01A-02B", "Tags": tags, "x_ServiceId": "6F81-5844-456A",
        "x_Credits": [{"Name": "SUD", "Amount": Decimal("-0.01"), "FullName": "Sustained", "Id": "s", "Type": "SUSTAINED_USAGE_DISCOUNT"}],
        "x_CostType": "regular", "x_Project": {"id": "shop-prod", "number": "1", "name": "Shop"}, "x_Location": "europe-west1-b",
    } | more  # fmt: skip


def of_the_specification(**more):
    """A row without anything that is Google's own."""
    row = {k: v for k, v in of_the_view().items() if not k.startswith("x_")}
    return (
        row | {"Tags": LABELS, "SubAccountId": "shop-prod", "SubAccountName": "Shop", "ChargeCategory": "Usage"} | more
    )


def written(folder, rows, form):
    path = folder / f"focus.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return str(path)
    if form == "csv":
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(rows[0])
            writer.writerows(
                [json.dumps(v, default=str) if isinstance(v, list | dict) else v for v in r.values()] for r in rows
            )
        return str(path)
    with gzip.open(f"{path}.gz", "wt") as stream:
        stream.writelines(json.dumps(row, default=str) + "\n" for row in rows)
    return f"{path}.gz"


@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
def test_google_s_view_is_the_detailed_export_again(tmp_path, form):
    [row] = read_table_file(written(tmp_path, [of_the_view()], form), "billing").to_pylist()
    assert (row["cost"], row["credits"][0]["amount"], row["currency"]) == (0.031, -0.01, "EUR")
    assert {pair["key"]: pair["value"] for pair in row["labels"]} == LABELS
    assert [pair["key"] for pair in row["system_labels"]] == ["compute.googleapis.com/cores"]
    assert row["service"] == {"id": "6F81-5844-456A", "description": "Compute Engine"}
    assert row["sku"] == {"id": "CF4E", "description": "E2 Instance Core running in Belgium"}
    assert row["project"] == {"id": "shop-prod", "number": "1", "name": "Shop"}
    assert row["location"]["zone"] == "europe-west1-b" and row["invoice"] == {"month": "202603"}
    assert row["usage"] == {"amount": 3600.0, "unit": "seconds", "amount_in_pricing_units": 1.0, "pricing_unit": "hour"}
    assert (row["cost_type"], row["cost_at_list"]) == ("regular", 0.04)


@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
def test_the_specification_alone_is_enough(tmp_path, form):
    [row] = read_table_file(written(tmp_path, [of_the_specification()], form), "billing").to_pylist()
    assert (row["cost"], row["credits"]) == (0.021, [])
    assert {pair["key"]: pair["value"] for pair in row["labels"] if pair["value"]} == LABELS
    assert row["service"]["id"] == "6F81-5844-456A" and row["project"]["id"] == "shop-prod"


def test_the_size_of_a_pricing_unit_is_no_amount(tmp_path):
    odd = of_the_view(PricingQuantity=Decimal(1), ContractedUnitPrice=Decimal("0.5"))
    [row] = read_table_file(written(tmp_path, [odd], "csv"), "billing").to_pylist()
    assert row["usage"]["amount_in_pricing_units"] is None and row["usage"]["amount"] == 3600.0


@pytest.mark.parametrize(
    ("category", "read"), [("Tax", "tax"), ("Adjustment", "adjustment"), ("Purchase", "regular"), ("Credit", "regular")]
)
def test_kinds_of_charges(tmp_path, category, read):
    [row] = read_table_file(
        written(tmp_path, [of_the_specification(ChargeCategory=category)], "csv"), "billing"
    ).to_pylist()
    assert row["cost_type"] == read


WRONG = {"a word for money": {"BilledCost": "much"}, "no money": {"BilledCost": ""}, "not a number": {"BilledCost": "NaN"},
         "no time": {"ChargePeriodStart": "soon"}, "no JSON": {"Tags": "{team"}, "year 9999": {"ChargePeriodEnd": "9999-01-01"},
         "a sum of nobody": {"BilledCost": "1e18"}}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_a_focus_file_is_told_with_its_place(tmp_path, case):
    rows = [of_the_specification(), of_the_specification(**WRONG[case])]
    with pytest.raises(InputError) as caught:
        read_table_file(written(tmp_path, rows, "csv"), "billing")
    assert "focus.csv:3" in str(caught.value) or "row 2" in str(caught.value)


MAP = """
[columns]
namespace_name = "ns"
top_level_controller_type = "kind"
top_level_controller_name = "app"
container_name = "c"
end_time = "ts"
[constants]
period_s = 300
time_is = "start"
[values.top_level_controller_type]
deploy = "Deployment"
[[series]]
column = "millicores"
factor = 0.001
metric_type = "kubernetes.io/container/cpu/core_usage_time"
aligner = "ALIGN_RATE"
reducer = "REDUCE_MAX"
[[series]]
column = "mib"
factor = 1048576
metric_type = "kubernetes.io/container/memory/used_bytes"
memory_type = "non-evictable"
aligner = "ALIGN_MAX"
reducer = "REDUCE_MAX"
"""
WIDE = [{"ns": "shop", "kind": "deploy", "app": "web", "c": "web", "ts": ts, "millicores": 250, "mib": mib}
        for ts, mib in (("2026-03-01T00:00:00", 64), (1772323500, ""), (1772323800000, 128))]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_wide_export_of_another_program_is_usage_by_a_map(tmp_path, form):
    (tmp_path / "map.toml").write_text(MAP)
    found = read_table_file_by(tmp_path, written(tmp_path, WIDE, form))
    assert found.schema.equals(USAGE.schema)
    rows = found.to_pylist()
    cpu = [r for r in rows if r["metric_type"].endswith("core_usage_time")]
    assert [r["value"] for r in cpu] == [0.25] * 3 and {r["top_level_controller_type"] for r in rows} == {"Deployment"}
    assert [f"{r['end_time']:%H:%M}" for r in cpu] == ["00:05", "00:10", "00:15"]
    assert [r["value"] for r in rows if r["memory_type"]] == [64 * 2**20, 128 * 2**20]


def read_table_file_by(folder, path):
    from k2cr_analysis.sources.table_files import table_parts

    return pa.concat_tables(table_parts(path, "usage", read_column_map(folder / "map.toml")))


BAD_MAPS = {
    "no such column of ours": MAP.replace("container_name", "container"),
    "nothing for a column": MAP.replace('aligner = "ALIGN_MAX"\n', ""),
    "a factor in words": MAP.replace("0.001", '"milli"'),
    "one bracket": MAP.split("[[series]]")[0] + "[series]\ncolumn = 'a'\n",
    "an unknown table": MAP + "[units]\na = 1\n",
    "no TOML": "[columns",
}


@pytest.mark.parametrize("case", BAD_MAPS)
def test_a_map_that_is_none_is_told(tmp_path, case):
    (tmp_path / "map.toml").write_text(BAD_MAPS[case])
    with pytest.raises(InputError, match="not-a-column-map"):
        read_column_map(tmp_path / "map.toml")


@pytest.mark.parametrize(
    ("change", "told"),
    [({"app": None, "xyz": 1}, "no column 'app'"), ({"millicores": "many"}, "'many' in column 'millicores'")],
)
def test_a_file_that_the_map_does_not_fit_is_told_with_its_line(tmp_path, change, told):
    (tmp_path / "map.toml").write_text(MAP)
    row = {k: v for k, v in (WIDE[0] | change).items() if v is not None}
    with pytest.raises(InputError, match=told) as caught:
        read_table_file_by(tmp_path, written(tmp_path, [row], "csv"))
    assert "focus.csv:2" in str(caught.value)


@pytest.mark.parametrize("table", ["usage", "traffic", "billing"])
def test_a_command_tells_the_columns_and_its_example_is_read(tmp_path, table):
    text = run("collect", "--columns", table).stdout
    example = text.partition("are taken too):\n\n")[2].partition("\n\n")[0]
    (tmp_path / "e.csv").write_text(example + "\n")
    assert read_table_file(str(tmp_path / "e.csv"), table).num_rows == 2
    schema = BILLING.schema if table == "billing" else USAGE.schema if table == "usage" else None
    assert schema is None or all(name in text for name in schema.names)
    if table == "usage":
        (tmp_path / "map.toml").write_text(text.partition("--usage-columns MAP.toml):\n\n")[2])
        assert read_column_map(tmp_path / "map.toml").series[0]["factor"] == 0.001


@pytest.mark.parametrize("amount", ["NaN", "1e18", "-1e30"])
def test_an_amount_that_cannot_be_is_told_within_a_list_too(tmp_path, amount):
    row = {
        "billing_account_id": "a", "service": {"id": "s", "description": "S"}, "sku": {"id": "k", "description": "K"},
        "usage_start_time": "2026-03-01T00:00:00Z", "usage_end_time": "2026-03-01T01:00:00Z", "cost": 1.0, "currency": "USD",
        "invoice": {"month": "202603"}, "cost_type": "regular", "credits": [{"name": "c", "amount": -0.5}],
    }  # fmt: skip
    bad = row | {"credits": [{"name": "c", "amount": -0.5}, {"name": "d", "amount": float(amount)}]}
    (tmp_path / "b.json").write_text("\n".join(json.dumps(one) for one in (row, row, bad)))
    with pytest.raises(InputError, match="row 3"):
        read_table_file(str(tmp_path / "b.json"), "billing")
