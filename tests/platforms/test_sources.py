"""Each fact of `platforms/` names where it was read, and when."""

from __future__ import annotations

import importlib
import pkgutil
import re
import typing
from datetime import date

import pytest

from k2cr_analysis import platforms
from k2cr_analysis.platforms.source import Source

NEWEST = date(2026, 12, 31)  # later readings move it
MODULES = sorted(m.name for m in pkgutil.walk_packages(platforms.__path__, f"{platforms.__name__}."))


def faults_of(source: Source) -> list[str]:
    """What a source lacks: a page, and either the day it was read or why the fact is used without."""
    found = [] if source.url.startswith("https://") else ["no page"]
    if (source.read is None) != bool(source.unconfirmed):
        found.append("neither a day nor a reason, or both")
    if source.read is not None and not date(2025, 1, 1) <= date.fromisoformat(source.read) <= NEWEST:
        found.append("a day on which nobody read it")
    if source.unconfirmed and not re.fullmatch(r"not confirmed: .+[;,:] .+", source.unconfirmed):
        found.append("no reason")
    return found


@pytest.mark.parametrize("name", MODULES)
def test_every_fact_tells_its_page_and_the_day_or_that_it_is_not_confirmed(name):
    module = importlib.import_module(name)
    hints = typing.get_type_hints(module, include_extras=True)
    sources = {n: [s for s in getattr(h, "__metadata__", ()) if isinstance(s, Source)] for n, h in hints.items()}
    constants = [n for n in vars(module) if n.isupper() and not n.startswith("_") and n in hints]
    assert bool(constants) == any(sources.values())
    assert {n: faults for n, of in sources.items() if (faults := [f for s in of for f in faults_of(s)])} == {}


@pytest.mark.parametrize(
    ("source", "is_right"),
    [
        (Source("https://a.example", "2026-11-30"), True),
        (Source("https://a.example", None), False),
        (Source("https://a.example", None, unconfirmed="not confirmed: the page is gone; it is only left out"), True),
        (Source("https://a.example", None, unconfirmed="not confirmed"), False),
        (Source("https://a.example", "2026-11-30", unconfirmed="not confirmed: cut; used all the same"), False),
        (Source("a page", "2026-11-30"), False),
        (Source("https://a.example", "2024-01-01"), False),
        (Source("https://a.example", "2031-01-01"), False),
    ],
)
def test_a_source_without_a_day_or_a_reason_is_found(source, is_right):
    assert (faults_of(source) == []) == is_right
