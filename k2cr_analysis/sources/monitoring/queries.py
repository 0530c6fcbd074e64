"""The queries that fill usage and traffic: metric, aligner, reducer, grouping.

Pods are reduced on the server: a pod's name changes with each rollout, and each name would be a series to pay for.
Sources: Cloud Monitoring API v3, ``Aggregation``; "Google Cloud metrics" (kubernetes, loadbalancing, istio).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

USAGE_PERIOD_S: Final = 300
TRAFFIC_PERIOD_S: Final = 900

Form = Literal["number", "distribution"]


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """One ``timeSeries.list`` over a day. ``group_by``: our name of a label -> the API's, in order."""

    metric_type: str
    resource_type: str
    aligner: str
    reducer: str
    period_s: int
    group_by: tuple[tuple[str, str], ...]
    form: Form = "number"
    condition: str = ""

    @property
    def name(self) -> str:
        return f"{self.metric_type}.{self.aligner}.{self.reducer}"

    def filter(self, cluster: str | None, location: str | None) -> str:
        """The filter of the request; a load balancer's series do not name a cluster."""
        parts = [f'metric.type = "{self.metric_type}"', f'resource.type = "{self.resource_type}"']
        if self.resource_type == "k8s_container":
            parts += [f'resource.labels.cluster_name = "{cluster}"', f'resource.labels.location = "{location}"']
        return " AND ".join([*parts, *([self.condition] if self.condition else [])])


_CONTAINER: Final = (
    ("namespace_name", "resource.labels.namespace_name"),
    ("container_name", "resource.labels.container_name"),
    ("top_level_controller_type", "metadata.system_labels.top_level_controller_type"),
    ("top_level_controller_name", "metadata.system_labels.top_level_controller_name"),
)


def _usage(metric: str, aligner: str, reducer: str, condition: str = "") -> MetricQuery:
    return MetricQuery(
        f"kubernetes.io/container/{metric}", "k8s_container", aligner, reducer, USAGE_PERIOD_S, _CONTAINER,
        condition=condition,
    )  # fmt: skip


NON_EVICTABLE: Final = "non-evictable"
USAGE_QUERIES: Final = (
    _usage("cpu/core_usage_time", "ALIGN_RATE", "REDUCE_MAX"),
    _usage("cpu/core_usage_time", "ALIGN_RATE", "REDUCE_SUM"),
    _usage("memory/used_bytes", "ALIGN_MAX", "REDUCE_MAX", f'metric.labels.memory_type = "{NON_EVICTABLE}"'),
    _usage("restart_count", "ALIGN_DELTA", "REDUCE_SUM"),
    _usage("uptime", "ALIGN_MAX", "REDUCE_COUNT"),
)


@dataclass(frozen=True, slots=True)
class TrafficSource:
    """One way in which requests are counted: the count, what goes with it, and the labels of all of them."""

    count: str
    latency: str
    request_bytes: str
    response_bytes: str
    resource_type: str
    group_by: tuple[tuple[str, str], ...]

    @property
    def queries(self) -> tuple[MetricQuery, ...]:
        """Count, request bytes, response bytes, latency."""
        metrics = (self.count, self.request_bytes, self.response_bytes, self.latency)
        forms: tuple[Form, ...] = ("number", "number", "number", "distribution")
        return tuple(
            MetricQuery(metric, self.resource_type, "ALIGN_DELTA", "REDUCE_SUM", TRAFFIC_PERIOD_S, self.group_by, form)
            for metric, form in zip(metrics, forms, strict=True)
        )


def _load_balancer(path: str, resource_type: str) -> TrafficSource:
    prefix = f"loadbalancing.googleapis.com/https{path}"
    return TrafficSource(
        f"{prefix}/backend_request_count",
        f"{prefix}/backend_latencies",
        f"{prefix}/request_bytes_count",
        f"{prefix}/response_bytes_count",
        resource_type,
        (
            ("backend_name", "resource.labels.backend_name"),
            ("backend_target_name", "resource.labels.backend_target_name"),
            ("response_code_class", "metric.labels.response_code_class"),
        ),
    )


_ISTIO: Final = "istio.io/service/server"
MESH: Final = TrafficSource(
    f"{_ISTIO}/request_count",
    f"{_ISTIO}/response_latencies",
    f"{_ISTIO}/request_bytes",
    f"{_ISTIO}/response_bytes",
    "k8s_container",
    tuple(
        (name, f"metric.labels.{name}")
        for name in (
            "destination_service_namespace", "destination_service_name", "destination_workload_name",
            "source_workload_namespace", "source_workload_name", "request_protocol", "response_code",
        )
    ),
)  # fmt: skip
LOAD_BALANCERS: Final = (
    _load_balancer("", "https_lb_rule"),
    _load_balancer("/external/regional", "http_external_regional_lb_rule"),
    _load_balancer("/internal", "internal_http_lb_rule"),
)
TRAFFIC_SOURCES: Final = (*LOAD_BALANCERS, MESH)
