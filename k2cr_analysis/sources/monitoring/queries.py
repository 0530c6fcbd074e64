"""The queries that fill usage and traffic: metric, aligner, reducer, grouping.

Pods are reduced on the server: a pod's name changes with each rollout, and each name would be a series to pay for.
Sources: Cloud Monitoring API v3, ``Aggregation``; "Google Cloud metrics" (kubernetes, loadbalancing, istio); "Istio
Standard Metrics"; "Managed Service for Prometheus", names and kinds of its metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

USAGE_PERIOD_S: Final = 300
# As often as the kubelet is asked: the mean of five minutes hides half of a peak. Series are paid for, not points.
PEAK_PERIOD_S: Final = 60
POD_PERIOD_S: Final = 3600
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
    def names_cluster(self) -> bool:
        """Whether its series say which cluster they are of."""
        return self.resource_type in _CLUSTER_LABEL

    @property
    def name(self) -> str:
        return f"{self.metric_type}.{self.aligner}.{self.reducer}.{self.period_s}s"

    def filter(self, cluster: str | None, location: str | None) -> str:
        """The filter of the request; a load balancer's series do not name a cluster."""
        parts = [f'metric.type = "{self.metric_type}"', f'resource.type = "{self.resource_type}"']
        label = _CLUSTER_LABEL.get(self.resource_type)
        if label:
            parts += [f'resource.labels.{label} = "{cluster}"', f'resource.labels.location = "{location}"']
        return " AND ".join([*parts, *([self.condition] if self.condition else [])])


_CLUSTER_LABEL: Final = {"k8s_container": "cluster_name", "k8s_pod": "cluster_name", "prometheus_target": "cluster"}
# A scoping project answers for others too, in which a cluster may have the same name.
PROJECT_ID: Final = "project_id"
_PROJECT: Final = (PROJECT_ID, "resource.labels.project_id")
_POD: Final = (
    _PROJECT,
    ("namespace_name", "resource.labels.namespace_name"),
    ("top_level_controller_type", "metadata.system_labels.top_level_controller_type"),
    ("top_level_controller_name", "metadata.system_labels.top_level_controller_name"),
)
_CONTAINER: Final = (*_POD, ("container_name", "resource.labels.container_name"))


def _usage(metric: str, aligner: str, reducer: str, condition: str = "", period_s: int = USAGE_PERIOD_S) -> MetricQuery:
    return MetricQuery(
        f"kubernetes.io/container/{metric}", "k8s_container", aligner, reducer, period_s, _CONTAINER,
        condition=condition,
    )  # fmt: skip


def _pod(metric: str) -> MetricQuery:
    return MetricQuery(f"kubernetes.io/pod/{metric}", "k8s_pod", "ALIGN_DELTA", "REDUCE_SUM", POD_PERIOD_S, _POD)


NON_EVICTABLE: Final = "non-evictable"
USAGE_QUERIES: Final = (
    _usage("cpu/core_usage_time", "ALIGN_RATE", "REDUCE_MAX", period_s=PEAK_PERIOD_S),
    _usage("cpu/core_usage_time", "ALIGN_RATE", "REDUCE_SUM"),
    _usage("memory/used_bytes", "ALIGN_MAX", "REDUCE_MAX", f'metric.labels.memory_type = "{NON_EVICTABLE}"'),
    _usage("restart_count", "ALIGN_DELTA", "REDUCE_SUM"),
    _usage("uptime", "ALIGN_MAX", "REDUCE_COUNT"),
    _pod("network/received_bytes_count"),
    _pod("network/sent_bytes_count"),
)
# Points of one day that are asked for at once, at most: beyond it peaks are read as seldom as all else.
_MOST_PEAK_POINTS: Final = 1_000_000
MOST_PEAK_SERIES: Final = _MOST_PEAK_POINTS * PEAK_PERIOD_S // 86400


def usage_queries(containers: int) -> tuple[MetricQuery, ...]:
    """The queries of usage for so many containers: the peaks of CPU as finely as that allows."""
    if containers <= MOST_PEAK_SERIES:
        return USAGE_QUERIES
    return tuple(replace(q, period_s=max(q.period_s, USAGE_PERIOD_S)) for q in USAGE_QUERIES)


