"""The text of ``rows.sql`` for a given table: its name, and NULL for the columns that it lacks."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from k2cr_analysis.errors import UsageError
from k2cr_analysis.snapshot.tables import BILLING

_FILE: Final = Path(__file__).with_name("rows.sql")
_PLACEHOLDER: Final = "PROJECT.DATASET.TABLE"
_TABLE: Final = re.compile(r"[a-z0-9.:-]+[.][A-Za-z0-9_]+[.][A-Za-z0-9_]+")
# Rows arrive in partitions up to a day before their usage's day (time zones) and a week after it (late usage).
_EARLY: Final = timedelta(days=1)
_LATE: Final = timedelta(days=7)


def checked_table(name: str) -> str:
    """The name of a table as ``PROJECT.DATASET.TABLE``; ``UsageError`` for what is none."""
    text = name.strip("`").replace(":", ".", 1) if name.count(".") == 1 else name.strip("`")
    if _TABLE.fullmatch(text) is None:
        raise UsageError(
            ref="not-a-table-name",
            found=f"--billing-table {name}",
            expected="PROJECT.DATASET.gcp_billing_export_resource_v1_ACCOUNT",
            do="see Billing, Billing export in the console",
        )
    return text


def rows_sql(table: str, columns: Collection[str], *, is_partitioned: bool) -> str:
    """``columns``: those that the table has. A table that is not partitioned by arrival (a view) is read whole."""
    lines = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        name = line.strip().rstrip(",")
        if "_PARTITIONTIME" in line and not is_partitioned:
            continue
        if name in BILLING.schema.names and name not in columns:
            line = line.replace(name, f"NULL AS {name}")
        lines.append(line.replace(_PLACEHOLDER, table))
    return "\n".join(lines) + "\n"


def parameters(start: datetime, end: datetime, project: str | None) -> dict[str, datetime | str | None]:
    """The query's parameters by name."""
    return {
        "start": start,
        "end": end,
        "partition_start": start - _EARLY,
        "partition_end": end + _LATE,
        "project": project,
    }
