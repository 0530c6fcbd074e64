"""Rows of the export as the snapshot's billing table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from k2cr_analysis.snapshot.tables import BILLING


def billing_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The rows with the schema ``snapshot.tables.BILLING``, in an order that does not depend on the reading."""
    kept = [{f.name: _fitted(row[f.name], f.type) for f in BILLING.schema} for row in rows]
    kept.sort(key=lambda row: json.dumps(row, sort_keys=True, default=str))
    columns = [pa.array([_present(row[f.name], f) for row in kept], f.type) for f in BILLING.schema]
    return pa.table(columns, schema=BILLING.schema)


def _fitted(value: Any, kind: pa.DataType) -> Any:
    """Without the subfields that the snapshot does not keep."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: _fitted(value.get(field.name), field.type) for field in kind}
    if pa.types.is_list(kind):
        return [_fitted(item, kind.value_type) for item in value]
    return value


def _present(value: Any, field: pa.Field) -> Any:
    """An absent list is an empty one; an absent text of a required column is an empty text."""
    if value is not None or field.nullable:
        return value
    if pa.types.is_list(field.type):
        return []
    return "" if pa.types.is_string(field.type) else None
