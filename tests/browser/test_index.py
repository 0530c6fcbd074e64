"""The index in a real browser: sorted, filtered, paged, exported, by keyboard alone, on a phone, in the dark, in bulk."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from k2cr_analysis.report.pages.index import write_index
from k2cr_analysis.report.pages.parameters import assess_many, decided
from k2cr_analysis.resources import bundled
from tests.browser.chrome import chrome, needs_chromium

pytestmark = needs_chromium
AXE = Path(os.environ.get("K2CR_AXE", "node_modules/axe-core/axe.min.js"))
ROWS = "[...document.querySelectorAll('table.all tbody tr')]"
IDS = f"{ROWS}.map(r => r.cells[0].textContent.trim())"
HOSTILE = '</script><img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def demo():
    (assessed,) = assess_many([bundled("data", "demo")], None)
    return assessed


@pytest.fixture(scope="module")
def page(tmp_path_factory, demo):
    out = tmp_path_factory.mktemp("index")
    plan, portfolio = decided([demo])
    return write_index(out, [demo], {}, plan=plan, portfolio=portfolio)


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chrome(tmp_path_factory.mktemp("chrome")) as opened:
        yield opened


def shown(tab):
    return tab.run(IDS)


def test_it_opens_with_the_decision_and_the_four_futures(tab, page, demo):
    tab.open(page.as_uri())
    _, portfolio = decided([demo])
    assert portfolio.answer.sentence in tab.run("document.querySelector('main').innerText")
    assert tab.run("document.querySelectorAll('main > .tiles .tile').length") == 4
    assert tab.said == [] and all(address.startswith(("file:", "data:")) for address in tab.asked)


def test_it_sorts_filters_and_pages(tab, page, demo):
    tab.open(page.as_uri())
    every = len(demo.workloads)
    assert f"of {every} workloads" in tab.run("document.getElementById('workloads-said').textContent")
    tab.run("document.querySelector('th[data-name=saving_month] button').click(); 1")
    saving = tab.run(
        f"{ROWS}.map(r => r.querySelectorAll('td')[[...document.querySelectorAll('table.all th')].findIndex(t => t.dataset.name === 'saving_month')].dataset.v).filter(v => v).map(Number)"
    )
    assert saving == sorted(saving, reverse=True) and len(saving) > 10
    tab.run(
        "(() => { const s = document.querySelector('select[data-of=namespace]'); s.value = 'portal'; s.dispatchEvent(new Event('change')); })()"
    )
    assert {one.split("/")[0] for one in shown(tab)} == {"portal"}
    tab.run(
        "(() => { const s = document.querySelector('input[type=search]'); s.value = 'FRONT'; s.dispatchEvent(new Event('input')); })()"
    )
    assert shown(tab) == ["portal/Deployment/frontend"]


def test_what_is_seen_is_saved_as_csv(tab, page):
    tab.open(page.as_uri())
    tab.run(
        "(() => { const s = document.querySelector('input[type=search]'); s.value = 'portal'; s.dispatchEvent(new Event('input')); })()"
    )
    tab.run(
        "URL.createObjectURL = (blob) => { window.saved = blob; return '#'; }; document.querySelector('button[data-csv]').click(); 1"
    )
    rows = list(csv.DictReader(tab.run("window.saved.text()").splitlines()))
    assert [row["workload"] for row in rows] == shown(tab)
    assert "saving_month" in rows[0]


def test_the_keyboard_alone_sorts(tab, page):
    tab.open(page.as_uri())
    tab.run("document.querySelector('th[data-name=workload] button').focus(); 1")
    tab.press("Enter")
    names = shown(tab)
    assert tab.run("document.querySelector('th[data-name=workload]').getAttribute('aria-sort')") == "ascending"
    assert [n.split("/")[0] for n in names] == sorted(n.split("/")[0] for n in names)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window_and_ink_is_told_from_paper(tab, page, width, dark):
    tab.open(page.as_uri(), width=width, dark=dark)
    assert tab.run("document.documentElement.scrollWidth") <= width
    ink, paper = tab.run(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor].map(c => c.match(/\\d+/g).map(Number).reduce((a, b) => a + b))"
    )
    assert (ink > 500 > paper) if dark else (ink < 300 < paper)


def _other_id(one, number):
    return f"n{number}/Deployment/{one.workload.name}{HOSTILE if number == 7 else ''}"


def test_five_thousand_rows_sort_at_once_and_stay_under_five_megabytes(tab, demo, tmp_path):
    """Rows of the demo's workloads under other names; a hostile one among them does nothing."""
    many = [
        one if number == 0 else replace(one, workload=replace(one.workload, id=_other_id(one, number)))
        for number in range(5000 // len(demo.workloads) + 1)
        for one in demo.workloads
    ][:5000]
    plan, portfolio = decided([demo])
    page = write_index(tmp_path, [replace(demo, workloads=tuple(many))], {}, plan=plan, portfolio=portfolio)
    assert page.stat().st_size < 5_000_000
    tab.open(page.as_uri())
    assert tab.run("document.title") != "1"
    assert tab.run("document.querySelectorAll('main img').length") == 0
    took = tab.run(
        "(() => { const b = document.querySelector('th[data-name=saving_month] button'); b.click(); const t = performance.now(); b.click(); return performance.now() - t; })()"
    )
    assert took < 400, took  # 200 ms on a machine that does nothing else


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_has_no_serious_finding(tab, page, width, dark):
    """axe-core is nobody's dependency here: ``npm install axe-core`` beside the tests, or $K2CR_AXE names its file."""
    if not AXE.is_file():
        pytest.skip("no axe.min.js: npm install axe-core, or K2CR_AXE=/path/axe.min.js")
    tab.open(page.as_uri(), width=width, dark=dark)
    tab.run(f"{AXE.read_text(encoding='utf-8')};1")
    found = tab.run("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].target.join(' ')]))")
    assert not [one for one in found if one[0] in ("serious", "critical")]


def test_the_keyboard_alone_reaches_every_control_in_the_order_of_the_page(tab, page):
    tab.open(page.as_uri())
    reached = []
    for _ in range(40):
        tab.press("Tab")
        reached.append(tab.run("document.activeElement.className + ' ' + document.activeElement.tagName"))
    assert reached[0] == "skip A"
    assert any("INPUT" in one for one in reached) and any("BUTTON" in one for one in reached)
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_on_paper_the_headings_stand_and_no_column_is_cut(tab, page):
    landscape_letter_px = 1056 - 2 * 45  # 11 in less the margins of the sheet
    tab.open(page.as_uri(), width=landscape_letter_px)
    tab.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert tab.run("document.querySelector('table.all th').innerText").strip() == "workload"
        assert tab.run("document.querySelector('table.all').scrollWidth") <= landscape_letter_px
        folded = "document.querySelector('main details:not([open]) :not(summary)').getBoundingClientRect().height"
        assert tab.run(folded) > 0
    finally:
        tab.call("Emulation.setEmulatedMedia", media="")


def test_a_link_shows_the_rows_that_its_writer_saw(tab, page):
    """Search, filters and order stand in the address; what the page does not know of it is passed over."""
    tab.open(page.as_uri())
    tab.run(
        "(() => { const s = document.querySelector('select[data-of=verdict]'); s.value = 'blocked'; s.dispatchEvent(new Event('change')); })()"
    )
    tab.run("document.querySelector('th[data-name=workload] button').click(); 1")
    tab.run("document.querySelector('th[data-name=workload] button').click(); 1")
    seen, address = shown(tab), tab.run("location.href")
    assert address.endswith("#workloads?verdict=blocked&sort=-workload")
    assert len(seen) > 3 and seen == sorted(seen, reverse=True)
    tab.open("about:blank")
    tab.open(address)
    assert shown(tab) == seen
    assert tab.run("document.querySelector('th[data-name=workload]').getAttribute('aria-sort')") == "descending"
    tab.open("about:blank")
    tab.open(f"{page.as_uri()}#workloads?verdict=nonsense&sort=nothing&search=frontend")
    assert shown(tab) == ["portal/Deployment/frontend"] and tab.said == []


def test_the_sums_are_of_what_is_seen(tab, page, demo):
    tab.open(f"{page.as_uri()}#workloads?namespace=portal&search=Deployment")
    here = [w for w in demo.workloads if w.workload.namespace == "portal"]
    shares = {w.id: w.cost.gke_attributed_month for w in here if w.cost and w.cost.gke_attributed_month is not None}
    both = [w for w in here if w.id in shares and w.cost.cloud_run_month is not None]
    assert 0 < len(both) < len(shares)
    share = sum(shares[w.id] for w in both)
    run = sum(w.cost.cloud_run_month for w in both)
    assert tab.run("document.getElementById('workloads-said').textContent") == (
        f"{len(here)} of {len(demo.workloads)} workloads; GKE share ${sum(shares.values()):,.2f} a month;"
        f" the {len(both)} with a price on both sides: ${share:,.2f} on GKE, ${run:,.2f} on Cloud Run"
    )


def test_on_a_phone_a_list_sorts_where_the_headings_are_hidden(tab, page):
    tab.open(page.as_uri(), width=390)
    assert tab.run("document.querySelector('select[data-sort]').getBoundingClientRect().height") > 0
    tab.run(
        "(() => { const s = document.querySelector('select[data-sort]'); s.value = 'workload'; s.dispatchEvent(new Event('change')); })()"
    )
    assert shown(tab) == sorted(shown(tab))
    tab.open(page.as_uri())
    assert tab.run("document.querySelector('select[data-sort]').getBoundingClientRect().height") == 0
