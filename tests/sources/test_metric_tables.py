"""Series of any form, as a server may give them, into the rows of usage and traffic."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.cloud.monitoring_v3 import ListTimeSeriesResponse

from k2cr_analysis.sources.monitoring.backends import Backends
from k2cr_analysis.sources.monitoring.chunks import from_bytes, table_of, to_bytes
from k2cr_analysis.sources.monitoring.decode import Points, decode_page
from k2cr_analysis.sources.monitoring.owners import Owners
from k2cr_analysis.sources.monitoring.queries import (
    ENVOY,
    INGRESS_NGINX,
    MESH,
    OPEN_TELEMETRY,
    SCRAPED_GRPC,
    SCRAPED_MESH,
    SCRAPED_SERVER,
    TRAEFIK,
    USAGE_QUERIES,
    usage_queries,
)
from k2cr_analysis.sources.monitoring.traffic_table import Traffic
from k2cr_analysis.sources.monitoring.usage_table import usage_part
from k2cr_analysis.sources.proxy_names import ProxyNames

END_S = 1_772_409_900
END = datetime.fromtimestamp(END_S, UTC)


def series(page, value, **labels):
    """One series of one point. ``value``: a number, or what fills a distribution; labels by their kind."""
    found = page._pb.time_series.add()
    for name, text in labels.items():
        kind, _, label = name.partition("_")
        if kind == "system":
            found.metadata.system_labels[label] = text
        else:
            (found.resource if kind == "resource" else found.metric).labels[label] = text
    point = found.points.add()
    point.interval.end_time.seconds = END_S
    if callable(value):
        value(point.value.distribution_value)
    elif isinstance(value, int):
        point.value.int64_value = value
    elif value is not None:
        point.value.double_value = value


def histogram(count=6, mean=2.0, form="explicit", counts=(0, 4, 2)):
    def fill(found):
        found.count, found.mean, found.sum_of_squared_deviation = count, mean, 3.0
        options = found.bucket_options
        if form == "explicit":
            options.explicit_buckets.bounds.extend([1, 2, 4])
        elif form == "linear":
            options.linear_buckets.num_finite_buckets, options.linear_buckets.width = 2, 5.0
            options.linear_buckets.offset = 1.0
        elif form == "exponential":
            options.exponential_buckets.num_finite_buckets, options.exponential_buckets.growth_factor = 2, 2.0
            options.exponential_buckets.scale = 1.0
        found.bucket_counts.extend(counts)

    return fill


def chunk(query, *filled):
    page = ListTimeSeriesResponse()
    for value, labels in filled:
        series(page, value, **labels)
    points = Points()
    decode_page(page._pb, query, points)
    return query, from_bytes(to_bytes(table_of(points, query)))


CPU = USAGE_QUERIES[0]
OBJECTS = [
    {"kind": "Deployment", "metadata": {"namespace": "shop", "name": "web"},
     "spec": {"template": {"spec": {"containers": [{"name": "web"}, {"name": "proxy"}]}}}},
    {"kind": "Deployment", "metadata": {"namespace": "shop", "name": "other"},
     "spec": {"template": {"spec": {"containers": [{"name": "proxy"}]}}}},
    {"kind": "ReplicaSet", "metadata": {"namespace": "shop", "name": "web-5d4f", "ownerReferences": [
        {"kind": "Deployment", "name": "web", "controller": True}]}, "spec": {"template": {"spec": {"containers": [{"name": "web"}]}}}},
    {"kind": "Pod", "metadata": {"namespace": "shop", "name": "web-5d4f-x", "ownerReferences": [
        {"kind": "ReplicaSet", "name": "web-5d4f", "controller": True}]}, "spec": {"containers": [{"name": "web"}]}},
]  # fmt: skip
PLACE = {"resource_namespace_name": "shop", "resource_container_name": "web"}
OWNER = {"system_top_level_controller_type": "Deployment", "system_top_level_controller_name": "web"}


def usage(value, labels):
    [row] = usage_part(*chunk(CPU, (value, labels)), Owners(OBJECTS)).to_pylist()
    return row


def test_a_series_without_a_workload_finds_it_by_its_pod():
    row = usage(0.5, PLACE | {"resource_pod_name": "web-5d4f-x"})
    assert (row["top_level_controller_type"], row["top_level_controller_name"]) == ("Deployment", "web")
    assert (row["pod_name"], row["reducer"]) == ("web-5d4f-x", None)


def test_a_series_without_a_workload_finds_it_by_the_only_one_with_such_a_container():
    assert usage(0.5, PLACE)["top_level_controller_name"] == "web"
    assert usage(0.5, PLACE | {"resource_container_name": "proxy"})["top_level_controller_name"] == ""


def test_series_of_single_pods_stay_apart():
    pods = [(1.0, PLACE | OWNER | {"resource_pod_name": name}) for name in ("a", "b")]
    rows = usage_part(*chunk(CPU, *pods), Owners(())).to_pylist()
    assert [(row["pod_name"], row["reducer"], row["top_level_controller_name"]) for row in rows] == [
        ("a", None, "web"),
        ("b", None, "web"),
    ]


@pytest.mark.parametrize(("value", "read"), [(3, 3.0), (0.25, 0.25), (histogram(), 12.0)])
def test_a_number_may_come_in_any_type(value, read):
    row = usage(value, PLACE | OWNER)
    assert (row["value"], row["end_time"], row["reducer"]) == (read, END, "REDUCE_MAX")


def test_a_point_without_a_value_is_none():
    assert usage_part(*chunk(CPU, (None, PLACE | OWNER)), Owners(())).num_rows == 0


MESH_LABELS = {"metric_destination_service_namespace": "shop", "metric_destination_service_name": "web",
               "metric_source_workload_name": "unknown", "metric_response_code": "200"}  # fmt: skip


def traffic(*chunks, services=()):
    counts = [c for c in chunks if c[0].form == "number"][:1] or chunks
    found = Traffic(counts, Backends(()), ProxyNames(services))
    return found.part(chunks).to_pylist()


BOUNDS = {"explicit": [1, 2, 4], "linear": [1, 6, 11], "exponential": [1, 2, 4]}


@pytest.mark.parametrize("form", BOUNDS)
def test_a_histogram_of_any_layout_has_its_bounds_and_its_last_buckets(form):
    count, latency = MESH.queries[0], MESH.queries[3]
    [row] = traffic(chunk(count, (6, MESH_LABELS)), chunk(latency, (histogram(form=form), MESH_LABELS)))
    assert row["latency_bucket_bounds_ms"] == BOUNDS[form]
    assert row["latency_bucket_counts"] == [0, 4, 2, 0]
    assert (row["request_count"], row["source_workload_name"]) == (6, None)


def test_bytes_that_the_mesh_gives_as_a_histogram_are_its_sum():
    count, sizes = MESH.queries[0], MESH.queries[1]
    [row] = traffic(chunk(count, (6, MESH_LABELS)), chunk(sizes, (histogram(mean=100.0), MESH_LABELS)))
    assert row["request_bytes"] == 600


def test_a_histogram_without_buckets_is_its_mean_alone():
    count, latency = MESH.queries[0], MESH.queries[3]
    [row] = traffic(chunk(count, (6, MESH_LABELS)), chunk(latency, (histogram(form="", counts=()), MESH_LABELS)))
    assert (row["latency_mean_ms"], row["latency_bucket_bounds_ms"], row["latency_bucket_counts"]) == (2.0, None, None)


def test_the_scraped_mesh_counts_what_the_server_saw():
    assert 'metric.labels.reporter = "destination"' in SCRAPED_MESH.queries[0].filter("c", "l")
    assert 'resource.labels.cluster = "c"' in SCRAPED_MESH.queries[0].filter("c", "l")


SERVER = {"resource_namespace": "shop", "metric_top_level_controller_type": "Deployment",
          "metric_top_level_controller_name": "web", "metric_container": "web"}  # fmt: skip


@pytest.mark.parametrize(("label", "read"), [("code", "404"), ("status", "404"), ("status_code", "4xx"), ("", "")])
def test_a_server_s_own_count_names_its_workload_and_its_seconds_become_ms(label, read):
    labels = SERVER | ({f"metric_{label}": read} if label else {})
    count, latency = SCRAPED_SERVER.queries
    [row] = traffic(chunk(count, (6.0, labels)), chunk(latency, (histogram(mean=0.5), labels)))
    assert (row["workload_type"], row["workload_name"], row["request_count"]) == ("Deployment", "web", 6)
    assert (row["latency_mean_ms"], row["latency_bucket_bounds_ms"]) == (500.0, [1000, 2000, 4000])
    assert row["response_code_class"] == ("4xx" if label else "2xx")


@pytest.mark.parametrize(("code", "read"), [("OK", "2xx"), ("NotFound", "4xx"), ("Unavailable", "5xx")])
def test_a_grpc_server_s_own_count_has_its_codes_as_classes(code, read):
    labels = SERVER | {"metric_grpc_code": code}
    count, latency = SCRAPED_GRPC.queries
    [row] = traffic(chunk(count, (6.0, labels)), chunk(latency, (histogram(mean=0.5), labels)))
    assert (row["workload_name"], row["request_count"], row["latency_mean_ms"]) == ("web", 6, 500.0)
    assert (row["response_code_class"], row["protocol"]) == (read, "grpc")


def test_requests_that_a_proxy_and_its_application_count_are_counted_once():
    counted = chunk(
        SCRAPED_SERVER.queries[0],
        (10.0, SERVER | {"metric_container": "proxy"}),
        (9.0, SERVER | {"metric_code": "200"}),
    )
    assert [row["request_count"] for row in traffic(counted)] == [10]


def service(name, namespace="shop", port=80):
    metadata = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"port": port, "name": "http"}]},
    }


PROXIES = {
    "ingress-nginx": (INGRESS_NGINX, {"exported_namespace": "shop", "exported_service": "web", "status": "503"}),
    "ingress-nginx without a target's label": (
        INGRESS_NGINX,
        {"exported_namespace": "shop", "service": "web", "status": "503"},
    ),
    "traefik": (TRAEFIK, {"service": "shop-web-80@kubernetes", "code": "503"}),
    "envoy": (ENVOY, {"envoy_cluster_name": "shop/web/http", "envoy_response_code": "503"}),
    "istio's envoy": (
        ENVOY,
        {"envoy_cluster_name": "outbound|80||web.shop.svc.cluster.local", "envoy_response_code": "503"},
    ),
}


@pytest.mark.parametrize("case", PROXIES)
def test_a_proxy_s_count_is_that_of_the_service_behind_it(case):
    source, labels = PROXIES[case]
    labels = {f"metric_{name}": value for name, value in labels.items()}
    count, latency = source.queries
    found = traffic(
        chunk(count, (6.0, labels)),
        chunk(latency, (histogram(mean=0.5), labels)),
        services=[service("web"), service("api")],
    )
    assert [(r["namespace_name"], r["service_name"], r["request_count"], r["response_code_class"]) for r in found] == [
        ("shop", "web", 6, "5xx")
    ]
    assert found[0]["latency_mean_ms"] == 0.5 * source.unit_ms
    assert not traffic(chunk(count, (6.0, labels)), services=[service("other")])


def test_a_name_that_two_services_may_mean_is_neither_s():
    both = [service("web", "a-b"), service("b-web", "a")]
    assert ProxyNames(both).service_of("a-b-web-80@kubernetes") is None
    assert ProxyNames(both[:1]).service_of("a-b-web-80@kubernetes") == ("a-b", "web")


OTEL = {
    "prometheus.googleapis.com/http_server_request_duration_seconds/histogram":
        (SERVER | {"metric_http_response_status_code": "404"}, "4xx", 500.0),
    "prometheus.googleapis.com/rpc_server_duration_milliseconds/histogram":
        (SERVER | {"metric_rpc_grpc_status_code": "14"}, "5xx", 0.5),
    "prometheus.googleapis.com/rpc_server_call_duration_seconds/histogram":
        (SERVER | {"metric_rpc_response_status_code": "DEADLINE_EXCEEDED"}, "5xx", 500.0),
    "prometheus.googleapis.com/grpc_server_call_duration_seconds/histogram":
        (SERVER | {"metric_grpc_status": "NOT_FOUND"}, "4xx", 500.0),
    "workload.googleapis.com/http.server.request.duration":
        (PLACE | OWNER | {"metric_http_response_status_code": "200"}, "2xx", 500.0),
    "workload.googleapis.com/rpc.server.duration": (PLACE | OWNER, "2xx", 0.5),
}  # fmt: skip


@pytest.mark.parametrize("metric", OTEL)
def test_a_histogram_that_is_all_there_is_counts_the_requests_too(metric):
    labels, code, mean_ms = OTEL[metric]
    (source,) = (one for one in OPEN_TELEMETRY if one.count == metric)
    (query,) = source.queries
    [row] = traffic(chunk(query, (histogram(mean=0.5), labels)))
    assert (row["workload_type"], row["workload_name"], row["response_code_class"]) == ("Deployment", "web", code)
    assert row["request_count"] == sum(row["latency_bucket_counts"]) == 6
    assert (row["latency_mean_ms"], row["latency_metric_type"], row["metric_type"]) == (mean_ms, metric, metric)


def test_peaks_are_read_every_minute_where_that_is_no_more_than_a_day_takes():
    assert {q.period_s for q in usage_queries(600) if q.reducer == "REDUCE_MAX" and q.aligner == "ALIGN_RATE"} == {60}
    assert {q.period_s for q in usage_queries(5000) if q.aligner == "ALIGN_RATE"} == {300}
