"""Whether a Gateway takes a route: by the listener's allowedRoutes, and by the names that both speak of.

Source: Gateway API, "Security Model", AllowedRoutes (``namespaces.from`` is ``Same`` where nothing is said), and
HTTPRoute ``hostnames`` (a route without a name in common with the listener is not accepted).
"""

from __future__ import annotations

from collections.abc import Mapping

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, text, texts
from k2cr_analysis.model.parse.index import kind_of, namespace_of, selects
from k2cr_analysis.platforms.gke.labels import NAMESPACE_NAME

# Of the listeners that a route attaches to. Source: Gateway API, ProtocolType.
_PROTOCOLS = {"HTTPRoute": ("HTTP", "HTTPS", "TLS"), "GRPCRoute": ("HTTP", "HTTPS", "TLS")}


def not_taken(route: Raw, parent: Raw, gateway: Raw, labels: Mapping[str, str] | None) -> str | None:
    """Why no listener takes the route; None where one does, or it cannot be told.

    ``labels``: of the route's namespace; None where its object is not in the input.
    """
    section, port = text(parent, "sectionName"), integer(parent, "port")
    listeners = [
        one
        for _, one in objects(mapping(gateway, "spec"), "listeners")
        if section in (None, text(one, "name")) and port in (None, integer(one, "port"))
    ]
    refusals = [_refusal(route, gateway, one, labels) for one in listeners]
    if not refusals:
        return f"has no listener {section or port}" if section or port else None
    return None if None in refusals else refusals[0]


def _refusal(route: Raw, gateway: Raw, listener: Raw, labels: Mapping[str, str] | None) -> str | None:
    allowed, namespace = mapping(listener, "allowedRoutes"), namespace_of(route)
    kind, protocol = kind_of(route), text(listener, "protocol") or ""
    kinds = [text(k, "kind") for _, k in objects(allowed, "kinds")]
    if (kinds and kind not in kinds) or protocol not in _PROTOCOLS.get(kind, (protocol,)):
        return f"takes no {kind} at its listener {text(listener, 'name')} ({protocol})"
    of_namespaces = mapping(allowed, "namespaces")
    where = text(of_namespaces, "from") or "Same"
    if where == "Same" and namespace != namespace_of(gateway):
        return f"takes routes of its own namespace alone, and not of {namespace} (allowedRoutes: Same)"
    if where == "None":
        return "takes no routes at all (allowedRoutes: None)"
    selector = mapping(of_namespaces, "selector")
    if where == "Selector" and _is_left_out(selector, namespace, labels):
        return f"does not select namespace {namespace} (allowedRoutes: Selector)"
    name, hosts = text(listener, "hostname"), texts(mapping(route, "spec"), "hostnames")
    if name and hosts and not any(_meet(name, host) for host in hosts):
        return f"listens for {name} alone, and not for {', '.join(hosts)}"
    return None


def _is_left_out(selector: Raw, namespace: str, labels: Mapping[str, str] | None) -> bool:
    if labels is not None:
        return not selects(selector, labels)
    keys = [*mapping(selector, "matchLabels"), *(text(e, "key") for _, e in objects(selector, "matchExpressions"))]
    return set(keys) == {NAMESPACE_NAME} and not selects(selector, {NAMESPACE_NAME: namespace})


def _meet(one: str, other: str) -> bool:
    """Whether two names, each of which may begin with ``*.``, stand for a name in common."""
    if one == other:
        return True
    wide, narrow = (one, other) if one.startswith("*.") else (other, one)
    return wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:])
