"""Rules of an Ingress, by what its own controller makes of its paths.

Source: Kubernetes, "Ingress" (path types); GKE, "Ingress configuration" (a path of the GCE controller that is
ImplementationSpecific is a URL map's own: exact without ``/*``); ingress-nginx, "Rewrite", "Ingress Path Matching".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from k2cr_analysis.model.parse.access import Raw, mapping, objects, port, text
from k2cr_analysis.model.parse.index import namespace_of
from k2cr_analysis.model.routing.controllers import GKE_INGRESS_CLASSES
from k2cr_analysis.model.routing.entrances import ingress_class
from k2cr_analysis.model.routing.ingress_annotations import Settings, annotation_at, ingress_settings
from k2cr_analysis.model.routing.route import Actions, HttpRule, Lack, Match, PathKind, Redirect, Rewrite, Target

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
            led = Actions(redirect=Redirect(302, path=settings.app_root))
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
    redirect = None
    if settings.redirect:
        parts = urlsplit(settings.redirect[0])
        redirect = Redirect(settings.redirect[1], parts.hostname, parts.path or None, None, parts.scheme == "https")
    return Actions(
        rewrite=Rewrite(host=settings.host), redirect=redirect, timeout_s=settings.timeout_s, cors=settings.cors
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
    match: Match | None = _match(path, kind)
    rewrite = actions.rewrite
    lacks: tuple[Lack, ...] = ()
    if settings.rewrite is not None:
        match, rewrite = _rewritten(path, kind, settings.rewrite, settings.host)
    elif settings.strip:
        rewrite = Rewrite("/", None, settings.host)
    elif settings.regex or _REGEX.search(path):
        match = _plain_regex(path)
    if match is None:
        key = settings.keys.get("rewrite") or settings.keys.get("regex")
        where = annotation_at(key) if key else f"{here}.path"
        lacks = (Lack(where, f"the path {path} by a regular expression, with what is rewritten of it"),)
    made = Actions(rewrite=rewrite).over(actions)
    return HttpRule(hosts, (match,) if match else (), (target,), made, here, lacks)


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


def _plain_regex(path: str) -> Match | None:
    """A regular expression that only says "and whatever follows"."""
    found = _CAPTURES.fullmatch(re.sub(r"^\^", "", path).replace("/.*", "/(.*)")) if _REGEX.search(path) else None
    if found:
        return Match(found["literal"].rstrip("/") or "/")
    return None if _REGEX.search(path) else _match(path, "ImplementationSpecific")


def _rewritten(path: str, kind: str, target: str, host: str | None) -> tuple[Match | None, Rewrite]:
    """What is matched, and what takes its place; None where a URL map cannot say it."""
    if path == target:  # ingress-nginx rewrites nothing then
        return _match(path, kind), Rewrite(host=host)
    if not _REGEX.search(path):
        return (None, Rewrite(host=host)) if "$" in target else (_match(path, kind), Rewrite(None, target, host))
    found = _CAPTURES.fullmatch(re.sub(r"^\^", "", path))
    if not found:
        return None, Rewrite(host=host)
    literal = found["literal"].rstrip("/") or "/"
    if "$" not in target:
        return Match(literal), Rewrite(None, target, host)
    captured = re.fullmatch(r"([^$]*)\$(\d)", target)
    last = "2" if found["capture"].startswith("(/|$)") else "1"
    if captured is None or captured[2] != last:
        return None, Rewrite(host=host)
    new = captured[1].rstrip("/") or "/"
    return Match(literal), Rewrite(None if literal == new else new, None, host)
