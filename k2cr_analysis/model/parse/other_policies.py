"""Policies of other makers that say who may call a workload: that they hold for it is seen, their rules are not read.

Sources: docs.cilium.io, "Network Policy" (``endpointSelector``); docs.tigera.io, "Network policy" (``selector``);
linkerd.io, "Authorization Policy" (``Server.spec.podSelector``, ``targetRef``); developer.hashicorp.com, Consul,
"Service intentions" (``destination.name``); doc.traefik.io, "Middlewares"; projectcontour.io, "Authorization".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from k2cr_analysis.model.parse.access import Raw, mapping, objects, text
from k2cr_analysis.model.parse.index import ObjectIndex, group_of, name_of, namespace_of, selects

_CILIUM = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
_CALICO = (
    "NetworkPolicy.projectcalico.org", "NetworkPolicy.crd.projectcalico.org", "GlobalNetworkPolicy",
)  # fmt: skip
_OF_CLUSTER = ("CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy")
_LINKERD = "policy.linkerd.io"
_TERM = re.compile(r"([\w./-]+)\s*==\s*['\"]([^'\"]*)['\"]")
# What a Traefik middleware asks of callers; the others change requests.
_CHECKS = ("forwardAuth", "basicAuth", "digestAuth", "ipAllowList", "ipWhiteList")


def other_policies(
    index: ObjectIndex, namespace: str, labels: Mapping[str, str], services: Iterable[str], routes: Iterable[Raw]
) -> Iterator[Raw]:
    """The policies that hold for pods with these labels, behind these Services and routes; each once."""
    names = set(services)
    for kind in _CILIUM:
        for raw in index.by_kind.get(kind, ()):
            selector = mapping(raw, "spec", "endpointSelector")
            here = kind in _OF_CLUSTER or namespace_of(raw) == namespace
            if here and (selects(selector, labels) or not any(selector.values())):
                yield raw
    for kind in _CALICO:
        for raw in index.by_kind.get(kind, ()):
            here = kind in _OF_CLUSTER or namespace_of(raw) == namespace
            if here and _calico_selects(text(mapping(raw, "spec"), "selector") or "", labels):
                yield raw
    yield from _of_linkerd(index, namespace, labels)
    for raw in index.by_kind.get("ServiceIntentions", ()):
        if text(mapping(raw, "spec", "destination"), "name") in names | {"*"}:
            yield raw
    for raw in routes:
        yield from _of_route(index, raw)


def _calico_selects(selector: str, labels: Mapping[str, str]) -> bool:
    """``app == 'web' && tier == 'x'``; what has other operators is taken to hold where its plain terms do."""
    return all(labels.get(key) == value for key, value in _TERM.findall(selector))


def _of_linkerd(index: ObjectIndex, namespace: str, labels: Mapping[str, str]) -> Iterator[Raw]:
    servers = {
        name_of(raw)
        for raw in index.by_kind.get("Server", ())
        if group_of(raw) == _LINKERD
        and namespace_of(raw) == namespace
        and selects(mapping(raw, "spec", "podSelector"), labels)
    }
    for raw in (*index.by_kind.get("AuthorizationPolicy", ()), *index.by_kind.get("ServerAuthorization", ())):
        if group_of(raw) != _LINKERD or namespace_of(raw) != namespace:
            continue
        target = mapping(raw, "spec", "targetRef") or mapping(raw, "spec", "server")
        if text(target, "kind") == "Namespace" or text(target, "name") in servers:
            yield raw


def _of_route(index: ObjectIndex, route: Raw) -> Iterator[Raw]:
    if mapping(route, "spec", "virtualhost").keys() & {"authorization", "jwtProviders", "ipAllowPolicy"}:
        yield route
    for _, rule in objects(mapping(route, "spec"), "routes"):
        for _, one in objects(rule, "middlewares"):
            where = text(one, "namespace") or namespace_of(route)
            found = index.get("Middleware", where, text(one, "name") or "")
            if found is not None and checks_of(found):
                yield found


def checks_of(middleware: Raw) -> list[str]:
    """What a Traefik middleware asks of callers: ``forwardAuth``, ``ipAllowList``."""
    return [check for check in _CHECKS if check in mapping(middleware, "spec")]
