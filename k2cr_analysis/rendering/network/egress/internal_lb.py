"""``gke-internal-lb.yaml`` and, for gRPC, ``gke-internal-gateway.yaml``: how Cloud Run reaches a Service that stays.

Source: GKE, "Create an internal load balancer" (networking.gke.io/load-balancer-type), "Deploying Gateways".
"""

from __future__ import annotations

import copy

from k2cr_analysis.model.workload import Exposure, ServicePort
from k2cr_analysis.platforms.gke.labels import GATEWAY_PRE_SHARED_CERTS, GLOBAL_ACCESS, LOAD_BALANCER_TYPE, POD_NAME
from k2cr_analysis.rendering.forms.objects import ApiObject, Tree
from k2cr_analysis.rendering.forms.yaml_form import documents
from k2cr_analysis.rendering.network.addresses import ClusterService
from k2cr_analysis.rendering.network.egress.vpc_access import Callee
from k2cr_analysis.rendering.network.moved import internal_name, is_elsewhere
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.text.shell import quote


@printer
def internal_load_balancers(build: Build) -> str | None:
    """A Service of type LoadBalancer, internal, for each Service that the workload calls."""
    if not build.callees:
        return None
    header = [
        f"What {build.workload.id} calls in the cluster, reachable from Cloud Run. Written by k2cr.",
        "Beside the Services that are there: nothing changes for callers inside the cluster.",
    ]
    return documents([one for c in build.callees for one in (_load_balancer(c, build), *_of_pods(c, build))], header)


@printer
def internal_gateways(build: Build) -> str | None:
    """A regional internal Gateway for each gRPC Service, an alternative to the load balancer."""
    grpc = [c for c in build.callees if c.grpc]
    if not grpc:
        return None
    build.account.placeholder(
        "GATEWAY_CERTIFICATE",
        "a regional SSL certificate for the internal Gateway, only where gke-internal-gateway.yaml is used",
    )
    header = [
        "Instead of gke-internal-lb.yaml, where requests and not connections should be spread over the pods:",
        "gRPC keeps one connection, and a passthrough load balancer keeps it on one pod. Clients then "
        "speak TLS to port 443.",
        "The region needs a proxy-only subnet (purpose REGIONAL_MANAGED_PROXY), as every internal Gateway does.",
    ]
    return documents([o for c in grpc for o in _gateway(c)], header)


def selector_literal(service: ClusterService) -> str:
    return f"SELECTOR_OF_{service.name.upper().replace('-', '_')}"


def selector_command(service: ClusterService) -> str:
    """Prints what takes the literal's place, where one label says it all."""
    one = "{{if eq (len .spec.selector) 1}}{{with .spec.selector.app}}{{.}}{{end}}{{end}}"
    return (
        f"kubectl get service {quote(service.name)} --namespace={quote(service.namespace)} -o go-template={quote(one)}"
    )


def _load_balancer(callee: Callee, build: Build) -> ApiObject:
    service, known = callee.service, _service_of(callee, build)
    ports = [_port(p) for p in known.ports] if known else []
    ports = ports or [{"name": f"port-{p}", "port": p, "targetPort": p, "protocol": "TCP"} for p in callee.ports]
    selector = dict(known.selector) if known else {}
    if not selector or not ports:
        build.account.placeholder(
            selector_literal(service),
            f"the label app of the pods behind Service {service.namespace}/{service.name}, which is not in the "
            "snapshot: asked of the cluster where that is its whole selector; else write selector and ports in "
            "gke-internal-lb.yaml",
        )
        selector = selector or {"app": selector_literal(service)}
        ports = ports or [{"name": "http", "port": 80, "protocol": "TCP"}]
    tree: Tree = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": internal_name(service.name),
            "namespace": service.namespace,
            "annotations": {
                LOAD_BALANCER_TYPE: "Internal",
                # Callers of another region need it.
                **({GLOBAL_ACCESS: "true"} if is_elsewhere(build.context) else {}),
            },
        },
        "spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Cluster", "selector": selector, "ports": ports},
    }
    return ApiObject(tree, {("apiVersion",): f"{callee.evidence}; the same pods and ports as Service {service.name}"})


def _of_pods(callee: Callee, build: Build) -> list[ApiObject]:
    """One for each pod: the controller of a StatefulSet labels each with its name."""
    made = []
    for pod in callee.pods:
        tree = copy.deepcopy(_load_balancer(callee, build).tree)
        tree["metadata"]["name"] = internal_name(pod)
        tree["spec"]["selector"] = {POD_NAME: pod}
        made.append(ApiObject(tree, {("apiVersion",): f"the pod {pod} alone: clients go on to each by its own name"}))
    return made


def _port(port: ServicePort) -> Tree:
    return {
        "name": port.name or f"port-{port.port}",
        "port": port.port,
        "targetPort": port.target_port,
        "protocol": port.protocol,
        **({"appProtocol": port.app_protocol} if port.app_protocol else {}),
    }


def _service_of(callee: Callee, build: Build) -> Exposure | None:
    assessed = build.context.assessed.get(callee.workload or "")
    exposures = assessed.workload.exposures if assessed else ()
    return next((e for e in exposures if e.service == callee.service.name), None)


def _gateway(callee: Callee) -> list[ApiObject]:
    service = callee.service
    name = internal_name(service.name)
    gateway: Tree = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": service.namespace},
        "spec": {
            "gatewayClassName": "gke-l7-rilb",
            "listeners": [
                {
                    "name": "grpc",
                    "protocol": "HTTPS",
                    "port": 443,
                    "tls": {
                        "mode": "Terminate",
                        "options": {GATEWAY_PRE_SHARED_CERTS: "GATEWAY_CERTIFICATE"},
                    },
                }
            ],
        },
    }
    backend: Tree = {"name": service.name, "port": callee.ports[0] if callee.ports else 443}
    route: Tree = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": service.namespace},
        "spec": {"parentRefs": [{"name": name}], "hostnames": [service.host], "rules": [{"backendRefs": [backend]}]},
    }
    comment = (
        f"the port of Service {service.name} needs appProtocol kubernetes.io/h2c, so that the Gateway speaks "
        "HTTP/2 to the pods"
    )
    return [ApiObject(gateway), ApiObject(route, {("spec", "rules"): comment})]
