"""What a probe's command asks over the network, in the words of a probe that Cloud Run has."""

from __future__ import annotations

import pytest

from k2cr_analysis.fit.evidence.starting.exec_probes import asked_over_network

ASKED = [
    ("/bin/grpc_health_probe -addr=:9555", "grpc: {port: 9555}"),
    ("grpc-health-probe -addr localhost:50051 -service=shop.Cart", "grpc: {port: 50051, service: shop.Cart}"),
    ("podcli check http localhost:9898/healthz", "httpGet: {path: /healthz, port: 9898}"),
    ("podcli check grpc localhost:9999", "grpc: {port: 9999}"),
    ("curl -f http://localhost:8080/health", "httpGet: {path: /health, port: 8080}"),
    ("sh -c curl --silent --fail http://127.0.0.1/ready || exit 1", "httpGet: {path: /ready, port: 80}"),
    ("wget -qO- http://localhost:3000", "httpGet: {path: /, port: 3000}"),
    ("sh -c 'nc -z localhost 5432'", "tcpSocket: {port: 5432}"),
    ("bash -c '</dev/tcp/127.0.0.1/6379'", "tcpSocket: {port: 6379}"),
    ("curl -kf https://localhost:8443/health", None),
    ("curl -f http://other:8080/health", None),
    ("redis-cli ping", None),
    ("cat /tmp/healthy", None),
    ("pg_isready -h localhost -p 5432", None),
    ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("command", "asked"), ASKED, ids=[command for command, _ in ASKED])
def test_a_command_that_asks_over_the_network_has_a_counterpart(command: str, asked: str | None) -> None:
    found = asked_over_network(command.split())
    assert (str(found) if found else None) == asked
