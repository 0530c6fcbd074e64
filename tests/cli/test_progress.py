"""How far long work has come: on stderr, with the time that is left; nothing of what is done at once."""

from __future__ import annotations

import itertools

import pytest

from k2cr_analysis import telling
from k2cr_analysis.cli.terminal import progress as shown
from k2cr_analysis.cli.terminal.progress import Progress


@pytest.fixture
def listener(monkeypatch):
    """Hears everything; its clock goes on by a second at each look."""
    clock = itertools.count()
    monkeypatch.setattr(shown.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(telling, "_listeners", [])
    progress = Progress()
    telling.listen(progress.counted)
    return progress


def test_elsewhere_than_on_a_terminal_a_line_comes_every_ten_seconds(listener, capsys):
    assert list(telling.steps("assessing workloads", range(40))) == list(range(40))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("assessing workloads: ") and "s to go" in lines[0]
    assert lines[-1] == "assessing workloads: 40 of 40"
    assert 3 <= len(lines) <= 6


def test_what_is_done_at_once_is_not_told(listener, capsys):
    list(telling.steps("assessing workloads", [1]))
    assert capsys.readouterr().err == ""


def test_on_a_terminal_one_line_changes(listener, capsys):
    listener._on_terminal, listener._every = True, 0.2
    list(telling.steps("assessing workloads", range(9)))
    text = capsys.readouterr().err
    assert text.count("\r") >= 6 and text.endswith("\n") and text.count("\n") == 1
