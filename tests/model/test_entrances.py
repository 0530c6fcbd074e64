"""Who may reach a workload: from the entrance back to what carries its traffic; public is never a default."""

from __future__ import annotations

import pytest
import yaml

from k2cr_analysis.errors import Location
from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.model.workload import Reach
from k2cr_analysis.snapshot import SnapshotObject
from tests.model.manifests import cluster_of

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {ingressClassName: CLASS, defaultBackend: {service: {name: web, port: {number: 80}}}}
"""
CONTROLLER = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: edge}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: c, image: "registry.k8s.io/ingress-nginx/controller:v1.12.1@sha256:aa", args: [ARGS]}]}
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: edge, annotations: {NOTE}}
spec: {type: TYPE, selector: {app: NAME}, ports: [{port: 443}]}
"""
INTERNAL = 'networking.gke.io/load-balancer-type: "Internal"'
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [PARENT], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""
GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec: {gatewayClassName: CLASS, MORE listeners: [{name: http, port: 80, protocol: HTTP}]}
"""
VIRTUAL = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec: {hosts: [web.example.com], gateways: [GATEWAYS], http: [{route: [{destination: {host: web}}]}]}
"""
ISTIO = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system, annotations: {NOTE}}
spec: {type: LoadBalancer, selector: {app: istio-ingressgateway, istio: ingressgateway}, ports: [{port: 80}]}
"""


def ingress(of_class: str) -> str:
    return INGRESS.replace("CLASS", of_class)


def controller(name: str = "nginx", *, kind: str = "LoadBalancer", note: str = "", args: str = "") -> str:
    made = CONTROLLER.replace("NAME", name).replace("TYPE", kind).replace("NOTE", note)
    return made.replace("ARGS", args)


def gateway(of_class: str, more: str = "") -> str:
    return GATEWAY.replace("CLASS", of_class).replace("MORE", more)


def route(parent: str = "{name: gw}") -> str:
    return ROUTE.replace("PARENT", parent)


CLASS_OBJECT = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: intranet}
spec: {controller: k8s.io/internal-nginx}
"""
IN_FRONT = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: edge}
spec: {defaultBackend: {service: {name: nginx, port: {number: 443}}}}
"""
LIVE = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {ingressClassName: nginx, defaultBackend: {service: {name: web, port: {number: 80}}}}
status: {loadBalancer: {ingress: [{ip: 10.1.2.3}]}}
"""
CASES: dict[str, tuple[list[str], Reach]] = {
    "GKE's own class": ([ingress("gce")], "external"),
    "GKE's internal class": ([ingress("gce-internal")], "internal"),
    "a controller that is not seen": ([ingress("nginx")], "unknown"),
    "a class that is called internal, and no controller": ([ingress("nginx-internal")], "unknown"),
    "a controller behind an external balancer": ([ingress("nginx"), controller()], "external"),
    "a controller behind an internal balancer": ([ingress("nginx"), controller(note=INTERNAL)], "internal"),
    "a controller inside the cluster": ([ingress("nginx"), controller(kind="ClusterIP")], "internal"),
    "a controller on ports of the nodes": ([ingress("nginx"), controller(kind="NodePort")], "unknown"),
    "the controller that says the class": (
        [
            ingress("inside"),
            controller("public", args="--ingress-class=nginx"),
            controller("private", note=INTERNAL, args="--ingress-class=inside"),
            CLASS_OBJECT.replace("intranet", "inside").replace("internal-nginx", "ingress-nginx"),
        ],
        "internal",
    ),
    "the controller by its class object": (
        [ingress("intranet"), CLASS_OBJECT, controller(note=INTERNAL, args="--controller-class=k8s.io/internal-nginx")],
        "internal",
    ),
    "a controller behind GKE's own Ingress": (
        [ingress("nginx"), controller(kind="NodePort"), IN_FRONT],
        "external",
    ),
    "two balancers in front of one controller": (
        [
            ingress("nginx"),
            controller(note=INTERNAL),
            "apiVersion: v1\nkind: Service\nmetadata: {name: also, namespace: edge}\n"
            "spec: {type: LoadBalancer, selector: {app: nginx}, ports: [{port: 443}]}\n",
        ],
        "external",
    ),
    "an address that the live object has": ([LIVE], "internal"),
    "a Gateway of GKE": ([route(), gateway("gke-l7-global-external-managed")], "external"),
    "an internal Gateway of GKE": ([route(), gateway("gke-l7-rilb")], "internal"),
    "a Gateway that is not seen": ([route()], "unknown"),
    "a Gateway of somebody else": ([route(), gateway("istio")], "unknown"),
    "a Gateway that asks for an internal balancer": (
        [route(), gateway("istio", f"infrastructure: {{annotations: {{{INTERNAL}}}}},")],
        "internal",
    ),
    "a route whose parent is a Service": ([route("{kind: Service, group: '', name: web}")], "mesh"),
    "a VirtualService of the mesh": ([VIRTUAL.replace("GATEWAYS", "mesh")], "mesh"),
    "Istio's gateway behind an external balancer": (
        [VIRTUAL.replace("GATEWAYS", "istio-system/public"), ISTIO.replace("NOTE", "")],
        "external",
    ),
    "Istio's gateway behind an internal balancer": (
        [VIRTUAL.replace("GATEWAYS", "mesh, istio-system/public"), ISTIO.replace("NOTE", INTERNAL)],
        "internal",
    ),
    "Istio's gateway that is not seen": ([VIRTUAL.replace("GATEWAYS", "istio-system/public")], "unknown"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_who_comes_in_by_an_entrance(case: str) -> None:
    texts, expected = CASES[case]
    web = next(w for w in cluster_of(WEB, *texts).workloads if w.name == "web")
    (entrance,) = {r.entrance for e in web.exposures for r in e.routes}
    assert entrance.reach == expected
    assert entrance.why


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("type: LoadBalancer,", "external"),
        ("type: LoadBalancer, loadBalancerClass: networking.gke.io/l4-regional-internal,", "internal"),
        ("type: LoadBalancer, loadBalancerClass: tailscale,", "unknown"),
        ("type: LoadBalancer, loadBalancerIP: 10.0.0.7,", "internal"),
        ("type: NodePort,", None),
    ],
)
def test_a_load_balancer_of_its_own(service: str, expected: Reach | None) -> None:
    text = WEB.replace("spec: {selector: {app: web}, ports", f"spec: {{{service} selector: {{app: web}}, ports")
    (web,) = cluster_of(text).workloads
    found = web.exposures[0].load_balancer
    assert (found[0] if found else None) == expected


def test_a_person_has_the_last_word() -> None:
    documents = [d for t in (WEB, ingress("nginx")) for d in yaml.safe_load_all(t)]
    objects = [SnapshotObject(d, Location("x", i)) for i, d in enumerate(documents)]
    (web,) = parse_cluster(objects, entrances={"IngressClass/nginx": "external"}).workloads
    assert web.exposures[0].routes[0].external


def test_a_policy_that_is_named_and_not_here_is_listed() -> None:
    named = WEB.replace(
        "kind: Service\nmetadata: {name: web}",
        'kind: Service\nmetadata: {name: web, annotations: {cloud.google.com/backend-config: \'{"default": "b"}\'}}',
    )
    (web,) = cluster_of(named, ingress("gce")).workloads
    assert [(u.kind, u.name) for u in web.unseen] == [("BackendConfig", "b")]
    seen = "apiVersion: cloud.google.com/v1\nkind: BackendConfig\nmetadata: {name: b}\nspec: {}\n"
    assert cluster_of(named, ingress("gce"), seen).workloads[0].unseen == ()
