"""The page of known prices is the price book."""

from __future__ import annotations

import importlib.util
from pathlib import Path

PLACE = Path(__file__).parents[2]


def test_the_page_is_the_book() -> None:
    loaded = importlib.util.spec_from_file_location("write_price_page", PLACE / "scripts" / "write_price_page.py")
    assert loaded is not None and loaded.loader is not None
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    page = (PLACE / "docs" / "prices.md").read_text(encoding="utf-8")
    assert module.page() == page, "run `python scripts/write_price_page.py`"
    assert "pairs of machine family and region have a price" in page
