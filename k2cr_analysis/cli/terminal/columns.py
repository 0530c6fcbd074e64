"""``k2cr collect --columns TABLE``: the columns of a table that a file may bring, and an example of it."""

from __future__ import annotations

import csv
import io
import json
from typing import Final

from k2cr_analysis.cli.terminal.output import as_table
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot.tables import BILLING, TRAFFIC, USAGE
from k2cr_analysis.sources.reshaping import column_map

_TABLES: Final = {table.name: table for table in (USAGE, TRAFFIC, BILLING)}
_EXAMPLES: Final = 2  # rows
_FOCUS: Final = (
    "a FOCUS export is taken as it is, CSV, JSON lines or Parquet; so is the export in BigQuery by bq extract"
)


def columns_text(name: str) -> str:
    """What a file for the table ``name`` (usage, traffic, billing) holds: columns, two rows of the demo, a map."""
    table = _TABLES[name]
    rows = [
        [field.name, str(field.type), "yes" if not field.nullable else "", _said(field.metadata)]
        for field in table.schema
    ]
    parts = [
        f"{name}: {table.grain}",
        as_table(("column", "type", "needed", "meaning"), rows),
        f"An example, CSV (Parquet and JSON lines with the same columns are taken too):\n\n{_example(name)}",
    ]
    if name == USAGE.name:
        map_text = (column_map.__doc__ or "").partition("::\n")[2]
        lines = [line.removeprefix("    ") for line in map_text.strip("\n").splitlines()]
        parts.append("A map of another program's columns (--usage-columns MAP.toml):\n\n" + "\n".join(lines) + "\n")
    if name == BILLING.name:
        parts.append(f"{_FOCUS}\n")
    return "\n".join(parts)


def _said(metadata: dict[bytes, bytes] | None) -> str:
    said = {key.decode(): value.decode() for key, value in (metadata or {}).items()}
    return f"{said.get('doc', '')} [{said['unit']}]" if said.get("unit") else said.get("doc", "")


def _example(name: str) -> str:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(bundled("data", "demo") / name / "part-0.parquet")
    rows = next(file.iter_batches(batch_size=_EXAMPLES)).to_pylist()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list | dict):
        return json.dumps(value, default=str)
    return value.isoformat() if hasattr(value, "isoformat") else value