@dataclass(frozen=True, slots=True)
class TrafficSource:
    """One way in which requests are counted: the count, what goes with it, and the labels of all of them.

    ``target`` says how the labels name the target; ``unit_ms``: milliseconds in the unit of the latency. A histogram
    that is all that there is counts too: then ``count`` is ``latency``.
    """

    target: Literal["backend", "mesh", "workload", "service", "proxy"]
    count: str
    latency: str
    request_bytes: str
    response_bytes: str
    resource_type: str
    group_by: tuple[tuple[str, str], ...]
    condition: str = ""
    unit_ms: float = 1.0
    codes: tuple[str, ...] = ()  # labels that may hold the response's code
    is_grpc: bool = False

    @property
    def queries(self) -> tuple[MetricQuery, ...]:
        """Count, request bytes, response bytes, latency; those that the source has."""
        if self.is_histogram_only:
            return (self._query(self.latency, "distribution"),)
        metrics = (self.count, self.request_bytes, self.response_bytes, self.latency)
        forms: tuple[Form, ...] = ("number", "number", "number", "distribution")
        return tuple(self._query(metric, form) for metric, form in zip(metrics, forms, strict=True) if metric)

    @property
    def is_histogram_only(self) -> bool:
        return self.count == self.latency

    def _query(self, metric: str, form: Form) -> MetricQuery:
        return MetricQuery(
            metric, self.resource_type, "ALIGN_DELTA", "REDUCE_SUM", TRAFFIC_PERIOD_S, self.group_by, form,
            self.condition,
        )  # fmt: skip


def _load_balancer(path: str, resource_type: str) -> TrafficSource:
    prefix = f"loadbalancing.googleapis.com/https{path}"
    return TrafficSource(
        "backend",
        f"{prefix}/backend_request_count",
        f"{prefix}/backend_latencies",
        f"{prefix}/request_bytes_count",
        f"{prefix}/response_bytes_count",
        resource_type,
        (
            ("backend_name", "resource.labels.backend_name"),
            ("backend_target_name", "resource.labels.backend_target_name"),
            ("backend_scope", "resource.labels.backend_scope"),
            _PROJECT,
            ("response_code_class", "metric.labels.response_code_class"),
        ),
    )


def _mesh_labels(destination_workload: str, source_workload: str) -> tuple[tuple[str, str], ...]:
    return (
        _PROJECT,
        ("destination_service_namespace", "metric.labels.destination_service_namespace"),
        ("destination_service_name", "metric.labels.destination_service_name"),
        ("destination_workload_name", f"metric.labels.{destination_workload}"),
        ("source_workload_namespace", "metric.labels.source_workload_namespace"),
        ("source_workload_name", f"metric.labels.{source_workload}"),
        ("request_protocol", "metric.labels.request_protocol"),
        ("response_code", "metric.labels.response_code"),
    )


_ISTIO: Final = "istio.io/service/server"
_PROMETHEUS: Final = "prometheus.googleapis.com"
LOAD_BALANCERS: Final = (
    _load_balancer("", "https_lb_rule"),
    _load_balancer("/external/regional", "http_external_regional_lb_rule"),
    _load_balancer("/internal", "internal_http_lb_rule"),
)
MESH: Final = TrafficSource(
    "mesh",
    f"{_ISTIO}/request_count",
    f"{_ISTIO}/response_latencies",
    f"{_ISTIO}/request_bytes",
    f"{_ISTIO}/response_bytes",
    "k8s_container",
    _mesh_labels("destination_workload_name", "source_workload_name"),
)
# The mesh's own metrics, scraped: the server's sidecar alone, since the caller's counts the same requests.
SCRAPED_MESH: Final = TrafficSource(
    "mesh",
    f"{_PROMETHEUS}/istio_requests_total/counter",
    f"{_PROMETHEUS}/istio_request_duration_milliseconds/histogram",
    f"{_PROMETHEUS}/istio_request_bytes/histogram",
    f"{_PROMETHEUS}/istio_response_bytes/histogram",
    "prometheus_target",
    _mesh_labels("destination_workload", "source_workload"),
    'metric.labels.reporter = "destination"',
)


_SCRAPED_WORKLOAD: Final = (
    ("namespace_name", "resource.labels.namespace"),
    ("workload_type", "metric.labels.top_level_controller_type"),
    ("workload_name", "metric.labels.top_level_controller_name"),
    ("container_name", "metric.labels.container"),
)


# What a server counts of itself, under the names that client libraries give; PodMonitoring adds the workload.
def _server(count: str, latency: str, codes: tuple[str, ...], *, is_grpc: bool = False) -> TrafficSource:
    return TrafficSource(
        "workload",
        f"{_PROMETHEUS}/{count}/counter",
        f"{_PROMETHEUS}/{latency}/histogram",
        "",
        "",
        "prometheus_target",
        (
            _PROJECT,
            *_SCRAPED_WORKLOAD,
            *((code, f"metric.labels.{code}") for code in codes),
        ),
        unit_ms=1000.0,
        codes=codes,
        is_grpc=is_grpc,
    )


