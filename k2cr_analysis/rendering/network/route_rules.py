"""Rules of routes as a URL map's ``routeRules``: by priority, each with its conditions and what is done.

A prefix means whole elements of the path, and a URL map's ``prefixMatch`` any text: so it is written as the path itself
and the path with a slash. Source: Compute Engine API, urlMaps; Gateway API, "HTTPRoute" (which match goes first).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from k2cr_analysis.model.routing.route import (
    Cors,
    HeaderEdit,
    HttpRule,
    Match,
    Redirect,
    Retries,
    Target,
    ValueMatch,
    shares_of,
)
from k2cr_analysis.rendering.forms.objects import Tree
from k2cr_analysis.rendering.network.front import redirect_code

Resolve = Callable[[Target], str | None]
Mirror = Callable[[Target, Sequence[str]], str | None]
_NANOS = 1_000_000_000


def route_rules(ranked: Iterable[Sequence[HttpRule]], resolve: Resolve, mirror: Mirror) -> list[Tree]:
    """In the order in which they are tried: ``ranked`` are those of the most specific host first.

    ``resolve``: the backend service of a target, None where it is unknown; ``mirror``: of one that gets copies of
    what goes to others, None where it cannot.
    """
    made = []
    for rules in ranked:
        todo = [(rule, match) for rule in rules for match in rule.matches]
        ordered = sorted(todo, key=lambda pair: _precedence(*pair))
        made += [one for rule, match in ordered for one in _route_rule(rule, match, resolve, mirror)]
    return [{"priority": number, **one} for number, one in enumerate(made, start=1)]


def _precedence(rule: HttpRule, match: Match) -> tuple[int, ...]:
    """The longest path first, and of equal ones the match that says more; where the source goes by order, its order."""
    if rule.by_order:
        return (0,)
    return (
        1 if not rule.is_default else 2,
        0 if match.kind == "exact" else 1,
        -len(match.path),
        0 if match.method else 1,
        -len(match.headers),
        -len(match.query),
    )


def _route_rule(rule: HttpRule, match: Match, resolve: Resolve, mirror: Mirror) -> Iterator[Tree]:
    """One rule, or two where the path itself is rewritten to something else than what begins with it."""
    for path in _paths(match):
        condition = {**path, **_conditions(match)}
        made: Tree = {"matchRules": [condition]}
        edits = _header_action(rule.actions.request, rule.actions.response)
        if edits:
            made["headerAction"] = edits
        if rule.actions.redirect:
            made["urlRedirect"] = _redirect(rule.actions.redirect, condition)
        else:
            action = _action(rule, match, condition, resolve, mirror)
            if action is None:
                continue
            made |= action
        yield made


def _paths(match: Match) -> list[Tree]:
    if match.kind == "exact":
        return [{"fullPathMatch": match.path}]
    if match.kind == "text" or match.path == "/":
        return [{"prefixMatch": match.path}]
    return [{"fullPathMatch": match.path}, {"prefixMatch": f"{match.path}/"}]


def _conditions(match: Match) -> Tree:
    headers = [_header(h) for h in match.headers]
    headers += [{"headerName": ":method", "exactMatch": match.method}] if match.method else []
    query = [
        {"name": q.name, **({"presentMatch": True} if q.kind == "present" else {"exactMatch": q.value})}
        for q in match.query
    ]
    return {**({"headerMatches": headers} if headers else {}), **({"queryParameterMatches": query} if query else {})}


def _header(one: ValueMatch) -> Tree:
    made: Tree = {"headerName": one.name}
    if one.kind == "present":
        made["presentMatch"] = True
    else:
        made[f"{one.kind}Match"] = one.value
    if one.invert:
        made["invertMatch"] = True
    return made


def _header_action(request: HeaderEdit, response: HeaderEdit) -> Tree:
    made: Tree = {}
    for name, edit in (("request", request), ("response", response)):
        if edit.added:
            made[f"{name}HeadersToAdd"] = [{"headerName": n, "headerValue": v, "replace": r} for n, v, r in edit.added]
        if edit.removed:
            made[f"{name}HeadersToRemove"] = list(edit.removed)
    return made


def _redirect(redirect: Redirect, condition: Tree) -> Tree:
    made: Tree = {"redirectResponseCode": redirect_code(redirect.status) or "FOUND"}
    if redirect.host:
        made["hostRedirect"] = redirect.host
    if redirect.path:
        made["pathRedirect"] = redirect.path
    elif redirect.prefix is not None:
        made["prefixRedirect"] = _in_place_of(redirect.prefix, condition)
    if redirect.https:
        made["httpsRedirect"] = True
    made["stripQuery"] = redirect.strip_query
    return made


def _in_place_of(new: str, condition: Tree) -> str:
    """What takes the place of a prefix: with its slash where that was matched too."""
    return f"{new.rstrip('/')}/" if str(condition.get("prefixMatch", "")).endswith("/") else new or "/"


def _action(rule: HttpRule, match: Match, condition: Tree, resolve: Resolve, mirror: Mirror) -> Tree | None:
    targets = [(resolve(t), t.weight) for t in rule.targets if t.weight]
    known = [(url, weight) for url, weight in targets if url is not None]
    if not known or len(known) < len(targets):
        return None  # part of the traffic would go where it does not belong
    action: Tree = {}
    rewrite = _rewrite(rule, match, condition)
    if rewrite:
        action["urlRewrite"] = rewrite
    if rule.actions.timeout_s:
        action["timeout"] = _duration(rule.actions.timeout_s)
    if rule.actions.retries:
        action["retryPolicy"] = _retry_policy(rule.actions.retries)
    if rule.actions.mirror and (copies := mirror(rule.actions.mirror[0], [url for url, _ in known])):
        action["requestMirrorPolicy"] = {"backendService": copies}
    if rule.actions.cors:
        action["corsPolicy"] = _cors_policy(rule.actions.cors)
    if len(known) > 1:
        weights = shares_of([weight for _, weight in known])
        action["weightedBackendServices"] = [
            {"backendService": url, "weight": weight} for (url, _), weight in zip(known, weights, strict=True)
        ]
        return {"routeAction": action}
    return {"service": known[0][0], **({"routeAction": action} if action else {})}


def _rewrite(rule: HttpRule, match: Match, condition: Tree) -> Tree:
    rewrite, made = rule.actions.rewrite, Tree()
    if rewrite.host:
        made["hostRewrite"] = rewrite.host
    if rewrite.prefix is not None:
        # Where text matched, text takes its place (Istio, nginx); the Gateway API goes by whole elements of the path.
        by_text = rule.by_order or match.kind == "text"
        made["pathPrefixRewrite"] = rewrite.prefix or "/" if by_text else _in_place_of(rewrite.prefix, condition)
    elif rewrite.path and "fullPathMatch" in condition:
        made["pathPrefixRewrite"] = rewrite.path
    elif rewrite.path:
        # The whole path, whatever follows the prefix: a template says that, a prefix does not.
        condition["pathTemplateMatch"] = f"{str(condition.pop('prefixMatch')).rstrip('/')}/**"
        made["pathTemplateRewrite"] = rewrite.path
    return made


def _duration(seconds: float) -> Tree:
    whole = int(seconds)
    nanos = round((seconds - whole) * _NANOS)
    return {"seconds": whole, **({"nanos": nanos} if nanos else {})}


def _retry_policy(retries: Retries) -> Tree:
    made: Tree = {"numRetries": retries.attempts, "retryConditions": list(retries.conditions)}
    return {**made, **({"perTryTimeout": _duration(retries.per_try_s)} if retries.per_try_s else {})}


def _cors_policy(cors: Cors) -> Tree:
    made: Tree = {
        "allowOrigins": list(cors.origins),
        "allowMethods": list(cors.methods),
        "allowHeaders": list(cors.headers),
        "exposeHeaders": list(cors.exposed),
        "allowCredentials": cors.credentials,
    }
    made = {k: v for k, v in made.items() if v or k == "allowCredentials"}
    return {**made, **({} if cors.max_age_s is None else {"maxAge": cors.max_age_s})}
