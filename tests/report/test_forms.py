"""Results shown by themselves in a notebook have an HTML form."""

from __future__ import annotations

import re

import pytest

from k2cr_analysis.assessment.recommending.sliders import what_if
from k2cr_analysis.report.display import Tile, tiles
from k2cr_analysis.report.face import Assessments
from k2cr_analysis.report.forms import FORMS, register
from k2cr_analysis.report.look import style, unframed
from k2cr_analysis.report.pages.shell import _fresh_shell
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot
from tests.report.conftest import REFERENCE


@pytest.fixture(scope="module")
def html_of():
    shell = _fresh_shell()
    register()

    def shown(value):
        data, _ = shell.display_formatter.format(value)
        return data.get("text/html", "")

    return shown


@pytest.fixture(scope="module")
def results(demo, reference, reference_choice, demo_plan, demo_portfolio, demo_diff):
    changed = what_if(demo, REFERENCE, concurrency=20)
    snapshot = open_snapshot(bundled("data", "demo"))
    several = Assessments([demo, demo])
    return (demo, several, reference, reference_choice, demo_plan, demo_portfolio, demo_diff, changed, snapshot)


def test_each_kind_of_result_has_a_short_form_that_mathjax_leaves_alone(html_of, results):
    assert {(type(r).__module__, type(r).__name__) for r in results} == set(FORMS)
    for result in results:
        shown = html_of(result)
        assert shown.startswith('<div class="k2cr tex2jax_ignore mathjax_ignore">'), type(result)
        assert len(unframed(shown)) < 40_000, type(result)


def test_what_a_terminal_prints_of_an_assessment_is_a_line(demo, reference, demo_plan, demo_portfolio):
    assert all(len(repr(one)) < 200 for one in (demo, reference, demo_plan, demo_portfolio))


def test_the_style_stays_inside_its_frame():
    rules = re.findall(r"([^{}]+)\{[^{}]*\}", re.sub(r"@media[^{]*\{", "", style()))
    assert rules and all(".k2cr" in part for rule in rules for part in rule.split(","))


def test_a_page_takes_off_what_a_piece_brought_along():
    piece = tiles([Tile("Saving", "$9.00", "a month", "good")])
    assert unframed(piece._repr_html_()) == piece.html
    assert 'style="' in piece._repr_html_()


def test_text_of_the_snapshot_is_escaped():
    from k2cr_analysis.report.display import code_file, heading, note

    evil = "<script>alert(1)</script>"
    assert not any("<script>" in piece.html for piece in (heading(evil, evil), note(evil), code_file(evil, evil)))


def test_services_without_counted_requests_are_told_with_the_ways_to_a_price(demo):
    """As of manifests alone: the demo counted those of most services."""
    from k2cr_analysis.report.headings import unpriced

    told = unpriced(demo.workloads)
    without = [w.id for w in demo.workloads if w.fit.moves and w.fit.target == "service" and not w.measured.traffic]
    assert without and f"{len(without)} services" in told.text
    assert "<code>k2cr assess SNAP --assume-rps 0.1:10</code>" in told.html and "[traffic.assumed]" in told.text
    assert not unpriced([w for w in demo.workloads if w.id not in without]).html
