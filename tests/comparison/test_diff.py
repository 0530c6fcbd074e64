"""Two snapshots side by side: what differs, why, and that the parts add up."""

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from k2cr_analysis.comparison import diff
from k2cr_analysis.config import Config, Rates
from k2cr_analysis.errors import SnapshotError
from k2cr_analysis.report.json.diff_document import diff_document
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot
from tests.comparison.copies import billed, busier, copy_of, dearer, named
from tests.pricing.clusters import live, node, workload

DEMO = open_snapshot(bundled("data", "demo"))
WEB, CART, REVIEWS = (f"shop/Deployment/{name}" for name in ("store-web", "cart-api", "reviews-api"))
FRONTEND = "portal/Deployment/frontend"


def edited(raw):
    """reviews-api takes the node's network, cart-api more memory; store-web has another name; a worker is gone."""
    if named(raw, "Deployment", "reviews-api"):
        raw["spec"]["template"]["spec"]["hostNetwork"] = True
    if named(raw, "Deployment", "cart-api"):
        raw["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "4Gi"
    if named(raw, "Deployment", "store-web"):
        raw["metadata"]["name"] = "shop-window"
    for reference in raw["metadata"].get("ownerReferences", ()):
        if reference["name"].startswith("store-web"):
            return None
    return None if named(raw, "Deployment", "clickstream-worker") else raw


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """The demo against a copy in which every input is another."""
    tables = {
        "prices": dearer(DEMO.tables["prices"], "run.", "1.1"),
        "traffic": busier(DEMO.tables["traffic"], 2),
        "billing": billed(DEMO.tables["billing"], 1.05),
    }
    return diff(DEMO, copy_of(DEMO, tmp_path_factory.mktemp("copies") / "later", edited, tables))


@pytest.fixture(scope="module")
def later_prices(tmp_path_factory):
    tables = {"prices": dearer(DEMO.tables["prices"], "run.", "1.1")}
    return copy_of(DEMO, tmp_path_factory.mktemp("copies") / "prices", tables=tables)


@pytest.fixture(scope="module")
def dearer_now(later_prices):
    return diff(DEMO, later_prices)


def of(found, identity):
    return next(w for w in found.workloads if w.id == identity)


def every_figure(found):
    return [*found.figures, *(f for w in found.workloads for f in w.figures)]


def test_a_snapshot_against_itself_has_no_change():
    found = diff(DEMO, DEMO)
    assert not found.changed
    assert (found.inputs, found.workloads, found.added, found.removed) == ((), (), (), ())
    assert all(f.change == 0 for f in found.figures)


def test_the_parts_add_up_exactly_to_every_change(everything):
    figures = every_figure(everything)
    assert sum(f.change is not None and bool(f.parts) for f in figures) > 60
    assert all(sum((p.month for p in f.parts), Decimal(0)) == f.change for f in figures if f.change is not None)


def test_the_inputs_that_differ_are_named(everything):
    assert everything.inputs == ("prices", "manifests", "traffic", "bill")


def test_a_verdict_that_turns_says_by_which_input_and_finding(everything):
    found = of(everything, REVIEWS)
    assert (found.verdict.before, found.verdict.after, found.verdict.causes) == ("changes", "blocked", ("manifests",))
    assert "host-network" in {f.rule for f in found.appeared}
    assert {f.cause: f for f in found.why}["manifests"].path == "$.spec.template.spec.hostNetwork"


def test_a_field_that_differs_is_named_with_its_path(everything):
    (field,) = (f for f in of(everything, CART).why if f.cause == "manifests")
    assert field.path == "$.spec.template.spec.containers[name=cart].resources.limits.memory"
    assert (field.before, field.after) == ("2Gi", "4Gi")


def test_a_workload_with_another_name_is_the_same_one(everything):
    assert everything.renamed == ((WEB, "shop/Deployment/shop-window"),)
    assert everything.removed == ("data/Deployment/clickstream-worker",)


def test_dearer_prices_alone_are_the_whole_reason(dearer_now):
    found = dearer_now
    assert found.inputs == ("prices",)
    cost = next(f for f in of(found, FRONTEND).figures if f.figure == "cloud_run_month")
    assert [p.cause for p in cost.parts] == ["prices"]
    # Each line is a rate times a quantity, and all rates are 1.1 times what they were.
    assert abs(cost.change - cost.before * Decimal("0.1")) <= Decimal("1e-9")
    assert {f.cause for f in found.shared_why} == {"prices"}


def test_the_way_back_has_the_opposite_change(later_prices, dearer_now):
    changes = [{f.figure: f.change for f in one.figures} for one in (dearer_now, diff(later_prices, DEMO))]
    assert changes[0] == {name: -change for name, change in changes[1].items()}


def test_another_config_is_an_input_of_its_own():
    found = diff(DEMO, DEMO, Config(rates=Rates(engineer_hour=Decimal(200))), Config())
    assert found.inputs == ("config",)
    objective = next(f for f in found.figures if f.figure == "plan.objective")
    assert objective.change < 0
    assert [p.cause for p in objective.parts] == ["config"]
    assert [(f.path, f.before, f.after) for f in found.shared_why] == [("rates.engineer_hour", None, "200")]


def test_a_bill_that_grows_is_the_bills_part(tmp_path):
    found = diff(DEMO, copy_of(DEMO, tmp_path / "later", tables={"billing": billed(DEMO.tables["billing"], 1.05)}))
    bill = next(f for f in found.figures if f.figure == "portfolio.gke_month")
    assert [p.cause for p in bill.parts] == ["bill"]
    assert sum(line.change for line in found.lines) == pytest.approx(bill.change, abs=Decimal("1e-7"))


def test_bills_in_two_currencies_are_not_compared(tmp_path):
    import pyarrow as pa

    table = DEMO.tables["billing"]
    yen = table.set_column(
        table.schema.get_field_index("currency"),
        table.schema.field("currency"),
        pa.array(["JPY"] * table.num_rows, table.schema.field("currency").type),
    )
    found = diff(DEMO, copy_of(DEMO, tmp_path / "later", tables={"billing": yen}))
    assert found.currency is None and found.figures == ()
    assert any("no money is compared" in note for note in found.notes)


def test_what_is_no_snapshot_is_said(tmp_path):
    with pytest.raises(SnapshotError, match="no-snapshot"):
        diff(DEMO, tmp_path / "nothing")


def test_the_document_is_plain_json_with_all_of_it(everything):
    document = json.loads(json.dumps(diff_document(everything)))
    assert document["schema_version"] == 1 and document["changed"]
    figure = next(f for f in document["figures"] if f["figure"] == "portfolio.saving_month")
    parts = sum((Decimal(p["month"]) for p in figure["parts"]), Decimal(0))
    assert parts == Decimal(figure["change"]) == Decimal(figure["after"]) - Decimal(figure["before"])


def test_the_verb_prints_a_table_and_ends_with_0(later_prices, tmp_path):
    k2cr = Path(sys.executable).parent / "k2cr"
    demo = str(bundled("data", "demo"))
    run = subprocess.run([k2cr, "diff", demo, later_prices], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "portfolio.saving_month" in run.stdout and "prices -" in run.stdout
    same = subprocess.run([k2cr, "diff", demo, demo], capture_output=True, text=True, cwd=tmp_path)
    assert (same.returncode, same.stdout) == (0, "nothing changed\n")
    bad = subprocess.run([k2cr, "diff", demo, tmp_path / "none"], capture_output=True, text=True, cwd=tmp_path)
    assert bad.returncode == 3


MANIFESTS = sorted(Path(__file__).parents[3].glob("shared/data/manifests/*__microservices-demo"))


@pytest.mark.skipif(not MANIFESTS, reason="needs the shared manifests beside the project")
def test_real_manifests_without_half_of_the_workloads_lose_just_those(tmp_path):
    from k2cr_analysis.verdicts import assess

    k2cr = Path(sys.executable).parent / "k2cr"
    whole = tmp_path / "whole"
    subprocess.run(
        [k2cr, "collect", "--manifests", MANIFESTS[0], "--out", whole, "--keep-going", "--quiet"], check=True
    )
    ids = [w.id for w in assess(whole).workloads]
    gone = set(ids[::2])

    def half(raw):
        identity = f"{raw['metadata'].get('namespace') or 'default'}/{raw['kind']}/{raw['metadata'].get('name')}"
        return None if identity in gone else raw

    found = diff(whole, copy_of(open_snapshot(whole), tmp_path / "half", half))
    assert set(found.removed) == gone and found.added == ()
    for figure in every_figure(found):
        assert figure.change is None or sum((p.month for p in figure.parts), Decimal(0)) == figure.change


def test_a_table_in_other_bytes_with_the_same_rows_is_the_same(tmp_path):
    import pyarrow.parquet as pq

    from k2cr_analysis.snapshot import Snapshot

    copy = open_snapshot(copy_of(DEMO, tmp_path / "copy"))
    other = tmp_path / "part-0.parquet"
    pq.write_table(pq.read_table(copy.table_files("traffic")[0]), other, row_group_size=1000, compression="gzip")
    records = {name: record for name, record in copy.provenance.files.items() if not name.startswith("traffic/")}
    moved = Snapshot(copy.path, replace(copy.provenance, files=records), "", {"traffic": (other,)})
    assert moved.has_same_table(copy, "traffic")
    more = open_snapshot(copy_of(DEMO, tmp_path / "more", tables={"traffic": busier(DEMO.tables["traffic"], 2)}))
    assert not moved.has_same_table(more, "traffic")


# --- small clusters, made here: the reason of a change is named


def small(tmp_path, name, objects, cluster="prod"):
    from datetime import UTC, datetime

    from k2cr_analysis.errors import Location
    from k2cr_analysis.snapshot import Provenance, SnapshotObject, write_snapshot

    origin = Provenance(
        source="test",
        window_start=datetime(2026, 10, 1, tzinfo=UTC),
        window_end=datetime(2026, 10, 31, tzinfo=UTC),
        cluster=cluster,
        location="asia-northeast1",
    )
    found = [SnapshotObject(dict(o), Location("test.yaml", line)) for line, o in enumerate(objects, start=1)]
    write_snapshot(tmp_path / name, found, {}, origin)
    return tmp_path / name


def test_nodes_machines_pools_and_names_are_named_as_the_reason(tmp_path):
    web = workload("web")
    pods = live(web, "a")
    before = small(tmp_path, "before", [node("a"), node("b"), web, *pods])
    fewer = diff(before, small(tmp_path, "fewer", [node("a"), web, *pods]))
    month = next(f for f in fewer.figures if f.figure == "portfolio.gke_month")
    assert month.change < 0
    assert [p.cause for p in month.parts] == ["manifests"]
    assert fewer.reasons["manifests"] == "pool main: 2 x e2-standard-4, now 1 x e2-standard-4"
    larger = diff(before, small(tmp_path, "larger", [node("a"), node("b", machine="e2-standard-8"), web, *pods]))
    assert "1 x e2-standard-8" in larger.reasons["manifests"]
    pooled = diff(before, small(tmp_path, "pooled", [node("a"), node("b", pool="batch"), web, *pods]))
    assert "pool batch: none, now 1 x e2-standard-4" in pooled.reasons["manifests"]
    moved = diff(before, small(tmp_path, "moved", [node("a"), node("b"), web, *pods], cluster="other"))
    assert "name: prod, now other" in moved.reasons["manifests"]
    again = diff(before, small(tmp_path, "again", [node("a"), node("b"), web, *pods]))
    assert (again.reasons, again.changed) == ({}, False)


def test_a_renamed_workload_is_followed_and_its_money_neither_comes_nor_goes(everything):
    window = of(everything, "shop/Deployment/shop-window")
    assert window.renamed_from == WEB
    # The copy's bill names the old one: its share is not known under the new name, and does not go with the workload.
    share = next(f for f in window.figures if f.figure == "gke_attributed_month")
    assert share.before is not None and share.after is None
    gke = next(f for f in everything.figures if f.figure == "workloads.gke_attributed_month")
    parts = {p.cause: p.month for p in gke.parts}
    assert parts["shop/Deployment/shop-window, no longer known"] == -share.before
    gone = parts.get("workloads removed", Decimal(0))
    assert abs(gone) < 60  # the worker's share alone, 40.65, and not that of the renamed one


def test_a_workload_that_is_blocked_now_is_named_where_its_money_is_no_longer_known(everything):
    run = next(f for f in everything.figures if f.figure == "workloads.cloud_run_month")
    assert f"{REVIEWS}, now blocked" in {p.cause for p in run.parts}
