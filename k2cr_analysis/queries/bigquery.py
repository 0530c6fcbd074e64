"""The same questions in BigQuery, for a snapshot whose tables were loaded there, or stand there by themselves.

A table's name carries the first digits of the snapshot's sha256 (``usage_1f2e3d4c5b6a``): a dataset holds the tables of
many snapshots, and none answers for another. k2cr only reads; the commands that load a table are in ``load_commands``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from k2cr_analysis.config.settings import Engine
from k2cr_analysis.errors import ConfigError, RemoteError
from k2cr_analysis.queries.engine import VIEWS, TableSource, sql_text
from k2cr_analysis.queries.in_place.tables import Found, Scope, behind
from k2cr_analysis.queries.translate import bigquery_query
from k2cr_analysis.remote.credentials import no_credentials, switch_on
from k2cr_analysis.remote.google_errors import GoogleError, asked
from k2cr_analysis.snapshot.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp

_DIGITS: Final = 12  # of the sha256
_T = TypeVar("_T")

DEFAULT_DATASET = "k2cr"  # of the config's project, else the snapshot's


@dataclass(frozen=True, slots=True)
class BigQueryTables:
    """A snapshot's tables in ``dataset`` (``project.dataset``); its own files say which tables there are.

    ``in_place``: our name of a table -> the one of another that stands for it, cut to ``scope``.
    """

    snapshot: TableSource
    sha256: str
    dataset: str
    in_place: Mapping[str, str] = field(default_factory=dict)
    scope: Scope | None = None

    def table_files(self, name: str) -> Sequence[Path]:
        return self.snapshot.table_files(name)

    @property
    def elsewhere(self) -> Collection[str]:
        return self.in_place.keys()

    def address(self, table: str) -> str:
        """``project.dataset.usage_1f2e3d4c5b6a``."""
        return f"{self.dataset}.{table}_{self.sha256[:_DIGITS]}"

    def load_commands(self) -> tuple[str, ...]:
        """The shell commands that load the snapshot's tables, a line a file."""
        return tuple(
            "bq load --source_format=PARQUET --parquet_enable_list_inference"
            f" {shlex.quote(self.address(name).replace('.', ':', 1))} {shlex.quote(str(file))}"
            for name in TABLES
            if name != "prices" and name not in self.in_place  # prices are looked up, not rolled up
            for file in self.table_files(name)
        )

    def engine(self) -> BigQuery:
        from k2cr_analysis.remote.bigquery import client
        from k2cr_analysis.remote.clients import BIGQUERY, SQL_TRANSLATOR, require
        from k2cr_analysis.remote.credentials import Caller

        require(BIGQUERY, SQL_TRANSLATOR)
        return BigQuery(self, client(self.dataset.partition(".")[0], Caller()))


@dataclass(frozen=True)
class BigQuery:
    """Runs the queries as jobs of the dataset's project; none may bill more than its dry run said."""

    tables: BigQueryTables
    client: Any
    reads_files: bool = False

    def run(self, query: str) -> pa.Table:
        from sqlglot import exp

        addresses = {name: self.tables.address(name) for name in TABLES}
        views = {view: sql_text(view) for view in VIEWS if view != query} | self._in_place
        sql = bigquery_query(sql_text(query), addresses, views)
        tables = {(t.catalog, t.db, t.name) for t in sql.find_all(exp.Table) if t.catalog}
        return self._said(lambda: self._rows(sql.sql(dialect="bigquery", pretty=True, comments=False), len(tables)))

    @cached_property
    def _in_place(self) -> dict[str, exp.Expr]:
        """What is behind the tables that stand in BigQuery by themselves; their columns are asked for once."""
        scope = self.tables.scope
        if scope is None:
            return {}
        return {name: behind(name, self._found(address), scope) for name, address in self.tables.in_place.items()}

    def _found(self, address: str) -> Found:
        from k2cr_analysis.remote.bigquery import retry

        table = self._said(lambda: self.client.get_table(address, retry=retry()))
        by_arrival = table.time_partitioning is not None and table.time_partitioning.field is None
        return Found(address, [column.name for column in table.schema], by_arrival)

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
            loads = self.tables.load_commands()
            named = ", ".join(self.tables.in_place.values())
            return self._failed(
                error.said,
                "the snapshot's tables in the dataset" + (f", and {named}" if named else ""),
                "\n".join(loads) or "name a table that is there under [engine.tables]",
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
        if error.kind == "no-credentials":
            return no_credentials(error)
        return self._failed(error.said, "an answer of BigQuery", error.remedy)

    def _failed(self, found: str, expected: str, do: str) -> RemoteError:
        return RemoteError(ref="bigquery-not-read", found=f"{self.tables.dataset}: {found}", expected=expected, do=do)


def tables_at(
    engine: Engine, snapshot: TableSource, sha256: str, project: str | None = None, scope: Scope | None = None
) -> TableSource:
    """The source to hand to ``usage``, ``traffic``, ``daily`` and ``billing``; ``sha256`` is the snapshot's.

    ``scope``: what the tables of ``[engine.tables]`` are cut to.

    Without a dataset in the config, it is ``k2cr`` of ``project``: the config's, else the snapshot's.
    """
    named = engine.tables.named
    if engine.name != "bigquery":
        if named:
            raise ConfigError(
                ref="tables-not-asked",
                found=f"[engine.tables] {', '.join(named)}, and [engine] name is {engine.name}",
                expected="the engine that can ask a table where it stands",
                do='set [engine] name = "bigquery", or take [engine.tables] out',
            )
        return snapshot
    if engine.dataset is None and project is None:
        raise ConfigError(
            ref="no-dataset",
            found="[engine] name is bigquery, and neither the config nor the snapshot names a project",
            expected="the dataset that the snapshot's tables were loaded into",
            do='set [engine] dataset = "PROJECT.DATASET" in k2cr.toml',
        )
    dataset = engine.dataset or f"{project}.{DEFAULT_DATASET}"
    return BigQueryTables(snapshot, sha256, dataset, named, scope)
