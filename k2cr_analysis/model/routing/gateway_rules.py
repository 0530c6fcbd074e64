"""Rules of the Gateway API's HTTPRoute and GRPCRoute.

Source: gateway.networking.k8s.io/v1, HTTPRoute and GRPCRoute: matches, filters, timeouts, retry; GKE, "GatewayClass
capabilities".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, port, text, texts
from k2cr_analysis.model.parse.index import namespace_of
from k2cr_analysis.model.routing.route import (
    Actions,
    Cors,
    HeaderEdit,
    HttpRule,
    Lack,
    Match,
    Redirect,
    Retries,
    Rewrite,
    Target,
    ValueMatch,
    condition_lacking,
    patterns_of_origins,
    rounded_weights,
)

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_ALL = 100.0
_KNOWN_FILTERS = {
    "RequestHeaderModifier",
    "ResponseHeaderModifier",
    "RequestRedirect",
    "URLRewrite",
    "RequestMirror",
    "CORS",
}


def seconds(written: object) -> float | None:
    """A duration such as ``900s``, ``1m30s``, ``500ms``; None where it is none, or no limit (``0s``)."""
    found = _DURATION.fullmatch(str(written)) if written else None
    if not found:
        return None
    hours, minutes, whole, milli = (float(g or 0) for g in found.groups())
    return hours * 3600 + minutes * 60 + whole + milli / 1000 or None


def gateway_rules(raw: Raw) -> Iterator[HttpRule]:
    spec, namespace = mapping(raw, "spec"), namespace_of(raw)
    hosts = tuple(h for h in texts(spec, "hostnames") if h != "*")
    for i, rule in objects(spec, "rules"):
        at = f"$.spec.rules[{i}]"
        lacks: list[Lack] = []
        matches = tuple(m for j, one in objects(rule, "matches") for m in _match(one, f"{at}.matches[{j}]", raw, lacks))
        actions = _filters(rule, at, namespace, lacks)
        times = mapping(rule, "timeouts")
        # Without a limit for the whole, that of one try is it: a retry of what has run out counts anew.
        whole, one_try = seconds(times.get("request")), seconds(times.get("backendRequest"))
        retries = _retry(rule, at, one_try, lacks)
        timeout = whole if whole or not one_try else one_try * (1 + (retries.attempts if retries else 0))
        actions = actions.over(Actions(timeout_s=timeout, retries=retries))
        targets = tuple(_targets(rule, at, namespace, lacks))
        lacks += rounded_weights(targets, f"{at}.backendRefs")
        if rule.get("sessionPersistence"):
            lacks.append(Lack(f"{at}.sessionPersistence", "session persistence of a rule"))
        complete = not objects(rule, "matches") or bool(matches)
        made = (matches or (Match(),)) if complete else ()
        yield HttpRule(hosts, made, targets, actions, at, tuple(lacks), by_every_host=True)


def _match(one: Raw, at: str, raw: Raw, lacks: list[Lack]) -> Iterator[Match]:
    """One match; none where a URL map cannot say it: then it would let in more than the route does."""
    path, kind, method = "/", "PathPrefix", text(one, "method")
    if raw.get("kind") == "GRPCRoute":
        wanted = mapping(one, "method")
        service, call = text(wanted, "service"), text(wanted, "method")
        if text(wanted, "type") == "RegularExpression" or (call and not service):
            lacks.append(
                condition_lacking(f"{at}.method", "a gRPC method without its service, or by a regular expression")
            )
            return
        path = f"/{service}/{call}" if call else f"/{service}" if service else "/"
        kind, method = "Exact" if call else "PathPrefix", None
    elif found := mapping(one, "path"):
        path, kind = text(found, "value") or "/", text(found, "type") or "PathPrefix"
    if kind == "RegularExpression":
        lacks.append(condition_lacking(f"{at}.path", f"a path by the regular expression {path}"))
        return
    headers = [_value(h, f"{at}.headers[{k}]", lacks) for k, h in objects(one, "headers")]
    query = [_value(q, f"{at}.queryParams[{k}]", lacks) for k, q in objects(one, "queryParams")]
    if None in headers or None in query:
        return
    yield Match(
        path if kind == "Exact" else path.rstrip("/") or "/",
        "exact" if kind == "Exact" else "prefix",
        tuple(h for h in headers if h),
        tuple(q for q in query if q),
        method,
    )


def _value(one: Raw, at: str, lacks: list[Lack]) -> ValueMatch | None:
    name, value = text(one, "name") or "", str(one.get("value") or "")
    if text(one, "type") == "RegularExpression":
        lacks.append(condition_lacking(at, f"{name} by the regular expression {value}"))
        return None
    return ValueMatch(name, "exact", value)


def _filters(rule: Raw, at: str, namespace: str, lacks: list[Lack]) -> Actions:
    actions = Actions()
    for i, one in objects(rule, "filters"):
        kind = text(one, "type") or ""
        here = f"{at}.filters[{i}]"
        if kind not in _KNOWN_FILTERS:
            lacks.append(Lack(here, f"the filter {kind}"))
        if kind == "RequestHeaderModifier":
            actions = Actions(request=_headers(mapping(one, "requestHeaderModifier"))).over(actions)
        elif kind == "ResponseHeaderModifier":
            actions = Actions(response=_headers(mapping(one, "responseHeaderModifier"))).over(actions)
        elif kind == "RequestRedirect":
            redirect = _redirect(mapping(one, "requestRedirect"), here, lacks)
            actions = Actions(redirect=redirect).over(actions)
        elif kind == "URLRewrite":
            actions = Actions(rewrite=_rewrite(mapping(one, "urlRewrite"))).over(actions)
        elif kind == "RequestMirror":
            mirror = _mirror(mapping(one, "requestMirror"), namespace)
            lacks += [] if mirror[1] == _ALL else [Lack(here, f"a mirror of {mirror[1]:g} % of the requests")]
            lacks += [Lack(here, "a second mirror")] if actions.mirror else []
            actions = Actions(mirror=mirror).over(actions)
        elif kind == "CORS":
            cors = _cors(mapping(one, "cors"))
            lacks += patterns_of_origins(cors, f"{here}.cors.allowOrigins")
            actions = Actions(cors=cors).over(actions)
    return actions


def _headers(spec: Raw) -> HeaderEdit:
    found = [
        (text(h, "name") or "", str(h.get("value") or ""), field == "set")
        for field in ("set", "add")
        for _, h in objects(spec, field)
    ]
    return HeaderEdit(tuple(found), texts(spec, "remove"))


def _redirect(spec: Raw, at: str, lacks: list[Lack]) -> Redirect:
    path = mapping(spec, "path")
    number, scheme = integer(spec, "port"), text(spec, "scheme")
    if number not in (None, 80, 443) or (number == 80 and scheme == "https"):
        lacks.append(Lack(f"{at}.requestRedirect.port", f"a redirect to port {number}"))
    if scheme == "http":
        lacks.append(Lack(f"{at}.requestRedirect.scheme", "a redirect to plain HTTP"))
    return Redirect(
        integer(spec, "statusCode") or 302,
        text(spec, "hostname"),
        text(path, "replaceFullPath"),
        text(path, "replacePrefixMatch"),
        scheme == "https",
    )


def _rewrite(spec: Raw) -> Rewrite:
    path = mapping(spec, "path")
    prefix = path.get("replacePrefixMatch")
    return Rewrite(str(prefix) if prefix is not None else None, text(path, "replaceFullPath"), text(spec, "hostname"))


def _mirror(spec: Raw, namespace: str) -> tuple[Target, float]:
    fraction = mapping(spec, "fraction")
    percent = integer(spec, "percent")
    share = 100.0 if percent is None else float(percent)
    if integer(fraction, "numerator") is not None:
        share = 100 * (integer(fraction, "numerator") or 0) / (integer(fraction, "denominator") or 100)
    ref = mapping(spec, "backendRef")
    return Target(text(ref, "namespace") or namespace, text(ref, "name") or "", port(ref, "port")), share


def _cors(spec: Raw) -> Cors:
    return Cors(
        texts(spec, "allowOrigins"),
        texts(spec, "allowMethods"),
        texts(spec, "allowHeaders"),
        texts(spec, "exposeHeaders"),
        integer(spec, "maxAge"),
        spec.get("allowCredentials") is True,
    )


_RETRIED = (502, 503, 504)  # what gateway-error means, and not one of them alone


def _retry(rule: Raw, at: str, one_try_s: float | None, lacks: list[Lack]) -> Retries | None:
    spec = mapping(rule, "retry")
    attempts = integer(spec, "attempts")
    if not attempts:
        return None
    codes = [c for c in spec.get("codes") or () if isinstance(c, int)] if isinstance(spec.get("codes"), list) else []
    conditions = []
    if codes:
        conditions = ["gateway-error"] if set(codes) <= set(_RETRIED) else ["5xx"]
        if set(codes) != set(_RETRIED):
            said = ", ".join(map(str, codes))
            lacks.append(Lack(f"{at}.retry.codes", f"retries on {said} alone (the URL map has {conditions[0]})"))
    if spec.get("backoff"):
        lacks.append(Lack(f"{at}.retry.backoff", "a pause between retries"))
    return Retries(attempts, tuple(conditions) or ("connect-failure",), one_try_s)


def _targets(rule: Raw, at: str, namespace: str, lacks: list[Lack]) -> Iterator[Target]:
    for i, ref in objects(rule, "backendRefs"):
        weight = integer(ref, "weight")
        if ref.get("filters"):
            lacks.append(Lack(f"{at}.backendRefs[{i}].filters", "filters of a single backend"))
        yield Target(
            text(ref, "namespace") or namespace,
            text(ref, "name") or "",
            port(ref, "port"),
            1 if weight is None else weight,
        )
