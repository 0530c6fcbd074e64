"""Which controllers stand behind a class of Ingress or Gateway, and how they are known: by their own words first.

Sources: GKE, "Ingress configuration on Google Cloud", "GatewayClass capabilities"; the controllers' own documentation
of their class flags (ingress-nginx, NGINX Inc., Traefik, HAProxy, Kong, Contour, Emissary, Istio, Envoy Gateway).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

from k2cr_analysis.model.workload import Container, Reach

# Classes that GKE itself serves, with a load balancer for each entrance.
GKE_INGRESS_CLASSES: dict[str, Reach] = {
    "gce": "external",
    "gce-multi-cluster": "external",
    "gce-regional-external": "external",
    "gce-internal": "internal",
}
_GKE_GATEWAYS = re.compile(
    r"gke-(?:l7|l4|passthrough)-[\w-]*(?:managed|gxlb|rilb)(?:-mc)?|gke-l7-(?:gxlb|rilb)(?:-mc)?|asm-l7-gxlb"
)


def gke_gateway_reach(gateway_class: str) -> Reach | None:
    """What a GatewayClass of GKE makes; None for a class of somebody else's."""
    if not _GKE_GATEWAYS.fullmatch(gateway_class):
        return None
    return "internal" if "rilb" in gateway_class or "internal" in gateway_class else "external"


@dataclass(frozen=True, slots=True)
class Family:
    """A controller that runs in the cluster. ``classes``: names that its classes have where nobody chose one;
    ``controllers``: patterns of IngressClass.spec.controller and GatewayClass.spec.controllerName; ``labels``: what its
    Services are called in ``app.kubernetes.io/name``, ``app`` and the like; ``data_plane``: its Service leads to other
    pods than its own.
    """

    name: str
    classes: tuple[str, ...]
    controllers: tuple[str, ...]
    image: re.Pattern[str]
    labels: tuple[str, ...]
    data_plane: bool = False


FAMILIES = (
    Family(
        "ingress-nginx",
        ("nginx",),
        ("k8s.io/ingress-nginx*", "k8s.io/*nginx*"),
        re.compile(r"ingress-nginx/controller|ingress-nginx-controller|nginx-ingress-controller"),
        ("ingress-nginx", "nginx-ingress", "nginx-ingress-controller"),
    ),
    Family(
        "NGINX Ingress Controller",
        ("nginx",),
        ("nginx.org/*", "gateway.nginx.org/*"),
        re.compile(r"nginx/nginx-(?:plus-)?ingress|nginx-gateway-fabric"),
        ("nginx-ingress", "nginx-gateway", "nginx-gateway-fabric"),
    ),
    Family(
        "Traefik",
        ("traefik",),
        ("traefik.io/*",),
        re.compile(r"(?:^|/)traefik$"),
        ("traefik",),
    ),
    Family(
        "HAProxy",
        ("haproxy",),
        ("haproxy*", "*haproxy*"),
        re.compile(r"haproxytech/kubernetes-ingress|haproxy-ingress"),
        ("haproxy-ingress", "kubernetes-ingress", "haproxy"),
    ),
    Family(
        "Kong",
        ("kong",),
        ("ingress-controllers.konghq.com/*", "konghq.com/*"),
        re.compile(r"kong/kubernetes-ingress-controller|kong-ingress-controller|(?:^|/)kong(?:-gateway)?$"),
        ("kong", "gateway", "ingress-kong", "proxy-kong"),
        data_plane=True,
    ),
    Family(
        "Contour",
        ("contour",),
        ("projectcontour.io/*",),
        re.compile(r"(?:^|/)contour$"),
        ("contour", "envoy"),
        data_plane=True,
    ),
    Family(
        "Emissary",
        ("ambassador",),
        ("getambassador.io/*",),
        re.compile(r"(?:^|/)(?:emissary|ambassador)$"),
        ("emissary-ingress", "ambassador", "edge-stack"),
    ),
    Family(
        "Istio",
        ("istio",),
        ("istio.io/*",),
        re.compile(r"istio/proxyv2$"),
        ("istio-ingressgateway", "istio-ingress"),
        data_plane=True,
    ),
    Family(
        "Envoy Gateway",
        ("eg", "envoy-gateway"),
        ("gateway.envoyproxy.io/*",),
        re.compile(r"envoyproxy/gateway"),
        ("envoy", "envoy-gateway"),
        data_plane=True,
    ),
    Family(
        "Cilium", ("cilium",), ("cilium.io/*", "io.cilium/*"), re.compile(r"cilium/cilium$"), ("cilium-ingress",), True
    ),
    Family("APISIX", ("apisix",), ("apisix.apache.org/*",), re.compile(r"apache/apisix"), ("apisix",), True),
)

