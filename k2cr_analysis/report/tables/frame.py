"""Rows as a DataFrame of declared columns, and values as a column has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.report.tables.columns import COLUMNS

if TYPE_CHECKING:
    import pandas as pd


MIB = 2**20

# Table -> its columns, in order. The functions below have these names.
TABLES: Mapping[str, tuple[str, ...]] = {
    "workloads": (
        "cluster",
        "workload_id",
        "verdict",
        "target",
        "gke_attributed_month",
        "gke_avoidable_month",
        "cloud_run_month",
        "saving_month",
        "saving_low_month",
        "saving_high_month",
        "sign_may_flip",
        "assumed_traffic",
        "currency",
        "p99_gke_ms",
        "p99_cloud_run_ms",
        "cold_start_ratio",
        "effort_days",
        "blockers",
        "changes",
    ),
    "all_findings": ("cluster", "workload_id", "verdict", "severity", "rule", "message", "remediation", "path"),
    "by_day": (
        "day",
        "cluster",
        "workload_id",
        "namespace",
        "requests_day",
        "cpu_mean_cores",
        "memory_peak_mib",
        "latency_mean_ms",
    ),
    "bill_by_day": ("day", "cluster", "namespace", "service", "paid", "currency"),
    "groups": (
        "cluster",
        "group",
        "workloads",
        "requests_month",
        "asked_cores",
        "cpu_mean_cores",
        "used_share",
        "gke_attributed_month",
        "idle_month",
        "saving_month",
        "currency",
    ),
    "margins": ("workload_id", "in_plan", "margin_month", "currency"),
    "verification": ("figure", "unit", "expected", "low", "high", "measured", "agrees"),
    "findings": ("severity", "rule", "message", "remediation", "path", "places"),
    "rules": ("severity", "rule", "workloads", "workload_ids"),
    "containers": (
        "container",
        "role",
        "request_cpu_cores",
        "request_memory_mib",
        "cpu_cores",
        "memory_mib",
        "waits_for",
        "startup_probe",
    ),
    "line_items": (
        "side",
        "sku",
        "quantity",
        "unit",
        "rate",
        "amount",
        "currency",
        "made_of",
        "price_date",
        "price_source",
    ),
    "latency": ("where", "p50_ms", "p95_ms", "p99_ms"),
    "frontier": (
        "choice",
        "cpu_cores",
        "memory_mib",
        "concurrency",
        "min_instances",
        "billing",
        "cloud_run_month",
        "extra_month",
        "currency",
        "p99_ms",
        "cold_start_ratio",
    ),
    "min_instances": (
        "min_instances",
        "cloud_run_month",
        "extra_month",
        "currency",
        "p99_ms",
        "gain_ms",
        "cold_start_ratio",
    ),
    "toil": ("direction", "item", "hours_month", "evidence", "shared"),
    "dependencies": ("depends_on", "kind", "port", "in_cluster", "evidence"),
    "usage": (
        "container",
        "cpu_p50_cores",
        "cpu_p99_cores",
        "cpu_max_cores",
        "memory_p50_mib",
        "memory_max_mib",
        "restarts",
    ),
    "traffic": ("start_utc", "requests_per_s"),
    "bill": ("line", "amount_month", "currency"),
    "as_billed": (
        "cluster",
        "invoice_month",
        "from_utc",
        "to_utc",
        "is_whole",
        "cost_amount",
        "credits_amount",
        "paid",
        "not_usage",
        "other_clusters",
        "currency",
    ),
    "commitments": ("cluster", "commitment", "fee_month", "unused_month", "years", "ends", "reason", "currency"),
    "commitment_floor": (
        "commitment",
        "hour_at_list",
        "hour_committed",
        "commitment_saving_month",
        "workload_ids",
        "currency",
    ),
    "waves": (
        "wave",
        "workloads",
        "clusters",
        "workload_ids",
        "attributed_month",
        "realised_month",
        "cumulative_realised_month",
        "realised_low_month",
        "realised_high_month",
        "saving_over_stay_month",
        "cumulative_saving_over_stay_month",
        "saving_low_month",
        "saving_high_month",
        "sign_may_flip",
        "effort_days",
        "nodes_removed",
        "currency",
    ),
    "left": ("cluster", "workload_id", "why", "holds_back_month", "currency"),
    "avoided": ("sku", "quantity", "unit", "rate", "amount", "currency"),
    "endings": ("cluster", "after_wave", "last_pod_month", "kept_by", "currency"),
    "break_even": ("workload_id", "requests_month", "break_even_requests", "share_of_break_even"),
    "changes": ("figure", "before_month", "after_month", "change_month", "causes", "currency"),
    "changed_workloads": (
        "workload_id",
        "verdict_before",
        "verdict_after",
        "change_month",
        "causes",
        "fields",
        "currency",
    ),
    "sensitivity": ("assumption", "low_at", "low_month", "high_at", "high_month", "turns", "currency"),
    "futures": (
        "future",
        "headroom",
        "variant",
        "gke_month",
        "cloud_run_month",
        "managed_month",
        "month",
        "at_least_month",
        "saving_over_stay_month",
        "saving_low_month",
        "saving_high_month",
        "sign_may_flip",
        "hours_month",
        "effort_days",
        "missing",
        "currency",
    ),
    "future_lines": ("future", "headroom", "side", "sku", "quantity", "unit", "rate", "amount", "currency"),
    "ways_to_stay": ("cluster", "variant", "month", "how", "why_not", "currency"),
    "ways_out": (
        "cluster",
        "workload_id",
        "to",
        "size",
        "month",
        "at_least_month",
        "at_most_month",
        "reason",
        "currency",
    ),
    "neighbours": (
        "charge",
        "change",
        "month",
        "low_amount",
        "high_amount",
        "counted",
        "evidence",
        "why_range",
        "currency",
    ),
    "cash": ("month_number", "saving", "paid_twice", "effort_amount", "labour_amount", "so_far", "currency"),
    "showback": (
        "cluster",
        "group",
        "workloads",
        "gke_attributed_month",
        "without_share",
        "moving",
        "moving_gke_month",
        "cloud_run_month",
        "currency",
    ),
    "backtests": ("what", "given", "unit", "predicted_low", "predicted_high", "measured_in_public", "hit", "source"),
    "validation": (
        "model",
        "compared",
        "unit",
        "expected",
        "simulated",
        "difference",
        "allowed",
        "agrees",
        "known_from",
    ),
}


def several(assessed: Assessment | Sequence[Assessment]) -> Sequence[Assessment]:
    return [assessed] if isinstance(assessed, Assessment) else assessed


def number(value: Any) -> float | None:
    return None if value is None else float(value)


def mib(value: float | None) -> float | None:
    return None if value is None else value / MIB


def frame(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    columns = TABLES[name]
    frame = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    for column in columns:
        kind: Any = _TYPES.get(COLUMNS[column].form)
        if kind == "time":
            frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[ns, UTC]")
        elif kind:
            frame[column] = pd.to_numeric(frame[column]).astype(kind)
    return frame


# Form of a column -> its type, the same whatever the rows are; texts, lists and exact Decimals are objects.
_TYPES = {
    "money": "float64",
    "number": "float64",
    "ms": "float64",
    "share": "float64",
    "hours": "float64",
    "count": "Int64",
    "time": "time",
}


def item_row(item: LineItem) -> dict[str, Any]:
    return {
        "sku": item.sku,
        "quantity": item.quantity,
        "unit": item.unit,
        "rate": item.rate,
        "amount": item.amount,
        "currency": item.currency,
    }
