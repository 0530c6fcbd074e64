"""Roll-ups of a snapshot's usage and traffic: one ``.sql`` file per question, run by DuckDB over the Parquet, or by
BigQuery.

tables_at(engine, snapshot, ...) where they are run

usage(snapshot)                  workload id -> WorkloadUsage
traffic(snapshot, services_of)   workload id -> TrafficProfile
billing(snapshot)                the bill, added up by what decides where an amount belongs
memory_by_day, latency_by_day, bill_by_day   the same by day, for plots over time
daily(usage, traffic)            workload id -> Daily, for intervals that resample days
"""

from k2cr_analysis.queries.bigquery import tables_at
from k2cr_analysis.queries.bill import billing
from k2cr_analysis.queries.by_day import Daily, daily
from k2cr_analysis.queries.container_usage import usage
from k2cr_analysis.queries.day_series import bill_by_day, latency_by_day, memory_by_day
from k2cr_analysis.queries.service_traffic import traffic

__all__ = [
    "Daily",
    "bill_by_day",
    "billing",
    "daily",
    "latency_by_day",
    "memory_by_day",
    "tables_at",
    "traffic",
    "usage",
]
