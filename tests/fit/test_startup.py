"""Which container of a pod waits for which: calls over localhost by port, wherever the port is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fit.cluster import container, deployment, fits_of

WEB = "shop/Deployment/web"
CALLS = [{"name": "UPSTREAM", "value": "http://localhost:7000"}]
OTEL = {"otel.yaml": 'receivers: {otlp: {protocols: {grpc: {endpoint: "localhost:7000"}}}}\nservice: {}\n'}


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def order(app: dict[str, Any], beside: dict[str, Any], **files: str) -> dict[str, tuple[str, ...]]:
    maps = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf", "namespace": "shop"}, "data": files}
    pod = deployment(app, beside, volumes=[{"name": "conf", "configMap": {"name": "conf"}}])
    return dict(fits_of([pod, maps])[WEB].startup.depends_on)


@pytest.mark.parametrize(
    "beside",
    [
        {"ports": [{"containerPort": 7000}]},
        {"env": env(LISTEN_PORT="7000")},
        {"env": env(HTTP_ADDR=":7000")},
        {"args": ["--port=7000"]},
        {"args": ["--listen-address=127.0.0.1:7000"]},
        {"readinessProbe": {"httpGet": {"port": 7000}}},
        {"volumeMounts": [{"name": "conf", "mountPath": "/etc/otel"}]},
    ],
    ids=str,
)
def test_a_container_waits_for_the_one_that_listens(beside: dict[str, Any]) -> None:
    assert order(container("app", env=CALLS), container("side", **beside), **OTEL) == {"app": ("side",)}


@pytest.mark.parametrize(
    ("image", "called"),
    [
        ("edoburu/pgbouncer:1.23", {"DB_HOST": "127.0.0.1", "DB_PORT": "6432"}),
        ("otel/opentelemetry-collector-contrib:0.121.0", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}),
        ("gcr.io/cloud-sql-connectors/cloud-sql-proxy:2", {"DATABASE_URL": "postgres://u@127.0.0.1:5432/shop"}),
        ("redis:7", {"REDIS_HOST": "localhost"}),
        ("memcached:1", {"CACHE": "memcached://localhost:11211"}),
    ],
)
def test_an_image_listens_on_its_own_port(image: str, called: dict[str, str]) -> None:
    found = order(container("app", env=env(**called)), {"name": "side", "image": image})
    assert found == {"app": ("side",)}


def test_what_a_container_listens_on_itself_is_no_call() -> None:
    app = container("app", env=env(LISTEN_ADDR="127.0.0.1:7000"))
    assert order(app, container("side", ports=[{"containerPort": 7000}])) == {}


def test_the_awaited_container_is_probed_on_the_port_that_is_called() -> None:
    pod = deployment(
        container("app", env=env(DB_HOST="localhost", DB_PORT="6432")), {"name": "side", "image": "edoburu/pgbouncer:1"}
    )
    probe = fits_of([pod])[WEB].probes["side"].startup
    assert probe is not None
    assert (probe.kind, probe.port) == ("tcp", 6432)
