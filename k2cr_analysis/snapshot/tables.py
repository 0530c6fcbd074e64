"""The tables of a snapshot: columns, types and units, as the real sources give them.

Each table is declared once, here. Reader and writer check against it; ``docs/glossary.md`` is held to it by a test.
A column's unit and meaning are in its Arrow field metadata (keys ``unit`` and ``doc``).

Sources: Cloud Monitoring ``timeSeries.list`` (usage, traffic), the detailed billing export in BigQuery (billing),
the Cloud Billing Catalog (prices).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


def _column(name: str, kind: pa.DataType, doc: str, unit: str = "", nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc, "unit": unit})


_TEXT = pa.string()
_LABEL = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us", tz="UTC")
_KEY_VALUE = pa.list_(pa.struct([("key", _TEXT), ("value", _TEXT)]))
_NUMERIC = pa.decimal128(38, 9)  # BigQuery NUMERIC
RATE_TYPE = pa.decimal128(38, 18)  # a catalogue price has nanos; a price per base unit has more digits


@dataclass(frozen=True, slots=True)
class Table:
    """One declared table. ``sort_by`` is the order of its rows, which makes equal content equal bytes.

    ``is_an_export``: the table is another program's, which gives it more columns with time: those are left out. Lists
    and texts that are not there are empty.
    """

    name: str
    grain: str
    schema: pa.Schema
    sort_by: tuple[str, ...]
    is_an_export: bool = False


USAGE = Table(
    name="usage",
    grain="one point of one container's time series",
    schema=pa.schema(
        [
            _column("metric_type", _LABEL, "Cloud Monitoring type, kubernetes.io/container/cpu/core_usage_time"),
            _column("memory_type", _LABEL, "metric label of memory/used_bytes; size on non-evictable", nullable=True),
            _column("aligner", _LABEL, "per-series aligner, ALIGN_RATE"),
            _column(
                "reducer",
                _LABEL,
                "over the pods of a controller, REDUCE_MAX; null: the point is one pod's",
                nullable=True,
            ),
            _column("namespace_name", _LABEL, "Kubernetes namespace"),
            _column("top_level_controller_type", _LABEL, "Deployment, CronJob, ..."),
            _column("top_level_controller_name", _LABEL, "name of the workload"),
            _column("pod_name", _LABEL, "pod; null where pods were reduced", nullable=True),
            _column("container_name", _LABEL, "container"),
            _column("end_time", _TIME, "end of the alignment period", "UTC"),
            _column("period_s", pa.int32(), "alignment period", "s"),
            _column("value", pa.float64(), "cores, bytes or a count, as metric_type says", "by metric_type"),
        ]
    ),
    sort_by=(
        "namespace_name",
        "top_level_controller_type",
        "top_level_controller_name",
        "container_name",
        "metric_type",
        "memory_type",
        "aligner",
        "reducer",
        "pod_name",
        "end_time",
    ),
)

TRAFFIC = Table(
    name="traffic",
    grain="the requests to one target with one response class, from one source, in one period",
    schema=pa.schema(
        [
            _column(
                "metric_type", _LABEL, "type of the request count, loadbalancing.googleapis.com/https/request_count"
            ),
            _column("namespace_name", _LABEL, "namespace of the target"),
            _column(
                "service_name",
                _LABEL,
                "Kubernetes Service behind the backend; null where only a workload is known",
                nullable=True,
            ),
            _column("workload_type", _LABEL, "kind of the target workload, where the metric names it", nullable=True),
            _column("workload_name", _LABEL, "name of the target workload, where the metric names it", nullable=True),
            _column("source_namespace_name", _LABEL, "namespace of the caller (service mesh)", nullable=True),
            _column("source_workload_name", _LABEL, "workload that calls (service mesh)", nullable=True),
            _column("protocol", _LABEL, "HTTP/1.1, HTTP/2, grpc, ...", nullable=True),
            _column("response_code_class", _LABEL, "2xx, 4xx, ..."),
            _column("end_time", _TIME, "end of the alignment period", "UTC"),
            _column("period_s", pa.int32(), "alignment period", "s"),
            _column("request_count", pa.int64(), "requests that ended in the period", "request"),
            _column("request_bytes", pa.int64(), "bytes of the requests", "byte", nullable=True),
            _column("response_bytes", pa.int64(), "bytes of the responses", "byte", nullable=True),
            _column("latency_metric_type", _LABEL, "type of the latency distribution", nullable=True),
            _column("latency_mean_ms", pa.float64(), "mean of the distribution", "ms", nullable=True),
            _column(
                "latency_sum_of_squared_deviation_ms2",
                pa.float64(),
                "as the Distribution gives it",
                "ms2",
                nullable=True,
            ),
            _column(
                "latency_bucket_bounds_ms", pa.list_(pa.float64()), "N+1 finite bounds, rising", "ms", nullable=True
            ),
            _column(
                "latency_bucket_counts",
                pa.list_(pa.int64()),
                "N+2 counts: underflow, finite, overflow",
                "request",
                nullable=True,
            ),
        ]
    ),
    sort_by=(
        "namespace_name",
        "service_name",
        "workload_type",
        "workload_name",
        "source_namespace_name",
        "source_workload_name",
        "metric_type",
        "protocol",
        "response_code_class",
        "end_time",
    ),
)

_ID_AND_TEXT = pa.struct([("id", _TEXT), ("description", _TEXT)])

BILLING = Table(
    name="billing",
    grain="one row of the detailed billing export (resource and SKU by hour, or summed by day)",
    schema=pa.schema(
        [
            _column("billing_account_id", _TEXT, "billing account"),
            _column("service", _ID_AND_TEXT, "service.id 6F81-5844-456A is Compute Engine, ..."),
            _column("sku", _ID_AND_TEXT, "SKU"),
            _column("usage_start_time", _TIME, "start of the usage window", "UTC"),
            _column("usage_end_time", _TIME, "end of the usage window", "UTC"),
            _column(
                "project",
                pa.struct([("id", _TEXT), ("number", _TEXT), ("name", _TEXT)]),
                "project that used it",
                nullable=True,
            ),
            _column(
                "labels",
                _KEY_VALUE,
                "resource labels, with goog-k8s-cluster-name, k8s-namespace, k8s-workload-name, ...",
            ),
            _column("system_labels", _KEY_VALUE, "machine spec and such"),
            _column(
                "location",
                pa.struct([("location", _TEXT), ("country", _TEXT), ("region", _TEXT), ("zone", _TEXT)]),
                "where",
                nullable=True,
            ),
            _column(
                "resource",
                pa.struct([("name", _TEXT), ("global_name", _TEXT)]),
                "resource, not for every SKU",
                nullable=True,
            ),
            _column("cost", pa.float64(), "negotiated discounts in, credits not in", "currency"),
            _column("currency", _TEXT, "ISO 4217"),
            _column("currency_conversion_rate", pa.float64(), "cost / rate = USD", "currency/USD", nullable=True),
            _column(
                "usage",
                pa.struct(
                    [
                        ("amount", pa.float64()),
                        ("unit", _TEXT),
                        ("amount_in_pricing_units", pa.float64()),
                        ("pricing_unit", _TEXT),
                    ]
                ),
                "amount used",
                nullable=True,
            ),
            _column(
                "credits",
                pa.list_(
                    pa.struct(
                        [
                            ("name", _TEXT),
                            ("full_name", _TEXT),
                            ("type", _TEXT),
                            ("id", _TEXT),
                            ("amount", pa.float64()),
                        ]
                    )
                ),
                "amounts are negative",
                "currency",
            ),
            _column("invoice", pa.struct([("month", _TEXT)]), "invoice.month YYYYMM, Pacific time"),
            _column("cost_type", _TEXT, "regular, tax, adjustment, rounding_error"),
            _column("export_time", _TIME, "when the row was exported", "UTC", nullable=True),
            _column(
                "price",
                pa.struct(
                    [
                        ("effective_price", _NUMERIC),
                        ("tier_start_amount", _NUMERIC),
                        ("unit", _TEXT),
                        ("pricing_unit_quantity", _NUMERIC),
                    ]
                ),
                "price of the row",
                nullable=True,
            ),
            _column("cost_at_list", pa.float64(), "at list price", "currency", nullable=True),
            _column(
                "cost_at_effective_price_default",
                pa.float64(),
                "account price without commitments",
                "currency",
                nullable=True,
            ),
            _column("consumption_model", _ID_AND_TEXT, "Default, Compute Flexible CUDs 1 Year, ...", nullable=True),
        ]
    ),
    sort_by=("usage_start_time",),
    is_an_export=True,
)

PRICES = Table(
    name="prices",
    grain="one price tier of one meter in one region",
    schema=pa.schema(
        [
            _column("meter", _TEXT, "what is metered, in k2cr's own words: run.request.cpu.active"),
            _column("region", _TEXT, "region, or global"),
            _column(
                "unit", _TEXT, "unit that the rate is for: vcpu_s, gib_s, request, vcpu_h, gib_h, gpu_h, h, gib_month"
            ),
            _column("currency", _TEXT, "ISO 4217"),
            _column("tier_start", RATE_TYPE, "quantity a month and billing account from which the rate holds", "unit"),
            _column("rate", RATE_TYPE, "price of one unit", "currency/unit"),
            _column("consumption_model", _TEXT, "none, run-1y, run-3y, flex-1y, flex-3y"),
            _column("service_id", _TEXT, "Cloud Billing Catalog service", nullable=True),
            _column("sku_id", _TEXT, "Cloud Billing Catalog SKU", nullable=True),
            _column("sku", _TEXT, "SKU description, as the catalogue writes it"),
            _column("effective_date", _TEXT, "day from which, or on which, the price was read", "YYYY-MM-DD"),
            _column("source", _TEXT, "where the price was read"),
        ]
    ),
    sort_by=("meter", "region", "consumption_model", "tier_start"),
)

RUN_METRICS = Table(
    name="run_metrics",
    grain="one point of one Cloud Run metric of one revision (a file of its own, never in a snapshot)",
    schema=pa.schema(
        [
            _column("metric_type", _LABEL, "Cloud Monitoring type, run.googleapis.com/request_latencies"),
            _column("service_name", _LABEL, "Cloud Run service"),
            _column("revision_name", _LABEL, "revision; null where revisions were summed", nullable=True),
            _column("location", _LABEL, "region of the service", nullable=True),
            _column("state", _LABEL, "metric label of container/instance_count: active, idle", nullable=True),
            _column("response_code_class", _LABEL, "metric label of request_latencies: 2xx, ...", nullable=True),
            _column("end_time", _TIME, "end of the alignment period", "UTC"),
            _column("period_s", pa.int32(), "alignment period", "s"),
            _column(
                "value", pa.float64(), "instances, or seconds, of a metric that is a number", "by metric_type", True
            ),
            _column("latency_mean_ms", pa.float64(), "mean of the distribution", "ms", nullable=True),
            _column(
                "latency_bucket_bounds_ms", pa.list_(pa.float64()), "N+1 finite bounds, rising", "ms", nullable=True
            ),
            _column(
                "latency_bucket_counts",
                pa.list_(pa.int64()),
                "N+2 counts: underflow, finite, overflow",
                "by metric_type",
                nullable=True,
            ),
        ]
    ),
    sort_by=(
        "service_name",
        "location",
        "revision_name",
        "metric_type",
        "state",
        "response_code_class",
        "end_time",
    ),
)

FILE_TABLES = {RUN_METRICS.name: RUN_METRICS}
TABLES: dict[str, Table] = {table.name: table for table in (USAGE, TRAFFIC, BILLING, PRICES)}
