"""Cloud Monitoring's MetricService over real gRPC on the loopback, with made-up series, pages and faults."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from concurrent import futures
from contextlib import contextmanager

import grpc
from google.api.label_pb2 import LabelDescriptor
from google.api.metric_pb2 import MetricDescriptor
from google.cloud.monitoring_v3 import GetMetricDescriptorRequest, ListTimeSeriesRequest, ListTimeSeriesResponse

WORKLOADS = [
    ("shop", "Deployment", "web", "web"),
    ("shop", "Deployment", "web", "proxy"),
    ("data", "CronJob", "etl", "etl"),
]
NEG = "k8s1-2908a40f-shop-web-80-a795fcc0"
BOUNDS = [1.0 * 1.5**i for i in range(11)]


class Metrics:
    """Answers with a series for each workload, the value of a point told by what was asked: nothing is stored."""

    def __init__(self):
        self.calls = []
        self.faults = defaultdict(list)  # metric type -> status codes, or "partial"
        self.absent = {"istio.io/service/server/request_count"}
        self.lock = threading.Lock()
        self.on_call = lambda count: None
        self.known = None  # metric type -> labels of its descriptor; None: the server has no descriptors
        self.described = []
        self.failing = None
        self.place = ("shop", "europe-west1")  # of the cluster that has metrics

    def get_metric_descriptor(self, request, context):
        metric = request.name.partition("/metricDescriptors/")[2]
        if self.failing:
            context.abort(self.failing, "made up")
        self.described.append(metric)
        if self.known is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "made up")
        if metric not in self.known:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Cannot find metric {metric}")
        return MetricDescriptor(type=metric, labels=[LabelDescriptor(key=key) for key in self.known[metric]])

    def list_time_series(self, request, context):
        metric = re.search(r'metric.type = "([^"]+)"', request.filter)[1]
        with self.lock:
            self.calls.append((metric, request._pb.interval.start_time.seconds, request.page_token))
            fault = self.faults[metric].pop(0) if self.faults[metric] else self.failing
            count = len(self.calls)
        self.on_call(count)
        if fault == "partial":
            return ListTimeSeriesResponse(execution_errors=[{"code": 14, "message": "a region is late"}])
        if fault is not None:
            context.abort(fault, "made up")
        if any(metric.startswith(absent.rpartition("/")[0]) for absent in self.absent):
            context.abort(grpc.StatusCode.NOT_FOUND, f"Cannot find metric(s) that match type = {metric}")
        return self.page(request, metric)

    def page(self, request, metric):
        raw = request._pb
        period = raw.aggregation.alignment_period.seconds
        ends = list(range(raw.interval.end_time.seconds, raw.interval.start_time.seconds - 1, -period))  # newest first
        rows = [(series, end) for series in self.asked_for(request, metric) for end in ends]
        start = int(request.page_token or 0)
        page = ListTimeSeriesResponse()
        for series, end in rows[start : start + request.page_size]:
            here = page._pb.time_series
            if not here or self.labels(here[-1]) != series:
                self.fill(here.add(), series)
            self.point(here[-1].points.add(), metric, series, end)
        if start + request.page_size < len(rows):
            page.next_page_token = str(start + request.page_size)
        return page

    def asked_for(self, request, metric):
        name, location = self.place
        if "resource.labels.cluster_name" in request.aggregation.group_by_fields:
            return [{"cluster_name": name, "location": location}]
        named = re.search(
            r'resource.labels.cluster_name = "([^"]+)" AND resource.labels.location = "([^"]+)"', request.filter
        )
        return self.series(metric) if named is None or named.groups() == self.place else []

    @staticmethod
    def series(metric):
        if metric.startswith("kubernetes.io/container/"):
            names = ("namespace_name", "top_level_controller_type", "top_level_controller_name", "container_name")
            return [dict(zip(names, workload, strict=True)) for workload in WORKLOADS]
        if metric.startswith("kubernetes.io/pod/"):
            names = ("namespace_name", "top_level_controller_type", "top_level_controller_name")
            return [dict(zip(names, workload, strict=True)) for workload in sorted({w[:3] for w in WORKLOADS})]
        if metric.startswith(("loadbalancing.googleapis.com/https/ex", "loadbalancing.googleapis.com/https/in")):
            return []
        if metric.startswith("prometheus.googleapis.com/"):
            return []
        return [
            {"backend_name": name, "backend_target_name": name, "response_code_class": code}
            for name in (NEG, "k8s1-of-another-cluster")
            for code in ("200", "500")
        ]

    @staticmethod
    def fill(series, labels):
        for name, value in labels.items():
            if name.startswith("top_level"):
                series.metadata.system_labels[name] = value
            elif name == "response_code_class":
                series.metric.labels[name] = value
            else:
                series.resource.labels[name] = value

    @staticmethod
    def labels(series):
        found = dict(series.resource.labels) | dict(series.metric.labels)
        return found | {name: value.string_value for name, value in series.metadata.system_labels.fields.items()}

    @staticmethod
    def point(point, metric, series, end):
        point.interval.end_time.seconds = end
        number = (end // 60) % 1000 + len("".join(series.values()))
        if metric.endswith("latencies"):
            found = point.value.distribution_value
            found.count, found.mean, found.sum_of_squared_deviation = 3, 2.5, 1.0
            found.bucket_options.exponential_buckets.num_finite_buckets = 10
            found.bucket_options.exponential_buckets.growth_factor = 1.5
            found.bucket_options.exponential_buckets.scale = 1.0
            found.bucket_counts.extend([0, 1, 2])
        elif metric.endswith(("count", "used_bytes")):
            point.value.int64_value = number
        else:
            point.value.double_value = number / 8


@contextmanager
def serving_metrics(metrics):
    server = grpc.server(futures.ThreadPoolExecutor(8))
    handler = grpc.unary_unary_rpc_method_handler(
        metrics.list_time_series, ListTimeSeriesRequest.deserialize, ListTimeSeriesResponse.serialize
    )
    describe = grpc.unary_unary_rpc_method_handler(
        metrics.get_metric_descriptor, GetMetricDescriptorRequest.deserialize, MetricDescriptor.SerializeToString
    )
    methods = {"ListTimeSeries": handler, "GetMetricDescriptor": describe}
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("google.monitoring.v3.MetricService", methods)]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
