"""Paths that the documentation names are there."""

from __future__ import annotations

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
