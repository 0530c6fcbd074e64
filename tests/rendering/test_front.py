"""The ports of the front door stay as they are: plain HTTP is answered, led to HTTPS or closed, as today."""

from __future__ import annotations

import pytest

from k2cr_analysis.model.workload import Workload
from k2cr_analysis.rendering.network.front import FrontendPolicy, certificate_domains, front_door
from tests.model.manifests import cluster_of

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {TYPE selector: {app: web}, ports: [PORTS]}
---
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {ANNOTATIONS}}
spec: {TLS defaultBackend: {service: {name: web, port: {number: 80}}}}
"""
NGINX = """
---
apiVersion: v1
kind: Service
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx, labels: {app.kubernetes.io/name: ingress-nginx}}
spec: {type: LoadBalancer, ports: [{port: 443}]}
"""
CONFIG = """
---
apiVersion: networking.gke.io/v1beta1
kind: FrontendConfig
metadata: {name: f}
spec: {redirectToHttps: {enabled: true, responseCodeName: FOUND}, sslPolicy: modern}
"""
GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: gke-l7-global-external-managed
  listeners: [{name: http, protocol: HTTP, port: 80}, {name: https, protocol: HTTPS, port: 443, hostname: a.example.com}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{name: gw, sectionName: https}], rules: [{backendRefs: [{name: web, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: led}
spec:
  parentRefs: [{name: gw, sectionName: http}]
  rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]}]
"""
MANAGED = "networking.gke.io/managed-certificates: c"


def web(rest: str, *, ports: str = "{port: 80}", kind: str = "") -> Workload:
    made = cluster_of(WEB.replace("PORTS", ports).replace("TYPE", kind and f"type: {kind},") + rest)
    return next(w for w in made.workloads if w.name == "web")


def ingress(annotations: str = "", *, tls: bool = False) -> str:
    return INGRESS.replace("ANNOTATIONS", annotations).replace("TLS", "tls: [{hosts: [t.example.com]}]," if tls else "")


NGINX_CLASS = "kubernetes.io/ingress.class: nginx"
CASES = {
    "plain HTTP alone": (web(ingress()), FrontendPolicy(False, "serve")),
    "both": (web(ingress(MANAGED)), FrontendPolicy(True, "serve")),
    "HTTP is closed": (web(ingress("kubernetes.io/ingress.allow-http: 'false'")), FrontendPolicy(True, "closed")),
    "a FrontendConfig leads to HTTPS": (
        web(ingress(f"{MANAGED}, networking.gke.io/v1beta1.FrontendConfig: f") + CONFIG),
        FrontendPolicy(True, "redirect", redirect_code="FOUND", ssl_policy="modern"),
    ),
    "nginx leads to HTTPS where there is tls": (
        web(ingress(NGINX_CLASS, tls=True) + NGINX),
        FrontendPolicy(True, "redirect", redirect_code="PERMANENT_REDIRECT"),
    ),
    "nginx that does not": (
        web(ingress(f"{NGINX_CLASS}, nginx.ingress.kubernetes.io/ssl-redirect: 'false'", tls=True) + NGINX),
        FrontendPolicy(True, "serve"),
    ),
    "a Gateway whose HTTP route leads to HTTPS": (web(GATEWAY), FrontendPolicy(True, "redirect")),
    "a load balancer of plain HTTP": (
        web("", ports="{port: 8080}", kind="LoadBalancer"),
        FrontendPolicy(False, "serve", (8080,)),
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_front_door_stays_as_it_is(case: str) -> None:
    subject, expected = CASES[case]
    assert front_door([subject]) == expected


def test_names_of_certificates_and_listeners_are_served() -> None:
    certificate = """
---
apiVersion: networking.gke.io/v1
kind: ManagedCertificate
metadata: {name: c}
spec: {domains: [a.example.com, b.example.com]}
"""
    assert certificate_domains(web(ingress(MANAGED, tls=True) + certificate)) == (
        "a.example.com",
        "b.example.com",
        "t.example.com",
    )
    assert certificate_domains(web(GATEWAY)) == ("a.example.com",)
