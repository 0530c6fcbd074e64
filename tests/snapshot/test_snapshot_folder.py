"""A snapshot is written whole, read back as it was, and refused with a plain sentence when it is not whole."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from k2cr_analysis.errors import InputError, Location, SnapshotError
from k2cr_analysis.snapshot import Provenance, SnapshotObject, open_snapshot, write_snapshot
from k2cr_analysis.snapshot.conform import conformed
from k2cr_analysis.snapshot.provenance import Notice, Superseded
from k2cr_analysis.snapshot.sorting import ordered_rows, sorted_rows
from k2cr_analysis.snapshot.tables import TABLES

PROVENANCE = Provenance(
    source="manifests",
    window_start=datetime(2026, 1, 1, tzinfo=UTC),
    window_end=datetime(2026, 1, 31, tzinfo=UTC),
    project="acme",
    skipped=(Notice("empty-file", "a.yaml", None, None, None, "an empty file", "", ""),),
    superseded=(Superseded("default/Pod/a", "b.yaml:1", "a.yaml:1"),),
    gaps=("no usage",),
)
OBJECTS = [
    SnapshotObject({"kind": "Pod", "metadata": {"name": name}}, Location("a.yaml", line))
    for line, name in enumerate(["b", "a", "🚀"], start=1)
]


def price(meter: str, rate: str = "0.1", **more: object) -> dict[str, object]:
    row = {"meter": meter, "region": "global", "unit": "request", "currency": "USD", "tier_start": Decimal(0)}
    row |= {
        "rate": Decimal(rate),
        "consumption_model": "none",
        "sku": "x",
        "effective_date": "2026-01-01",
        "source": "y",
    }
    return row | more


def prices(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


def usage(*names: str) -> pa.Table:
    row = {
        "metric_type": "m",
        "aligner": "ALIGN_RATE",
        "namespace_name": "n",
        "top_level_controller_type": "Deployment",
    }
    row |= {"container_name": "c", "end_time": datetime(2026, 1, 2, tzinfo=UTC), "period_s": 60, "value": 1.0}
    return pa.Table.from_pylist([row | {"top_level_controller_name": name} for name in names])


@pytest.fixture
def written(tmp_path):
    write_snapshot(
        tmp_path / "snap", OBJECTS, {"prices": prices(price("b"), price("a")), "usage": usage("w")}, PROVENANCE
    )
    return tmp_path / "snap"


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_was_written_is_read(written):
    snapshot = open_snapshot(written)
    assert list(snapshot.objects()) == OBJECTS
    assert snapshot.provenance.rows == {"objects": 3, "prices": 2, "usage": 1}
    assert snapshot.provenance.skipped == PROVENANCE.skipped
    assert snapshot.provenance.superseded == PROVENANCE.superseded
    assert snapshot.provenance.window_end == PROVENANCE.window_end
    assert snapshot.table("prices").schema.equals(TABLES["prices"].schema)
    assert snapshot.table("prices", ["meter"]).to_pydict() == {"meter": ["a", "b"]}
    assert snapshot.table("traffic") is None
    assert set(snapshot.tables) == {"usage", "prices"}
    assert [p.is_file() for p in snapshot.table_files("usage")] == [True]


def test_equal_rows_in_any_order_are_equal_bytes(tmp_path):
    for name, order in (("one", ["a", "b", "c"]), ("two", ["c", "a", "b"])):
        tables = {"usage": usage(*order), "prices": prices(*map(price, order))}
        write_snapshot(tmp_path / name, OBJECTS, tables, PROVENANCE)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert open_snapshot(tmp_path / "one").sha256 == open_snapshot(tmp_path / "two").sha256


def test_a_new_snapshot_replaces_an_old_one_and_leaves_nothing_beside_it(written):
    write_snapshot(written, OBJECTS[:1], {}, PROVENANCE)
    assert open_snapshot(written).provenance.rows == {"objects": 1}
    assert [p.name for p in written.parent.iterdir()] == ["snap"]
    assert sorted(contents(written)) == ["objects.jsonl.zst", "snapshot.json"]


def test_a_failure_half_way_leaves_the_old_snapshot(written):
    def breaking():
        yield OBJECTS[0]
        raise RuntimeError("power cut")

    before = contents(written)
    with pytest.raises(RuntimeError):
        write_snapshot(written, breaking(), {}, PROVENANCE)
    assert contents(written) == before
    assert [p.name for p in written.parent.iterdir()] == ["snap"]


def test_what_a_killed_run_left_is_removed(written):
    abandoned = written.parent / ".snap.partial-dead"
    abandoned.mkdir()
    (abandoned / "objects.jsonl.zst").write_bytes(b"half")
    write_snapshot(written, OBJECTS, {}, PROVENANCE)
    assert not abandoned.exists()


def test_behind_a_symbolic_link_the_snapshot_is_replaced_where_it_leads(tmp_path):
    write_snapshot(tmp_path / "there", [], {}, PROVENANCE)
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write_snapshot(tmp_path / "link", [], {}, replace(PROVENANCE, project="another"))
    assert (tmp_path / "link").is_symlink()
    assert open_snapshot(tmp_path / "there").provenance.project == "another"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]


ONE = usage("w").to_pylist()[0]
MANY = [
    ONE | {"container_name": f"c{number * 7 % 11}", "pod_name": None if number % 3 else "p", "value": float(number),
           "end_time": datetime(2026, 1, 2, number % 24, number // 24, tzinfo=UTC)}
    for number in range(500)
]  # fmt: skip


@pytest.mark.parametrize("rows_at_once", [1, 50, 10_000])
def test_rows_that_come_in_parts_are_in_the_order_of_the_whole(tmp_path, rows_at_once):
    declared = TABLES["usage"]
    whole = conformed(pa.Table.from_pylist(MANY), declared, Location())
    parts = (whole.slice(start, 37) for start in reversed(range(0, len(MANY), 37)))
    found = list(sorted_rows(parts, declared, tmp_path, rows_at_once))
    assert pa.concat_tables(found).to_pylist() == ordered_rows(whole, declared).to_pylist()
    assert (len(found) > 1) == (rows_at_once < len(MANY))


def test_a_table_in_parts_and_whole_are_the_same_bytes(tmp_path):
    whole = pa.Table.from_pylist(MANY)
    write_snapshot(tmp_path / "whole", [], {"usage": whole}, PROVENANCE)
    write_snapshot(
        tmp_path / "parts", [], {"usage": (whole.slice(s, 99) for s in (396, 0, 99, 495, 198, 297))}, PROVENANCE
    )
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")


def test_a_folder_with_other_files_is_never_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(SnapshotError) as caught:
        write_snapshot(tmp_path, OBJECTS, {}, PROVENANCE)
    assert caught.value.ref == "out-is-not-a-snapshot"
    assert (tmp_path / "thesis.tex").read_text() == "dear"


def _truncate(folder):
    file = folder / "objects.jsonl.zst"
    file.write_bytes(file.read_bytes()[:-5])


def _flip(folder):
    file = folder / "prices" / "part-0.parquet"
    data = bytearray(file.read_bytes())
    data[100] ^= 255
    file.write_bytes(bytes(data))


def _edit(**changes):
    def edit(folder):
        file = folder / "snapshot.json"
        content = {name: value for name, value in json.loads(file.read_text()).items() if name != "checksum"} | changes
        seal = hashlib.sha256(_as_written(content).encode()).hexdigest()
        file.write_text(_as_written(content | {"checksum": seal}))

    return edit


def _as_written(content):
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def _forge(folder):
    """Its list of files emptied, and another image in the objects: nothing is compared with nothing."""
    file = folder / "snapshot.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"files": {}}))


DAMAGE = {
    "a truncated file": (_truncate, "snapshot-changed"),
    "a changed file": (_flip, "snapshot-changed"),
    "a missing file": (lambda f: (f / "usage" / "part-0.parquet").unlink(), "snapshot-changed"),
    "a newer schema": (_edit(schema_version=99), "snapshot-too-new"),
    "a foreign snapshot.json": (lambda f: (f / "snapshot.json").write_text('{"name": "etcd"}'), "not-a-snapshot"),
    "a cut snapshot.json": (lambda f: (f / "snapshot.json").write_text('{"format": "k2c'), "snapshot-damaged"),
    "a list as snapshot.json": (lambda f: (f / "snapshot.json").write_text("[]"), "not-a-snapshot"),
    "a binary snapshot.json": (lambda f: (f / "snapshot.json").write_bytes(b"\xff\xfe\x00"), "snapshot-damaged"),
    "an emptied list of files": (_forge, "snapshot-changed"),
    "no list of files, of an older version": (_edit(files={}, schema_version=1), "snapshot-damaged"),
    "fields of other types": (_edit(files=7), "snapshot-damaged"),
    "no snapshot.json": (lambda f: (f / "snapshot.json").unlink(), "not-a-snapshot"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_is_refused(written, damage):
    break_it, ref = DAMAGE[damage]
    break_it(written)
    with pytest.raises(SnapshotError) as caught:
        open_snapshot(written)
    assert caught.value.ref == ref
    assert str(written) in str(caught.value)


@pytest.mark.parametrize("seed", range(3))
def test_no_flipped_bit_is_missed(written, seed):
    draw = random.Random(seed)
    files = [f for f in sorted(written.rglob("*")) if f.is_file()]
    for file in [written / "snapshot.json"] * 60 + [draw.choice(files) for _ in range(40)]:
        whole = file.read_bytes()
        at = draw.randrange(len(whole) * 8)
        file.write_bytes(whole[: at // 8] + bytes([whole[at // 8] ^ 1 << at % 8]) + whole[at // 8 + 1 :])
        with pytest.raises(SnapshotError):
            open_snapshot(written)
        file.write_bytes(whole)


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(SnapshotError) as caught:
        open_snapshot(tmp_path / "nowhere")
    assert caught.value.ref == "no-snapshot"


WRONG_TABLES = {
    "missing-column": prices({k: v for k, v in price("a").items() if k != "rate"}),
    "unknown-column": prices(price("a", colour="red")),
    "missing-value": prices(price("a"), price("b", currency=None)),
    "wrong-column-type": prices(price("a") | {"rate": "cheap"}),
}


@pytest.mark.parametrize("ref", WRONG_TABLES)
def test_a_table_that_is_not_as_declared_is_not_written(tmp_path, ref):
    with pytest.raises(InputError) as caught:
        write_snapshot(tmp_path / "snap", [], {"prices": WRONG_TABLES[ref]}, PROVENANCE)
    assert caught.value.ref == ref
    assert not (tmp_path / "snap").exists()


def test_a_table_file_with_other_columns_is_refused_by_name(written):
    import pyarrow.parquet as pq

    file = written / "prices" / "part-0.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["currency"]), file)
    record = {"bytes": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    listed = json.loads((written / "snapshot.json").read_text())["files"] | {"prices/part-0.parquet": record}
    _edit(files=listed)(written)
    with pytest.raises(SnapshotError, match=r"part-0\.parquet(.|\n)*currency"):
        open_snapshot(written)
