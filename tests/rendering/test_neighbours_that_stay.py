"""Each port of a Service that stays behind the new load balancer keeps its own backend, as GKE has it today."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from k2cr_analysis.rendering import context_of, render_workload
from k2cr_analysis.verdicts import assess
from tests.rendering.metamorphic import snapshot_of

HERE = Path(__file__).parent / "entrances"
CONFIG = Config(project=Project(id="p", number="1", region="us-central1", network="prod", subnet="run"))


def written(documents: list[dict[str, Any]], workload: str) -> dict[str, str]:
    assessment = assess(snapshot_of(documents), CONFIG, effort="quick")
    one = next(w for w in assessment.workloads if w.workload.id == workload)
    return dict(render_workload(one, context_of(assessment)))


def blocks(script: str) -> dict[str, str]:
    """Backend service -> what the script does to it."""
    parts = script.split("# shop/Deployment/legacy stays on GKE.")[1:]
    return {part.partition("gke_negs ")[2].split()[0]: part.partition("gke_negs ")[0] for part in parts}


def test_two_ports_of_a_service_have_two_backends() -> None:
    documents = list(yaml.safe_load_all((HERE / "neighbour_of_two_ports.yaml").read_text()))
    files = written(documents, "shop/Deployment/web")
    (matcher,) = yaml.safe_load(files["url-map.yaml"])["pathMatchers"]
    led = {rule["paths"][0]: rule["service"].rpartition("/")[2] for rule in matcher["pathRules"]}
    main, admin = (blocks(files["network.sh"])[led[path]] for path in ("/legacy", "/admin"))
    for word in ("--protocol=HTTPS", "--timeout=99", "--request-path=/alive", "--security-policy=armor", "--enable-cdn",
                 "--session-affinity=GENERATED_COOKIE", "--connection-draining-timeout=61"):  # fmt: skip
        assert word in main
        assert word not in admin
    for word in ("--protocol=HTTP ", "--timeout=7", "--request-path=/admin-health", "--port=8444", "--iap=enabled"):
        assert word in admin
        assert word not in main


def test_services_of_one_name_in_two_namespaces_have_two_backends() -> None:
    documents: list[dict[str, Any]] = []
    for namespace, name in (("shop", "web"), ("shop", "api"), ("back", "api")):
        labels = {"app": name}
        image = "us-docker.pkg.dev/p/r/app:1"
        pod = {"containers": [{"name": "app", "image": image, "ports": [{"containerPort": 8080}]}]}
        spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
        rules = [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": f"/{namespace}/{name}"}}],
                "backendRefs": [{"name": name, "port": 80}],
            }
        ]
        route = {"parentRefs": [{"name": "g", "namespace": "shop"}], "hostnames": ["a.example.com"], "rules": rules}
        for version, kind, body in (
            ("apps/v1", "Deployment", spec),
            ("v1", "Service", {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}),
            ("gateway.networking.k8s.io/v1", "HTTPRoute", route),
        ):
            metadata = {"name": name, "namespace": namespace}
            documents.append({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": body})
    listeners = [{"name": "h", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}}]
    gateway = {"gatewayClassName": "gke-l7-global-external-managed", "listeners": listeners}
    metadata = {"name": "g", "namespace": "shop"}
    of_gateways = "gateway.networking.k8s.io/v1"
    documents.append({"apiVersion": of_gateways, "kind": "Gateway", "metadata": metadata, "spec": gateway})
    files = written(documents, "shop/Deployment/web")
    negs = [line.split()[1:4] for line in files["network.sh"].splitlines() if line.strip().startswith("gke_negs ")]
    of_pods = {(namespace, service): backend for backend, namespace, service in negs}
    assert set(of_pods) == {("back", "api"), ("shop", "api"), ("shop", "web")}  # its own: what a rollback leads to
    assert len(set(of_pods.values())) == 3
