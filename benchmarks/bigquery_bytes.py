"""What one `assess` scans in BigQuery, by the size of the usage table, beside what it takes here.

    python benchmarks/bigquery_bytes.py

BigQuery bills the logical size of the columns that a query names, whatever their compression: 8 bytes a number or a
time, 2 + the text a label (a dictionary does not help), in each query anew; 10 MiB a query and table at least. So the
bytes follow from the table's own rows. Source: "BigQuery pricing", "Data size calculation". Slots are not billed on
demand; in an edition a slot-hour is the price, and what a query takes of them only BigQuery can tell.

`rows`: of containers with CPU every 60 s, memory every 300 s and pods every 3,600 s over 30 days, as `collect` reads
them. `scanned`: by the queries of usage in one `assess`. `here`: the Parquet file's size, by 9 bytes a point (measured
by `rollups.py`).
"""

from __future__ import annotations

from decimal import Decimal

from sqlglot import exp

from k2cr_analysis.queries.engine import VIEWS, sql_text
from k2cr_analysis.queries.translate import bigquery_query
from k2cr_analysis.remote.bigquery import TIB, USD_PER_TIB, billable_bytes
from k2cr_analysis.snapshot.tables import USAGE

QUESTIONS = ("known_by_day", "cpu_by_container_day", "restarts_by_container", "pods_by_workload", "usage_by_container")
# A typical row: the characters of each label.
TEXTS = {
    "metric_type": 43, "memory_type": 13, "aligner": 10, "reducer": 10, "namespace_name": 8,
    "top_level_controller_type": 10, "top_level_controller_name": 14, "pod_name": 0, "container_name": 8,
}  # fmt: skip
DAY_S = 86_400
ROWS_OF_A_CONTAINER = 30 * (DAY_S // 60 + 2 * DAY_S // 300 + 2 * DAY_S // 3600)


def width(column: str) -> int:
    return TEXTS[column] + 2 if column in TEXTS else 8


def columns_of(question: str) -> set[str]:
    """The table's columns that a query names, by itself or through a view."""
    views = {view: sql_text(view) for view in VIEWS if view != question}
    query = bigquery_query(sql_text(question), {"usage": "p.d.usage"}, views)
    named = {column.name for column in query.find_all(exp.Column)}
    return named & set(USAGE.schema.names)


def main() -> None:
    bytes_of_a_row = sum(sum(width(column) for column in columns_of(question)) for question in QUESTIONS)
    print(f"{bytes_of_a_row} bytes scanned a row, by {len(QUESTIONS)} queries")
    print("| containers | rows | Parquet here | scanned | on demand, USD |")
    print("|---|---|---|---|---|")
    for containers in (100, 1_000, 10_000, 100_000):
        rows = containers * ROWS_OF_A_CONTAINER
        scanned = sum(
            billable_bytes(rows * sum(width(column) for column in columns_of(question))) for question in QUESTIONS
        )
        price = USD_PER_TIB * Decimal(scanned) / TIB
        print(
            f"| {containers:,} | {rows / 1e6:,.0f} M | {rows * 9 / 2**30:.2g} GiB | {scanned / 2**30:,.0f} GiB | {price:.2f} |"
        )


if __name__ == "__main__":
    main()
