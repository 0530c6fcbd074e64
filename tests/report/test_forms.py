"""Results shown by themselves in a notebook have an HTML form."""

from __future__ import annotations

import pytest

from k2cr_analysis.report.forms import FORMS, register
from k2cr_analysis.report.pages.shell import _fresh_shell


@pytest.fixture(scope="module")
def html_of():
    shell = _fresh_shell()
    register()

    def shown(value):
        data, _ = shell.display_formatter.format(value)
        return data.get("text/html", "")

    return shown


def test_each_kind_of_result_is_shown_as_a_table(html_of, demo, reference, demo_plan, demo_portfolio, demo_diff):
    results = (demo, reference, demo_plan, demo_portfolio, demo_diff)
    assert {(type(r).__module__, type(r).__name__) for r in results} == set(FORMS)
    assert all("<table>" in html_of(result) for result in results)


def test_text_of_the_snapshot_is_escaped():
    from k2cr_analysis.report.display import code_file, heading, note

    evil = "<script>alert(1)</script>"
    assert not any("<script>" in piece.html for piece in (heading(evil, evil), note(evil), code_file(evil, evil)))
