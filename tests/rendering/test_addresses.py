"""Of a value only the host of an address changes, and only where it is an address: as fit found it in the manifest."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.rendering.network.addresses import Addresses
from tests.fit.cluster import container, deployment, fits_of

WEB = "shop/Deployment/web"


def service(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": spec or {"selector": {"app": name}, "ports": [{"port": 6379}]},
    }


SERVICES = [service("redis"), service("api"), service("db", type="ExternalName", externalName="db.example.com")]


def redirected(name: str, value: str) -> str:
    """The value of a variable as it is written for Cloud Run."""
    pod = deployment(container(env=[{"name": name, "value": value}]))
    edges = fits_of([pod, *SERVICES])[WEB].dependencies
    return Addresses("shop", edges).redirect(value, "$.spec.template.spec.containers[0].env[0]")[0]


@pytest.mark.parametrize(
    ("name", "value", "full"),
    [
        ("REDIS_URL", "redis://redis:6379/0", "redis://{redis}:6379/0"),
        ("REDIS_URL", "redis://redis:redis@redis:6379/redis?name=redis", "redis://redis:redis@{redis}:6379/redis?name=redis"),
        ("BASE", "http://api/api/v1", "http://{api}/api/v1"),
        ("HOSTS", "redis:6379,api:6379", "{redis}:6379,{api}:6379"),
        ("DSN", "host=redis port=6379 user=redis dbname=redis", "host={redis} port=6379 user=redis dbname=redis"),
        ("JAVA_OPTS", "-Xmx1g -Dredis.host=redis -Dname=redis", "-Xmx1g -Dredis.host={redis} -Dname=redis"),
        ("CHECK", "redis-cli -h redis -n redis", "redis-cli -h {redis} -n redis"),
        ("SETTINGS", "redis.host=redis redis.name=redis", "redis.host={redis} redis.name=redis"),
        ("A", "REDIS://REDIS:6379/REDIS", "REDIS://{redis}:6379/REDIS"),
        ("A", "jdbc:mysql:replication://redis:redis@redis:3306,api:3306/redis", "jdbc:mysql:replication://redis:redis@{redis}:3306,{api}:3306/redis"),
        ("A", "Server=api;User Id=api;Database=api;", "Server={api};User Id=api;Database=api;"),
        ("A", "redis:redis@tcp(redis:6379)/redis", "redis:redis@tcp({redis}:6379)/redis"),
        ("A", '{"api":{"url":"http://api/api","name":"api"}}', '{"api":{"url":"http://{api}/api","name":"api"}}'),
        ("REDIS_HOST", "redis", "{redis}"),
        ("REDIS_HOST", "redis.shop", "{redis}"),
        ("REDIS_HOST", "redis.shop.svc.cluster.local", "{redis}"),
        ("CACHE_BACKEND", "redis", "redis"),
        ("REDIS_USER", "redis", "redis"),
        ("OTEL_SERVICE_NAME", "api", "api"),
        ("CACHE_IMAGE", "redis:6379", "redis:6379"),
        ("FILE", "/etc/redis/api.yaml", "/etc/redis/api.yaml"),
        ("DB_HOST", "db", "db.example.com"),
        ("DATABASE_URL", "postgres://db@db:5432/db", "postgres://db@db.example.com:5432/db"),
    ],
)  # fmt: skip
def test_only_the_letters_of_the_host_change(name: str, value: str, full: str) -> None:
    names = {n: f"{n}.shop.svc.cluster.local" for n in ("redis", "api")}
    for short, long in names.items():
        full = full.replace(f"{{{short}}}", long)
    assert redirected(name, value) == full


def test_an_alias_of_a_name_outside_is_no_call_into_the_cluster() -> None:
    pod = deployment(container(env=[{"name": "DB_HOST", "value": "db"}]))
    (edge,) = fits_of([pod, *SERVICES])[WEB].dependencies
    assert (edge.target, edge.in_cluster, edge.alias_of) == ("db.example.com", False, "db.example.com")


def test_files_of_config_maps_name_it_in_full_and_stay_as_they_are_elsewhere() -> None:
    text = "# redis\nredis: {host: redis, name: redis}\nurl: 'http://api/api'\n"
    maps = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "conf", "namespace": "shop"},
        "data": {"a.yaml": text},
    }
    mounts = [{"name": "conf", "mountPath": "/etc/conf"}]
    pod = deployment(container(volumeMounts=mounts), volumes=[{"name": "conf", "configMap": {"name": "conf"}}])
    edges = fits_of([pod, maps, *SERVICES])[WEB].dependencies
    told = Addresses("shop", edges).redirect(text, "ConfigMap/conf $.data['a.yaml']")[0]
    full = "shop.svc.cluster.local"
    assert told == f"# redis\nredis: {{host: redis.{full}, name: redis}}\nurl: 'http://api.{full}/api'\n"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("localhost,api", "localhost,api,{api}"),
        (".svc,10.0.0.0/8", ".svc,10.0.0.0/8"),
        ("api,.cluster.local", "api,.cluster.local"),
        ("*", "*"),
        ("apis", "apis"),
    ],
)
def test_what_goes_past_a_proxy_keeps_doing_so_by_its_new_name(value: str, told: str) -> None:
    env = [{"name": "API_URL", "value": "http://api/api"}, {"name": "no_proxy", "value": value}]
    edges = fits_of([deployment(container(env=env)), *SERVICES])[WEB].dependencies
    full = told.replace("{api}", "api.shop.svc.cluster.local")
    assert Addresses("shop", edges).beside_proxy("no_proxy", value)[0] == full
