"""The pages of docs/rules/ are those of the rules' own text, and `k2cr explain` prints them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from k2cr_analysis.cli import app
from k2cr_analysis.errors import UsageError
from k2cr_analysis.fit import all_rules
from k2cr_analysis.fit.rule_page import page

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


def test_explain_prints_the_page() -> None:
    done = CliRunner().invoke(app, ["explain", "exec-probe"])
    assert done.exit_code == 0
    assert done.output == page(all_rules()["exec-probe"])


def test_explain_alone_lists_every_rule() -> None:
    output = CliRunner().invoke(app, ["explain"]).output
    assert [line.split()[0] for line in output.splitlines()] == list(all_rules())


def test_explain_of_an_unknown_rule_is_wrong_usage() -> None:
    done = CliRunner().invoke(app, ["explain", "exec-prob"])
    assert isinstance(done.exception, UsageError)
    assert "exec-probe" in str(done.exception)
