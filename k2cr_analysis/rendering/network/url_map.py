"""Hosts and paths of Ingresses and Gateways as a URL map: Cloud Run, and what is still on GKE, side by side.

All workloads that share a host, or an Ingress without hosts, share one load balancer: each ``network.sh`` writes the
same URL map, and a path goes to Cloud Run as soon as its workload has moved.
Source: Compute Engine API, urlMaps; ``gcloud compute url-maps import``.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

from k2cr_analysis.model.parse.entrances.routes_of_workload import rules_of_route
from k2cr_analysis.model.parse.index import name_of, namespace_of
from k2cr_analysis.model.routing.reading import http_rules
from k2cr_analysis.model.routing.route import HttpRule, Match, Target
from k2cr_analysis.model.workload import Entrance, Route, Workload
from k2cr_analysis.platforms.cloud_run.limits import MAX_SERVICE_NAME
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.forms.objects import Tree
from k2cr_analysis.rendering.network.front import leads_nowhere_else
from k2cr_analysis.rendering.network.hosts import ANY_HOST, covers, keyed_routes
from k2cr_analysis.rendering.network.on_gke import NAME_LIMIT, OnGke, on_gke
from k2cr_analysis.rendering.network.route_rules import route_rules
from k2cr_analysis.rendering.text.names import cut, dns_label
from k2cr_analysis.rendering.text.scripts import MADE_BY_K2CR

# Answered for what no rule lets in, as an Ingress without a default backend does.
_NOT_FOUND = {"faultInjectionPolicy": {"abort": {"httpStatus": 404, "percentage": 100}}}

_NOBODY = Entrance("internal", "", "")


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
    return _Map(workload, context, external=external).made()


class _Map:
    """Rules of all routes that lead to the workload's group, with the backend service that each target has."""

    def __init__(self, workload: Workload, context: RenderContext, *, external: bool) -> None:
        self._workload, self._context, self._external = workload, context, external
        self._group = context.hosts.group(workload, external=external)
        keys = sorted({key for one in self._group for key, _ in keyed_routes(one, external=external)})
        self._hosts = tuple(key for key in keys if "/" not in key)
        self._name = base_name(workload, context)
        if len(self._group) > 1:
            self._name = cut(dns_label((self._hosts or tuple(keys))[0]), MAX_SERVICE_NAME, "/".join(keys))
        self._where = "global" if external else f"regions/{context.region_literal}"
        self._mine = f"{self._where}/backendServices/{run_backend(workload, context, external=external)}"
        self._stays: dict[tuple[str, str, str], OnGke] = {}
        self._by_service: dict[tuple[str, str], list[tuple[Workload, Route]]] = {}
        for one in self._group:
            for _, route in keyed_routes(one, external=external):
                self._by_service.setdefault((one.namespace, route.service), []).append((one, route))

    def made(self) -> UrlMap:
        routes = self._routes()
        rules = [rule for of_object in routes.values() for rule in of_object]
        named = [(rule, f"{kind} {name}") for (kind, _, name), held in routes.items() for rule in held]
        hosts = tuple(sorted({h for rule in rules for h in rule.hosts} | set(self._hosts)))
        mine = keyed_routes(self._workload, external=self._external)
        own = next((self._on_gke(self._workload, route) for _, route in mine), None)
        tree = self._tree(rules, hosts)
        others = tuple(self._stays.values())
        known = self._context.services | {(w.namespace, e.service) for w in self._group for e in w.exposures}
        return UrlMap(self._name, tree, hosts, own, others, _unknown(named, known))

    def _routes(self) -> dict[tuple[str, str, str], tuple[HttpRule, ...]]:
        """The rules of each object, once, in the order of the manifests; redirects of the same Gateway among them."""
        found: dict[tuple[str, str, str], tuple[HttpRule, ...]] = {}
        for one in self._group:
            for _, route in keyed_routes(one, external=self._external):
                key = (route.kind, route.namespace, route.name)
                if key not in found:
                    found[key] = rules_of_route(route)
        gateways = {kind for kind, _, _ in found} & {"HTTPRoute", "GRPCRoute"}
        for one in self._group if gateways else ():
            for raw in one.related.get("HTTPRoute", ()):
                # What leads to HTTPS on the same names is the front door's own redirect.
                rules = tuple(http_rules(raw))
                if not leads_nowhere_else(raw) and not any(r.targets for r in rules):
                    found.setdefault(("HTTPRoute", namespace_of(raw), name_of(raw)), rules)
        return found

    def _mirror(self, target: Target, beside: Sequence[str]) -> str | None:
        """The backend service that gets copies of what goes to ``beside``: of pods alone, as those must be too.

        Source: Compute Engine API, RequestMirrorPolicy: no serverless NEG, and of the same type as the one matched.
        """
        return None if self._mine in beside else self._resolve(target, copies=True)

    def _resolve(self, target: Target, *, copies: bool = False) -> str | None:
        """The backend service of a target: Cloud Run's for the workload itself, the pods' for all others."""
        found = self._by_service.get((target.namespace, target.service))
        if not found:
            found = [
                (a.workload, Route("Service", e.service, None, None, e.service, target.port, _NOBODY, "$", {}))
                for a in self._context.assessed.values()
                for e in a.workload.exposures
                if (a.workload.namespace, e.service) == (target.namespace, target.service)
            ]
        if not found:
            return None
        one, route = found[0]
        if one.id == self._workload.id:
            return None if copies else self._mine
        matching = next((r for w, r in found if r.service_port == target.port), route)
        there = self._on_gke(one, matching)
        if copies:  # a mirror must not be serverless: it never turns into Cloud Run's, as the backend beside it may
            there = replace(there, run_backend=None, backend=cut(f"{there.backend}-copy", NAME_LIMIT, there.backend))
        self._stays.setdefault((there.namespace, there.service, f"{there.port} {copies}"), there)
        return f"{self._where}/backendServices/{there.backend}"

    def _on_gke(self, one: Workload, route: Route) -> OnGke:
        # Services of one name in two namespaces have a backend each, by the same name in all scripts of the group.
        alone = {w.namespace for w in self._group} == {one.namespace}
        name = f"{self._name}-gke" if alone else f"{self._name}-gke-{dns_label(one.namespace)}"
        return on_gke(one, route, name, self._context, run_backend(one, self._context, external=self._external))

    def _tree(self, rules: Sequence[HttpRule], hosts: tuple[str, ...]) -> Tree:
        fallback = [r for r in rules if r.is_default]
        default = next((url for r in fallback if (url := self._resolve(r.targets[0]))), None)
        tree: Tree = {
            "name": f"{self._name}-{'map' if self._external else 'imap'}",
            "description": MADE_BY_K2CR,
            "defaultService": default or self._mine,
        }
        matchers: list[tuple[str, Tree]] = []
        for host in (*((ANY_HOST,) if any(not r.hosts and not r.is_default for r in rules) else ()), *hosts):
            matchers.append((host, self._matcher(len(matchers), _ranked(rules, host), default)))
        if matchers:
            if default is None:
                tree["defaultRouteAction"] = _NOT_FOUND
            tree["hostRules"] = [{"hosts": [host], "pathMatcher": m["name"]} for host, m in matchers]
            tree["pathMatchers"] = [m for _, m in matchers]
        return tree

    def _are_paths_alone(self, rules: Sequence[HttpRule]) -> bool:
        """Whether path rules say it all: a time-out is the service's own only where all leads there, with the same."""
        times = {rule.actions.timeout_s for rule in rules}
        mine = all(self._resolve(t) == self._mine for rule in rules for t in rule.targets if t.weight)
        return all(rule.is_plain for rule in rules) and (times <= {None} or (len(times) == 1 and mine))

    def _matcher(self, number: int, ranked: list[list[HttpRule]], default: str | None) -> Tree:
        matcher: Tree = {"name": f"host-{number}", "defaultService": default or self._mine}
        rules = ranked[0] if ranked else []
        if len(ranked) > 1 or not self._are_paths_alone(rules):
            if default is None:
                matcher["defaultRouteAction"] = _NOT_FOUND
            return matcher | {"routeRules": route_rules(ranked, self._resolve, self._mirror)}
        paths: dict[str, str] = {}
        for rule in rules:
            url = self._resolve(next(t for t in rule.targets if t.weight))
            for match in rule.matches if url else ():
                for path in match_paths(match):
                    paths.setdefault(path, str(url))
        whole = paths.pop("/*", None) or default
        matcher["defaultService"] = whole or self._mine
        if whole is None:
            matcher["defaultRouteAction"] = _NOT_FOUND
        by_target: dict[str, list[str]] = {}
        for path, url in sorted(paths.items()):
            by_target.setdefault(url, []).append(path)
        if by_target:
            matcher["pathRules"] = [{"paths": found, "service": url} for url, found in by_target.items()]
        return matcher


