"""Rows of the export as the snapshot's billing table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from k2cr_analysis.errors import Location
from k2cr_analysis.snapshot.conform import conformed
from k2cr_analysis.snapshot.tables import BILLING


def billing_table(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """The rows with the schema ``snapshot.tables.BILLING``, in an order that does not depend on the reading."""
    where = Location("the billing export")
    pages = [conformed(pa.Table.from_batches([batch]), BILLING, where) for batch in batches if batch.num_rows]
    if not pages:
        return BILLING.schema.empty_table()
    whole = pa.concat_tables(pages)
    hashes = pa.chunked_array([_hashes(page) for page in pages])
    return whole.take(pc.sort_indices(hashes))


def _hashes(page: pa.Table) -> pa.Array:
    """One for each row, the same for equal rows."""
    texts = (json.dumps(row, sort_keys=True, default=str) for row in page.to_pylist())
    return pa.array([hashlib.sha256(text.encode()).digest() for text in texts], pa.binary())
