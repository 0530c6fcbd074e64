"""The same questions in BigQuery, for a snapshot whose tables were loaded there.

A table's name carries the first digits of the snapshot's sha256 (``usage_1f2e3d4c5b6a``): a dataset holds the tables of
many snapshots, and none answers for another. k2cr only reads; the commands that load a table are in ``load_commands``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from k2cr_analysis.config.settings import Engine
from k2cr_analysis.errors import ConfigError, RemoteError
from k2cr_analysis.queries.engine import VIEWS, TableSource, sql_text
from k2cr_analysis.queries.translate import bigquery_sql
from k2cr_analysis.remote.credentials import switch_on
from k2cr_analysis.remote.google_errors import GoogleError, asked
from k2cr_analysis.snapshot.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

_DIGITS: Final = 12  # of the sha256
_T = TypeVar("_T")

DEFAULT_DATASET = "k2cr"  # of the config's project, else the snapshot's


@dataclass(frozen=True, slots=True)
class BigQueryTables:
    """A snapshot's tables in ``dataset`` (``project.dataset``); its own files say which tables there are."""

    snapshot: TableSource
    sha256: str
    dataset: str

    def table_files(self, name: str) -> Sequence[Path]:
        return self.snapshot.table_files(name)

    def address(self, table: str) -> str:
        """``project.dataset.usage_1f2e3d4c5b6a``."""
        return f"{self.dataset}.{table}_{self.sha256[:_DIGITS]}"

    def load_commands(self) -> tuple[str, ...]:
        """The shell commands that load the snapshot's tables, a line a file."""
        return tuple(
            "bq load --source_format=PARQUET --parquet_enable_list_inference"
            f" {shlex.quote(self.address(name).replace('.', ':', 1))} {shlex.quote(str(file))}"
            for name in TABLES
            if name != "prices"  # looked up, not rolled up
            for file in self.table_files(name)
        )

    def engine(self) -> BigQuery:
        from k2cr_analysis.remote.bigquery import client
        from k2cr_analysis.remote.clients import BIGQUERY, SQL_TRANSLATOR, require
        from k2cr_analysis.remote.credentials import Caller

        require(BIGQUERY, SQL_TRANSLATOR)
        return BigQuery(self, client(self.dataset.partition(".")[0], Caller()))


@dataclass(frozen=True, slots=True)
class BigQuery:
    """Runs the queries as jobs of the dataset's project; none may bill more than its dry run said."""

    tables: BigQueryTables
    client: Any
    reads_files: bool = False

    def run(self, query: str) -> pa.Table:
        addresses = {name: self.tables.address(name) for name in TABLES}
        sql = bigquery_sql(sql_text(query), addresses, {view: sql_text(view) for view in VIEWS if view != query})
        tables = sum(address in sql for address in addresses.values())
        return self._said(lambda: self._rows(sql, tables))

    def _rows(self, sql: str, tables: int) -> pa.Table:
        from google.cloud.bigquery import QueryJobConfig

        from k2cr_analysis.remote.bigquery import billable_bytes, retry

        measured = self.client.query(sql, job_config=QueryJobConfig(dry_run=True, use_query_cache=False), retry=retry())
        cap = billable_bytes(measured.total_bytes_processed, max(tables, 1))
        job = self.client.query(sql, job_config=QueryJobConfig(maximum_bytes_billed=cap), retry=retry())
        return job.result(retry=retry()).to_arrow(create_bqstorage_client=False)

    def _said(self, call: Callable[[], _T]) -> _T:
        """The result of a call, its errors in our words."""
        try:
            return asked(call)
        except GoogleError as error:
            raise self._worded(error) from None

    def _worded(self, error: GoogleError) -> RemoteError:
        if error.kind == "not-found":
            return self._failed(
                error.said, "the snapshot's tables in the dataset", "\n".join(self.tables.load_commands())
            )
        if error.kind == "no-right":
            return self._failed(
                error.said,
                "roles/bigquery.jobUser in the project and roles/bigquery.dataViewer on the dataset",
                "ask for the two roles, or take [engine] out of k2cr.toml: then the queries run here",
            )
        if error.kind == "api-off":
            do = switch_on("bigquery.googleapis.com", self.client.project)
            return self._failed(error.said, "the BigQuery API, switched on", do)
        return self._failed(error.said, "an answer of BigQuery", "run the same command again later")

    def _failed(self, found: str, expected: str, do: str) -> RemoteError:
        return RemoteError(ref="bigquery-not-read", found=f"{self.tables.dataset}: {found}", expected=expected, do=do)


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
