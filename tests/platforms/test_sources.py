"""Each fact of `platforms/` names where it was read, and when."""

from __future__ import annotations

import importlib
import pkgutil
import typing
from datetime import date

import pytest

from k2cr_analysis import platforms
from k2cr_analysis.platforms.source import Source

MODULES = sorted(m.name for m in pkgutil.walk_packages(platforms.__path__, f"{platforms.__name__}."))


@pytest.mark.parametrize("name", MODULES)
def test_every_source_is_a_page_and_a_day(name):
    module = importlib.import_module(name)
    hints = typing.get_type_hints(module, include_extras=True)
    sources = [s for hint in hints.values() for s in getattr(hint, "__metadata__", ()) if isinstance(s, Source)]
    constants = [n for n in vars(module) if n.isupper() and not n.startswith("_") and n in hints]
    assert bool(constants) == bool(sources)
    for source in sources:
        assert source.url.startswith("https://")
        assert source.read is None or date.fromisoformat(source.read) >= date(2025, 1, 1)
