"""Which hosts a text names, and as which of its letters."""

from __future__ import annotations

import pytest

from k2cr_analysis.model.addresses.grammar import mentions

CASES = {
    "redis://redis:6379/0": [("redis", 6379, 8)],
    "postgres://postgres@postgres:5432/postgres": [("postgres", 5432, 20)],
    "http://api/api/v1": [("api", None, 7)],
    "PLAINTEXT://events:9092": [("events", 9092, 12)],
    "https://user:pa@ss@api:80/": [("api", 80, 19)],
    "amqp://u:<redacted>@mq:5672/": [("mq", 5672, 20)],
    "mongodb://u:p@a-0.a:27017,a-1.a:27017/db?replicaSet=rs": [("a-0.a", 27017, 14), ("a-1.a", 27017, 26)],
    "amqp://u:p@h1:5672,amqp://u:p@h2:5672": [("h1", 5672, 11), ("h2", 5672, 30)],
    "n1=http://etcd-0.etcd:2380,n2=http://etcd-1.etcd:2380": [("etcd-0.etcd", 2380, 10), ("etcd-1.etcd", 2380, 37)],
    "jdbc:postgresql://db:5432/shop": [("db", 5432, 18)],
    "jdbc:sqlserver://db:1433;databaseName=x": [("db", 1433, 17)],
    "jdbc:oracle:thin:@db:1521:XE": [("db", 1521, 18)],
    "jdbc:mysql:replication://m:3306,s:3306/db": [("m", 3306, 25), ("s", 3306, 32)],
    "user:p@tcp(mysql:3306)/db": [("mysql", 3306, 11)],
    "host=db port=5432 user=db dbname=db": [("db", 5432, 5)],
    "Server=tcp:db,1433;Database=db": [("db", 1433, 11)],
    "-Xmx1g -Dspring.redis.host=redis": [("redis", None, 27)],
    "dns:///backend:50051": [("backend", 50051, 7)],
    "a:9092,b:9092": [("a", 9092, 0), ("b", 9092, 7)],
    "http://[::1]:80/": [("::1", 80, 7)],
    "proxy_pass http://api:80;": [("api", 80, 18)],
    "http://api:8080/x?cb=http://web/y": [("api", 8080, 7), ("web", None, 28)],
    "unix:///var/run/x.sock": [],
    "file:///etc/orders.yaml": [],
    "/app/orders.jar": [],
    "/etc/orders.yaml": [],
    "http://$(HOST):80": [],
    "http://api-${ENV}:80": [],
    "12:30": [],
    ":8080": [],
    "the api of the shop": [],
}


@pytest.mark.parametrize(("text", "hosts"), CASES.items(), ids=CASES.keys())
def test_hosts_of_a_text(text: str, hosts: list[tuple[str, int | None, int]]):
    found = mentions(text)
    assert [(m.host, m.port, m.span[0]) for m in found] == hosts
    assert all(text[slice(*m.span)].strip("[]").lower() == m.host for m in found)


def test_a_scheme_is_read_without_its_case_and_wrappers():
    assert [mentions(t)[0].scheme for t in ("HTTPS://A/", "jdbc:mysql:replication://m/d", "url:http://a")] == [
        "https", "mysql", "http",
    ]  # fmt: skip
