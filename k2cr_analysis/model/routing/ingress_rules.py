"""Rules of an Ingress, by what its own controller makes of its paths.

Source: Kubernetes, "Ingress" (path types); GKE, "Ingress configuration" (a path of the GCE controller that is
ImplementationSpecific is a URL map's own: exact without ``/*``); ingress-nginx, "Rewrite", "Ingress Path Matching".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.model.parse.access import Raw, mapping, objects, port, text
from k2cr_analysis.model.parse.index import namespace_of
from k2cr_analysis.model.routing.controllers import GKE_INGRESS_CLASSES
from k2cr_analysis.model.routing.entrances import ingress_class
from k2cr_analysis.model.routing.ingress_annotations import Settings, annotation_at, ingress_settings
from k2cr_analysis.model.routing.route import (
    Actions,
    HttpRule,
    Lack,
    Match,
    PathKind,
    Redirect,
    Rewrite,
    Target,
    condition_lacking,
)

_CAPTURES = re.compile(r"(?P<literal>/[\w./~-]*?)(?P<capture>\(/\|\$\)\(\.\*\)|/\?\(\.\*\)|/\(\.\*\)|\(\.\*\))\$?")
_REGEX = re.compile(r"[()\[\]|^$*+?\\]")


def ingress_rules(raw: Raw) -> Iterator[HttpRule]:
    where = ("spec",) if mapping(raw, "spec").get("template") is None else ("spec", "template", "spec")
    spec, base, namespace = mapping(raw, *where), f"$.{'.'.join(where)}", namespace_of(raw)
    of_gke, settings = is_of_gke(raw), ingress_settings(raw)
    actions = _actions(settings)
    for name in ("defaultBackend", "backend"):
        if target := _target(mapping(spec, name), namespace):
            yield HttpRule((), (Match(),), (target,), actions, f"{base}.{name}", is_default=True)
    for i, rule in objects(spec, "rules"):
        host = text(rule, "host")
        hosts = (host, *settings.aliases) if host and host != "*" else ()
        if settings.app_root:
            led = Actions(redirect=Redirect(302, path=settings.app_root, strip_query=True))
            yield HttpRule(hosts, (Match("/", "exact"),), (), led, f"{base}.rules[{i}]")
        for j, one in objects(mapping(rule, "http"), "paths"):
            target = _target(mapping(one, "backend"), namespace)
            here = f"{base}.rules[{i}].http.paths[{j}]"
            if target:
                yield _rule(one, hosts, target, actions, settings, here, of_gke=of_gke)


def is_of_gke(raw: Raw) -> bool:
    return raw.get("kind") == "MultiClusterIngress" or (ingress_class(raw) or "gce") in GKE_INGRESS_CLASSES


def _target(backend: Raw, namespace: str) -> Target | None:
    service = mapping(backend, "service")
    name = text(service, "name") or text(backend, "serviceName")
    number = port(mapping(service, "port"), "number") or text(mapping(service, "port"), "name")
    return Target(namespace, name, number or port(backend, "servicePort")) if name else None


def _actions(settings: Settings) -> Actions:
    return Actions(
        rewrite=Rewrite(host=settings.host),
        redirect=settings.redirect,
        timeout_s=settings.timeout_s,
        cors=settings.cors,
    )


def _rule(
    one: Raw,
    hosts: tuple[str, ...],
    target: Target,
    actions: Actions,
    settings: Settings,
    here: str,
    *,
    of_gke: bool,
) -> HttpRule:
    path, kind = text(one, "path") or "", text(one, "pathType") or "ImplementationSpecific"
    if of_gke:
        return HttpRule(hosts, (_gce_match(path, kind),), (target,), actions, here)
    matches: tuple[Match, ...] = (_match(path, kind),)
    rewrite = actions.rewrite
    lacks: tuple[Lack, ...] = ()
    if settings.rewrite is not None:
        matches, rewrite = _rewritten(path, kind, settings.rewrite, settings.host)
    elif settings.strip:
        matches, rewrite = _beginning(path.rstrip("/")), Rewrite("/", None, settings.host)
    elif settings.regex or _REGEX.search(path):
        matches = _by_regex(path)
    if not matches:
        key = settings.keys.get("rewrite") or settings.keys.get("regex")
        where = annotation_at(key) if key else f"{here}.path"
        lacks = (condition_lacking(where, f"the path {path} by a regular expression, with what is rewritten of it"),)
    made = Actions(rewrite=rewrite).over(actions)
    return HttpRule(hosts, matches, (target,), made, here, lacks)


def _gce_match(path: str, kind: str) -> Match:
    if kind == "Exact":
        return Match(path or "/", "exact")
    if kind != "Prefix" and path.endswith("/*") and path != "/*":
        return Match(path.removesuffix("*"), "text")  # what begins with /api/, and not /api itself
    if kind == "Prefix" or not path or path == "/*":
        return Match(path.removesuffix("*").rstrip("/") or "/")
    return Match(path, "exact")


def _match(path: str, kind: str) -> Match:
    if kind == "Exact":
        return Match(path or "/", "exact")
    bare = path.removesuffix("*").rstrip("/") or "/"
    of_kind: PathKind = "prefix" if kind == "Prefix" or bare == "/" or path.endswith("/") else "text"
    return Match(bare, of_kind)


def _beginning(literal: str) -> tuple[Match, ...]:
    """Any path that begins so; with its slash first, so that none is left of it where the beginning is cut off."""
    return (Match(f"{literal}/", "text"), Match(literal, "text")) if literal else (Match("/"),)


def _captured(path: str) -> re.Match[str] | None:
    return _CAPTURES.fullmatch(re.sub(r"^\^", "", path).replace("/.*", "/(.*)"))


def _matches(found: re.Match[str]) -> tuple[Match, ...]:
    """What a path and the rest of it that is captured let in."""
    literal = found["literal"].rstrip("/")
    match found["capture"]:
        case "(/|$)(.*)":
            return (Match(literal or "/"),)
        case "/(.*)":
            return (Match(f"{literal}/", "text"),)
        case "/?(.*)":
            return _beginning(literal)
        case _:
            return (Match(found["literal"], "prefix" if found["literal"] == "/" else "text"),)


def _by_regex(path: str) -> tuple[Match, ...]:
    """A regular expression that only says "and whatever follows"; none where it says more."""
    if not _REGEX.search(path):
        return (_match(path, "ImplementationSpecific"),)
    found = _captured(path)
    return _matches(found) if found else ()


def _rewritten(path: str, kind: str, target: str, host: str | None) -> tuple[tuple[Match, ...], Rewrite]:
    """What is matched, and what takes its place; no match where a URL map cannot say it."""
    if path == target:  # ingress-nginx rewrites nothing then
        return (_match(path, kind),), Rewrite(host=host)
    if not _REGEX.search(path):
        return ((), Rewrite(host=host)) if "$" in target else ((_match(path, kind),), Rewrite(None, target, host))
    found = _captured(path)
    if not found:
        return (), Rewrite(host=host)
    if "$" not in target:
        return _matches(found), Rewrite(None, target, host)
    captured = re.fullmatch(r"([^$]*)\$(\d)", target)
    last = "2" if found["capture"].startswith("(/|$)") else "1"
    if captured is None or captured[2] != last:
        return (), Rewrite(host=host)
    return _behind(found, captured[1], host)


def _behind(found: re.Match[str], new: str, host: str | None) -> tuple[tuple[Match, ...], Rewrite]:
    """What was captured, behind another beginning."""
    literal, matches = found["literal"], _matches(found)
    if found["capture"] == "(.*)" and not new:  # what is captured brings its slash along
        return (Match(literal.rstrip("/") or "/"),), Rewrite("/", None, host)
    if matches[0].kind == "prefix":
        new = new.rstrip("/") or "/"
        return matches, Rewrite(None if (literal.rstrip("/") or "/") == new else new, None, host)
    return matches, Rewrite(None if matches == (Match(new, "text"),) else new, None, host)
