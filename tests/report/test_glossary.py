"""``docs/glossary.md`` is what the declared columns say, and has every column."""

from __future__ import annotations

from pathlib import Path

import pytest

from k2cr_analysis.report.tables import TABLES
from k2cr_analysis.report.tables.glossary import glossary
from k2cr_analysis.snapshot import tables as snapshot_tables

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date():
    assert glossary() == PAGE, "run `python scripts/write_glossary.py`"


@pytest.mark.parametrize("column", sorted({c for columns in TABLES.values() for c in columns}))
def test_every_column_of_a_dataframe_is_in_it(column):
    assert f"| `{column}` |" in PAGE


@pytest.mark.parametrize(
    "table", [*snapshot_tables.TABLES.values(), *snapshot_tables.FILE_TABLES.values()], ids=lambda t: t.name
)
def test_every_column_of_a_declared_table_is_in_it(table):
    assert all(f"| `{name}` |" in PAGE for name in table.schema.names)
