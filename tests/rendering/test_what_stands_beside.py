"""What a move finds in place: certificates, pods of neighbours, brokers, secrets of other projects, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from tests.rendering.metamorphic import rendered

Tree = dict[str, Any]


def made(version: str, kind: str, name: str, spec: Tree, **annotations: str) -> Tree:
    metadata = {"name": name, "namespace": "shop", "annotations": annotations}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def app(name: str, kind: str = "ClusterIP", **container: Any) -> list[Tree]:
    held = {"name": "app", "image": f"us-docker.pkg.dev/p/r/{name}:1", "ports": [{"containerPort": 8080}], **container}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [held]}}
    selected = {"selector": {"matchLabels": {"app": name}}, "template": template}
    service = {"type": kind, "selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    return [made("apps/v1", "Deployment", name, selected), made("v1", "Service", name, service)]


def ingress(*backends: str, **annotations: str) -> Tree:
    paths = [
        {
            "path": f"/{b}/*",
            "pathType": "ImplementationSpecific",
            "backend": {"service": {"name": b, "port": {"number": 80}}},
        }
        for b in backends
    ]
    rules = [{"host": "shop.example.com", "http": {"paths": paths}}]
    return made("networking.k8s.io/v1", "Ingress", "in", {"rules": rules}, **annotations)


def files(documents: list[Tree], workload: str = "web", **project: str) -> dict[str, str]:
    config = Config(project=Project(region="us-central1", **project))
    return dict(rendered(documents, config).files[f"shop/Deployment/{workload}"])


PRE_SHARED = {"ingress.gcp.kubernetes.io/pre-shared-cert": "one, two"}
MANAGED = {"networking.gke.io/managed-certificates": "m"}


@pytest.mark.parametrize(
    ("annotations", "named"),
    [(PRE_SHARED, True), (MANAGED, False), ({**PRE_SHARED, **MANAGED}, False)],
    ids=["pre-shared", "managed", "both"],
)
def test_certificates_that_an_ingress_names_are_taken_along(annotations: dict[str, str], named: bool) -> None:
    managed = made("networking.gke.io/v1", "ManagedCertificate", "m", {"domains": ["shop.example.com"]})
    found = files(
        [
            *app("web"),
            ingress("web", **annotations),
            *([managed] if "networking.gke.io/managed-certificates" in annotations else []),
        ]
    )
    assert ("--ssl-certificates=one,two" in found["network.sh"]) == named
    assert ("certificate-manager" in found["network.sh"]) != named


def test_an_internal_entrance_keeps_its_own_certificate() -> None:
    found = files([*app("web"), ingress("web", **PRE_SHARED, **{"kubernetes.io/ingress.class": "gce-internal"})])
    assert "--ssl-certificates=one,two --ssl-certificates-region" in found["network.sh"]
    assert "INTERNAL_CERTIFICATE" not in found["values.env"]


def test_the_load_balancer_reaches_the_pods_of_a_neighbour_that_stays() -> None:
    stays = app("old", securityContext={"privileged": True})
    script = files([*app("web"), *stays, ingress("web", "old")], network="prod")["network.sh"]
    assert "--direction=INGRESS --action=ALLOW --rules=tcp:8080 --source-ranges=130.211.0.0/22,35.191.0.0/16" in script
    alone = files([*app("web"), ingress("web")], network="prod")["network.sh"]
    assert "firewall-rules" not in alone


def test_a_service_with_an_address_of_its_own_does_not_open_plain_http_for_the_names() -> None:
    front = made("networking.gke.io/v1beta1", "FrontendConfig", "f", {"redirectToHttps": {"enabled": True}})
    entered = ingress("web", **PRE_SHARED, **{"networking.gke.io/v1beta1.FrontendConfig": "f"})
    found = files([*app("web", "LoadBalancer"), front, entered])
    assert "httpsRedirect: true" in found["network.sh"] and "web-plain" not in found["network.sh"]
    assert "load balancer of its own beside the Ingress" in found["cutover.md"]


def test_a_name_that_the_manifest_leaves_open_is_asked() -> None:
    managed = made("networking.gke.io/v1", "ManagedCertificate", "m", {"domains": ["www.MY_DOMAIN"]})
    entered = made("networking.k8s.io/v1", "Ingress", "in", {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}, **MANAGED)  # fmt: skip
    assert "MY_DOMAIN=" in files([*app("web"), managed, entered])["values.env"]


def test_brokers_get_an_address_each() -> None:
    broker = {"containers": [{"name": "k", "image": "kafka:3", "ports": [{"containerPort": 9092}]}]}
    template = {"metadata": {"labels": {"app": "kafka"}}, "spec": broker}
    held = {"serviceName": "kafka", "replicas": 2, "selector": {"matchLabels": {"app": "kafka"}}, "template": template}
    headless = {"clusterIP": "None", "selector": {"app": "kafka"}, "ports": [{"name": "tcp-kafka", "port": 9092}]}
    called = [{"name": "BROKERS", "value": "kafka-0.kafka:9092,kafka-1.kafka:9092"}]
    documents = [*app("web", env=called), made("apps/v1", "StatefulSet", "kafka", held), made("v1", "Service", "kafka", headless)]  # fmt: skip
    found = files(documents)
    for pod in ("kafka-0", "kafka-1"):
        assert f"statefulset.kubernetes.io/pod-name: {pod}" in found["gke-internal-lb.yaml"]
        assert f"name_service shop {pod}.kafka {pod}-internal" in found["network.sh"]
        assert f"{pod}.kafka.shop.svc.cluster.local:9092" in found["service.yaml"]


@pytest.mark.parametrize(("project", "reads"), [({}, True), ({"id": "vault"}, True), ({"id": "other"}, False)], ids=str)
def test_a_secret_of_another_project_is_not_taken_for_one_of_this(project: dict[str, str], reads: bool) -> None:
    store = made("external-secrets.io/v1", "SecretStore", "s", {"provider": {"gcpsm": {"projectID": "vault"}}})
    spec = {
        "secretStoreRef": {"name": "s"},
        "target": {"name": "made"},
        "data": [{"secretKey": "pw", "remoteRef": {"key": "db-pw"}}],
    }
    env = [{"name": "PW", "valueFrom": {"secretKeyRef": {"name": "made", "key": "pw"}}}]
    external = made("external-secrets.io/v1", "ExternalSecret", "e", spec)
    found = files([*app("web", env=env), store, external], **project)
    assert ("name: db-pw" in found["service.yaml"]) == reads
    assert ("db-pw is in project vault: render again" in found["prepare.sh"]) == reads
    copy = "reads key pw from `db-pw` (version `latest`) of project `vault`. After the move a change there does not"
    assert (copy in found["cutover.md"]) != reads
    spec["data"][0]["remoteRef"]["version"] = "7"
    pinned = files([*app("web", env=env), store, external], **project)["cutover.md"]
    assert ("at version 7; write the new number in place of 7, then `./deploy.sh`" in pinned) == reads


def test_a_key_that_is_not_known_is_no_part_of_a_secret_s_name() -> None:
    documents = app("web", volumeMounts=[{"name": "conf", "mountPath": "/conf"}])
    documents[0]["spec"]["template"]["spec"]["volumes"] = [{"name": "conf", "configMap": {"name": "conf"}}]
    found = files(documents)
    assert "secretName: shop--configmap--conf--files" in found["service.yaml"]
    assert "path: KEY_OF_CONF" in found["service.yaml"]