# How a controller is told its class, in arguments or in the environment.
_CLASS_WORD = re.compile(
    r"--?(?:ingress-class(?:-name)?|ingress\.class|controller-class|gatewayclass|gateway-class-name"
    r"|providers\.kubernetes(?:ingress|crd)\.ingressclass)=(.+)",
    re.IGNORECASE,
)
_CLASS_VARIABLES = ("CONTROLLER_INGRESS_CLASS", "INGRESS_CLASS", "KIC_INGRESS_CLASS")
_PUBLISHED = re.compile(r"--?(?:publish-service|[\w.]*publishedservice|ingress-status-service)=(.+)", re.IGNORECASE)
_CONFIG_MAP = re.compile(r"--?(?:nginx-)?configmaps?=(.+)", re.IGNORECASE)
_PUBLISHED_VARIABLES = ("CONTROLLER_PUBLISH_SERVICE", "PUBLISH_SERVICE")


def repository_of(image: str | None) -> str:
    """``registry/path/name`` without tag and digest."""
    reference = (image or "").partition("@")[0]
    head, slash, last = reference.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def family_of_image(containers: Iterable[Container]) -> Family | None:
    names = [repository_of(c.image) for c in containers]
    return next((f for f in FAMILIES if any(f.image.search(n) for n in names)), None)


def families_of_controller(controller: str) -> tuple[Family, ...]:
    return tuple(f for f in FAMILIES if any(fnmatchcase(controller, p) for p in f.controllers))


def families_of_class(name: str) -> tuple[Family, ...]:
    """By the class's name alone, where no object says whose it is: weak evidence of the kind of controller only."""
    words = re.split(r"[-_.]", name.lower())
    return tuple(f for f in FAMILIES if any(c in (name, *words) for c in f.classes))


def classes_said(containers: Iterable[Container]) -> frozenset[str]:
    """The classes (or controller names) that a controller says it serves; empty: it does not say."""
    return frozenset(_said(containers, _CLASS_WORD, _CLASS_VARIABLES))


def published_services(containers: Iterable[Container], namespace: str) -> frozenset[tuple[str, str]]:
    """(namespace, name) of the Service that a controller says users come in by."""
    found = set()
    for said in _said(containers, _PUBLISHED, _PUBLISHED_VARIABLES):
        of_namespace, _, name = said.rpartition("/")
        found.add((namespace if not of_namespace or "$" in of_namespace else of_namespace, name))
    return frozenset(found)


def config_maps(containers: Iterable[Container], namespace: str) -> frozenset[tuple[str, str]]:
    """(namespace, name) of the ConfigMap that a controller takes its settings from."""
    found = set()
    for said in _said(containers, _CONFIG_MAP, ()):
        of_namespace, _, name = said.rpartition("/")
        found.add((namespace if not of_namespace or "$" in of_namespace else of_namespace, name))
    return frozenset(found)


def _said(containers: Iterable[Container], word: re.Pattern[str], variables: tuple[str, ...]) -> Iterable[str]:
    for container in containers:
        words = [*container.command, *container.args]
        # "--flag", "value" means the same as "--flag=value".
        pairs = [f"{a}={b}" for a, b in pairwise(words) if a.startswith("-") and "=" not in a]
        for one in (*words, *pairs):
            if found := word.fullmatch(one):
                yield found[1].strip()
        for variable in container.env:
            if variable.name in variables and variable.value:
                yield variable.value
