"""Rules of Istio's VirtualService, in their order.

Source: networking.istio.io/v1, VirtualService: HTTPMatchRequest, HTTPRewrite, HTTPRedirect, HTTPRetry, Headers.
"""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, port, strings, text, texts
from k2cr_analysis.model.parse.index import namespace_of, service_of_host
from k2cr_analysis.model.routing.gateway_rules import seconds
from k2cr_analysis.model.routing.route import (
    REDIRECT_STATUSES,
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
    rounded_weights,
)

# Conditions that Envoy and URL maps call by the same names.
_RETRY_ON = {
    "5xx", "gateway-error", "connect-failure", "retriable-4xx", "refused-stream", "cancelled", "deadline-exceeded",
    "internal", "resource-exhausted", "unavailable",
}  # fmt: skip
_OTHER_CONDITIONS = ("authority", "scheme", "sourceLabels", "sourceNamespace", "port", "gateways", "ignoreUriCase")


def istio_rules(raw: Raw) -> Iterator[HttpRule]:
    spec, namespace = mapping(raw, "spec"), namespace_of(raw)
    hosts = tuple(h for h in texts(spec, "hosts") if h != "*")
    for field in ("tls", "tcp"):
        for i, _ in objects(spec, field):
            yield HttpRule(
                hosts,
                (),
                (),
                Actions(),
                f"$.spec.{field}[{i}]",
                (condition_lacking(f"$.spec.{field}[{i}]", f"a route of {field.upper()}"),),
            )
    for i, rule in objects(spec, "http"):
        at, lacks = f"$.spec.http[{i}]", list[Lack]()
        conditions = objects(rule, "match")
        matches = tuple(m for j, one in conditions for m in _match(one, f"{at}.match[{j}]", lacks))
        actions = _actions(rule, at, namespace, lacks)
        targets = tuple(_targets(rule, at, namespace, lacks))
        lacks += rounded_weights(targets, f"{at}.route")
        complete = not conditions or bool(matches)
        yield HttpRule(
            hosts, (matches or (Match(),)) if complete else (), targets, actions, at, tuple(lacks), by_order=True
        )


def _match(one: Raw, at: str, lacks: list[Lack]) -> Iterator[Match]:
    uri, before = mapping(one, "uri"), len(lacks)
    for field in _OTHER_CONDITIONS:
        if one.get(field) and not (field == "gateways" and one[field] == ["mesh"]):
            lacks.append(condition_lacking(f"{at}.{field}", f"a condition on {field}"))
    if text(uri, "regex"):
        lacks.append(condition_lacking(f"{at}.uri.regex", f"a path by the regular expression {uri['regex']}"))
    headers = _values(one, "headers", at, lacks, invert=False) + _values(one, "withoutHeaders", at, lacks, invert=True)
    query = _values(one, "queryParams", at, lacks, invert=False)
    method = mapping(one, "method")
    if method and not text(method, "exact"):
        lacks.append(condition_lacking(f"{at}.method", "a method that is not given whole"))
    if len(lacks) == before:
        exact = text(uri, "exact")
        path = exact or text(uri, "prefix") or "/"
        kind = "exact" if exact else "prefix" if path == "/" else "text"
        yield Match(path, kind, headers, query, text(method, "exact"))  # type: ignore[arg-type]


def _values(one: Raw, field: str, at: str, lacks: list[Lack], *, invert: bool) -> tuple[ValueMatch, ...]:
    found = []
    for name, condition in mapping(one, field).items():
        kinds = [k for k in ("exact", "prefix", "regex") if text(mapping(condition), k) is not None]
        if "regex" in kinds:
            lacks.append(condition_lacking(f"{at}.{field}.{name}", f"{name} by a regular expression"))
        elif field == "queryParams" and "prefix" in kinds:
            lacks.append(condition_lacking(f"{at}.{field}.{name}", f"a query parameter {name} by its prefix"))
        elif kinds:
            found.append(ValueMatch(name, kinds[0], str(condition[kinds[0]]), invert))  # type: ignore[arg-type]
        else:
            found.append(ValueMatch(name, "present", "", invert))
    return tuple(found)


