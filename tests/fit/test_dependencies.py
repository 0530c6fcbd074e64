"""Who calls whom, with the evidence of each edge."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.model.dependency import Dependency
from tests.fit.cluster import container, deployment, fits_of

WEB = "shop/Deployment/web"


def named(document: dict[str, Any], name: str, namespace: str = "shop") -> dict[str, Any]:
    document["metadata"] = {"name": name, "namespace": namespace}
    document["spec"]["selector"] = {"matchLabels": {"app": name}}
    document["spec"]["template"]["metadata"]["labels"] = {"app": name}
    return document


def backend(name: str, *ports: dict[str, Any], namespace: str = "shop") -> list[dict[str, Any]]:
    front = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": list(ports) or [{"name": "http", "port": 80, "targetPort": 8080}]},
    }
    return [named(deployment(container(name, ports=[{"containerPort": 8080}])), name, namespace), front]


def edges(value: str, *others: dict[str, Any], **fields: Any) -> tuple[Dependency, ...]:
    caller = deployment(container(env=[{"name": "TARGET", "value": value}], **fields))
    return fits_of([caller, *others])[WEB].dependencies


@pytest.mark.parametrize(
    "value",
    [
        "http://api",
        "api:80",
        "api.shop.svc.cluster.local:80",
        "http://api.shop/path",
        "HTTP://API:80",
        "grpc://user@api:80",
        "a=1;url=http://api/x",
    ],
)
def test_a_service_is_found_where_it_stands_as_an_address(value: str) -> None:
    (found,) = edges(value, *backend("api"))
    assert (found.target, found.service, found.namespace, found.in_cluster) == (
        "shop/Deployment/api",
        "api",
        "shop",
        True,
    )
    assert "TARGET" in found.evidence


@pytest.mark.parametrize(
    "value",
    ["the api of the shop", "/api/v1", "my-api", "https://api.example.com/", "api-key", "gcr.io/shop/api:1", "1.2.3.4"],
)
def test_a_word_is_no_address(value: str) -> None:
    assert not [e for e in edges(value, *backend("api")) if e.in_cluster]


def test_a_service_of_another_namespace_needs_its_name() -> None:
    (short,) = edges("http://api", *backend("api", namespace="other"))
    assert (short.target, short.seen) == ("api.shop.svc", False)
    (found,) = edges("http://api.other", *backend("api", namespace="other"))
    assert found.target == "other/Deployment/api"


@pytest.mark.parametrize(
    ("value", "kind", "target"),
    [
        ("postgres://db.prod.svc:5432/shop", "database", "db.prod.svc"),
        ("redis://cache.prod.svc.cluster.local:6379", "cache", "cache.prod.svc.cluster.local"),
        ("amqp://mq.prod.svc:5672", "queue", "mq.prod.svc"),
        ("https://pubsub.googleapis.com/v1", "google-api", "pubsub.googleapis.com"),
        ("projects/p/subscriptions/orders", "google-api", "pubsub.googleapis.com"),
        ("https://api.partner.example.com/v2", "external", "api.partner.example.com"),
        ("https://kubernetes.default.svc", "kubernetes-api", "kubernetes.default.svc"),
        ("10.0.0.3:6379", "cache", "10.0.0.3"),
        ("postgres://app@10.1.2.3:5432/shop", "database", "10.1.2.3"),
        ("b-1.broker.example.com:9092", "queue", "b-1.broker.example.com"),
        ("orders.shop:9000", "unknown", "orders.shop"),
        ("gs://shop-pictures/2026", "google-api", "storage.googleapis.com"),
        ("projects/p/instances/i/databases/d", "google-api", "spanner.googleapis.com"),
        ("shop-prod:us-central1:orders", "google-api", "sqladmin.googleapis.com"),
    ],
)
def test_what_stays_outside_is_named_and_has_a_kind(value: str, kind: str, target: str) -> None:
    (found,) = edges(value)
    assert (found.kind, found.target) == (kind, target)


def test_a_pod_of_a_headless_service_is_an_edge_to_the_service() -> None:
    for value in ("kafka-0.kafka.data.svc:9092", "kafka-0.kafka.data:9092"):
        (found,) = edges(value, *backend("kafka", {"name": "tcp", "port": 9092}, namespace="data"))
        assert (found.target, found.kind) == ("data/Deployment/kafka", "queue")


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("REDIS_HOST", "10.0.0.3", [("cache", "10.0.0.3")]),
        ("SMTP_HOST", "smtp.example.com", [("external", "smtp.example.com")]),
        ("VERSION", "1.2.3.4", []),
        ("IMAGE", "registry.example.com/app", []),
        ("BIND_HOST", "0.0.0.0", []),
        ("PROXY_HOST", "127.0.0.1", []),
    ],
)
def test_a_bare_host_counts_where_the_variable_says_address(
    variable: str, value: str, found: list[tuple[str, str]]
) -> None:
    caller = deployment(container(env=[{"name": variable, "value": value}]))
    assert [(e.kind, e.target) for e in fits_of([caller])[WEB].dependencies] == found


def test_the_kind_comes_of_the_port_that_is_called() -> None:
    (found,) = edges("api:9000", *backend("api", {"name": "grpc", "port": 9000, "targetPort": 8080}))
    assert (found.kind, found.port) == ("grpc", 9000)


def test_arguments_and_config_maps_count_too() -> None:
    maps = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "conf", "namespace": "shop"},
        "data": {"a.conf": "proxy_pass http://api:80;"},
    }
    caller = deployment(
        container(volumeMounts=[{"name": "conf", "mountPath": "/etc/conf"}]),
        volumes=[{"name": "conf", "configMap": {"name": "conf"}}],
    )
    (found,) = fits_of([caller, maps, *backend("api")])[WEB].dependencies
    assert found.target == "shop/Deployment/api"
    assert "ConfigMap conf" in found.evidence


def test_a_workload_does_not_depend_on_itself() -> None:
    assert fits_of([*backend("api")])["shop/Deployment/api"].dependencies == ()


@pytest.mark.parametrize(
    ("image", "args", "private"),
    [
        ("cloud-sql-connectors/cloud-sql-proxy:2", ["--private-ip", "--port=5432", "acme:us-central1:main"], ["acme:us-central1:main"]),
        ("cloud-sql-connectors/cloud-sql-proxy:2", ["--psc", "acme:us-central1:main"], ["acme:us-central1:main"]),
        ("cloudsql-docker/gce-proxy:1", ["-ip_address_types=PRIVATE", "-instances=acme:us-west2:m=tcp:5432"], ["acme:us-west2:m"]),
        ("cloud-sql-connectors/cloud-sql-proxy:2", ["--port=5432", "acme:us-central1:main"], []),
        ("alloydb-connectors/alloydb-auth-proxy:1", ["projects/p/locations/l/clusters/c/instances/i"], ["projects/p/locations/l/clusters/c/instances/i"]),
    ],
)  # fmt: skip
def test_a_database_behind_a_private_address_needs_the_network(image: str, args: list[str], private: list[str]) -> None:
    proxy = {"name": "proxy", "image": f"gcr.io/{image}", "args": args}
    assert [e.target for e in fits_of([deployment(container(), proxy)])[WEB].dependencies if e.is_private] == private
