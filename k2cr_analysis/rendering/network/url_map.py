"""Hosts and paths of Ingresses and Gateways as a URL map: Cloud Run, and what is still on GKE, side by side.

All workloads that share a host, or an Ingress without hosts, share one load balancer: each ``network.sh`` writes the
same URL map, and a path goes to Cloud Run as soon as its workload has moved.
Source: Compute Engine API, urlMaps; ``gcloud compute url-maps import``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import mapping, objects, text
from k2cr_analysis.model.parse.index import name_of, namespace_of
from k2cr_analysis.model.workload import Route, Workload
from k2cr_analysis.platforms.cloud_run import MAX_SERVICE_NAME
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.forms.objects import Tree
from k2cr_analysis.rendering.network.hosts import ANY_HOST, keyed_routes
from k2cr_analysis.rendering.network.on_gke import OnGke, on_gke
from k2cr_analysis.rendering.spec.source_values import value_at
from k2cr_analysis.rendering.text.names import cut, dns_label
from k2cr_analysis.rendering.text.scripts import MADE_BY_K2CR

# Answered for what no rule lets in, as an Ingress without a default backend does.
_NOT_FOUND = {"faultInjectionPolicy": {"abort": {"httpStatus": 404, "percentage": 100}}}


@dataclass(frozen=True, slots=True)
class UrlMap:
    """``name`` is the base of the load balancer's names; ``own`` the workload's own Service, for the way back."""

    name: str
    tree: Tree
    hosts: tuple[str, ...]
    own: OnGke | None
    others: tuple[OnGke, ...]
    unknown: tuple[str, ...]  # Services that the same Ingresses name, and no workload of the snapshot is behind

    @property
    def is_shared(self) -> bool:
        return bool(self.others)


def run_backend(workload: Workload, context: RenderContext, *, external: bool) -> str:
    """The name of the backend service that holds a workload's serverless NEG."""
    return f"{base_name(workload, context)}-{'be' if external else 'ibe'}"


def base_name(workload: Workload, context: RenderContext) -> str:
    """The base of Compute Engine names: 63 characters with the longest suffix."""
    return cut(dns_label(context.name_of(workload)), MAX_SERVICE_NAME, workload.id)


def url_map(workload: Workload, context: RenderContext, *, external: bool) -> UrlMap:
    """The map of the load balancer that ``workload`` is reached by."""
    group = context.hosts.group(workload, external=external)
    shared = len(group) > 1
    keys = sorted({key for one in group for key, _ in keyed_routes(one, external=external)})
    hosts = tuple(key for key in keys if "/" not in key)
    name = base_name(workload, context)
    if shared:
        name = cut(dns_label((hosts or tuple(keys))[0]), MAX_SERVICE_NAME, "/".join(keys))
    where = "global" if external else f"regions/{context.region_literal}"
    mine = f"{where}/backendServices/{run_backend(workload, context, external=external)}"
    stays: dict[tuple[str, str, str], OnGke] = {}
    rules: dict[str, dict[str, str]] = {}
    default: str | None = None
    for one in group:
        for key, route in keyed_routes(one, external=external):
            target = mine
            if one.id != workload.id:
                there = on_gke(one, route, name, context, run_backend(one, context, external=external))
                stays.setdefault((there.namespace, there.service, str(there.port)), there)
                target = f"{where}/backendServices/{there.backend}"
            for path in route_paths(route):
                rules.setdefault(key if key in hosts else ANY_HOST, {}).setdefault(path, target)
            if _is_default_backend(route):
                default = default or target
    own = next(
        (
            on_gke(workload, r, name, context, run_backend(workload, context, external=external))
            for _, r in keyed_routes(workload, external=external)
        ),
        None,
    )
    tree = _tree(f"{name}-{'map' if external else 'imap'}", mine, rules, default)
    return UrlMap(name, tree, hosts, own, tuple(stays.values()), _unknown(group, context))


