"""Which port of several is *the* port, and when a raw TCP server is one for others than its own pod."""

from __future__ import annotations

import pytest

from tests.fit.cluster import container, deployment, fit_of, service

ADMIN = {"name": "admin", "port": 9000, "targetPort": 9000}
WEB = {"name": "http", "port": 80, "targetPort": 8080}
BOTH = deployment(container(ports=[{"containerPort": 9000}, {"containerPort": 8080}]))


def ingress_to(*ports: int) -> dict:
    paths = [{"path": f"/{p}", "backend": {"service": {"name": "web", "port": {"number": p}}}} for p in ports]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"rules": [{"http": {"paths": paths}}]},
    }


@pytest.mark.parametrize(
    ("routed", "port"),
    [((), 8080), ((80,), 8080), ((9000,), 9000), ((9000, 80), 8080)],
    ids=["neither-is-routed", "the-application-is", "the-admin-port-is", "both-are"],
)
def test_the_port_among_an_application_and_an_admin_port(routed: tuple[int, ...], port: int) -> None:
    routes = [ingress_to(*routed)] if routed else []
    assert fit_of(BOTH, service(ADMIN, WEB), *routes).ingress_port == port


def test_the_admin_container_is_no_candidate_while_the_application_is_called() -> None:
    pod = deployment(
        container("console", ports=[{"containerPort": 9000}]), container("web", ports=[{"containerPort": 8080}])
    )
    assert fit_of(pod, service(ADMIN, WEB)).ingress_container == "web"


REDIS = {"name": "redis", "image": "redis:7", "ports": [{"containerPort": 6379}]}
EXPORTER = {"name": "exporter", "image": "oliver006/redis_exporter:v1", "ports": [{"containerPort": 9121}]}
SQL_PROXY = {
    "name": "sql",
    "image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2",
    "ports": [{"containerPort": 5432}],
}


@pytest.mark.parametrize(
    ("containers", "verdict"),
    [
        ((container("worker"), REDIS), "ready"),
        ((container("worker"), SQL_PROXY), "ready"),
        ((REDIS, EXPORTER), "blocked"),
        ((REDIS,), "blocked"),
    ],
    ids=["cache-of-a-worker", "proxy-of-a-worker", "cache-with-its-exporter", "cache"],
)
def test_raw_tcp_without_a_service_blocks_only_what_the_pod_is_there_for(containers: tuple, verdict: str) -> None:
    assert fit_of(deployment(*containers)).verdict == verdict
