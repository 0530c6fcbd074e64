"""Where a snapshot's tables are asked: in its own files, or in BigQuery, as ``[engine]`` of the config says."""

from __future__ import annotations

from k2cr_analysis.config.settings import Engine
from k2cr_analysis.errors import ConfigError
from k2cr_analysis.queries.bigquery import BigQueryTables
from k2cr_analysis.queries.engine import TableSource

DEFAULT_DATASET = "k2cr"


def tables_at(engine: Engine, snapshot: TableSource, sha256: str, project: str | None = None) -> TableSource:
    """The source to hand to ``usage``, ``traffic``, ``daily`` and ``billing``; ``sha256`` is the snapshot's.

    Without a dataset in the config, it is ``k2cr`` of ``project``: the config's, else the snapshot's.
    """
    if engine.name != "bigquery":
        return snapshot
    if engine.dataset is None and project is None:
        raise ConfigError(
            ref="no-dataset",
            found="[engine] name is bigquery, and neither the config nor the snapshot names a project",
            expected="the dataset that the snapshot's tables were loaded into",
            do='set [engine] dataset = "PROJECT.DATASET" in k2cr.toml',
        )
    return BigQueryTables(snapshot, sha256, engine.dataset or f"{project}.{DEFAULT_DATASET}")
