"""What is asked of a Prometheus: the usual exporters' names, and how their labels name a target.

Sources: cAdvisor and kubelet metrics (kubernetes.io, "Metrics for Kubernetes system components"); kube-state-metrics
(pod, ReplicaSet and Job owners); "Istio Standard Metrics"; ingress-nginx, Traefik, Envoy, go-grpc-prometheus and
Micrometer documentation; OpenTelemetry semantic conventions for HTTP and RPC metrics, as its Prometheus exporter names
them: the ones before they were stable, and ``http.server.request.duration`` and ``rpc.server.call.duration`` since
(read 2026-12-01); gRPC's own plugin for OpenTelemetry, ``grpc.server.call.duration`` (gRFC A66).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from k2cr_analysis.sources.monitoring.queries import PEAK_PERIOD_S, POD_PERIOD_S, TRAFFIC_PERIOD_S, USAGE_PERIOD_S

_CONTAINER: Final = 'container!="",container!="POD"'


@dataclass(frozen=True, slots=True)
class UsageMetric:
    """One metric of containers or pods, and the Cloud Monitoring metrics whose place it takes in the usage table."""

    name: str
    metric_type: str
    period_s: int
    matchers: str
    is_counter: bool = True


CPU: Final = UsageMetric(
    "container_cpu_usage_seconds_total", "kubernetes.io/container/cpu/core_usage_time", USAGE_PERIOD_S, _CONTAINER
)
# Of the same counter, where it is scraped so often: a mean of five minutes hides half of a peak.
PEAKS: Final = replace(CPU, period_s=PEAK_PERIOD_S)
MEMORY: Final = UsageMetric(
    "container_memory_working_set_bytes", "kubernetes.io/container/memory/used_bytes", USAGE_PERIOD_S, _CONTAINER,
    is_counter=False,
)  # fmt: skip
RESTARTS: Final = UsageMetric(
    "kube_pod_container_status_restarts_total", "kubernetes.io/container/restart_count", USAGE_PERIOD_S, 'container!=""'
)
RECEIVED: Final = UsageMetric(
    "container_network_receive_bytes_total", "kubernetes.io/pod/network/received_bytes_count", POD_PERIOD_S, 'pod!=""'
)
SENT: Final = UsageMetric(
    "container_network_transmit_bytes_total", "kubernetes.io/pod/network/sent_bytes_count", POD_PERIOD_S, 'pod!=""'
)
USAGE: Final = (CPU, MEMORY, RESTARTS, RECEIVED, SENT)
UPTIME_TYPE: Final = "kubernetes.io/container/uptime"

POD_OWNER: Final = "kube_pod_owner"
REPLICASET_OWNER: Final = "kube_replicaset_owner"
JOB_OWNER: Final = "kube_job_owner"

Target = Literal["mesh", "ingress", "traefik", "envoy", "pod"]


@dataclass(frozen=True, slots=True)
class Requests:
    """One way in which requests are counted. ``buckets``: its histogram, without suffix; ``codes``: labels that may
    hold the response's code, ``grpc`` or HTTP."""

    name: str
    target: Target
    buckets: str
    unit_ms: float
    codes: tuple[str, ...]
    matchers: str = ""
    is_grpc: bool = False

    @property
    def period_s(self) -> int:
        return TRAFFIC_PERIOD_S

    @property
    def metric_type(self) -> str:
        """As Managed Service for Prometheus names it in Cloud Monitoring."""
        return f"prometheus.googleapis.com/{self.name}/counter"

    @property
    def latency_type(self) -> str:
        return f"prometheus.googleapis.com/{self.buckets}/histogram"


_HTTP_CODES: Final = ("code", "status", "status_code", "http_response_status_code", "http_status_code", "response_code")
_S, _MS = 1000.0, 1.0


def _own(
    name: str, buckets: str, unit_ms: float, codes: tuple[str, ...] = _HTTP_CODES, *, grpc: bool = False
) -> Requests:
    return Requests(name, "pod", buckets, unit_ms, codes, is_grpc=grpc)


REQUESTS: Final = (
    Requests("istio_requests_total", "mesh", "istio_request_duration_milliseconds", _MS, ("response_code",),
             'reporter="destination"'),
    Requests("nginx_ingress_controller_requests", "ingress", "nginx_ingress_controller_request_duration_seconds", _S,
             ("status",)),
    Requests("traefik_service_requests_total", "traefik", "traefik_service_request_duration_seconds", _S, ("code",)),
    Requests("envoy_cluster_upstream_rq", "envoy", "envoy_cluster_upstream_rq_time", _MS, ("envoy_response_code",)),
    _own("grpc_server_handled_total", "grpc_server_handling_seconds", _S, ("grpc_code",), grpc=True),
    _own("rpc_server_duration_milliseconds_count", "rpc_server_duration_milliseconds", _MS,
         ("rpc_grpc_status_code",), grpc=True),
    _own("rpc_server_duration_seconds_count", "rpc_server_duration_seconds", _S, ("rpc_grpc_status_code",), grpc=True),
    _own("rpc_server_call_duration_seconds_count", "rpc_server_call_duration_seconds", _S,
         ("rpc_response_status_code",), grpc=True),
    _own("grpc_server_call_duration_seconds_count", "grpc_server_call_duration_seconds", _S, ("grpc_status",),
         grpc=True),
    _own("http_server_request_duration_seconds_count", "http_server_request_duration_seconds", _S),
    _own("http_server_duration_milliseconds_count", "http_server_duration_milliseconds", _MS),
    _own("http_server_requests_seconds_count", "http_server_requests_seconds", _S),
    _own("http_requests_total", "http_request_duration_seconds", _S),
)  # fmt: skip

# Every metric that is asked for.
NAMES: Final = frozenset(
    {metric.name for metric in USAGE}
    | {POD_OWNER, REPLICASET_OWNER, JOB_OWNER}
    | {name for how in REQUESTS for name in (how.name, f"{how.buckets}_bucket", f"{how.buckets}_sum")}
)
