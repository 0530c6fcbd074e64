"""Whatever form an address is written in, its host alone is written anew: never the same letters beside it.

In the forms, § is the host of a Service and ¤ the same letters where they are no host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.rendering.network.addresses import Addresses
from tests.fit.cluster import container, deployment, fits_of

ENV = [
    ("API_URL", "//§/¤/¤"), ("X", "//§:9090/¤"), ("TARGET", "dns:§:9090"), ("TARGET", "dns:§"), ("TARGET", "dns:/§:9090"),
    ("TARGET", "dns:///§:9090"), ("TARGET", "dns://10.0.0.10/§:9090"), ("TARGET", "passthrough:///§:9090"),
    ("TARGET", "xds:///¤:9090"), ("TARGET", "kubernetes:///¤:9090"), ("ROUTE", "lb://¤/¤"), ("PROXY", "balancer://¤/"),
    ("HOSTS", '["§","§"]'), ("HOSTS", '["§:9090", "§:9090"]'), ("HOSTS", "['§']"), ("NAMES", '["¤"]'),
    ("CFG", '{"hosts":["§"],"names":["¤"]}'), ("CFG", '{"host":"§","user":"¤","port":9090,"database":"¤"}'),
    ("JSON", '{"a":{"redis":{"host":"§","name":"¤"}}}'), ("HOSTS", "§:9090,§:9090"), ("HOSTS", "§:9090, §:9090"),
    ("HOSTS", "§;§"), ("HOSTS", "§ §"), ("HOSTS", "§|§"), ("HOSTS", "main=§:9090,¤=§:9090"), ("HOSTS", "§:9090:5,§:9090:3"),
    ("ZK", "§:9090,§:9090/¤"), ("U", "postgresql://¤:¤@§,§:9090/¤"), ("U", "postgresql:///¤?host=§&user=¤"),
    ("U", "postgresql://§:9090/¤?options=-c%20x%3DW"), ("DSN", "¤:¤@§:9090/¤"), ("DSN", "¤:¤@(§:9090)/¤"),
    ("DSN", "¤:¤@§/¤"), ("CONN", "Host=§;Port=9090;Database=¤;Username=¤"), ("CONN", "Data Source=§\\¤;Initial Catalog=¤"),
    ("CONN", "Data Source=tcp:§,9090;Initial Catalog=¤"), ("CONN", "§:9090,password=¤,ssl=false,abortConnect=false"),
    ("U", "http://§?x=¤"), ("U", "http://§#¤"), ("U", "http://§.:9090/"), ("U", "'http://§:9090'"), ("U", "http://§:9090/{¤}/x"),
    ("U", "redis+sentinel://§:9090/¤"), ("U", "amqp://¤:¤@§/¤"), ("IMAGE", "¤:9090"), ("EMAIL", "¤@¤"), ("MODE", "¤"),
    ("APP_NAME", "¤"), ("OPTS", "-Dapi.url=http://§/¤ -Dapi.mode=¤"), ("OPTS", "-Ddb.host=§"),
    ("OPTS", "--db-host § --db-name ¤"), ("OPTS", "--db-host=§ --db-name=¤"), ("ALLOWED_HOSTS", "¤,¤:9090"),
    ("OTEL_RESOURCE_ATTRIBUTES", "service.name=¤,host.name=¤"), ("OTEL_HEADERS", "x=¤"),
]  # fmt: skip
LINES = [
    "psql '-h § -U ¤ -d ¤'", "until pg_isready -h § -U ¤; do sleep 1; done", "sh -c 'psql -h § -U ¤'", "psql -h§ -U¤",
    'su ¤ -c "psql -h § -U ¤ ¤"', "mysql --host § --user ¤", 'app --url "http://§/¤" --name "¤"', "curl §:9090/¤",
    "nc -z § 9090 && exec app ¤", "curl -s §/¤ -o ¤", "wget -qO- §", "nslookup §", "getent hosts §", "ping -c1 §",
    "DB_HOST='§' app ¤", 'export DB_HOST="§"; app', "/wait-for-it.sh §:9090 -- app ¤", "app --mode ¤", "echo ¤",
]  # fmt: skip
ARGS = [
    ["--flags=db-host=§,db-name=¤"], ["--flags=db-host=§"], ["--set=db.host=§"], ["--flags", "db-host=§,mode=¤"],
    ["--db-opts=host=§ port=9090 user=¤"], ["--db", "§:9090", "--mode", "¤"], ["--labels=host=¤"],
]  # fmt: skip
FILES = {
    "a.properties": "db.host=§\ndb.user=¤\nurl=jdbc:postgresql://§:9090/¤\napi.path=/¤\n",
    "b.properties": "db.hosts = § , §\ndb.user: ¤\n",
    "a.ini": '[¤]\nhost = §\nname = ¤\n[x]\nhost="§" ; ¤\n',
    "pgbouncer.ini": "[databases]\n¤ = host=§ port=9090 dbname=¤\n* = host=§\n",
    "a.toml": '[¤]\nhost = "§"\nname = "¤"\nhosts = ["§", "§:9090"]\n',
    "a.yaml": 'hosts:\n- §\n- "§"\n¤: {mode: ¤, url: http://§:9090/¤}\n',
    "a.json": '{"hosts":["§"],"names":["¤"]}',
    "nginx.conf": "upstream ¤ {\n  server §:9090;\n  server § backup;\n}\nserver {\n  server_name ¤;\n"
    "  location /¤ { proxy_pass http://¤; }\n}\n",
    "sites.conf": "location / {\n  set $up §;\n  set $mode ¤;\n  proxy_pass http://$up:9090/¤;\n  # http://¤\n}\n"
    "location /¤ { grpc_pass grpc://§:9090; }\n",
    "envoy.yaml": "clusters:\n- name: ¤\n  hosts: [{socket_address: {address: §, port_value: 9090}}]\n",
    "haproxy.cfg": "backend ¤\n  server ¤ §:9090 check\n",
    "Caddyfile": ":8080 {\n  reverse_proxy /¤/* §:9090\n}\n",
    "httpd.conf": "ProxyPass /¤ http://§:9090/¤\nServerName ¤\n",
    ".env": 'DB_HOST=§\nDB_NAME=¤\nexport API_URL="http://§/¤"\n',
    "a.xml": "<c><!-- <host>¤</host> --><host>§</host><user>¤</user><url>jdbc:mysql://§/¤</url>\n"
    '<property name="db.host" value="§"/><property name="mode" value="¤"/>\n'
    "<p><name>db.host</name><value>§</value></p><p><name>¤</name><value>¤</value></p></c>\n",
    "a.js": 'module.exports = { host: "§", user: "¤", url: "http://§/¤" }\n',
    "a.py": 'DB_HOST = "§"\nDB_NAME = "¤"\nHOSTS = ["§:9090"]\n',
    "a.sh": "#!/bin/sh\n# ¤\nexport DB_HOST=§\npsql -h § -U ¤\ncurl http://§/¤\n",
}


def _with(form: str, host: str, word: str) -> str:
    return form.replace("§", host).replace("¤", word)


def _pod(name: str) -> tuple[list[dict[str, Any]], Mapping[str, str]]:
    """The cluster with every form, and path -> what is to be written there."""
    full = f"{name}.shop.svc.cluster.local"
    scripts = [["sh", "-c", line] for line in LINES]
    containers = [container(env=[{"name": f"E{i}_{n}", "value": _with(v, name, name)} for i, (n, v) in enumerate(ENV)])]
    wanted = {f"$.spec.template.spec.containers[0].env[{i}]": _with(v, full, name) for i, (_, v) in enumerate(ENV)}
    for index, words in enumerate([*scripts, *ARGS], 1):
        containers.append(container(f"c{index}", args=[_with(w, name, name) for w in words]))
        path = f"$.spec.template.spec.containers[{index}].args"
        wanted |= {f"{path}[{i}]": _with(word, full, name) for i, word in enumerate(words)}
    data = {key: _with(text, name, name) for key, text in FILES.items()}
    wanted |= {f"ConfigMap/conf $.data['{key}']": _with(text, full, name) for key, text in FILES.items()}
    containers[0]["volumeMounts"] = [{"name": "conf", "mountPath": "/etc/conf"}]
    called = {"selector": {"app": name}, "ports": [{"port": 9090}]}
    return [
        deployment(*containers, volumes=[{"name": "conf", "configMap": {"name": "conf"}}]),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf", "namespace": "shop"}, "data": data},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": called},
    ], wanted


def _different(name: str) -> list[tuple[str, str, str]]:
    """(path, what is written, what should be) of the forms where they differ."""
    documents, wanted = _pod(name)
    addresses = Addresses("shop", fits_of(documents)["shop/Deployment/web"].dependencies)
    told = _values(documents)
    found = {path: addresses.redirect(told[path], path)[0] for path in wanted}
    return [(path, found[path], text) for path, text in wanted.items() if found[path] != text]


def _values(documents: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    pod = documents[0]["spec"]["template"]["spec"]
    told = {f"ConfigMap/conf $.data['{key}']": text for key, text in documents[1]["data"].items()}
    for index, one in enumerate(pod["containers"]):
        path = f"$.spec.template.spec.containers[{index}]"
        told |= {f"{path}.env[{i}]": e["value"] for i, e in enumerate(one.get("env", ()))}
        told |= {f"{path}.args[{i}]": word for i, word in enumerate(one.get("args", ()))}
    return told


@pytest.mark.parametrize("name", ["api", "db-2", "my-very-long-service-name", "http", "user", "mode", "s3"])
def test_the_host_alone_changes_in_every_form(name: str) -> None:
    assert _different(name) == []


@pytest.mark.soak
@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"[a-z]([a-z0-9-]{0,14}[a-z0-9])?", fullmatch=True))
def test_the_host_alone_changes_whatever_it_is_called(name: str) -> None:
    assert _different(name) == []
