"""From files to a snapshot, through the verb's own function; and the real manifests, where they are at hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k2cr_analysis.errors import InputError, UsageError
from k2cr_analysis.snapshot import open_snapshot
from k2cr_analysis.sources.collection import collect_manifests
from k2cr_analysis.sources.table_files import read_table_file
from k2cr_analysis.sources.window import window

POD = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}]}}\n"
REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "manifests"
HEADER = "metric_type,aligner,namespace_name,top_level_controller_type,top_level_controller_name,container_name,end_time,period_s,value"
ROW = "kubernetes.io/container/cpu/core_usage_time,ALIGN_RATE,shop,Deployment,web,web,2026-01-02T00:00:00Z,60,0.25"


@pytest.fixture
def pod(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "pod.yaml").write_text(POD)
    return tmp_path / "in"


def bytes_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_input_gives_the_same_bytes_under_any_name(pod, tmp_path):
    for name in ("one", "two"):
        collect_manifests(pod, tmp_path / name, end="2026-01-31")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_provenance_says_what_was_asked_for(pod, tmp_path):
    collect_manifests(pod, tmp_path / "s", window="7d", end="2026-01-31", project="p", cluster="c", location="l")
    found = open_snapshot(tmp_path / "s").provenance
    assert (found.project, found.cluster, found.location) == ("p", "c", "l")
    assert (found.window_start, found.window_end) == (
        datetime(2026, 1, 24, tzinfo=UTC),
        datetime(2026, 1, 31, tzinfo=UTC),
    )
    assert found.object_kinds == {"Pod": 1}


def test_bad_input_writes_nothing(pod, tmp_path):
    (pod / "bad.yaml").write_text("a: [")
    with pytest.raises(InputError):
        collect_manifests(pod, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_tables_come_along(pod, tmp_path):
    (tmp_path / "usage.csv").write_text(f"{HEADER}\n{ROW}\n")
    collect_manifests(pod, tmp_path / "s", table_files={"usage": tmp_path / "usage.csv"})
    table = open_snapshot(tmp_path / "s").table("usage", ["value", "end_time", "pod_name"])
    assert table.to_pylist() == [{"value": 0.25, "end_time": datetime(2026, 1, 2, tzinfo=UTC), "pod_name": None}]


def test_parquet_and_csv_give_the_same_table(tmp_path):
    (tmp_path / "u.csv").write_text(f"{HEADER}\n{ROW}\n{ROW}\n")
    table = read_table_file(str(tmp_path / "u.csv"), "usage")
    pq.write_table(table, tmp_path / "u.parquet")
    assert read_table_file(str(tmp_path / "u.parquet"), "usage").equals(table)


BAD_CSV = {
    "a word for a number": (f"{HEADER}\n{ROW}\n{ROW.replace('0.25', 'much')}\n", 3, "'value'"),
    "a time that is none": (f"{HEADER}\n{ROW.replace('2026-01-02T00:00:00Z', 'yesterday')}\n", 2, "'end_time'"),
    "a value too few": (f"{HEADER}\n{ROW.rpartition(',')[0]}\n", 2, "8 values"),
    "an empty value": (f"{HEADER}\n{ROW.replace(',60,', ',,')}\n", 2, "'period_s'"),
    "an unknown column": (f"{HEADER},colour\n{ROW},red\n", 1, "'colour'"),
    "a missing column": (f"{HEADER.replace(',value', '')}\n{ROW.rpartition(',')[0]}\n", 1, "'value'"),
}


@pytest.mark.parametrize("case", BAD_CSV)
def test_a_csv_file_is_refused_with_line_and_column(tmp_path, case):
    text, line, named = BAD_CSV[case]
    (tmp_path / "u.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        read_table_file(str(tmp_path / "u.csv"), "usage")
    assert caught.value.where.line == line
    assert named in caught.value.found


def test_a_file_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "u.parquet").write_text("no")
    with pytest.raises(InputError, match=r"u\.parquet"):
        read_table_file(str(tmp_path / "u.parquet"), "usage")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "u.parquet")
    with pytest.raises(InputError, match="'a'"):
        read_table_file(str(tmp_path / "u.parquet"), "usage")


@pytest.mark.parametrize(
    ("length", "end", "start"),
    [
        ("30d", "2026-01-31", "2026-01-01"),
        ("12h", "2026-01-31T12:00:00Z", "2026-01-31"),
        ("1w", "2026-01-08T09:00:00+09:00", "2026-01-01"),
        ("1d", None, "2026-01-06"),
    ],
)
def test_window(length, end, start):
    found = window(length, end, now=datetime(2026, 1, 10, 15, 30, tzinfo=UTC))
    assert found[0] == datetime.fromisoformat(start).replace(tzinfo=UTC)


@pytest.mark.parametrize(("length", "end"), [("30", None), ("0d", None), ("x", None), ("30d", "yesterday")])
def test_no_window(length, end):
    with pytest.raises(UsageError):
        window(length, end)


@pytest.mark.skipif(not REAL.exists(), reason="the real manifests are not beside this checkout")
def test_the_real_manifests_are_read_whole(tmp_path):
    found = collect_manifests(REAL, tmp_path / "s", keep_going=True).provenance
    assert found.rows["objects"] > 1000
    assert len([notice for notice in found.skipped if notice.ref == "not-yaml"]) == 7
    assert {problem.ref for problem in found.problems} == {"wrong-type", "not-a-kubernetes-quantity"}
