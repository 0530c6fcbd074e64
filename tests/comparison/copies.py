"""Copies of a snapshot in which one input is another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from k2cr_analysis.snapshot import Snapshot, write_snapshot

Edit = Callable[[dict[str, Any]], dict[str, Any] | None]


def copy_of(snapshot: Snapshot, path: Path, edit: Edit = lambda raw: raw, tables: Mapping[str, pa.Table] | None = None):
    """``edit``: a raw object -> what it becomes; None: it is gone. ``tables`` stand in place of the snapshot's own."""
    objects = []
    for item in snapshot.objects():
        edited = edit(deepcopy(item.object))
        if edited is not None:
            objects.append(replace(item, object=edited))
    write_snapshot(path, objects, {**snapshot.tables, **(tables or {})}, snapshot.provenance)
    return path


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), values)


def dearer(prices: pa.Table, meters: str, times: str) -> pa.Table:
    """Rates of the meters that begin so, times a factor."""
    rates = [
        rate * Decimal(times) if meter.startswith(meters) else rate
        for rate, meter in zip(prices["rate"].to_pylist(), prices["meter"].to_pylist(), strict=True)
    ]
    return with_column(prices, "rate", pa.array(rates, prices.schema.field("rate").type))


def busier(traffic: pa.Table, times: int) -> pa.Table:
    return with_column(traffic, "request_count", pc.multiply(traffic["request_count"], times))


def billed(billing: pa.Table, times: float) -> pa.Table:
    return with_column(billing, "cost", pc.multiply(billing["cost"], times))


def named(raw: Mapping[str, Any], kind: str, name: str) -> bool:
    return raw["kind"] == kind and raw["metadata"]["name"] == name
