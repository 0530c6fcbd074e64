"""Random routes, random requests: the URL map does with each what the route does on GKE (``routes_read.py``)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from k2cr_analysis.rendering import context_of, render_workload
from k2cr_analysis.verdicts import assess
from tests.rendering.metamorphic import snapshot_of
from tests.rendering.routes_read import (
    Outcome,
    Request,
    by_http_routes,
    by_ingress,
    by_nginx_redirect,
    by_url_map,
    by_virtual_service,
)

PATHS = ("/", "/api", "/api/v1", "/shop", "/api/v1/items", "/s")
ASKED = (*PATHS, "/api/", "/apix", "/api/v2", "/api/v1/", "/api/v1/items/7", "/shopping", "/shop/a/b", "/sh", "/none")
HEADERS = ((), (("x-beta", "yes"),), (("x-beta", "no"),), (("x-beta", "yes"), ("x-team", "red-1")))
QUERIES = ((), (("v", "2"),))
Made = tuple[list[dict[str, Any]], Callable[[Request], Outcome]]


def hosts_of(namespace: str) -> tuple[str, str]:
    """Of its own: who shares a host shares a URL map."""
    return f"one.{namespace}.example.com", f"*.{namespace}.example.com"


def requests(namespace: str) -> list[Request]:
    return [
        Request(host, path, method, headers, query)
        for host in (f"one.{namespace}.example.com", f"two.{namespace}.example.com", "other.example.com")
        for path in ASKED
        for method in ("GET", "POST")
        for headers in HEADERS
        for query in QUERIES
    ]


def _backends(draw: random.Random) -> list[dict[str, Any]]:
    if draw.random() < 0.3:
        return [
            {"name": "a", "port": 80, "weight": draw.choice((1, 9))},
            {"name": "b", "port": 80, "weight": draw.choice((0, 1, 4, 9000))},
        ]
    return [{"name": draw.choice("ab"), "port": 80}]


def http_route(draw: random.Random, namespace: str) -> Made:
    """One route, or two whose names overlap: a rule of the wider one takes what none of the other takes."""
    one, two = hosts_of(namespace)
    routes = [_http_route(draw, namespace, "r", [one, two][: draw.randint(1, 2)])]
    if draw.random() < 0.5:
        routes.append(_http_route(draw, namespace, "wider", draw.choice(([two], []))))
    if draw.random() < 0.5:
        routes.reverse()
    listeners = [{"name": "http", "protocol": "HTTP", "port": 80}]
    gateway = {"gatewayClassName": "gke-l7-global-external-managed", "listeners": listeners}
    made = [*routes, _object("gateway.networking.k8s.io/v1", "Gateway", "g", namespace, gateway)]
    return made, lambda asked: by_http_routes(routes, asked)


def _http_route(draw: random.Random, namespace: str, name: str, hosts: list[str]) -> dict[str, Any]:
    rules, used = [], set[str]()
    for _ in range(draw.randint(1, 4)):
        rule: dict[str, Any] = {"backendRefs": _backends(draw)}
        matches = []
        for _ in range(draw.randint(1, 2)):
            match: dict[str, Any] = {}
            match["path"] = {"type": draw.choice(("Exact", "PathPrefix")), "value": draw.choice(PATHS)}
            if draw.random() < 0.3:
                match["headers"] = [{"name": "x-beta", "value": draw.choice(("yes", "no"))}]
            if draw.random() < 0.2:
                match["queryParams"] = [{"name": "v", "value": "2"}]
            if draw.random() < 0.2:
                match["method"] = draw.choice(("GET", "POST"))
            if draw.random() < 0.1:
                match["path"] = {"type": "RegularExpression", "value": "/s.*"}
            if draw.random() < 0.1:
                match["headers"] = [{"name": "x-team", "value": "red-.", "type": "RegularExpression"}]
            # Of two matches that say as much, the order of objects decides: told nowhere here.
            key = str((match["path"], sorted(match.keys())))
            if key not in used:
                used.add(key)
                matches.append(match)
        if not matches:
            continue
        rule["matches"] = matches
        # ReplacePrefixMatch goes with prefixes alone: the API refuses it elsewhere.
        rule |= _filters(draw, prefixes=all(m["path"]["type"] == "PathPrefix" for m in matches))
        if any(f["type"] == "RequestRedirect" for f in rule.get("filters", ())):
            del rule["backendRefs"]
        rules.append(rule)
    own = {
        "matches": [{"path": {"type": "Exact", "value": f"/own/{name}"}}],
        "backendRefs": [{"name": "a", "port": 80}],
    }
    spec = {"parentRefs": [{"name": "g"}], "rules": [*rules, own], **({"hostnames": hosts} if hosts else {})}
    return _object("gateway.networking.k8s.io/v1", "HTTPRoute", name, namespace, spec)


def _filters(draw: random.Random, *, prefixes: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kind = draw.choice(
        (
            None,
            None,
            "prefix" if prefixes else None,
            "full",
            "header",
            "redirect",
            "timeout",
            "host",
            "mirror",
            "retry",
            "cors",
        )
    )
    if kind == "prefix":
        new = draw.choice(("/", "/new", "/new/deep"))
        found["filters"] = [
            {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": new}}}
        ]
    elif kind == "full":
        found["filters"] = [
            {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/all"}}}
        ]
    elif kind == "host":
        found["filters"] = [{"type": "URLRewrite", "urlRewrite": {"hostname": "in.example.com"}}]
    elif kind == "header":
        found["filters"] = [
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-from", "value": "gke"}]}}
        ]
    elif kind == "redirect":
        to = draw.choice(
            (
                {"type": "ReplaceFullPath", "replaceFullPath": "/moved"},
                {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/to"} if prefixes else {},
                {},
            )
        )
        redirect = {
            "scheme": "https",
            "hostname": "new.example.com",
            "statusCode": draw.choice((301, 302, 303, 307, 308)),
            **({"path": to} if to else {}),
        }
        found["filters"] = [{"type": "RequestRedirect", "requestRedirect": redirect}]
    elif kind == "mirror":
        found["filters"] = [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "b", "port": 80}}}]
    elif kind == "retry":
        found["retry"] = {"attempts": draw.choice((1, 3)), "codes": draw.choice(([502, 503, 504], [500]))}
    elif kind == "cors":
        origins = draw.choice((["https://a.example.com"], ["https://a.example.com", "https://b.example.com"]))
        found["filters"] = [{"type": "CORS", "cors": {"allowOrigins": origins, "allowMethods": ["GET"]}}]
    elif kind == "timeout":
        found["timeouts"] = draw.choice(({"request": "90s"}, {"backendRequest": "30s"}))
    return found


def virtual_service(draw: random.Random, namespace: str) -> Made:
    rules: list[dict[str, Any]] = []
    for _ in range(draw.randint(1, 4)):
        matches = []
        for _ in range(draw.randint(0, 2)):
            match: dict[str, Any] = {"uri": {draw.choice(("exact", "prefix")): draw.choice(PATHS)}}
            if draw.random() < 0.1:
                match["uri"] = {"regex": "/s.*"}
            if draw.random() < 0.4:
                match["headers"] = draw.choice(
                    ({"x-beta": {"exact": "yes"}}, {"x-team": {"prefix": "red"}}, {"x-team": {"regex": "red-."}})
                )
            if draw.random() < 0.2:
                match["withoutHeaders"] = draw.choice(({"x-beta": {"exact": "no"}}, {"x-beta": {}}))
            if draw.random() < 0.2:
                match["queryParams"] = draw.choice(({"v": {"exact": "2"}}, {"v": {"prefix": "2"}}, {"v": {}}))
            if draw.random() < 0.2:
                match["method"] = {"exact": "POST"}
            matches.append(match)
        rule: dict[str, Any] = {
            "route": [
                {
                    "destination": {"host": b["name"], "port": {"number": 80}},
                    **({"weight": b["weight"]} if "weight" in b else {}),
                }
                for b in _backends(draw)
            ]
        }
        rule |= {"match": matches} if matches else {}
        extra = draw.choice(
            (
                {},
                {},
                {"timeout": "45s"},
                {"rewrite": {"uri": "/new"}},
                {"redirect": {"uri": "/moved", "authority": "new.example.com"}},
                {"headers": {"request": {"set": {"x-from": "gke"}}}},
                {"mirror": {"host": "b", "port": {"number": 80}}},
                {"retries": {"attempts": 2, "retryOn": "5xx,connect-failure", "perTryTimeout": "2s"}},
                {"corsPolicy": {"allowOrigins": [{"exact": "https://a.example.com"}], "allowMethods": ["GET"]}},
            )
        )
        if "redirect" in extra:
            del rule["route"]
        rules.append(rule | extra)
    rules.insert(
        0, {"match": [{"uri": {"exact": "/own"}}], "route": [{"destination": {"host": "a", "port": {"number": 80}}}]}
    )
    spec = {"hosts": list(hosts_of(namespace)[: draw.randint(1, 2)]), "gateways": ["g"], "http": rules}
    service = _object("networking.istio.io/v1", "VirtualService", "v", namespace, spec)
    servers = [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]
    gateway = _object(
        "networking.istio.io/v1", "Gateway", "g", namespace, {"selector": {"istio": namespace}, "servers": servers}
    )
    front = _object(
        "v1",
        "Service",
        "front",
        namespace,
        {"type": "LoadBalancer", "selector": {"istio": namespace}, "ports": [{"port": 80}]},
    )
    return [service, gateway, front], lambda asked: by_virtual_service(service, asked)


def _ingress(draw: random.Random, namespace: str, *, of_gke: bool) -> Made:
    rules = []
    for host in hosts_of(namespace)[: draw.randint(1, 2)]:
        chosen = {"/own": "Exact"}
        for _ in range(draw.randint(1, 4)):
            kind = draw.choice(("Exact", "Prefix", "ImplementationSpecific"))
            star = of_gke and kind == "ImplementationSpecific" and draw.random() < 0.5
            chosen.setdefault(draw.choice(PATHS).rstrip("/") + "/*" if star else draw.choice(PATHS), kind)
        paths = [
            {
                "path": p,
                "pathType": k,
                "backend": {"service": {"name": "a" if p == "/own" else draw.choice("ab"), "port": {"number": 80}}},
            }
            for p, k in chosen.items()
        ]
        rules.append({"host": host, "http": {"paths": paths}})
    spec = {"rules": rules, "ingressClassName": "nginx"} if not of_gke else {"rules": rules}
    ingress = _object("networking.k8s.io/v1", "Ingress", "i", namespace, spec)
    return [ingress], lambda asked: by_ingress(ingress, asked, of_gke=of_gke)


def _redirecting(draw: random.Random, namespace: str) -> Made:
    """An Ingress of nginx that leads all of it elsewhere."""
    url = draw.choice(("https://new.example.com", "https://new.example.com/to", "https://new.example.com$request_uri"))
    kind, code = draw.choice(("permanent", "temporal")), draw.choice((None, "307", "308", "999"))
    said = {f"{kind}-redirect": url, **({f"{kind}-redirect-code": code} if code else {})}
    made, _ = _ingress(draw, namespace, of_gke=False)
    made[0]["metadata"]["annotations"] = {f"nginx.ingress.kubernetes.io/{k}": v for k, v in said.items()}
    return made, lambda asked: by_nginx_redirect(made[0], asked)


KINDS: Mapping[str, Callable[[random.Random, str], Made]] = {
    "HTTPRoute": http_route,
    "VirtualService": virtual_service,
    "Ingress of GKE": lambda draw, namespace: _ingress(draw, namespace, of_gke=True),
    "Ingress of nginx": lambda draw, namespace: _ingress(draw, namespace, of_gke=False),
    "redirect of nginx": _redirecting,
}


def _object(version: str, kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _app(name: str, namespace: str) -> list[dict[str, Any]]:
    container = {"name": "app", "image": "us-docker.pkg.dev/p/r/app:1", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    deployment = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    service = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return [
        _object("apps/v1", "Deployment", name, namespace, deployment),
        _object("v1", "Service", name, namespace, service),
    ]


NGINX = [
    _object("v1", "Service", "ingress-nginx-controller", "ingress-nginx", {"type": "LoadBalancer", "selector": {"app.kubernetes.io/name": "ingress-nginx"}, "ports": [{"port": 80}]}),
]  # fmt: skip


def differences(kind: str, seeds: range) -> list[str]:
    made = {f"n{seed}": KINDS[kind](random.Random(seed), f"n{seed}") for seed in seeds}
    documents = [
        d for namespace, (objects, _) in made.items() for d in (*_app("a", namespace), *_app("b", namespace), *objects)
    ]
    config = Config(project=Project(id="p", number="1", region="us-central1", network="prod", subnet="run"))
    assessment = assess(snapshot_of([*documents, *NGINX]), config, effort="quick")
    context = context_of(assessment)
    found = []
    for one in assessment.workloads:
        namespace = one.workload.namespace
        if one.workload.name != "a" or namespace not in made:
            continue
        files = dict(render_workload(one, context))
        tree = yaml.safe_load(files["url-map.yaml"])
        services = _services(files["url-map.yaml"])
        service_timeout = yaml.safe_load(files["service.yaml"])["spec"]["template"]["spec"]["timeoutSeconds"]
        for asked in requests(namespace):
            wanted, got = made[namespace][1](asked), by_url_map(tree, asked, services)
            asked_for = " ".join(f.message for f in one.findings if f.severity == "change")
            if wanted.untold and ("regular expression" in asked_for or "by its prefix" in asked_for):
                wanted = got
            if wanted.mirror and dict(wanted.to).get("a") and "a mirror to b of what goes to Cloud Run" in asked_for:
                wanted = replace(wanted, mirror=None)
            if got.timeout_s is None and wanted.timeout_s == service_timeout:
                wanted = replace(wanted, timeout_s=None)
            if wanted != got:
                found.append(f"{namespace} {asked}\n  on GKE  {wanted}\n  URL map {got}")
                break
    return found


def _services(text: str) -> dict[str, str]:
    """Backend service -> the Service behind it: ``a`` moves, ``b`` is behind the same load balancer on GKE."""
    names = {word.rpartition("/")[2] for word in text.split() if "backendServices/" in word}
    return {name: "b" if name.removesuffix("-copy").endswith("-gke-b") else "a" for name in names}


@pytest.mark.parametrize("kind", KINDS)
def test_a_url_map_does_with_each_request_what_the_route_does(kind: str) -> None:
    assert differences(kind, range(12)) == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_many_url_maps_do_with_each_request_what_the_routes_do(kind: str) -> None:
    assert differences(kind, range(100, 250)) == []
