"""Where a snapshot's tables are asked: in its own files, or in BigQuery, as ``[engine]`` of the config says."""

from __future__ import annotations

from k2cr_analysis.config.settings import Engine
from k2cr_analysis.queries.bigquery import BigQueryTables
from k2cr_analysis.queries.engine import TableSource


def tables_at(engine: Engine, snapshot: TableSource, sha256: str) -> TableSource:
    """The source to hand to ``usage``, ``traffic`` and ``daily``; ``sha256`` is the snapshot's."""
    if engine.name == "bigquery":
        assert engine.dataset is not None, "the config's reader asks for it"
        return BigQueryTables(snapshot, sha256, engine.dataset)
    return snapshot
