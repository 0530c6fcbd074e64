"""The pages of docs/rules/ are those of the rules' own text, and `k2cr explain` prints them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from k2cr_analysis.assessment.config_names import check_rule_names
from k2cr_analysis.assessment.findings.rule_pages import find_page, page_text, rule_pages
from k2cr_analysis.cli import app
from k2cr_analysis.config import Config, RuleOverride
from k2cr_analysis.errors import ConfigError, UsageError
from k2cr_analysis.resources import bundled
from k2cr_analysis.verdicts import assess

ROOT = Path(__file__).resolve().parents[2]


def test_no_page_is_stale_or_missing() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/write_rule_pages.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", rule_pages().values(), ids=lambda p: p.id)
def test_every_rule_has_a_name_an_example_and_the_page_that_it_rests_on(page) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", page.id)
    assert page.docs.startswith("https://")
    assert page.text.example
    assert (ROOT / page.defined_in).exists()


def test_explain_prints_the_page() -> None:
    done = CliRunner().invoke(app, ["explain", "exec-probe"])
    assert done.exit_code == 0
    assert done.output == page_text(rule_pages()["exec-probe"])


def test_explain_alone_lists_every_rule() -> None:
    output = CliRunner().invoke(app, ["explain"]).output
    assert [line.split()[0] for line in output.splitlines()] == list(rule_pages())


def test_explain_of_an_unknown_rule_is_wrong_usage() -> None:
    done = CliRunner().invoke(app, ["explain", "exec-prob"])
    assert isinstance(done.exception, UsageError)
    assert "exec-probe" in str(done.exception)


def test_an_unknown_rule_gets_close_ones() -> None:
    with pytest.raises(UsageError, match="exec-probe"):
        find_page("exec-probes")


def test_a_rule_that_does_not_exist_is_bad_config() -> None:
    with pytest.raises(ConfigError, match="grace-period-over-limit"):
        check_rule_names(Config(rules={"grace-period-over-limits": RuleOverride("off", "x")}))


def test_every_finding_of_the_demo_has_its_page() -> None:
    found = {(f.rule, f.docs) for w in assess(bundled("data", "demo")).workloads for f in w.findings}
    assert len(found) > 20
    assert {rule for rule, docs in found if docs != f"docs/rules/{rule}.md" or rule not in rule_pages()} == set()


def test_a_note_of_the_assessment_can_be_silenced_too() -> None:
    config = Config(rules={"no-traffic-data": RuleOverride("off", "measured elsewhere")})
    findings = [f for w in assess(bundled("data", "demo"), config).workloads for f in w.findings]
    silenced = [f for f in findings if f.rule == "no-traffic-data"]
    assert silenced
    assert all("measured elsewhere" in f.message for f in silenced)