def _actions(rule: Raw, at: str, namespace: str, lacks: list[Lack]) -> Actions:
    for field in ("fault", "directResponse", "delegate", "mirrors"):
        if rule.get(field):
            lacks.append(Lack(f"{at}.{field}", field))
    headers, rewrite, mirror = mapping(rule, "headers"), mapping(rule, "rewrite"), _mirror(rule, namespace)
    if mirror and mirror[1] < 100:
        lacks.append(Lack(f"{at}.mirrorPercentage", f"a mirror of {mirror[1]:g} % of the requests"))
    if rewrite.get("uriRegexRewrite"):
        lacks.append(Lack(f"{at}.rewrite.uriRegexRewrite", "a rewrite by a regular expression"))
    uri = rewrite.get("uri")
    return Actions(
        rewrite=Rewrite(str(uri) if uri is not None else None, None, text(rewrite, "authority")),
        redirect=_redirect(rule, at, lacks),
        request=_edit(mapping(headers, "request")),
        response=_edit(mapping(headers, "response")),
        timeout_s=seconds(rule.get("timeout")),
        retries=_retries(mapping(rule, "retries"), f"{at}.retries", lacks),
        mirror=mirror,
        cors=_cors(mapping(rule, "corsPolicy"), f"{at}.corsPolicy", lacks),
    )


def _redirect(rule: Raw, at: str, lacks: list[Lack]) -> Redirect | None:
    spec = mapping(rule, "redirect")
    if not spec:
        return None
    if spec.get("port") or spec.get("derivePort") or text(spec, "scheme") == "http":
        lacks.append(Lack(f"{at}.redirect", "a redirect to another port, or to plain HTTP"))
    if set("?%") & set(text(spec, "uri") or ""):
        lacks.append(Lack(f"{at}.redirect.uri", f"a redirect to {spec['uri']}, with a query or a part of the path"))
    status = integer(spec, "redirectCode") or 301
    if status not in REDIRECT_STATUSES:
        lacks.append(Lack(f"{at}.redirect.redirectCode", f"a redirect with status {status}"))
    return Redirect(
        status,
        text(spec, "authority"),
        text(spec, "uri"),
        None,
        text(spec, "scheme") == "https",
    )


def _edit(spec: Raw) -> HeaderEdit:
    added = [(n, v, field == "set") for field in ("set", "add") for n, v in strings(spec.get(field)).items()]
    return HeaderEdit(tuple(added), texts(spec, "remove"))


def _retries(spec: Raw, at: str, lacks: list[Lack]) -> Retries | None:
    attempts = integer(spec, "attempts")
    if not attempts:
        return None
    asked = [w.strip() for w in (text(spec, "retryOn") or "").split(",") if w.strip()]
    unknown = [w for w in asked if w not in _RETRY_ON]
    if unknown:
        lacks.append(Lack(f"{at}.retryOn", f"retries on {', '.join(unknown)}"))
    known = tuple(w for w in asked if w in _RETRY_ON) or (
        "connect-failure",
        "refused-stream",
        "unavailable",
        "cancelled",
    )
    return Retries(attempts, known, seconds(spec.get("perTryTimeout")))


def _mirror(rule: Raw, namespace: str) -> tuple[Target, float] | None:
    spec = mapping(rule, "mirror")
    if not spec:
        return None
    share = mapping(rule, "mirrorPercentage").get("value", rule.get("mirrorPercent", 100))
    return _target(spec, namespace, 1), float(share) if isinstance(share, int | float) else 100.0


def _cors(spec: Raw, at: str, lacks: list[Lack]) -> Cors | None:
    if not spec:
        return None
    origins = [text(o, "exact") for _, o in objects(spec, "allowOrigins")]
    if None in origins:
        lacks.append(Lack(f"{at}.allowOrigins", "origins that are not given whole"))
    age = seconds(spec.get("maxAge"))
    return Cors(
        tuple(o for o in origins if o) or texts(spec, "allowOrigin"),
        texts(spec, "allowMethods"),
        texts(spec, "allowHeaders"),
        texts(spec, "exposeHeaders"),
        int(age) if age else None,
        spec.get("allowCredentials") is True,
    )


def _targets(rule: Raw, at: str, namespace: str, lacks: list[Lack]) -> Iterator[Target]:
    routes = objects(rule, "route")
    for i, one in routes:
        destination = mapping(one, "destination")
        if text(destination, "subset"):
            lacks.append(
                Lack(f"{at}.route[{i}].destination.subset", f"the subset {destination['subset']} of a Service's pods")
            )
        if one.get("headers"):
            lacks.append(Lack(f"{at}.route[{i}].headers", "headers of a single destination"))
        weight = integer(one, "weight")
        yield _target(destination, namespace, (1 if len(routes) == 1 else 0) if weight is None else weight)


def _target(destination: Raw, namespace: str, weight: int) -> Target:
    of_namespace, service = service_of_host(text(destination, "host") or "", namespace)
    return Target(of_namespace, service, port(mapping(destination, "port"), "number"), weight)
