"""The plan by hand, in a real browser: every figure of a set is the package's own, to the cent."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from k2cr_analysis.planning import plan_and_portfolio
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.sets.any_set import any_set
from k2cr_analysis.planning.waves import waves_of
from k2cr_analysis.planning.worth import Fleet
from k2cr_analysis.report.pages.index import write_index
from k2cr_analysis.report.pages.parameters import assess_many
from k2cr_analysis.report.wording import money
from k2cr_analysis.resources import bundled
from tests.browser.chrome import chrome, needs_chromium

pytestmark = needs_chromium
TILES = """Object.fromEntries([...document.querySelectorAll('[data-tile]')].map(t =>
    [t.dataset.tile, [t.querySelector('.value').textContent, t.querySelector('.under').textContent]]))"""
ASKED = "document.querySelector('[data-ask]').hidden ? '' : document.querySelector('[data-ask] code').textContent"


@pytest.fixture(scope="module")
def assessed():
    """The demo, in waves of a few days."""
    (demo,) = assess_many([bundled("data", "demo")], None)
    config = demo.config
    return replace(demo, config=replace(config, plan=replace(config.plan, wave_days=5.0)))


@pytest.fixture(scope="module")
def plan(assessed):
    """All that can move, in waves: sets of many sizes, whatever the best plan is."""
    best, portfolio = plan_and_portfolio([assessed])
    fleet = Fleet([assessed])
    packed, every = Baseline(fleet, assessed.config.plan.headroom), fleet.candidates
    margins = {key[1]: margin for key, margin in packed.margins(every).items()}
    saving = packed.over_stay(every).saving
    waves = waves_of(fleet, every, packed)
    return replace(best, waves=waves, margins=margins, saving_over_stay_month=saving), portfolio


@pytest.fixture(scope="module")
def tab(tmp_path_factory, assessed, plan):
    out = tmp_path_factory.mktemp("index")
    page = write_index(out, [assessed], {}, plan=plan[0], portfolio=plan[1], snapshots=[bundled("data", "demo")])
    with chrome(tmp_path_factory.mktemp("chrome")) as opened:
        opened.open(page.as_uri())
        yield opened


def ticked(tab, chosen):
    """Tick exactly these, as a person does: by clicks on the boxes that differ."""
    return tab.run(f"""(() => {{
        const size = document.getElementById('workloads-turn').querySelector('select');
        size.value = 'all'; size.dispatchEvent(new Event('change'));
        const wanted = new Set({sorted(chosen)!r});
        for (const row of document.querySelectorAll('table.all tbody tr')) {{
            const box = row.querySelector('input');
            if (box && box.checked !== wanted.has(row.cells[0].textContent.trim())) box.click();
        }}
        return {TILES}; }})()""")


def slid(tab, upto):
    return tab.run(f"""(() => {{ const s = document.querySelector('.living input[type=range]');
        s.value = {upto}; s.dispatchEvent(new Event('input')); return {TILES}; }})()""")


def same(shown, found, *, over=None):
    """The tiles against the package's figures of the same set."""
    currency = found.currency
    assert shown["avoided"][0] == money(found.avoided_month, currency)
    assert shown["saved"][0] == money(found.realised_month, currency, sign=True)
    assert shown["nodes"][0] == f"{found.nodes_removed:,}"
    adds_up(shown, found)
    hours = round(abs(found.hours_month), 2)
    assert f"{hours:g} hours a month {'more' if found.hours_month < 0 else 'less'}" in shown["work"][1]
    if over is not None:
        assert shown["over"][0] == money(over, currency, sign=True)


def adds_up(shown, found):
    assert shown["run"][0] == money(found.cloud_run_month, found.currency)
    assert shown["paths"][0] == money(found.hops_month, found.currency)
    assert shown["work"][0] == f"{found.effort_days:g} days"


def test_it_opens_with_the_plan(tab, assessed, plan):
    same(tab.run(TILES), any_set(assessed, plan[0].workloads), over=plan[0].saving_over_stay_month)
    assert tab.said == []


def test_each_prefix_of_the_waves(tab, assessed, plan):
    waves = plan[0].waves
    assert len(waves) > 2
    for upto in range(len(waves) + 1):
        moved = [name for wave in waves[:upto] for name in wave.workloads]
        over = waves[upto - 1].cumulative_saving_over_stay_month if upto else Decimal(0)
        same(slid(tab, upto), any_set(assessed, moved), over=over)


def test_each_workload_more_or_less_than_the_plan_and_than_its_first_wave(tab, assessed, plan):
    whole, first = set(plan[0].workloads), set(plan[0].waves[0].workloads)
    for candidate in Fleet([assessed]).candidates:
        for base in (whole, first):
            other = base ^ {candidate.id}
            same(ticked(tab, other), any_set(assessed, sorted(other)))
            assert tab.run(ASKED) == ""


def test_another_set_adds_up_and_says_what_tells_the_rest(tab, assessed, plan):
    every, whole = [c.id for c in Fleet([assessed]).candidates], set(plan[0].workloads)
    chance = random.Random(7)
    asked = 0
    for _ in range(30):
        chosen = sorted(chance.sample(every, chance.randint(1, len(every))))
        shown, found = ticked(tab, chosen), any_set(assessed, chosen)
        adds_up(shown, found)
        if line := tab.run(ASKED):
            asked += 1
            assert shown["avoided"][0] == "not worked out" and shown["saved"][0] == "not worked out"
            words = line.split()
            assert words[:3] == ["k2cr", "plan", "demo"]
            assert set(words[4::2]) == whole ^ set(chosen)
        else:
            same(shown, found)
    assert asked > 10


def test_the_best_way_to_stay_is_compared_with_for_the_plan_with_one_more_or_less(tab, assessed, plan):
    whole = set(plan[0].workloads)
    for candidate in Fleet([assessed]).candidates[:3]:
        other = sorted(whole ^ {candidate.id})
        found = any_set(assessed, other, over_stay=True)
        same(ticked(tab, other), found, over=found.saving_over_stay_month)


def test_the_keyboard_alone_moves_the_slider_and_ticks(tab, assessed, plan):
    slid(tab, 0)
    tab.run("document.querySelector('.living input[type=range]').focus(); 1")
    tab.press("ArrowRight")
    same(tab.run(TILES), any_set(assessed, plan[0].waves[0].workloads))
    tab.run("document.querySelector('table.all input[data-move]').focus(); 1")
    before = tab.run("document.querySelectorAll('table.all input:checked').length")
    tab.press(" ")
    assert abs(tab.run("document.querySelectorAll('table.all input:checked').length") - before) == 1
