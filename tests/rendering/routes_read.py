"""What becomes of a request, worked out twice: by the route's own specification, and by a URL map's.

Written from the specifications alone, and from nothing of the package: Gateway API, HTTPRoute (precedence, filters);
Istio, VirtualService; Kubernetes, Ingress (path types); ingress-nginx, "Ingress Path Matching"; Compute Engine, urlMaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import gcd
from typing import Any
from urllib.parse import urlsplit

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
    mirror: str | None = None
    retries: tuple[int, frozenset[str], float | None] | None = None
    origins: frozenset[str] | None = None  # of CORS
    untold: bool = False  # by a condition that no URL map has: not compared, and a decision


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
    if found and max(w for _, w in found) > 1000:  # a URL map's largest weight
        found = [(n, w // gcd(*(w for _, w in found))) for n, w in found]
        found = (
            [(n, max(1, round(w * 1000 / max(w for _, w in found)))) for n, w in found]
            if max(w for _, w in found) > 1000
            else found
        )
    return tuple(found) if len({name for name, _ in found}) > 1 else ((found[0][0], 1),)


def _host_rank(hosts: Iterable[str], host: str) -> tuple[int, int] | None:
    """The more specific, the smaller; None where none fits. Any number of labels stand for ``*``."""
    fits = [h for h in hosts if h == host or h == "*" or (h.startswith("*.") and host.endswith(h[1:]))]
    ranks = [(-len(h) if "*" not in h else 0, -len(h)) for h in fits]
    return min(ranks, default=None)


def by_http_routes(routes: Iterable[Raw], asked: Request) -> Outcome:
    found: list[tuple[tuple[Any, ...], Raw, Raw]] = []
    for route in routes:
        of_host = _host_rank(route["spec"].get("hostnames", ["*"]), asked.host)
        if of_host is None:
            continue
        for rule in route["spec"]["rules"]:
            for match in rule.get("matches") or [{}]:
                path = match.get("path") or {"type": "PathPrefix", "value": "/"}
                exact, regex = path["type"] == "Exact", path["type"] == "RegularExpression"
                fits = asked.path == path["value"] if exact else _by_elements(asked.path, path["value"])
                if regex:
                    fits = re.fullmatch(path["value"], asked.path) is not None
                fits &= match.get("method") in (None, asked.method)
                for kind, given in (("headers", asked.headers), ("queryParams", asked.query)):
                    fits &= all(
                        re.fullmatch(m["value"], dict(given).get(m["name"], "")) is not None
                        if m.get("type") == "RegularExpression"
                        else (m["name"], m["value"]) in given
                        for m in match.get(kind, ())
                    )
                    regex |= any(m.get("type") == "RegularExpression" for m in match.get(kind, ()))
                if fits and regex:
                    return Outcome(untold=True)
                if fits:
                    said = (len(match.get("headers", ())), len(match.get("queryParams", ())))
                    key = (
                        of_host,
                        not exact,
                        -len(path["value"].rstrip("/")),
                        match.get("method") is None,
                        -said[0],
                        -said[1],
                    )
                    found.append((key, rule, path))
    if not found:
        return LOST
    _, rule, path = min(found, key=lambda f: f[0])
    return _of_rule(rule, path, asked)


def _of_rule(rule: Raw, path: Raw, asked: Request) -> Outcome:
    new, host, sets = asked.path, asked.host, set[tuple[str, str]]()
    mirror, origins = None, None
    for one in rule.get("filters", ()):
        if one["type"] == "RequestMirror":
            mirror = one["requestMirror"]["backendRef"]["name"]
        if one["type"] == "CORS":
            origins = frozenset(one["cors"]["allowOrigins"])
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
    retry, times = rule.get("retry"), rule.get("timeouts", {})
    timeout = times.get("request") or times.get("backendRequest")
    words = {502: "gateway-error", 503: "gateway-error", 504: "gateway-error", 500: "5xx"}
    retries = (retry["attempts"], frozenset(words[c] for c in retry["codes"]), None) if retry else None
    return Outcome(
        200,
        to,
        new,
        host,
        sets=frozenset(sets),
        timeout_s=float(timeout[:-1]) if timeout else None,
        mirror=mirror,
        retries=retries,
        origins=origins,
    )


def by_virtual_service(service: Raw, asked: Request) -> Outcome:
    for rule in service["spec"]["http"] if _host_rank(service["spec"]["hosts"], asked.host) else ():
        for match in rule.get("match") or [{}]:
            uri = match.get("uri") or {"prefix": "/"}
            regex = "regex" in uri or any("regex" in v for v in match.get("headers", {}).values())
            if "regex" in uri:
                fits = re.fullmatch(uri["regex"], asked.path) is not None
            else:
                fits = asked.path == uri["exact"] if "exact" in uri else asked.path.startswith(uri["prefix"])
            fits &= match.get("method", {}).get("exact", asked.method) == asked.method
            fits &= all(
                dict(asked.headers).get(n, "").startswith(v["prefix"])
                if "prefix" in v
                else re.fullmatch(v["regex"], dict(asked.headers).get(n, "")) is not None
                if "regex" in v
                else (n, v["exact"]) in asked.headers
                for n, v in match.get("headers", {}).items()
            )
            without = match.get("withoutHeaders", {}).items()
            fits &= not any(
                (n, v["exact"]) in asked.headers if "exact" in v else n in dict(asked.headers) for n, v in without
            )
            for name, wanted in match.get("queryParams", {}).items():
                value = dict(asked.query).get(name)
                fits &= value is not None and value.startswith(wanted.get("prefix", wanted.get("exact", "")))
                fits &= value == wanted.get("exact", value)
                regex |= "prefix" in wanted
            if not fits:
                continue
            if regex:
                return Outcome(untold=True)
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
            retry, cors = rule.get("retries"), rule.get("corsPolicy")
            per_try = float(retry["perTryTimeout"][:-1]) if retry and "perTryTimeout" in retry else None
            return Outcome(
                200,
                to,
                new,
                host,
                sets=sets,
                timeout_s=float(timeout[:-1]) if timeout else None,
                mirror=rule["mirror"]["host"] if "mirror" in rule else None,
                retries=(retry["attempts"], frozenset(retry["retryOn"].split(",")), per_try) if retry else None,
                origins=frozenset(o["exact"] for o in cors["allowOrigins"]) if cors else None,
            )
    return LOST


def by_nginx_redirect(ingress: Raw, asked: Request) -> Outcome:
    said = {k.rpartition("/")[2]: v for k, v in ingress["metadata"]["annotations"].items()}
    if by_ingress(ingress, asked, of_gke=False) == LOST:
        return LOST
    kind = "temporal" if "temporal-redirect" in said else "permanent"
    url, code = said[f"{kind}-redirect"], int(said.get(f"{kind}-redirect-code", 0))
    to = urlsplit(url.replace("$request_uri", asked.path))
    usual = 302 if kind == "temporal" else 301
    return Outcome(code if 300 <= code <= 308 else usual, location=(to.scheme, to.hostname, to.path or "/"))


def by_ingress(ingress: Raw, asked: Request, *, of_gke: bool) -> Outcome:
    found = []
    rules = ingress["spec"]["rules"]
    # The rules of the most specific host, and no others: one server block, one host rule.
    ranked = [(rank, r["host"]) for r in rules if (rank := _host_rank([r["host"]], asked.host))]
    host = min(ranked)[1] if ranked else None
    for rule in rules:
        for path in rule["http"]["paths"] if rule["host"] == host else ():
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
    ranked = [
        (rank, r["pathMatcher"]) for r in tree.get("hostRules", ()) if (rank := _host_rank(r["hosts"], asked.host))
    ]
    named = min(ranked)[1] if ranked else None
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
    given = dict(asked.query)
    return all(
        q["name"] in given if q.get("presentMatch") else given.get(q["name"]) == q.get("exactMatch")
        for q in condition.get("queryParameterMatches", ())
    )


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
    mirrored = action.get("requestMirrorPolicy", {}).get("backendService", "/").rpartition("/")[2]
    retry, cors = action.get("retryPolicy"), action.get("corsPolicy")
    per_try = retry.get("perTryTimeout", {}).get("seconds") if retry else None
    return Outcome(
        200,
        to,
        new,
        rewrite.get("hostRewrite") or asked.host,
        sets=sets,
        timeout_s=seconds,
        mirror=services[mirrored] if mirrored else None,
        retries=(retry["numRetries"], frozenset(retry["retryConditions"]), per_try) if retry else None,
        origins=frozenset(cors["allowOrigins"]) if cors else None,
    )
