"""Neighbours in the pod of their caller: names, volumes, addresses, and what cannot be merged."""

from __future__ import annotations

from textwrap import dedent

import pytest
import yaml

from k2cr_analysis.errors import ConfigError, Location
from k2cr_analysis.model.objects.merge import check_merges, merged_objects
from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.snapshot import SnapshotObject

FRONT, API = "shop/Deployment/front", "shop/Deployment/api"
SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: web}, {name: admin, port: 81, targetPort: 9001}]}
"""


def deployment(name: str, containers: str, rest: str = "", namespace: str = "shop", kind: str = "Deployment") -> str:
    return dedent(f"""
        ---
        apiVersion: apps/v1
        kind: {kind}
        metadata: {{name: {name}, namespace: {namespace}}}
        spec: {{template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: {containers}{rest}}}}}}}
        """)


CALLED = deployment(
    "api",
    "[{name: app, image: 'r/api:1', ports: [{name: web, containerPort: 9000}], volumeMounts: [{name: tmp, mountPath: /t}]}]",
    ", volumes: [{name: tmp, emptyDir: {}}], initContainers: [{name: migrate, image: 'r/m:1'}]",
)


def objects(*texts: str) -> list[SnapshotObject]:
    documents = [d for d in yaml.safe_load_all("\n".join(texts)) if d]
    return [SnapshotObject(d, Location("test.yaml", i)) for i, d in enumerate(documents)]


def merged(*texts: str, ids: tuple[str, ...] = (API,)) -> Workload:
    found = objects(*texts)
    cluster, merges = parse_cluster(found), {FRONT: ids}
    check_merges(cluster, merges)
    after = parse_cluster(merged_objects(found, cluster, merges))
    assert [w.id for w in after.workloads] == [FRONT]
    return after.workloads[0]


def front(value: str, rest: str = "") -> str:
    return deployment(
        "front",
        f"[{{name: app, image: 'r/f:1', env: [{{name: TARGET, value: '{value}'}}], ports: [{{containerPort: 8080}}]{rest}}}]",
        ", volumes: [{name: tmp, emptyDir: {medium: Memory}}]",
    )


def test_containers_and_volumes_of_the_same_name_stay_two():
    pod = merged(front("x"), CALLED, SERVICE).pod
    assert [(c.name, c.image) for c in pod.containers] == [("app", "r/f:1"), ("api-app", "r/api:1")]
    assert [c.name for c in pod.init_containers] == ["migrate"]
    assert {v.name: dict(v.source) for v in pod.volumes} == {"tmp": {"medium": "Memory"}, "api-tmp": {}}
    assert [m.volume for m in pod.containers[1].volume_mounts] == ["api-tmp"]
    assert pod.containers[1].path == "$.spec.template.spec.containers[1]"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://api", "http://localhost:9000"),
        ("http://api/path?x=api", "http://localhost:9000/path?x=api"),
        ("api:80", "localhost:9000"),
        ("api.shop.svc.cluster.local:81", "localhost:9001"),
        ("http://api.shop.svc/a,http://api.shop:81/b", "http://localhost:9000/a,http://localhost:9001/b"),
        ("api:9000", "localhost:9000"),
        ("grpc://user@api:80", "grpc://user@localhost:9000"),
        ("the api of the shop", "the api of the shop"),
        ("http://my-api/", "http://my-api/"),
        ("http://api.other.svc", "http://api.other.svc"),
        ("https://api.example.com", "https://api.example.com"),
        ("api:7777", "api:7777"),
    ],
)
def test_an_address_of_the_neighbour_is_localhost_with_its_containers_port(value: str, expected: str):
    assert merged(front(value), CALLED, SERVICE).pod.containers[0].env[0].value == expected


def test_arguments_and_values_of_config_maps_are_addresses_too():
    settings = "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata: {API_URL: 'http://api', API_HOST: api, OTHER: x}"
    rest = ", args: ['--api=api:80'], envFrom: [{configMapRef: {name: conf}}]"
    container = merged(front("x", rest), CALLED, SERVICE, settings).pod.containers[0]
    assert container.args == ("--api=localhost:9000",)
    values = {e.name: e.value for e in container.env}
    assert (values["API_URL"], values["API_HOST"]) == ("http://localhost:9000", "localhost")


def test_what_the_neighbours_controller_made_goes_with_it():
    pod = """
---
apiVersion: v1
kind: Pod
metadata: {name: api-1, namespace: shop, ownerReferences: [{kind: Deployment, name: api, controller: true}]}
spec: {containers: [{name: app, image: 'r/api:1'}]}
"""
    assert len(merged(front("x"), CALLED, SERVICE, pod).pod.containers) == 2


@pytest.mark.parametrize(
    ("ids", "others", "said"),
    [
        (("shop/Deployment/nobody",), "", "not in the snapshot"),
        (("other/Deployment/api",), deployment("api", "[{name: a, image: i}]", namespace="other"), "another namespace"),
        (
            ("shop/Deployment/twin",),
            deployment("twin", "[{name: a, image: i, ports: [{containerPort: 8080}]}]"),
            "both listen on 8080",
        ),
        (("shop/Job/once",), deployment("once", "[{name: a, image: i}]", kind="Job"), "a Job"),
        ((API, API), "", "in another merge too"),
        ((FRONT,), "", "in another merge too"),
        (
            ("shop/Deployment/many",),
            deployment("many", str([{"name": f"c{i}", "image": "i"} for i in range(10)])),
            "11 containers",
        ),
    ],
)
def test_what_cannot_be_one_pod_is_refused(ids: tuple[str, ...], others: str, said: str):
    cluster = parse_cluster(objects(front("x"), CALLED, SERVICE, others))
    with pytest.raises(ConfigError, match=said) as caught:
        check_merges(cluster, {FRONT: ids})
    assert FRONT in str(caught.value.where)


def test_an_unknown_caller_is_refused():
    with pytest.raises(ConfigError, match="not in the snapshot"):
        check_merges(parse_cluster(objects(CALLED)), {FRONT: (API,)})
