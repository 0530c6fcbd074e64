"""Reports in batch: pages that stand alone, shards that share the work, a resume that keeps what is whole, failures told."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import pytest

from k2cr_analysis.errors import PartialError, UsageError
from k2cr_analysis.report.display import made_up_label
from k2cr_analysis.report.pages.batch import Selection, failed_pages, plan_pages, write_report
from k2cr_analysis.report.pages.contents import is_done, of_shard, records
from k2cr_analysis.resources import bundled

DEMO = bundled("data", "demo")
WORKLOADS = ("portal/Deployment/frontend", "orders/CronJob/orders-export", "portal/Deployment/backend")
NAMES = {"portfolio", "portal--deployment--frontend", "orders--cronjob--orders-export", "portal--deployment--backend"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, demo):
    out = tmp_path_factory.mktemp("report")
    write_report([DEMO], out, Selection(WORKLOADS))
    return out


@pytest.fixture(scope="module")
def pages(folder):
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.targets += [value for name, value in attrs if name == "href"]
        self.sources += [value for name, value in attrs if name in ("src", "srcset", "data", "poster")]


def test_each_page_is_there_and_the_index(pages):
    assert set(pages) == NAMES | {"index", "rules", "summary"}


def test_no_page_loads_anything(pages):
    for name, text in pages.items():
        parser = _Links()
        parser.feed(text)
        assert not parser.tags & {"link", "iframe", "object", "embed"}, name
        assert all(source.startswith("data:") for source in parser.sources), name
        own = (
            "#",
            "rendered/",
            "summary.md",
            "https://",
        )  # a link to documentation loads nothing before it is followed
        assert all(t.startswith(own) or ".html" in t for t in parser.targets), name
        assert not re.search(r"@import|url\(", text), name


def test_every_page_allows_its_one_script_by_hash_and_nothing_else(pages):
    for name, text in pages.items():
        (policy,) = re.findall(r'<meta[^>]*content="(default-src[^"]*)"', text)
        (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}';" in unescape(policy), name
        assert "default-src 'none'" in unescape(policy), name


def test_every_page_says_that_the_data_is_made_up(pages):
    said = made_up_label().text.split(":")[0]
    assert all('class="made-up"' in text and said in text for name, text in pages.items() if name != "rules")


def test_no_page_shows_code(pages):
    assert not any("k2cr_analysis.report" in text or "k.tables" in text for text in pages.values())


def test_all_links_lead_to_a_page_that_is_there(pages):
    for text in pages.values():
        parser = _Links()
        parser.feed(text)
        assert {t.removesuffix(".html") for t in parser.targets if t.endswith(".html")} <= set(pages)


def test_every_link_to_a_file_or_a_section_leads_there(folder, pages):
    for name, text in pages.items():
        parser = _Links()
        parser.feed(text)
        for target in parser.targets:
            page, _, section = target.partition("#")
            if target.startswith("rendered/"):
                assert (folder / target).is_file(), target
            elif section and not page.startswith("https:"):
                assert f'id="{section}"' in (pages[page.removesuffix(".html")] if page else text), (name, target)


def test_the_index_lists_every_workload_with_its_provenance(pages, demo):
    assert all(workload.id in pages["index"] for workload in demo.workloads)
    assert str(demo.snapshot["sha256"]) in pages["index"]


def test_the_same_report_has_the_same_bytes(folder, pages, tmp_path):
    write_report([DEMO], tmp_path, Selection(WORKLOADS[:1]))
    mine = (tmp_path / "portfolio.html").read_text(encoding="utf-8")
    # Only the links differ, since fewer pages are made.
    assert re.sub(r"</?a[^>]*>|</?span[^>]*>", "", mine) == re.sub(r"</?a[^>]*>|</?span[^>]*>", "", pages["portfolio"])


def test_resume_makes_only_what_is_not_whole(folder, tmp_path):
    told: list[str] = []
    (folder / "pages" / "portfolio.json").write_text('{"name": "portf')  # as a crash leaves it
    write_report([DEMO], folder, Selection(WORKLOADS, resume=True), say=told.append)
    assert told == ["done   1 of 1  Portfolio"]


def test_shards_share_the_pages_among_them(demo):
    pages = plan_pages([DEMO], [demo], (), None)
    parts = [of_shard(pages, index, 3) for index in range(3)]
    assert sorted(p.name for part in parts for p in part) == sorted(p.name for p in pages)
    assert max(len(p) for p in parts) - min(len(p) for p in parts) <= 1


def test_a_shard_makes_its_own_pages_and_an_index_of_all_that_are_there(tmp_path):
    write_report([DEMO], tmp_path, Selection(WORKLOADS, shard=(0, 4)))
    assert "portal--deployment--frontend.html" not in (tmp_path / "index.html").read_text(encoding="utf-8")
    write_report([DEMO], tmp_path, Selection(WORKLOADS, shard=(3, 4)))
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "portfolio.html" in index
    assert len(records(tmp_path)) == 2


def test_a_page_that_fails_is_listed_and_the_others_are_whole(demo, tmp_path, monkeypatch):
    from k2cr_analysis.report import figures

    def broken(workload):
        raise ValueError("a picture that cannot be drawn")

    monkeypatch.setattr(figures, "startup", broken)
    made = write_report([DEMO], tmp_path, Selection(WORKLOADS[:1]))
    assert {record.name: record.state for record in made} == {
        "portfolio": "done",
        "portal--deployment--frontend": "failed",
    }
    with pytest.raises(PartialError, match="cannot be drawn") as raised:
        failed_pages(made)
    assert raised.value.exit_code == 5
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Pages that failed" in index
    pages = plan_pages([DEMO], [demo], WORKLOADS[:1], None)
    assert [is_done(page, tmp_path) for page in pages] == [True, False]


def test_an_unknown_workload_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UsageError, match="frontend"):
        write_report([DEMO], tmp_path / "out", Selection(("portal/Deployment/frontent",)))
    assert not (tmp_path / "out").exists()


def test_workers_make_the_same_pages(folder, tmp_path):
    made = write_report([DEMO], tmp_path, Selection(WORKLOADS, jobs=2))
    assert [record.state for record in made] == ["done"] * 4
    for name in NAMES:
        assert (tmp_path / f"{name}.html").read_bytes() == (folder / f"{name}.html").read_bytes()


def test_the_files_of_all_that_can_move_get_a_page(tmp_path):
    write_report([DEMO], tmp_path, Selection(WORKLOADS[:1], deploy=tmp_path / "rendered"))
    page = (tmp_path / "deploy.html").read_text(encoding="utf-8")
    assert "serving.knative.dev/v1" in page
    assert "--container" in page
    assert str(tmp_path) not in page
    assert (tmp_path / "rendered" / "portal--deployment--frontend" / "service.yaml").is_file()
    assert "deploy.html" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_page_of_other_facts_is_not_in_the_index(tmp_path):
    from k2cr_analysis.report.pages.contents import Record, html_path, write_record

    html_path(tmp_path, "shop--deployment--store-web").write_text("an older page")
    write_record(tmp_path, Record("shop--deployment--store-web", "old", "shop/Deployment/store-web", "other", "done"))
    write_report([DEMO], tmp_path, Selection(WORKLOADS, shard=(3, 4)))
    assert "shop--deployment--store-web.html" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_fleet_has_a_page_for_each_cluster_of_a_workload(demo, tmp_path):
    names = [page.name for page in plan_pages([DEMO, DEMO], [demo, demo], WORKLOADS[:1], None)]
    assert names == ["portfolio", "1--portal--deployment--frontend", "2--portal--deployment--frontend"]
    made = write_report([DEMO, DEMO], tmp_path, Selection(WORKLOADS[:1]))
    assert [record.state for record in made] == ["done"] * 3
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f"{name}.html" in index for name in names)


def test_the_summary_is_a_screen_and_its_text_says_the_same(folder, demo):
    from k2cr_analysis.report.pages.parameters import decided

    _, portfolio = decided([demo])
    text = (folder / "summary.md").read_text(encoding="utf-8")
    assert portfolio.answer.sentence in text and "| Stay, and right-size | $" in text
    assert len(text.splitlines()) < 25
    assert portfolio.answer.sentence in (folder / "summary.html").read_text(encoding="utf-8")


def test_all_tables_are_there_as_csv(folder, demo):
    rows = list(csv.DictReader((folder / "tables" / "workloads.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["workload_id"] for row in rows] == [w.id for w in demo.workloads]
    assert {"waves.csv", "all_findings.csv", "by_day.csv", "groups.csv"} <= {
        p.name for p in (folder / "tables").iterdir()
    }
