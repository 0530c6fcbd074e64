"""What a port speaks, for the combinations of what shows it; and a number alone, which shows nothing."""

from __future__ import annotations

from itertools import cycle, product
from typing import Any

import pytest

from k2cr_analysis.fit import Fit
from tests.fit.cluster import container, deployment, fit_of, fits_of, service

WEB = "shop/Deployment/web"
NAMES = (None, "http", "grpc", "tcp-api", "redis", "ui")
PROBES: dict[str, Any] = {
    "none": None,
    "http": {"httpGet": {"path": "/", "port": "PORT"}},
    "tcp": {"tcpSocket": {"port": "PORT"}},
    "grpc": {"grpc": {"port": "PORT"}},
}
ROUTES = ("none", "Ingress", "HTTPRoute", "GRPCRoute", "IngressRoute")
APP_PROTOCOLS = (None, "http", "grpc", "tcp")
NUMBERS = (3000, 5678, 7860, 8000, 8080, 8443, 9000, 9999, 5432, 6379, 10000)


def route(kind: str, number: int) -> list[dict[str, Any]]:
    metadata = {"name": "way", "namespace": "shop"}
    back = {"service": {"name": "web", "port": {"number": number}}}
    refs = {"rules": [{"backendRefs": [{"name": "web", "port": number}]}]}
    bodies = {
        "Ingress": ("networking.k8s.io/v1", {"defaultBackend": back}),
        "HTTPRoute": ("gateway.networking.k8s.io/v1", refs),
        "GRPCRoute": ("gateway.networking.k8s.io/v1", refs),
        "IngressRoute": (
            "traefik.io/v1alpha1",
            {"routes": [{"match": "Host(`a.b`)", "services": [{"name": "web", "port": number}]}]},
        ),
    }
    if kind == "none":
        return []
    version, spec = bodies[kind]
    return [{"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}]


def pod(probe: str, number: int, **fields: Any) -> dict[str, Any]:
    body = PROBES[probe]
    told = {} if body is None else {"readinessProbe": {k: {**v, "port": number} for k, v in body.items()}}
    return deployment(container(ports=[{"containerPort": number}], **told, **fields))


def seen(fit: Fit) -> str:
    """raw: it stays. asks: a person must say. grpc and http: known."""
    rules = {f.rule for f in fit.findings}
    if "raw-tcp-server" in rules:
        return "raw"
    if rules & {"protocol-unknown", "undeclared-grpc"}:
        return "asks"
    return "grpc" if fit.h2c else "http"


def expected(name: str | None, probe: str, way: str, app_protocol: str | None) -> str:
    """The first evidence that says something: strongest first."""
    if way == "GRPCRoute":
        return "grpc"
    if app_protocol:
        return {"http": "http", "grpc": "grpc", "tcp": "raw"}[app_protocol]
    # What passes a gRPC probe is no plain HTTP server, whatever its name.
    if name == "grpc" or (name == "http" and probe != "grpc"):
        return name
    shown = probe == "http" or way in ("Ingress", "HTTPRoute", "IngressRoute")
    if name in ("tcp-api", "redis"):
        return "http" if shown else "raw"
    if probe == "grpc":
        return "asks"  # it is gRPC by its probe, and a person has to declare it
    return "http" if shown or name == "ui" else "asks"


@pytest.mark.parametrize("way", ROUTES)
def test_the_strongest_evidence_decides(way: str) -> None:
    numbers, wrong = cycle((3000, 5678, 8080, 9999)), []
    for name, probe, app_protocol in product(NAMES, PROBES, APP_PROTOCOLS):
        number = next(numbers)
        port = {"port": number, "targetPort": number, "name": name, "appProtocol": app_protocol}
        fit = fit_of(pod(probe, number), service({k: v for k, v in port.items() if v is not None}), *route(way, number))
        if seen(fit) != expected(name, probe, way, app_protocol):
            wrong.append((name, probe, app_protocol, number, seen(fit), expected(name, probe, way, app_protocol)))
    assert not wrong


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
@pytest.mark.parametrize("probe", ["none", "tcp"])
def test_a_number_alone_asks_for_all_numbers_alike(kind: str, probe: str) -> None:
    found = {
        number: seen(fit_of(pod(probe, number), service({"port": number, "targetPort": number}, type=kind)))
        for number in NUMBERS
    }
    assert set(found.values()) == {"asks"}, found


@pytest.mark.parametrize("number", NUMBERS)
def test_a_url_without_a_port_means_80(number: int) -> None:
    """What callers of a Service's port 80 write is ``http://web``."""
    assert seen(fit_of(pod("none", number), service({"port": 80, "targetPort": number}))) == "http"


@pytest.mark.parametrize(
    ("fields", "number", "speech"),
    [
        ({"image": "redis:7"}, 6379, "raw"),
        ({"image": "acme/shop-postgres:1"}, 5432, "raw"),
        ({"image": "nginx:1"}, 8080, "http"),
        ({"image": "nginx:1"}, 9999, "asks"),
        ({"image": "openzipkin/zipkin:3"}, 9411, "http"),
        ({"env": [{"name": "HTTP_PORT", "value": "9999"}]}, 9999, "http"),
        ({"env": [{"name": "HTTP_PORT", "value": "9998"}]}, 9999, "asks"),
        ({"env": [{"name": "PORT", "value": "9999"}]}, 9999, "asks"),
        ({"env": [{"name": "ASPNETCORE_URLS", "value": "http://+:9999"}]}, 9999, "http"),
        ({"env": [{"name": "GRPC_LISTEN_ADDR", "value": ":9999"}]}, 9999, "asks"),
        ({"args": ["--http-port", "9999"]}, 9999, "http"),
        ({"args": ["--web.listen-address=:9999"]}, 9999, "http"),
        ({"command": ["gunicorn", "app:app", "-b", ":9999"]}, 9999, "http"),
        ({"command": ["python", "worker.py"]}, 9999, "asks"),
    ],
    ids=lambda v: str(v)[:50],
)
def test_images_variables_and_commands_show_what_a_number_does_not(fields: dict, number: int, speech: str) -> None:
    fit = fit_of(pod("none", number, **fields), service({"port": number, "targetPort": number}))
    assert seen(fit) == speech


@pytest.mark.parametrize(
    ("value", "name", "speech"),
    [
        ("http://web:9999/v1", "WEB_URL", "http"),
        ("HTTP://web.shop.svc:9999", "WEB_URL", "http"),
        ("ws://web:9999", "WEB_URL", "http"),
        ("grpc://web:9999", "WEB_URL", "grpc"),
        ("http://web:9999", "WEB_GRPC_URL", "asks"),
        ("web:9999", "WEB_ADDR", "asks"),
        ("http://web", "WEB_URL", "asks"),
        ("http://other:9999", "WEB_URL", "asks"),
    ],
)
def test_a_caller_writes_the_scheme(value: str, name: str, speech: str) -> None:
    caller = deployment(container("front", env=[{"name": name, "value": value}]))
    caller["metadata"]["name"] = "front"
    caller["spec"]["template"]["metadata"]["labels"] = caller["spec"]["selector"]["matchLabels"] = {"app": "front"}
    fits = fits_of([pod("none", 9999), service({"port": 9999, "targetPort": 9999}), caller])
    assert seen(fits[WEB]) == speech
