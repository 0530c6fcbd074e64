"""How long a program lets a request take, by its own flags, variables and files; shorter than 300 s says nothing."""

from __future__ import annotations

import pytest

from k2cr_analysis.model.parse.entrances.routes_of_workload import longest_request
from tests.model.manifests import cluster_of

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - {{name: web, image: "us-docker.pkg.dev/shop/apps/web:1", {container}}}
      volumes: [{{name: conf, configMap: {{name: conf}}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: conf, namespace: shop}}
data: {{site.conf: "location / {{ proxy_pass http://a; }}\\n  proxy_read_timeout 20m;\\n"}}
"""


@pytest.mark.parametrize(
    ("container", "seconds"),
    [
        ("command: [gunicorn, --timeout, '600', app]", 600),
        ("command: [gunicorn, -t, '900', app]", 900),
        ("command: [gunicorn, --timeout=0, app]", None),
        ("command: [gunicorn, --timeout=120, app]", None),
        ("command: [curl, --timeout=600]", None),
        ("env: [{name: REQUEST_TIMEOUT, value: 15m}]", 900),
        ("env: [{name: SERVER_TIMEOUT, value: '600000'}]", 600),
        ("env: [{name: GUNICORN_CMD_ARGS, value: '--timeout 500'}]", 500),
        ("env: [{name: DB_TIMEOUT, value: '900'}]", None),
        ("volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]", 1200),
        ("args: [serve]", None),
    ],
)
def test_a_program_says_how_long_it_waits(container: str, seconds: int | None) -> None:
    (web,) = cluster_of(WEB.format(container=container)).workloads
    found = longest_request(web)
    assert (found.seconds if found else None) == seconds
