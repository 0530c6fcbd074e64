"""Rows of the export as the snapshot's billing table, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from k2cr_analysis.errors import Location
from k2cr_analysis.snapshot.conform import conformed
from k2cr_analysis.snapshot.tables import BILLING


def billing_parts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows with the schema ``snapshot.tables.BILLING``, in the order in which they come: the writer sorts them."""
    where = Location("the billing export")
    for batch in batches:
        if batch.num_rows:
            yield conformed(pa.Table.from_batches([batch]), BILLING, where)
