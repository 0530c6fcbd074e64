"""Paths that the documentation names are there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_PATH = re.compile(
    r"`((?:k2cr_analysis|docs|data|tests|notebooks|scripts|benchmarks)/[\w./-]+)`|\]\((?!https?:)([\w./-]+)\)"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_path_on_a_page_is_there(page: Path):
    named = [(inside, linked) for inside, linked in _PATH.findall(page.read_text())]
    gone = [i or k for i, k in named if not ((ROOT / i) if i else (page.parent / k)).exists()]
    assert gone == []


def test_the_page_of_the_command_line_is_what_the_program_says():
    spec = importlib.util.spec_from_file_location("write_cli_reference", ROOT / "scripts" / "write_cli_reference.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), "run scripts/write_cli_reference.py"


def test_the_index_of_the_documentation_names_every_page():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {p.name for p in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {name for name in pages if f"]({name})" not in index} == set()