def _tree(name: str, mine: str, rules: Mapping[str, Mapping[str, str]], default: str | None) -> Tree:
    tree: Tree = {"name": name, "description": MADE_BY_K2CR, "defaultService": default or mine}
    matchers: list[Tree] = []
    for number, (_, paths) in enumerate(sorted(rules.items())):
        whole = paths.get("/*") or default
        matcher: Tree = {"name": f"host-{number}", "defaultService": whole or mine}
        if whole is None:
            matcher["defaultRouteAction"] = _NOT_FOUND
        by_target: dict[str, list[str]] = {}
        for path, target in sorted(paths.items()):
            if path != "/*":
                by_target.setdefault(target, []).append(path)
        if by_target:
            matcher["pathRules"] = [{"paths": found, "service": target} for target, found in by_target.items()]
        matchers.append(matcher)
    if matchers:
        if default is None:
            tree["defaultRouteAction"] = _NOT_FOUND
        tree["hostRules"] = [{"hosts": [h], "pathMatcher": f"host-{n}"} for n, h in enumerate(sorted(rules))]
        tree["pathMatchers"] = matchers
    return tree


def route_paths(route: Route) -> tuple[str, ...]:
    """The paths of a route as a URL map writes them."""
    if route.kind == "GRPCRoute":
        return _grpc_paths(route)
    return url_paths(route.http_path, exact=_is_exact(route))


def url_paths(path: str | None, *, exact: bool = False) -> tuple[str, ...]:
    """A prefix as a URL map writes it: ``/api`` is ``/api`` and ``/api/*``; the whole host is ``/*``."""
    if exact and path:
        return (path,)
    bare = re.sub(r"\(.*|\*+$|\$.*", "", path or "/").rstrip("/")
    return (bare, f"{bare}/*") if bare else ("/*",)


def _grpc_paths(route: Route) -> tuple[str, ...]:
    """gRPC's method is the path ``/package.Service/Method``."""
    step = re.match(r"\$(\.spec\.rules\[\d+\])", route.path)
    rule = value_at(route.raw, step[1]) if step else None
    methods = [mapping(match, "method") for _, match in objects(rule, "matches")]
    paths = [f"/{text(m, 'service')}/{text(m, 'method') or '*'}" for m in methods if text(m, "service")]
    return tuple(dict.fromkeys(paths)) if paths and len(paths) == len(methods) else ("/*",)


def _is_exact(route: Route) -> bool:
    if route.kind in ("Ingress", "MultiClusterIngress"):
        return mapping(value_at(route.raw, route.path.removeprefix("$"))).get("pathType") == "Exact"
    rules = [rule for _, rule in objects(mapping(route.raw, "spec"), "rules")]
    kinds = {
        text(mapping(match, "path"), "type")
        for rule in rules
        for _, match in objects(rule, "matches")
        if text(mapping(match, "path"), "value") == route.http_path
    }
    return kinds == {"Exact"}


def _is_default_backend(route: Route) -> bool:
    return route.path.endswith((".defaultBackend", ".backend"))


def _unknown(group: Iterable[Workload], context: RenderContext) -> tuple[str, ...]:
    """Services that the group's Ingresses lead to, and that no workload of the snapshot stands behind."""
    known = context.services | {(w.namespace, e.service) for w in group for e in w.exposures}
    found: dict[str, None] = {}
    for one in group:
        for raw in one.related.get("Ingress", ()):
            for service in _named_services(raw):
                if (namespace_of(raw), service) not in known:
                    found[f"{namespace_of(raw)}/{service} (Ingress {name_of(raw)})"] = None
    return tuple(found)


def _named_services(ingress: Mapping[str, object]) -> Iterator[str]:
    for _, rule in objects(mapping(ingress, "spec"), "rules"):
        for _, path in objects(mapping(rule, "http"), "paths"):
            backend = mapping(path, "backend")
            if name := text(mapping(backend, "service"), "name") or text(backend, "serviceName"):
                yield name
