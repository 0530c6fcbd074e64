"""BigQuery's client: what the query would read, then the rows, never more than was said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.queries.in_place.billing_export import checked_table, parameters, rows_sql
from k2cr_analysis.remote.bigquery import TIB, USD_PER_TIB, batches, billable_bytes, client, retry
from k2cr_analysis.remote.credentials import Caller, no_credentials, project_role, switch_on
from k2cr_analysis.remote.google_errors import GoogleError, asked
from k2cr_analysis.snapshot.sorting import ordered_rows
from k2cr_analysis.snapshot.tables import BILLING
from k2cr_analysis.sources.billing_export.rows import billing_parts

_PAGE_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """What a query would read, as BigQuery itself says."""

    bytes: int

    @property
    def price_usd(self) -> Decimal:
        return USD_PER_TIB * billable_bytes(self.bytes) / TIB

    def __str__(self) -> str:
        return (
            f"billing: {self.bytes / 2**20:,.1f} MiB to read: USD {self.price_usd:.4f} at USD {USD_PER_TIB} a TiB "
            "(the first TiB of a month is free)"
        )


class BillingExport:
    """One export table over one window.

    ``project``: whose rows are read, all where it is None; ``job_project``: where the query runs, and is paid for.
    """

    def __init__(
        self,
        table: str,
        start: datetime,
        end: datetime,
        project: str | None,
        caller: Caller | None = None,
        job_project: str | None = None,
    ) -> None:
        self._table = checked_table(table)
        self._parameters = parameters(start, end, project)
        self._caller = caller or Caller()
        self._client = client(job_project or project or self._table.partition(".")[0], self._caller)

    def plan(self) -> QueryPlan:
        """Ask what the query would read; nothing is read or billed."""
        return QueryPlan(self._said(lambda: self._query(self._sql(), dry_run=True).total_bytes_processed))

    def parts(self, plan: QueryPlan) -> Iterator[pa.Table]:
        """The rows as parts of the billing table, a page in memory at a time.

        BigQuery ends the query where it would bill more than the plan says.
        """
        cap = billable_bytes(plan.bytes)

        def pages() -> Iterator[pa.Table]:
            job = self._query(self._sql(), maximum_bytes_billed=cap)
            return billing_parts(batches(self._client, lambda: job.result(page_size=_PAGE_ROWS, retry=retry())))

        found = self._said(pages)
        while (part := self._said(lambda: next(found, None))) is not None:
            yield part

    def read(self, plan: QueryPlan) -> pa.Table:
        """All rows at once, in the order of the snapshot."""
        return ordered_rows(pa.concat_tables([BILLING.schema.empty_table(), *self.parts(plan)]), BILLING)

    def _sql(self) -> str:
        try:
            table = asked(lambda: self._client.get_table(self._table, retry=retry()))
        except GoogleError as error:
            if error.kind != "not-found":
                raise
            # Whether there is none, or none that shows its schema, the query will tell.
            return rows_sql(self._table, BILLING.schema.names, is_partitioned=True)
        partitioning = table.time_partitioning
        is_partitioned = partitioning is not None and partitioning.field is None
        return rows_sql(self._table, [field.name for field in table.schema], is_partitioned=is_partitioned)

    def _query(self, sql: str, **options: Any) -> Any:
        from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

        given = [
            ScalarQueryParameter(name, "TIMESTAMP" if name != "project" else "STRING", value)
            for name, value in self._parameters.items()
        ]
        if options.get("dry_run"):
            options["use_query_cache"] = False
        return self._client.query(sql, job_config=QueryJobConfig(query_parameters=given, **options), retry=retry())

    def _said(self, call: Any) -> Any:
        """The result of a call, its errors in our words."""
        try:
            return asked(call)
        except GoogleError as error:
            raise self._worded(error) from None

    def _worded(self, error: GoogleError) -> RemoteError:
        if error.kind == "not-found":
            return self._failed(
                error.said,
                "the table of the detailed billing export",
                "switch the export on under Billing, Billing export (no command can), or name its table",
            )
        if error.kind == "no-right":
            return self._failed(
                error.said,
                "roles/bigquery.jobUser in the project and roles/bigquery.dataViewer on the dataset",
                self._mend(error.said),
            )
        if error.kind == "api-off":
            do = switch_on("bigquery.googleapis.com", self._client.project)
            return self._failed(error.said, "the BigQuery API, switched on", do)
        if error.kind == "no-credentials":
            return no_credentials(error)
        return self._failed(error.said, "an answer of BigQuery", error.remedy)

    def _mend(self, said: str) -> str:
        if "jobs.create" in said:
            return project_role(self._client.project, "roles/bigquery.jobUser", self._caller)
        project, dataset, _ = self._table.rsplit(".", 2)
        grant = f'GRANT `roles/bigquery.dataViewer` ON SCHEMA `{project}`.{dataset} TO "{self._caller.member}"'
        return f"bq query --nouse_legacy_sql '{grant}'"

    def _failed(self, found: str, expected: str, do: str) -> RemoteError:
        return RemoteError(ref="billing-export-not-read", found=f"{self._table}: {found}", expected=expected, do=do)