SCRAPED_SERVER: Final = _server(
    "http_requests_total", "http_request_duration_seconds", ("code", "status", "status_code")
)
SCRAPED_GRPC: Final = _server("grpc_server_handled_total", "grpc_server_handling_seconds", ("grpc_code",), is_grpc=True)


def _proxy(
    target: Literal["service", "proxy"],
    count: str,
    latency: str,
    labels: tuple[tuple[str, str], ...],
    code: str,
    unit_ms: float = 1000.0,
) -> TrafficSource:
    """What an ingress controller or a gateway counts of the Services behind it."""
    return TrafficSource(
        target,
        f"{_PROMETHEUS}/{count}/counter",
        f"{_PROMETHEUS}/{latency}/histogram",
        "",
        "",
        "prometheus_target",
        (_PROJECT, *labels, (code, f"metric.labels.{code}")),
        unit_ms=unit_ms,
        codes=(code,),
    )


# A label that the target has too is found as ``exported_``: the Service's namespace beside its controller's.
INGRESS_NGINX: Final = _proxy(
    "service",
    "nginx_ingress_controller_requests",
    "nginx_ingress_controller_request_duration_seconds",
    (("namespace_name", "metric.labels.exported_namespace"), ("service_name", "metric.labels.exported_service"),
     ("plain_service_name", "metric.labels.service")),
    "status",
)  # fmt: skip
TRAEFIK: Final = _proxy(
    "proxy",
    "traefik_service_requests_total",
    "traefik_service_request_duration_seconds",
    (("service_name", "metric.labels.exported_service"), ("plain_service_name", "metric.labels.service")),
    "code",
)
ENVOY: Final = _proxy(
    "proxy",
    "envoy_cluster_upstream_rq",
    "envoy_cluster_upstream_rq_time",
    (("service_name", "metric.labels.envoy_cluster_name"),),
    "envoy_response_code",
    unit_ms=1.0,
)


# OpenTelemetry's servers have a histogram alone. Source: its semantic conventions for HTTP and RPC metrics, as the
# exporters for Managed Prometheus and for Cloud Monitoring (workload.googleapis.com) name them.
def _histogram(
    metric: str, resource_type: str, unit_ms: float, codes: tuple[str, ...], *, is_grpc: bool
) -> TrafficSource:
    is_scraped = resource_type == "prometheus_target"
    workload = _SCRAPED_WORKLOAD if is_scraped else _WRITTEN_WORKLOAD
    return TrafficSource(
        "workload", metric, metric, "", "", resource_type,
        (_PROJECT, *workload, *((code, f"metric.labels.{code}") for code in codes)),
        unit_ms=unit_ms, codes=codes, is_grpc=is_grpc,
    )  # fmt: skip


_WRITTEN_WORKLOAD: Final = (
    ("namespace_name", "resource.labels.namespace_name"),
    ("workload_type", "metadata.system_labels.top_level_controller_type"),
    ("workload_name", "metadata.system_labels.top_level_controller_name"),
    ("container_name", "resource.labels.container_name"),
)
_RPC_CODES: Final = ("rpc_grpc_status_code", "rpc_response_status_code", "grpc_status")
_HTTP_CODES: Final = ("http_response_status_code", "http_status_code")
_OTEL: Final = (
    ("http_server_request_duration_seconds", "http.server.request.duration", 1000.0, False),
    ("http_server_duration_milliseconds", "http.server.duration", 1.0, False),
    ("rpc_server_duration_seconds", "", 1000.0, True),
    ("rpc_server_duration_milliseconds", "rpc.server.duration", 1.0, True),
    ("rpc_server_call_duration_seconds", "rpc.server.call.duration", 1000.0, True),
    ("grpc_server_call_duration_seconds", "grpc.server.call.duration", 1000.0, True),
)
OPEN_TELEMETRY: Final = tuple(
    _histogram(metric, resource, unit_ms, _RPC_CODES if is_grpc else _HTTP_CODES, is_grpc=is_grpc)
    for scraped, written, unit_ms, is_grpc in _OTEL
    for metric, resource in (
        (f"{_PROMETHEUS}/{scraped}/histogram", "prometheus_target"),
        (f"workload.googleapis.com/{written}", "k8s_container"),
    )
    if not metric.endswith("/")
)
TRAFFIC_SOURCES: Final = (
    *LOAD_BALANCERS, MESH, SCRAPED_MESH, SCRAPED_SERVER, SCRAPED_GRPC, INGRESS_NGINX, TRAEFIK, ENVOY, *OPEN_TELEMETRY,
)  # fmt: skip