def _ranked(rules: Sequence[HttpRule], host: str) -> list[list[HttpRule]]:
    """The rules of a host; then those of wider names, the longest first, where the source asks these too."""
    found: dict[tuple[bool, int], list[HttpRule]] = {}
    for rule in rules:
        fits = [h for h in rule.hosts or (ANY_HOST,) if h == host or (rule.by_every_host and covers(h, host))]
        if fits and not rule.is_default:
            found.setdefault(min((h != host, -len(h)) for h in fits), []).append(rule)
    return [found[rank] for rank in sorted(found)]


def match_paths(match: Match) -> tuple[str, ...]:
    """A path as path rules write it: the prefix ``/api`` is ``/api`` and ``/api/*``, the whole host ``/*``."""
    if match.kind == "exact":
        return (match.path,)
    if match.kind == "text":
        return (f"{match.path}*",)
    return ("/*",) if match.path == "/" else (match.path, f"{match.path}/*")


def _unknown(rules: Iterable[tuple[HttpRule, str]], known: Container[tuple[str, str]]) -> tuple[str, ...]:
    """Services that rules (with ``Kind name``) lead to, and that no workload of the snapshot stands behind."""
    found: dict[str, None] = {}
    for rule, name in rules:
        for target in rule.targets:
            if (target.namespace, target.service) not in known and target.weight:
                found[f"{target.namespace}/{target.service} ({name})"] = None
    return tuple(found)
