"""``--quiet`` and ``--verbose`` are the same for every verb, wherever they stand."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from k2cr_analysis import cli
from k2cr_analysis.cli.terminal import verbosity
from k2cr_analysis.resources import bundled

DEMO = str(bundled("data", "demo"))
VERBS = [[verb] for verb in cli.VERBS if verb != "prices"] + [["prices", "show"], ["prices", "refresh"]]


def run(*arguments):
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_both(verb):
    shown = run(*verb, "--help").output
    assert "--quiet" in shown and "--verbose" in shown


@pytest.mark.parametrize("arguments", [("--quiet", "plan", DEMO), ("plan", DEMO, "--quiet")], ids=" ".join)
def test_quiet_leaves_the_result_alone(arguments):
    done = run(*arguments)
    assert done.exit_code == 0 and done.stdout and not done.stderr


def test_one_run_s_wish_is_not_the_next_one_s():
    run("--quiet", "explain", "exec-probe")
    run("explain", "exec-probe")
    assert not verbosity.is_quiet()


@pytest.mark.parametrize(
    ("arguments", "last"), [((), "and 5 more notes: --verbose"), (("--verbose",), "note 24")], ids=["first few", "all"]
)
def test_many_notes_are_cut_unless_all_are_wanted(capsys, arguments, last):
    run(*arguments, "explain", "exec-probe")
    capsys.readouterr()
    verbosity.say_all([f"note {n}" for n in range(25)])
    assert capsys.readouterr().err.splitlines()[-1] == last
