"""What becomes of a request, worked out twice: by the route's own specification, and by a URL map's.

Written from the specifications alone, and from nothing of the package: Gateway API, HTTPRoute (precedence, filters);
Istio, VirtualService; Kubernetes, Ingress (path types); ingress-nginx, "Ingress Path Matching"; Compute Engine, urlMaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    host: str
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """``to``: (service, weight) of those that may get it; empty with ``code`` 404 or a redirect's."""

    code: int = 200
    to: tuple[tuple[str, int], ...] = ()
    path: str = ""
    host: str = ""
    location: tuple[str | None, str | None, str | None] = (None, None, None)
    sets: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    timeout_s: float | None = None


LOST = Outcome(404)


def _by_elements(path: str, prefix: str) -> bool:
    bare = prefix.rstrip("/")
    return path == bare or path.startswith(f"{bare}/") or not bare


def _replaced(path: str, prefix: str, new: str) -> str:
    """``ReplacePrefixMatch`` of the Gateway API: by whole elements."""
    rest = path[len(prefix.rstrip("/")) :]
    return (new.rstrip("/") + rest) or "/"


def shares(weighted: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Of those that get something; one alone gets all, whatever its weight."""
    found = sorted((name, weight) for name, weight in weighted if weight)
    return tuple(found) if len({name for name, _ in found}) > 1 else ((found[0][0], 1),)


def by_http_routes(routes: Iterable[Raw], asked: Request) -> Outcome:
    found: list[tuple[tuple[Any, ...], Raw, Raw]] = []
    for route in routes:
        if asked.host not in route["spec"]["hostnames"]:
            continue
        for rule in route["spec"]["rules"]:
            for match in rule.get("matches") or [{}]:
                path = match.get("path") or {"type": "PathPrefix", "value": "/"}
                exact = path["type"] == "Exact"
                fits = asked.path == path["value"] if exact else _by_elements(asked.path, path["value"])
                fits &= match.get("method") in (None, asked.method)
                for kind, given in (("headers", asked.headers), ("queryParams", asked.query)):
                    fits &= all((m["name"], m["value"]) in given for m in match.get(kind, ()))
                if fits:
                    said = (len(match.get("headers", ())), len(match.get("queryParams", ())))
                    key = (not exact, -len(path["value"].rstrip("/")), match.get("method") is None, -said[0], -said[1])
                    found.append((key, rule, path))
    if not found:
        return LOST
    _, rule, path = min(found, key=lambda f: f[0])
    return _of_rule(rule, path, asked)


def _of_rule(rule: Raw, path: Raw, asked: Request) -> Outcome:
    new, host, sets = asked.path, asked.host, set[tuple[str, str]]()
    for one in rule.get("filters", ()):
        if one["type"] == "RequestRedirect":
            redirect = one["requestRedirect"]
            to = redirect.get("path", {})
            where = to.get("replaceFullPath") or asked.path
            if "replacePrefixMatch" in to:
                where = _replaced(asked.path, path["value"], to["replacePrefixMatch"])
            location = (redirect.get("scheme"), redirect.get("hostname"), where)
            return Outcome(redirect.get("statusCode", 302), location=location)
        if one["type"] == "URLRewrite":
            to = one["urlRewrite"].get("path", {})
            if "replacePrefixMatch" in to:
                new = _replaced(asked.path, path["value"], to["replacePrefixMatch"])
            new, host = to.get("replaceFullPath") or new, one["urlRewrite"].get("hostname") or host
        if one["type"] == "RequestHeaderModifier":
            sets |= {(h["name"], h["value"]) for h in one["requestHeaderModifier"].get("set", ())}
    to = shares((b["name"], b.get("weight", 1)) for b in rule["backendRefs"])
    timeout = rule.get("timeouts", {}).get("request")
    return Outcome(200, to, new, host, sets=frozenset(sets), timeout_s=float(timeout[:-1]) if timeout else None)


def by_virtual_service(service: Raw, asked: Request) -> Outcome:
    for rule in service["spec"]["http"] if asked.host in service["spec"]["hosts"] else ():
        for match in rule.get("match") or [{}]:
            uri = match.get("uri") or {"prefix": "/"}
            fits = asked.path == uri["exact"] if "exact" in uri else asked.path.startswith(uri["prefix"])
            fits &= match.get("method", {}).get("exact", asked.method) == asked.method
            fits &= all(
                dict(asked.headers).get(n, "").startswith(v["prefix"])
                if "prefix" in v
                else (n, v["exact"]) in asked.headers
                for n, v in match.get("headers", {}).items()
            )
            if not fits:
                continue
            if redirect := rule.get("redirect"):
                where = (redirect.get("scheme"), redirect.get("authority"), redirect.get("uri") or asked.path)
                return Outcome(redirect.get("redirectCode", 301), location=where)
            rewrite = rule.get("rewrite", {})
            new = asked.path
            if "uri" in rewrite:
                new = rewrite["uri"] if "exact" in uri else rewrite["uri"] + asked.path[len(uri["prefix"]) :]
            routes = rule["route"]
            weights = [(r["destination"]["host"], r.get("weight", 1 if len(routes) == 1 else 0)) for r in routes]
            to = shares(weights)
            sets = frozenset(rule.get("headers", {}).get("request", {}).get("set", {}).items())
            timeout = rule.get("timeout")
            host = rewrite.get("authority") or asked.host
            return Outcome(200, to, new, host, sets=sets, timeout_s=float(timeout[:-1]) if timeout else None)
    return LOST


def by_ingress(ingress: Raw, asked: Request, *, of_gke: bool) -> Outcome:
    found = []
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"] if rule["host"] == asked.host else ():
            kind, written = path["pathType"], path["path"]
            if kind == "Exact" or (kind == "ImplementationSpecific" and of_gke and not written.endswith("/*")):
                fits, rank = asked.path == written, 0
            elif kind == "ImplementationSpecific" and of_gke:
                fits, rank = asked.path.startswith(written.removesuffix("*")), 1
            elif kind == "Prefix":
                fits, rank = _by_elements(asked.path, written.removesuffix("*")), 1
            else:  # a location of nginx
                fits, rank = asked.path.startswith(written), 1
            if fits:
                found.append((rank, -len(written.removesuffix("*").rstrip("/")), path["backend"]["service"]["name"]))
    return Outcome(200, ((min(found)[2], 1),), asked.path, asked.host) if found else LOST


def by_url_map(tree: Raw, asked: Request, services: Mapping[str, str]) -> Outcome:
    """``services``: the last part of a backend service's address -> the Service behind it."""
    named = next((r["pathMatcher"] for r in tree.get("hostRules", ()) if asked.host in r["hosts"]), None)
    if named is None:
        return _default(tree, asked, services)
    matcher = next(m for m in tree["pathMatchers"] if m["name"] == named)
    for rule in sorted(matcher.get("routeRules", ()), key=lambda r: r["priority"]):
        for condition in rule["matchRules"]:
            if _holds(condition, asked):
                return _of_route_rule(rule, condition, asked, services)
    best = max(
        (
            (len(path), rule)
            for rule in matcher.get("pathRules", ())
            for path in rule["paths"]
            if (asked.path.startswith(path[:-1]) if path.endswith("/*") else asked.path == path)
        ),
        key=lambda f: f[0],
        default=None,
    )
    if best:
        return Outcome(200, ((services[best[1]["service"].rpartition("/")[2]], 1),), asked.path, asked.host)
    return _default(matcher, asked, services)


def _default(part: Raw, asked: Request, services: Mapping[str, str]) -> Outcome:
    abort = part.get("defaultRouteAction", {}).get("faultInjectionPolicy", {}).get("abort")
    if abort:
        return Outcome(abort["httpStatus"])
    return Outcome(200, ((services[part["defaultService"].rpartition("/")[2]], 1),), asked.path, asked.host)


def _holds(condition: Raw, asked: Request) -> bool:
    if "fullPathMatch" in condition and asked.path != condition["fullPathMatch"]:
        return False
    if "prefixMatch" in condition and not asked.path.startswith(condition["prefixMatch"]):
        return False
    if "pathTemplateMatch" in condition and not asked.path.startswith(
        condition["pathTemplateMatch"].removesuffix("**")
    ):
        return False
    headers = {**dict(asked.headers), ":method": asked.method}
    for one in condition.get("headerMatches", ()):
        value = headers.get(one["headerName"])
        if "prefixMatch" in one:
            held = value is not None and value.startswith(one["prefixMatch"])
        else:
            held = value is not None if one.get("presentMatch") else value == one.get("exactMatch")
        if held == bool(one.get("invertMatch")):
            return False
    return all((q["name"], q.get("exactMatch")) in asked.query for q in condition.get("queryParameterMatches", ()))


_CODES = {"MOVED_PERMANENTLY_DEFAULT": 301, "FOUND": 302, "SEE_OTHER": 303, "TEMPORARY_REDIRECT": 307, "PERMANENT_REDIRECT": 308}  # fmt: skip


def _of_route_rule(rule: Raw, condition: Raw, asked: Request, services: Mapping[str, str]) -> Outcome:
    matched = condition.get("fullPathMatch") or condition.get("prefixMatch") or ""
    rest = asked.path[len(matched) :]
    if led := rule.get("urlRedirect"):
        where = led.get("pathRedirect") or (led["prefixRedirect"] + rest if "prefixRedirect" in led else asked.path)
        scheme = "https" if led.get("httpsRedirect") else None
        return Outcome(_CODES[led["redirectResponseCode"]], location=(scheme, led.get("hostRedirect"), where))
    action = rule.get("routeAction", {})
    rewrite = action.get("urlRewrite", {})
    new = rewrite["pathPrefixRewrite"] + rest if "pathPrefixRewrite" in rewrite else asked.path
    new = rewrite.get("pathTemplateRewrite") or new
    weighted = action.get("weightedBackendServices") or [{"backendService": rule.get("service", "/"), "weight": 1}]
    to = shares((services[w["backendService"].rpartition("/")[2]], w["weight"]) for w in weighted)
    added = rule.get("headerAction", {}).get("requestHeadersToAdd", ())
    timeout = action.get("timeout")
    seconds = float(timeout["seconds"]) + timeout.get("nanos", 0) / 1e9 if timeout else None
    sets = frozenset((h["headerName"], h["headerValue"]) for h in added)
    return Outcome(200, to, new, rewrite.get("hostRewrite") or asked.host, sets=sets, timeout_s=seconds)
