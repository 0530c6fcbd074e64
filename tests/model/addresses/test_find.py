"""The hosts that a container's values name: variables, words of the command, files, each with its letters."""

from __future__ import annotations

import pytest

from k2cr_analysis.model.addresses.find import Named, listening_ports, named_hosts
from k2cr_analysis.model.addresses.names import role_of_name
from tests.model.manifests import cluster_of

POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  template:
    spec:
      volumes: [{{name: conf, configMap: {{name: conf}}}}]
      containers:
      - name: app
        image: a:1
        volumeMounts: [{{name: conf, mountPath: /etc/conf}}]
        {0}
"""


def named(container: str, **files: str) -> dict[str, Named]:
    workload = workload_of(container, **files)
    return {n.address.host: n for n in named_hosts(workload, workload.pod.containers[0])}


def workload_of(container: str, **files: str):
    data = "".join(
        f"  {name.replace('_', '.')}: |\n" + "".join(f"    {line}\n" for line in text.splitlines())
        for name, text in files.items()
    )
    maps = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: conf, namespace: shop}}\ndata:\n{data}" if files else ""
    return cluster_of(POD.format(container), maps).workloads[0]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("DB_HOST", "called"), ("PGHOST", "called"), ("KAFKA_BROKER_LIST", "called"), ("bootstrap.servers", "called"),
        ("redisHost", "called"), ("API_URL_INTERNAL", "called"), ("--backend-url", "called"), ("REDIS_HOST_1", "called"),
        ("POSTGRES_USER", "other"), ("DB_NAME", "other"), ("CACHE_BACKEND", "other"), ("OTEL_SERVICE_NAME", "other"),
        ("ROLE", "other"), ("HOST_PORT", "other"), ("HOST_TYPE", "other"), ("ghost", "other"),
        ("HOST", "either"), ("HTTP_ADDR", "either"), ("LISTEN_ADDR", "listens"), ("receivers.otlp.endpoint", "listens"),
        ("ALLOWED_HOSTS", "own"), ("CORS_ORIGIN", "own"), ("KAFKA_ADVERTISED_HOST", "own"), ("NO_PROXY", "own"),
        ("SIDECAR_IMAGE", "image"), ("LOGGING_LEVEL_COM_ACME_EDGESERVER", "other"),
        ("RABBITMQ_VHOST", "other"),
    ],
)  # fmt: skip
def test_a_name_says_whether_its_value_is_an_address(name: str, role: str):
    assert role_of_name(name) == role


def test_host_and_port_apart_belong_together():
    found = named(
        "env: [{name: PSQL_DB_HOST, value: pg}, {name: PSQL_DB_PORT, value: '5433'}, {name: PORT, value: '1'}]"
    )
    assert found["pg"].address.port == 5433


def test_a_bare_port_is_not_that_of_a_url():
    found = named("env: [{name: UPSTREAM, value: 'http://api'}, {name: PORT, value: '9999'}]")
    assert found["api"].address.port is None
    assert found["api"].default_port in (None, 80)


def test_references_are_expanded_before_they_are_read():
    env = "env: [{name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}, {name: URL, value: 'http://api.$(NS):80'}]"
    assert named(env)["api.shop"].address.text == "http://api.shop:80"


@pytest.mark.parametrize(
    "args",
    [
        "[--redis=cache:6379]",
        "[--redis, 'cache:6379']",
        "[sh, -c, 'exec app --redis cache:6379']",
        "[-c, 'X_HOST=cache app']",
    ],
)
def test_flags_and_scripts_are_read(args: str):
    (found,) = (n for n in named(f"args: {args}").values() if n.address.host == "cache")
    assert found.address.text[slice(*(found.address.span or (0, 0)))] == "cache"


def test_a_file_is_read_by_its_keys_and_comments_are_not():
    yaml = (
        "# see http://docs/\nredis: {host: cache, port: 6380}\nurl: 'http://api:80/'\nlink: |\n  text http://deep:1/\n"
    )
    found = named("env: []", conf_yaml=yaml)
    assert set(found) == {"cache", "api", "deep"}
    assert (found["cache"].name, found["cache"].address.port) == ("redis.host", 6380)
    for one in found.values():
        assert one.address.text[slice(*(one.address.span or (0, 0)))] == one.address.host


def test_properties_and_free_text():
    found = named(
        "env: []",
        app_properties="spring.redis.host=cache\n#x.url=http://no/\n",
        nginx_conf="a {\n  proxy_pass http://api:80;\n}\n",
    )
    assert (found["cache"].name, found["api"].name) == ("spring.redis.host", "proxy_pass")
    assert "no" not in found


def test_a_rewrite_changes_the_letters_of_the_host_alone():
    address = named("env: [{name: U, value: 'redis://redis:redis@redis:6379/redis'}]")["redis"].address
    assert address.rewritten("redis.shop.svc.cluster.local") == (
        "redis://redis:redis@redis.shop.svc.cluster.local:6379/redis"
    )


@pytest.mark.parametrize(
    ("container", "files", "ports"),
    [
        ("env: [{name: LISTEN_PORT, value: '6432'}, {name: DB_PORT, value: '5432'}]", {}, {6432}),
        ("env: [{name: ADDR, value: ':8080'}, {name: API_ADDR, value: 'api:9090'}]", {}, {8080}),
        ("args: ['--listen-address=127.0.0.1:7070']", {}, {7070}),
        ("env: []", {"otel_yaml": "receivers: {otlp: {protocols: {grpc: {endpoint: 'localhost:4317'}}}}\nexporters: {x: {endpoint: 'api:4318'}}\n"}, {4317}),
        ("env: []", {"nginx_conf": "server {\n  listen 8081;\n  proxy_pass http://api:80;\n}\n"}, {8081}),
        ("env: []", {"pgbouncer_ini": "[pgbouncer]\nlisten_port = 6432\nlisten_addr = *\n"}, {6432}),
        ("env: []", {"envoy_yaml": "static_resources:\n  listeners:\n  - address: {socket_address: {address: 0.0.0.0, port_value: 10000}}\n"}, {10000}),
    ],
)  # fmt: skip
def test_ports_that_a_container_says_it_listens_on(container: str, files: dict[str, str], ports: set[int]):
    workload = workload_of(container, **files)
    assert {port for port, _ in listening_ports(workload, workload.pod.containers[0])} == ports
