"""``docs/glossary.md``: every column of every public table, written from where the columns are declared."""

from __future__ import annotations

from collections.abc import Iterable

from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
from k2cr_analysis.report.tables import TABLES
from k2cr_analysis.report.tables.columns import COLUMNS
from k2cr_analysis.snapshot import tables as snapshot_tables
from k2cr_analysis.snapshot.tables import Table

_INTRODUCTION = f"""# Glossary

Every column of the DataFrames of `k2cr_analysis.tables` and of the tables of a snapshot, with its unit. Written by
`python scripts/write_glossary.py` from `k2cr_analysis/report/tables/columns.py` and
`k2cr_analysis/snapshot/tables.py`; a test holds the page to both.

Money is a month of {HOURS_PER_MONTH} hours, in the currency that stands in the row or in the portfolio. Times are \
UTC. A figure that
the snapshot cannot support is missing, never 0.
"""


def glossary() -> str:
    """The page as Markdown."""
    parts = [_INTRODUCTION, "## DataFrames\n"]
    for name, columns in TABLES.items():
        declared = [COLUMNS[column] for column in columns]
        parts.append(f"### `tables.{name}`\n\n" + _table((c.name, c.unit, c.doc) for c in declared))
    parts.append("## Tables of a snapshot\n")
    parts += [_declared(table) for table in snapshot_tables.TABLES.values()]
    parts.append("## Tables of a file that a verb is given\n")
    parts += [_declared(table) for table in snapshot_tables.FILE_TABLES.values()]
    return "\n".join(parts)


def _declared(table: Table) -> str:
    rows = []
    for field in table.schema:
        said = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        rows.append(
            (field.name, said.get("unit", ""), said.get("doc", "") + ("; may be null" if field.nullable else ""))
        )
    return f"### `{table.name}`: {table.grain}\n\n" + _table(rows)


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [f"| `{name}` | {unit} | {doc.replace('|', chr(92) + '|')} |" for name, unit, doc in rows]
    return "\n".join(["| column | unit | meaning |", "|---|---|---|", *lines]) + "\n"
